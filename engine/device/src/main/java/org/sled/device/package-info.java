/**
 * The device's side of SLED as a library: connects to a server, drafts tokens with a small model,
 * has them verified, and hands out the target's text.
 *
 * <h2>From nothing to a text</h2>
 *
 * <pre>{@code
 * try (Model draft = Model.open(Path.of("draft.gguf"), ModelParams.DEFAULT);
 *     SledClient client = SledClient.builder().server(host, port).draftModel(draft).connect()) {
 *   int[] prompt = client.tokenizeChat(List.of(new ChatMessage("user", "Tell me a story")));
 *   try (Generation story = client.start(GenerationRequest.of(prompt).withMaxTokens(256))) {
 *     for (String piece : story.text()) {
 *       show(piece);
 *     }
 *   }
 * }
 * }</pre>
 *
 * <ol>
 *   <li>A {@link org.sled.jni.Model}: the draft model, whose vocabulary is the target's. It loads
 *       the native libraries ({@link org.sled.jni.SledLibrary} says from where). Opened for its
 *       vocabulary alone ({@link org.sled.jni.ModelParams#withVocabularyOnly}) it needs hardly any
 *       memory and only tokenizes; requests must then ask for 0 draft tokens. Without any model
 *       file, {@link org.sled.device.SledClient.Builder#promptLookup} gets the tokenizer from the
 *       server, and drafts what followed when the last tokens were said before.
 *   <li>One {@link org.sled.device.SledClient} for the process: a connection, and draft contexts
 *       that generations use one after another.
 *   <li>A {@link org.sled.device.GenerationRequest} for each text: prompt, length, sampling and
 *       seed, stop strings. Its prompt comes from {@link org.sled.device.SledClient#tokenizeChat}
 *       for a conversation of any number of turns, from {@link
 *       org.sled.device.SledClient#renderChat} where the template is to get arguments, such as
 *       {@code enable_thinking}, or the prompt's text is wanted, or from {@link
 *       org.sled.device.SledClient#tokenize}.
 *   <li>A {@link org.sled.device.Generation}, which runs from {@link
 *       org.sled.device.SledClient#start} on. Read one of: {@link org.sled.device.Generation#text}
 *       for text, {@link org.sled.device.Generation#next} or the iterator for token ids, {@link
 *       org.sled.device.Generation#publisher} for a {@link java.util.concurrent.Flow}. Afterwards
 *       {@link org.sled.device.Generation#end} says why it ended and {@link
 *       org.sled.device.Generation#stats} how it went.
 * </ol>
 *
 * <p>Close them in the opposite order, as try-with-resources does: a generation waits for its draft
 * thread, the client frees the draft contexts, and the model must outlive both.
 *
 * <h2>Threads</h2>
 *
 * <p>{@link org.sled.device.SledClient} and {@link org.sled.device.Generation} may be used by any
 * thread, {@link org.sled.device.TextStream} by one at a time. Each generation has one draft
 * thread, each client one network thread; all are daemon threads. {@code connect}, {@code next},
 * {@code close} and the iterators wait; none belongs on a thread that must not. A generation runs
 * about a thousand tokens ahead of its reader and then waits for it. {@link
 * org.sled.device.Generation#cancel} may come from anywhere, a listener included, and ends all
 * waiting for its tokens and events.
 *
 * <h2>Errors</h2>
 *
 * <p>What goes wrong between device and server is a {@link org.sled.device.SledClientException},
 * unchecked, whose text says what to do. Tokens that were given before it are the target's and
 * stand: a prompt of the old one and these tokens goes on from there.
 *
 * <table>
 *   <caption>What is thrown, where, and what helps</caption>
 *   <tr><th>exception</th><th>thrown by</th><th>what to do</th></tr>
 *   <tr><td>{@link org.sled.device.UnreachableException}</td><td>connect, reading</td>
 *       <td>check the address and that the server runs; try later. While reading: no server came
 *       back within {@code outageTimeout}; the same if connect says that connections are lost</td></tr>
 *   <tr><td>{@link org.sled.device.TokenizerMismatchException}</td><td>connect</td>
 *       <td>take a draft model of the target's family, or none (promptLookup); trying again does not help</td></tr>
 *   <tr><td>{@link org.sled.device.BusyException}</td><td>connect, reading</td>
 *       <td>try again, after {@code retryAfterMillis} if it is not 0</td></tr>
 *   <tr><td>{@link org.sled.device.RefusedException}, other than these two</td>
 *       <td>connect, start, reading</td>
 *       <td>{@code code} says why: a wrong token, another version, a server about to leave</td></tr>
 *   <tr><td>{@link org.sled.device.ConnectionLostException}</td><td>reading, with {@link
 *       org.sled.device.Outage#FAIL}</td><td>start again from the tokens that came</td></tr>
 *   <tr><td>{@link org.sled.device.ServerFaultException}</td><td>connect, reading</td>
 *       <td>the server failed or contradicts itself: look at its log; a new generation may work</td>
 *       </tr>
 *   <tr><td>{@link java.lang.IllegalArgumentException}</td><td>start, requests</td>
 *       <td>the request can never be served like this; its text says why</td></tr>
 *   <tr><td>{@link java.lang.IllegalStateException}</td><td>tokenize, text</td>
 *       <td>the client has no draft model, and so no tokenizer</td></tr>
 *   <tr><td>{@link org.sled.jni.SledException}</td><td>opening a model, start, chat templates</td>
 *       <td>native libraries or a file are missing, or memory; its status says which</td></tr>
 *   <tr><td>{@link java.lang.InterruptedException}</td><td>connect, reading</td>
 *       <td>the waiting thread was interrupted; the generation goes on until it is closed</td></tr>
 * </table>
 *
 * <p>A draft model that fails later is none of these: the server then generates alone, and a
 * warning goes to the log.
 *
 * <p>A lost connection is none either, unless {@link org.sled.device.Outage#FAIL} makes it one: the
 * generation waits for a server, the same or another one, and goes on where it stood. {@link
 * org.sled.device.SledClient#events} tells what happens meanwhile.
 *
 * <h2>Surroundings</h2>
 *
 * <p>Nothing here prints, and there is no global state but the loaded native libraries. Logging
 * goes to SLF4J. Besides its models, which lie outside the Java heap, a client gets by with a heap
 * of 64 MB. A draft context takes memory for as many tokens as a session of the server holds, or as
 * {@code draftContextTokens} says. {@link org.sled.device.SledClient#pauseDrafting} is for a device
 * whose battery, memory or temperature is at its limit: the server then goes on alone.
 */
package org.sled.device;
