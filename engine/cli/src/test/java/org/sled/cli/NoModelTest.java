package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bridge.Fingerprints;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;
import org.sled.device.ConnectionLostException;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.device.Outage;
import org.sled.device.RefusedException;
import org.sled.device.ServerFaultException;
import org.sled.device.SledClient;
import org.sled.device.SledClientException;
import org.sled.device.TokenizerMismatchException;
import org.sled.device.draft.DraftPolicy;
import org.sled.jni.ChatMessage;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelFile;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;

/** Devices that have no model file: tokenizer from the server, drafts by prompt lookup. */
@Timeout(300)
final class NoModelTest {
  private static final String PROMPT = "Tell me a story about a fox and a lantern.";

  @TempDir private static Path cache; // of the CLI's runs

  private static Daemon daemon;
  private static String server;
  private static Model target; // for its tokenizer
  private static ByteBuffer vocabulary;

  @TempDir private Path directory;

  @BeforeAll
  static void start() throws Exception {
    System.setProperty("sled.vocabulary.cache", cache.toString());
    Path file = new ModelFiles(CliRun.HOME).find(ModelFiles.DEMO_TARGET);
    daemon =
        Daemon.start(
            ServerConfig.of(file)
                .listen("127.0.0.1", 0)
                .engineParams(
                    EngineParams.DEFAULT
                        .withSequenceCount(4)
                        .withThreads(1)
                        .withNumerics(Numerics.EXACT))
                .conclude());
    server = "127.0.0.1:" + daemon.address().getPort();
    target = Model.open(file, ModelParams.DEFAULT.withVocabularyOnly(true));
    vocabulary = ModelFile.vocabulary(file, 1 << 24);
  }

  @AfterAll
  static void stop() {
    System.clearProperty("sled.vocabulary.cache");
    target.close();
    daemon.close();
  }

  private static JsonNode generate(String... options) {
    List<String> command = new ArrayList<>(List.of("generate", "--server", server, "--json"));
    command.addAll(List.of(options));
    return CliRun.of(command.toArray(String[]::new)).expect(0).json();
  }

  private static void assertSameText(JsonNode expected, JsonNode actual) {
    for (String field : List.of("token_ids", "text", "finish_reason", "prompt_tokens")) {
      assertEquals(expected.get(field), actual.get(field), field);
    }
  }

  @Test
  void theTextIsTheTargetsWhateverTheDraftsAreFrom() {
    String[][] ways = {
      {"-n", "200", "-p", PROMPT},
      {"-n", "300", "--ignore-end", "-p", PROMPT, "--temperature", "0.9", "--seed", "5"},
      {"-n", "200", "--raw", "-p", "Once upon a time, once upon a time, once upon"},
    };
    for (String[] way : ways) {
      JsonNode alone = generate(with(way, "-k", "0"));
      assertSameText(alone, generate(with(way, "--model", "demo:draft")));
      assertSameText(alone, generate(with(way, "--model", "none", "-k", "0")));
      JsonNode lookup = generate(with(way, "--model", "none"));
      assertSameText(alone, lookup);
      assertEquals("none", lookup.get("draft").asText());
      for (String policy : new String[] {"fixed", "threshold", "optimal"}) {
        for (String window : new String[] {"1", "4"}) {
          String[] drafting = {"--draft-policy", policy, "--window", window, "--model", "none"};
          assertSameText(alone, generate(with(way, drafting)));
        }
      }
    }
  }

  private static String[] with(String[] way, String... more) {
    return Stream.concat(Stream.of(way), Stream.of(more)).toArray(String[]::new);
  }

  /** Asked for the same again, the target says the same again. */
  @Test
  void whatWasSaidBeforeIsDraftedAndAccepted() throws Exception {
    try (SledClient client = connect(directory)) {
      int[] question = client.tokenizeChat(List.of(new ChatMessage("user", PROMPT)));
      int[] answer;
      try (Generation generation = client.start(request(question, 0))) {
        answer = generation.remainingTokens();
      }
      // A prompt in which the whole text stands already, and begins again.
      int[] prompt = new int[2 * question.length + answer.length];
      System.arraycopy(question, 0, prompt, 0, question.length);
      System.arraycopy(answer, 0, prompt, question.length, answer.length);
      System.arraycopy(question, 0, prompt, question.length + answer.length, question.length);
      int[] alone;
      try (Generation generation = client.start(request(prompt, 0))) {
        alone = generation.remainingTokens();
      }
      try (Generation generation = client.start(request(prompt, 4))) {
        assertArrayEquals(alone, generation.remainingTokens());
        assertTrue(generation.stats().accepted() > 0, () -> generation.stats().toString());
      }
    }
  }

