/**
 * The device's side of SLED as a library: connects to a server, drafts tokens with a small model,
 * has them verified, and hands out the target's text, token by token.
 *
 * <pre>
 *   try (SledClient client = SledClient.builder().server(host, port).draftModel(draft).connect();
 *       Generation story = client.start(GenerationRequest.of(client.tokenize("Once")))) {
 *     for (int token : story) { … }
 *   }
 * </pre>
 *
 * <p>The way of a token: {@link org.sled.device.DraftLoop} has {@link org.sled.device.BlockDrafter}
 * draft a block into {@link org.sled.device.TokenHistory}, {@link org.sled.device.ServerLink}
 * copies it from there into a DRAFT frame; the verdict comes back through {@link
 * org.sled.device.SessionRouter} and {@link org.sled.device.SessionInbox}; what it commits goes
 * into {@link org.sled.device.TokenStream}, from where {@link org.sled.device.Generation} hands it
 * out.
 *
 * <p><b>Threads.</b> {@link org.sled.device.SledClient} and {@link org.sled.device.Generation} may
 * be used by any thread. Each generation has one draft thread, which owns its history, its draft
 * context and its rounds. Netty's event loop only fills inboxes.
 *
 * <p><b>Errors.</b> Every failure is a {@link org.sled.device.SledClientException} whose text says
 * what to do. Nothing here prints, and there is no global state.
 */
package org.sled.device;