  /** The tokenizer's own, where a server says none. */
  @Test
  void promptsHaveTheEndTokensThatTheServerSays() throws Exception {
    try (VocabularyServer scripted = give(vocabulary)) {
      scripted.template = "{{ bos_token }}a{{ eos_token }}";
      Model.Info own = target.info();
      assertArrayEquals(
          target.tokenize(
              target.textOf(own.bosToken()) + "a" + target.textOf(own.eosToken()), false, true),
          asked(scripted));
      int begin = target.tokenize("<|user|>", false, true)[0];
      int end = target.tokenize("<|assistant|>", false, true)[0];
      scripted.endTokens = new EndTokens(begin, end, EndTokens.ADDS_BEGIN);
      assertArrayEquals(target.tokenize("<|user|>a<|assistant|>", false, true), asked(scripted));
      try (SledClient client = connect(scripted, directory)) {
        assertArrayEquals(target.tokenize("<|user|>a", false, true), client.tokenize("a"));
      }
    }
  }

  private int[] asked(VocabularyServer scripted) throws Exception {
    try (SledClient client = connect(scripted, directory)) {
      return client.tokenizeChat(List.of(new ChatMessage("user", "q")));
    }
  }

  private static GenerationRequest request(int[] prompt, int drafts) {
    return GenerationRequest.of(prompt).withMaxTokens(100).withDraftTokens(drafts);
  }

  private static SledClient connect(Path vocabularies) throws InterruptedException {
    return SledClient.builder()
        .server("127.0.0.1", daemon.address().getPort())
        .promptLookup()
        .draftPolicy(DraftPolicy.FIXED)
        .vocabularyCache(vocabularies)
        .connect();
  }

  @Test
  void severalClientsFetchAtATime() throws Exception {
    ExecutorService devices = Executors.newFixedThreadPool(4);
    try {
      List<CompletableFuture<int[]>> tokens = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        tokens.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try (SledClient client = connect(directory);
                      Generation generation =
                          client.start(request(client.tokenize("Once upon a time"), 4))) {
                    return generation.remainingTokens();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                },
                devices));
      }
      for (CompletableFuture<int[]> each : tokens) {
        assertArrayEquals(tokens.get(0).get(), each.get());
      }
    } finally {
      devices.shutdown();
    }
    assertEquals(1, files(directory).size(), () -> "one file is left: " + files(directory));
  }

  private static List<Path> files(Path directory) {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---------------------------------------------------------------- the cache

  private VocabularyServer give(ByteBuffer file) throws IOException {
    return new VocabularyServer(Fingerprints.of(target.info()), file);
  }

  private SledClient connect(VocabularyServer scripted, Path vocabularies)
      throws InterruptedException {
    return SledClient.builder()
        .server("127.0.0.1", scripted.port())
        .promptLookup()
        .outage(Outage.FAIL)
        .answerTimeout(Duration.ofSeconds(20))
        .vocabularyCache(vocabularies)
        .connect();
  }

  private static void assertTokenizes(SledClient client) {
    String text = "A fox, a lantern. Grüße 🦊";
    assertArrayEquals(target.tokenize(text), client.tokenize(text));
  }

  @Test
  void aVocabularyIsFetchedInPartsAndOnce() throws Exception {
    try (VocabularyServer scripted = give(vocabulary)) {
      try (SledClient client = connect(scripted, directory)) {
        assertTokenizes(client);
      }
      int parts = scripted.requests.get();
      assertTrue(parts > 1, () -> parts + " parts");
      try (SledClient client = connect(scripted, directory)) {
        assertTokenizes(client);
      }
      assertEquals(parts, scripted.requests.get(), "not asked for again");
      try (SledClient client = connect(scripted, null)) {
        assertTokenizes(client);
      }
      assertEquals(2 * parts, scripted.requests.get(), "nothing is kept where nothing is to be");
      Path noDirectory = Files.createFile(directory.resolve("file")).resolve("below");
      try (SledClient client = connect(scripted, noDirectory)) {
        assertTokenizes(client);
      }
    }
  }

  @Test
  void damagedFilesAreReplaced() throws Exception {
    try (VocabularyServer scripted = give(vocabulary)) {
      connect(scripted, directory).close();
      Path file = files(directory).get(0);
      byte[] sound = Files.readAllBytes(file);
      int parts = scripted.requests.get();
      byte[] other = sound.clone();
      other[indexOf(other, "the")] = 'T'; // another token
      byte[][] damages = {
        new byte[0], "not a model".getBytes(StandardCharsets.UTF_8), half(sound), other
      };
      for (byte[] damage : damages) {
        Files.write(file, damage);
        try (SledClient client = connect(scripted, directory)) {
          assertTokenizes(client);
        }
        assertArrayEquals(sound, Files.readAllBytes(file));
      }
      assertEquals((1 + damages.length) * parts, scripted.requests.get());
    }
  }

  /** Such a file would be parsed, and found to have the fingerprint that it should have. */
  @Test
  void whatAnotherServerGaveIsNotTakenForTheTargets() throws Exception {
    ByteBuffer other = ByteBuffer.allocateDirect(vocabulary.remaining() + 4);
    other.put(vocabulary.duplicate()).putInt(0).flip(); // behind the end, where nobody looks
    try (VocabularyServer one = give(other);
        VocabularyServer honest = give(vocabulary)) {
      connect(one, directory).close();
      connect(honest, directory).close();
      assertTrue(honest.requests.get() > 0, "it is asked all the same");
      assertEquals(2, files(directory).size());
    }
  }

  @Test
  void whatIsNotWhatTheServerNamedIsNotOpened() throws Exception {
    try (VocabularyServer scripted = give(vocabulary)) {
      scripted.digest = new FileDigest("ab".repeat(FileDigest.BYTES));
      String why = refused(ServerFaultException.class, scripted);
      assertTrue(why.contains("SHA-256"), why);
      assertEquals(List.of(), files(directory));
      // From before there were digests: of use, but not kept.
      scripted.digest = FileDigest.NONE;
      try (SledClient client = connect(scripted, directory)) {
        assertTokenizes(client);
      }
      assertEquals(List.of(), files(directory));
    }
  }

  /** A file that is much too long is not read to its end. */
  @Test
  void whatCannotBeAVocabularyIsReplaced() throws Exception {
    try (VocabularyServer scripted = give(vocabulary)) {
      connect(scripted, directory).close();
      Path file = files(directory).get(0);
      try (RandomAccessFile huge = new RandomAccessFile(file.toFile(), "rw")) {
        huge.setLength(1L << 40);
      } catch (IOException e) {
        return; // this file system has no holes
      }
      try (SledClient client = connect(scripted, directory)) {
        assertTokenizes(client);
      }
      assertEquals(vocabulary.remaining(), Files.size(file));
    }
  }

  private static byte[] half(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length / 2);
  }

  private static int indexOf(byte[] bytes, String text) {
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
    assertTrue(at > 0);
    return at;
  }

  @Test
  void theCacheIsBounded() throws Exception {
    for (int i = 0; i < 40; i++) {
      Path old = Files.createFile(directory.resolve(i + ".gguf"));
      Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(1000 + i)));
    }
    Path left = Files.createFile(directory.resolve("vocabulary7.part"));
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofDays(3))));
    Path young = Files.createFile(directory.resolve("vocabulary8.part"));
    try (VocabularyServer scripted = give(vocabulary)) {
      connect(scripted, directory).close();
    }
    List<Path> files = files(directory);
    assertEquals(16 + 1, files.size(), files::toString);
    assertTrue(Files.exists(young), "another process writes it");
    assertTrue(Files.exists(directory.resolve("14.gguf")));
    assertFalse(Files.exists(directory.resolve("15.gguf")), "used longest ago");
  }

  // ---------------------------------------------------------------- what is refused

  @Test
  void aVocabularyThatIsNotTheTargetsIsRefused() throws Exception {
    try (VocabularyServer scripted = new VocabularyServer(otherFingerprint(), vocabulary)) {
      String why = refused(ServerFaultException.class, scripted);
      assertTrue(why.contains("tokens differ"), why);
    }
    assertEquals(List.of(), files(directory));
  }

  private static TokenizerFingerprint otherFingerprint() {
    TokenizerFingerprint right = Fingerprints.of(target.info());
    return new TokenizerFingerprint(
        right.vocabularySize(),
        right.tokensHash() + 1,
        right.mergesHash(),
        right.specialsHash(),
        right.pretokenizerHash());
  }

  /** Servers of earlier releases hash less into that part. */
  @Test
  void aPretokenizerThatIsHashedOtherwiseIsNotAnotherVocabulary() throws Exception {
    TokenizerFingerprint right = Fingerprints.of(target.info());
    TokenizerFingerprint earlier = right.withPretokenizerHash(right.pretokenizerHash() + 1);
    try (VocabularyServer scripted = new VocabularyServer(earlier, vocabulary)) {
      try (SledClient client = connect(scripted, directory)) {
        assertTokenizes(client);
      }
      try (SledClient client =
          SledClient.builder()
              .server("127.0.0.1", scripted.port())
              .draftModel(target)
              .vocabularyCache(directory)
              .connect()) {
        assertTokenizes(client);
        assertTrue(client.tokenizer() != target, "it is the server's");
      }
    }
  }

  @Test
  void whereOneServerHasNoVocabularyTheNextIsAsked() throws Exception {
    // What the first one's tokenizer is said to be does not bind the client that leaves it.
    try (VocabularyServer broken =
            new VocabularyServer(otherFingerprint(), vocabulary.duplicate().limit(20));
        VocabularyServer sound = give(vocabulary)) {
      int tries = 0;
      do {
        try (SledClient client =
            SledClient.builder()
                .servers(
                    List.of(
                        InetSocketAddress.createUnresolved("127.0.0.1", broken.port()),
                        InetSocketAddress.createUnresolved("127.0.0.1", sound.port())))
                .promptLookup()
                .vocabularyCache(null)
                .connect()) {
          assertTokenizes(client);
          assertTrue(client.server().address().endsWith(":" + sound.port()));
        }
        tries++;
      } while (broken.requests.get() == 0 && tries < 64); // each prefers one of them, by its key
      assertTrue(broken.requests.get() > 0);
    }
  }

  @Test
  void aTruncatedVocabularyIsRefused() throws Exception {
    for (int bytes : new int[] {1, 20, 10_000, vocabulary.remaining() - 64}) {
      try (VocabularyServer scripted = give(vocabulary.duplicate().limit(bytes))) {
        String why = refused(ServerFaultException.class, scripted);
        assertTrue(why.contains("not its target's vocabulary"), why);
      }
      assertEquals(List.of(), files(directory));
    }
  }

  @Test
  void partsThatDoNotAddUpAreRefused() throws Exception {
    for (VocabularyServer.Mischief mischief :
        new VocabularyServer.Mischief[] {
          VocabularyServer.Mischief.NOTHING,
          VocabularyServer.Mischief.SAME_PART,
          VocabularyServer.Mischief.GROWS,
          VocabularyServer.Mischief.CRAWLS,
          VocabularyServer.Mischief.HUGE
        }) {
      try (VocabularyServer scripted = give(vocabulary)) {
        scripted.mischief = mischief;
        String why = refused(ServerFaultException.class, scripted);
        assertTrue(why.contains("add up") || why.contains("above"), why);
      }
    }
    try (VocabularyServer scripted = give(vocabulary)) {
      scripted.mischief = VocabularyServer.Mischief.HANGS_UP;
      refused(ConnectionLostException.class, scripted);
    }
    assertEquals(List.of(), files(directory));
  }

  private String refused(Class<? extends SledClientException> type, VocabularyServer scripted) {
    return assertThrows(type, () -> connect(scripted, directory).close()).getMessage();
  }

  @Test
  void aServerThatHasNoneIsNamed() throws Exception {
    try (VocabularyServer scripted = give(null)) {
      String why = refused(RefusedException.class, scripted);
      assertTrue(why.contains("gives no vocabulary") && why.contains("draft model"), why);
      assertEquals(0, scripted.requests.get(), "such a server may close who asks");
      // It is not the server's fault if nobody needs one.
      SledClient.builder().server("127.0.0.1", scripted.port()).connect().close();
      SledClient.builder()
          .server("127.0.0.1", scripted.port())
          .draftModel(target)
          .promptLookup()
          .connect()
          .close();
    }
    try (VocabularyServer scripted = new VocabularyServer(otherFingerprint(), null)) {
      String why =
          assertThrows(
                  TokenizerMismatchException.class,
                  () ->
                      SledClient.builder()
                          .server("127.0.0.1", scripted.port())
                          .draftModel(target)
                          .connect()
                          .close())
              .getMessage();
      assertTrue(why.contains("tokens differ") && why.contains("gives no vocabulary"), why);
      CliRun run =
          CliRun.of(
              "generate", "--model", "none", "--server", "127.0.0.1:" + scripted.port(), "-p", "x");
      assertTrue(run.exitCode() != 0);
      assertTrue(run.err().contains("gives no vocabulary"), run.err());
    }
    CliRun local = CliRun.of("generate", "--local", "--model", "none", "-p", "x");
    local.expect(ExitCodes.USAGE);
  }
}
