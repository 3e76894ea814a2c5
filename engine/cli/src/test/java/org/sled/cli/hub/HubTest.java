package org.sled.cli.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files from a hub that behaves, and from one that does not. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HubTest {
  private static final String REPO = "user/Tiny-GGUF";
  private static final String TOKEN = "hf_secretsecret";

  private static final Patience SHORT =
      new Patience(
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofMillis(600),
          Duration.ofMillis(10),
          Duration.ofMillis(40),
          Duration.ofSeconds(5),
          6,
          2);

  @TempDir Path directory;
  private FakeHub hub;
  private final Map<String, String> environment = new HashMap<>();
  private final Listener listener = new Listener();

  /** Writes down what it hears. */
  private static final class Listener implements PullListener {
    private final List<String> notes = new ArrayList<>();
    private long expected;
    private long bytes;

    @Override
    public synchronized void note(String line) {
      notes.add(line);
    }

    @Override
    public void at(String what) {}

    @Override
    public synchronized void begins(int files, long all, long there) {
      expected = all;
      bytes = there;
    }

    @Override
    public synchronized void fetched(long more) {
      bytes += more;
    }

    synchronized String text() {
      return String.join("\n", notes);
    }
  }

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub(REPO);
    environment.put("HF_HOME", directory.resolve("hf").toString());
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_TOKEN", TOKEN);
  }

  @AfterEach
  void stop() throws IOException {
    hub.close();
  }

  private static byte[] gguf(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    byte[] magic = "GGUF".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(magic, 0, bytes, 0, magic.length);
    return bytes;
  }

  private Hub open() {
    return new Hub(environment::get, "0", listener, SHORT);
  }

  private Hub.Found pull(String name) throws InterruptedException {
    return open().pull(List.of(HubName.parse(name)), Hub.MAIN).get(0);
  }

  private Path found(String name) throws InterruptedException {
    Hub.Found found = pull(name);
    if (found.failure() != null) {
      throw new AssertionError(found.failure() + "\n" + listener.text(), found.failure());
    }
    return found.file();
  }

  private String failure(String name) throws InterruptedException {
    HubException failure = pull(name).failure();
    assertNotNull(failure);
    String text = failure.getMessage();
    assertEquals(1, text.lines().count(), text);
    assertFalse(text.contains(TOKEN), text);
    assertFalse(listener.text().contains(TOKEN), listener.text());
    return text;
  }

  private Path repo() {
    return directory.resolve("hf/hub/models--user--Tiny-GGUF");
  }

  private List<String> tree() throws IOException {
    try (Stream<Path> all = Files.walk(directory.resolve("hf"))) {
      return all.filter(path -> !Files.isDirectory(path))
          .map(path -> directory.resolve("hf").relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void theCacheIsLaidOutAsOtherToolsExpectIt() throws Exception {
    byte[] large = gguf(300_000, 1);
    byte[] small = gguf(700, 2);
    hub.small("README.md", "text".getBytes(StandardCharsets.UTF_8))
        .large("tiny-q4_k_m.gguf", large)
        .small("sub/tiny-q8_0.gguf", small);
    Path file = found(REPO + ":Q4_K_M");
    Path other = found(REPO + ":q8_0");
    String commit = FakeHub.COMMIT;
    String sum = FakeHub.sha256(large);
    String git = FakeHub.gitSum(small);
    assertEquals(repo().resolve("snapshots/" + commit + "/tiny-q4_k_m.gguf"), file);
    assertEquals(repo().resolve("snapshots/" + commit + "/sub/tiny-q8_0.gguf"), other);
    assertEquals("../../blobs/" + sum, Files.readSymbolicLink(file).toString());
    assertEquals("../../../blobs/" + git, Files.readSymbolicLink(other).toString());
    assertEquals(commit, Files.readString(repo().resolve("refs/main")));
    assertArrayEquals(large, Files.readAllBytes(file));
    assertArrayEquals(small, Files.readAllBytes(other));
    String top = "hub/models--user--Tiny-GGUF/";
    assertEquals(
        Stream.of(
                "hub/.locks/models--user--Tiny-GGUF/" + sum + ".lock",
                "hub/.locks/models--user--Tiny-GGUF/" + git + ".lock",
                "hub/CACHEDIR.TAG",
                top + "blobs/" + sum,
                top + "blobs/" + git,
                top + "refs/main",
                top + "snapshots/" + commit + "/sub/tiny-q8_0.gguf",
                top + "snapshots/" + commit + "/tiny-q4_k_m.gguf")
            .sorted()
            .toList(),
        tree());
  }

  @Test
  void theTokenGoesToTheHubAlone() throws Exception {
    hub.large("tiny-q4_k_m.gguf", gguf(1000, 1));
    Path unused = found(REPO);
    int own = 0;
    for (FakeHub.Request request : hub.requests()) {
      if (request.toStore()) {
        assertEquals("", request.header("authorization"));
      } else {
        assertEquals("Bearer " + TOKEN, request.header("authorization"));
        own++;
      }
    }
    assertEquals(2, own);
    assertEquals(1, hub.fileRequests());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 5, 65_536, 131_072, 200_000, 299_999})
  void aCutFileGoesOnWhereItStood(int cut) throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request ->
            request.toStore() && count.getAndIncrement() < 3
                ? hub.usual(request).cutAt(cut)
                : null);
    Path file = found(REPO);
    assertArrayEquals(bytes, Files.readAllBytes(file));
    List<Long> froms = new ArrayList<>();
    for (FakeHub.Request request : hub.requests()) {
      if (request.toStore()) {
        froms.add(request.from());
      }
    }
    assertEquals(0L, froms.get(0));
    assertEquals(cut, froms.get(1));
    assertTrue(listener.text().contains("trying again") || cut == 299_999, listener.text());
    assertEquals(listener.expected, listener.bytes);
  }

  @Test
  void whatAnEarlierProcessLeftIsUsed() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    Path part = repo().resolve("blobs/" + FakeHub.sha256(bytes) + ".incomplete");
    Files.createDirectories(part.getParent());
    Files.write(part, java.util.Arrays.copyOf(bytes, 123_456));
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    assertEquals(123_456, hub.requests().get(2).from());
    assertFalse(Files.exists(part));
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 300_000, 300_010})
  void aPartThatDoesNotFitIsFetchedAnew(int length) throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    Path part = repo().resolve("blobs/" + FakeHub.sha256(bytes) + ".incomplete");
    Files.createDirectories(part.getParent());
    Files.write(part, new byte[length]);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    assertEquals(listener.expected, listener.bytes);
  }

  @Test
  void aStoreThatKnowsNoRangesStartsAgain() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request ->
            request.toStore()
                ? new FakeHub.Answer(200, bytes)
                    .cutAt(count.getAndIncrement() < 2 ? 100_000 : bytes.length)
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    assertEquals(listener.expected, listener.bytes);
  }

  @Test
  void anotherEntityTagStartsAgain() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    byte[] other = gguf(300_000, 7);
    hub.large("tiny-q4_k_m.gguf", bytes);
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request ->
            request.toStore() && count.getAndIncrement() == 0
                ? FakeHub.part(request, other).with("ETag", "\"old\"").cutAt(100_000)
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    assertFalse(listener.text().contains("does not fit"), listener.text());
  }

  @Test
  void aFileThatChangesUnderItsNameIsListedAgain() throws Exception {
    byte[] old = gguf(300_000, 1);
    byte[] bytes = gguf(310_000, 2);
    hub.large("tiny-q4_k_m.gguf", old);
    AtomicInteger lists = new AtomicInteger();
    String stale = new String(hub.list().body, StandardCharsets.UTF_8);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.commit = "b0b0".repeat(10);
    hub.fault(
        request ->
            request.isList() && lists.getAndIncrement() == 0
                ? FakeHub.Answer.text(200, "application/json", stale)
                : null);
    Path file = found(REPO);
    assertArrayEquals(bytes, Files.readAllBytes(file));
    assertEquals(hub.commit, Files.readString(repo().resolve("refs/main")));
    assertTrue(listener.text().contains("changed meanwhile"), listener.text());
  }

  @Test
  void aWrongSumIsRemovedAndSaid() throws Exception {
    byte[] bytes = gguf(1000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(request -> request.toStore() ? FakeHub.part(request, gguf(1000, 3)) : null);
    assertTrue(failure(REPO).contains("another checksum than the hub says, and was removed"));
    assertEquals(
        List.of(
            "hub/.locks/models--user--Tiny-GGUF/" + FakeHub.sha256(bytes) + ".lock",
            "hub/CACHEDIR.TAG"),
        tree());
  }

  @Test
  void whatIsInTheCacheNeedsNobody() throws Exception {
    byte[] bytes = gguf(1000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes).large("tiny-q8_0.gguf", gguf(500, 2));
    Path file = found(REPO);
    int before = hub.requests().size();
    assertEquals(file, open().find(HubName.parse(REPO), Hub.MAIN));
    assertEquals(file, open().find(HubName.parse(REPO + ":q4_k_m"), Hub.MAIN));
    assertEquals(file, open().find(HubName.parse(REPO), FakeHub.COMMIT));
    assertEquals(before, hub.requests().size());
    hub.close();
    assertEquals(file, found(REPO));
    assertTrue(listener.text().contains("cannot be reached; taking"), listener.text());
    assertTrue(failure(REPO + ":Q8_0").contains("check the network"));
    environment.put("HF_HUB_OFFLINE", "1");
    assertEquals(file, found(REPO));
    assertTrue(failure(REPO + ":Q8_0").contains("HF_HUB_OFFLINE forbids"));
  }

  @Test
  void retryAfterIsObeyedAndSaid() throws Exception {
    hub.large("tiny-q4_k_m.gguf", gguf(1000, 1));
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request ->
            request.isFile() && count.getAndIncrement() == 0
                ? FakeHub.Answer.text(429, "text/plain", "slow down").with("Retry-After", "1")
                : null);
    long start = System.nanoTime();
    Path unused = found(REPO);
    assertTrue(System.nanoTime() - start >= 1_000_000_000L);
    assertTrue(listener.text().contains("429; trying again in 1.0 s"), listener.text());
  }

  @Test
  void aRetryAfterOfAnHourIsTooLong() throws Exception {
    hub.fault(request -> FakeHub.Answer.text(503, "text/plain", "").with("Retry-After", "3600"));
    assertTrue(failure(REPO).contains("asks to wait 3600 s"));
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504, 429})
  void patienceEnds(int status) throws Exception {
    hub.large("tiny-q4_k_m.gguf", gguf(1000, 1));
    hub.fault(request -> request.isFile() ? FakeHub.Answer.text(status, "text/plain", "") : null);
    assertTrue(failure(REPO).contains(status + ", 6 times in a row"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | RepoNotFound | | set HF_TOKEN if it is private",
        "401 | | | set HF_TOKEN if it is private",
        "401 | | token | set HF_TOKEN to a valid one",
        "401 | RepoNotFound | token | check the name, or ask for access",
        "401 | GatedRepo | | set HF_TOKEN to your token",
        "403 | GatedRepo | token | the token in use has none",
        "404 | RepoNotFound | token | check the name",
        "404 | RevisionNotFound | | has no revision main",
        "418 | | | answers 418",
      })
  void aRefusalSaysWhatToDo(int status, String code, String token, String text) throws Exception {
    environment.remove("HF_TOKEN");
    if (token != null) {
      environment.put("HF_TOKEN", TOKEN);
    }
    hub.fault(
        request -> {
          FakeHub.Answer answer = FakeHub.Answer.text(status, "application/json", "{}");
          return code == null ? answer : answer.with("X-Error-Code", code);
        });
    String message = failure(REPO);
    assertTrue(message.contains(text), message);
  }

  @Test
  void anEndlessListIsBounded() throws Exception {
    hub.fault(
        request -> {
          FakeHub.Answer answer =
              FakeHub.Answer.text(200, "application/json", "[" + " ".repeat(1 << 16))
                  .without("Content-Length");
          answer.endless = true;
          return answer;
        });
    assertTrue(failure(REPO).contains("longer than 16 MiB"));
  }

  @Test
  void anEndlessFileIsBounded() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(
        request -> {
          if (!request.toStore()) {
            return null;
          }
          FakeHub.Answer answer = FakeHub.part(request, bytes).without("Content-Length");
          answer.endless = true;
          return answer;
        });
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
  }

  @Test
  void aFileWithoutContentLengthComes() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request ->
            request.toStore()
                ? FakeHub.part(request, bytes)
                    .without("Content-Length")
                    .cutAt(count.getAndIncrement() == 0 ? 1234 : bytes.length)
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStoreThatDripsOrHangsIsAskedAgain(boolean hangs) throws Exception {
    byte[] bytes = gguf(5000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    AtomicInteger count = new AtomicInteger();
    hub.fault(
        request -> {
          if (!request.toStore() || count.getAndIncrement() > 0) {
            return null;
          }
          FakeHub.Answer answer = FakeHub.part(request, bytes);
          answer.hangs = hangs;
          answer.dripMillis = 100;
          return answer;
        });
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    assertTrue(listener.text().contains("it stopped sending"), listener.text());
  }

  @Test
  void aListThatDripsIsGivenUp() throws Exception {
    hub.fault(
        request -> {
          FakeHub.Answer answer = hub.list();
          answer.dripMillis = 100;
          return answer;
        });
    assertTrue(failure(REPO).contains("it stopped sending"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../evil.gguf", "/etc/evil.gguf", "a/../../evil.gguf", "a//b.gguf", "./a.gguf",
        "a\\\\b.gguf", "a\\nb.gguf", "a\\u001b[2Jb.gguf", "a\\u202eb.gguf", "..\\\\evil.gguf",
      })
  void aHostileFileNameIsRefused(String name) throws Exception {
    hub.large(name, gguf(100, 1));
    String text = failure(REPO);
    assertTrue(text.contains("no safe path"), text);
    assertTrue(text.chars().noneMatch(Character::isISOControl), text);
    assertFalse(Files.exists(directory.resolve("hf")), "nothing was made");
  }

  @Test
  void aPageInsteadOfAnAnswerIsNamed() throws Exception {
    hub.large("tiny-q4_k_m.gguf", gguf(1000, 1));
    FakeHub.Answer page = FakeHub.Answer.text(200, "text/html", "<html>Please log in</html>");
    hub.fault(request -> page);
    assertTrue(failure(REPO).contains("a web page came"));
    hub.fault(request -> request.toStore() ? page : null);
    assertTrue(failure(REPO).contains("a web page came"));
    hub.fault(request -> FakeHub.Answer.text(200, "application/json", "{\"sha\": 1"));
    assertTrue(failure(REPO).contains("is no JSON"));
    hub.fault(request -> FakeHub.Answer.text(200, "application/json", "[]"));
    assertTrue(failure(REPO).contains("no list of files"));
  }

  @Test
  void redirectsAreBounded() throws Exception {
    hub.large("tiny-q4_k_m.gguf", gguf(1000, 1));
    hub.fault(
        request ->
            FakeHub.Answer.text(302, "text/plain", "").with("Location", request.path() + "x"));
    assertTrue(failure(REPO).contains("redirects"));
    assertTrue(hub.requests().size() < 10);
    for (String bad : new String[] {"file:///etc/passwd", "http://", "ftp://a/b", "http://a b/"}) {
      hub.fault(request -> FakeHub.Answer.text(302, "text/plain", "").with("Location", bad));
      assertTrue(failure(REPO).contains("which is no address"), bad);
    }
  }

  @Test
  void aRenamedRepositoryIsFollowed() throws Exception {
    byte[] bytes = gguf(1000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(
        request ->
            request.path().contains("old/name")
                ? FakeHub.Answer.text(307, "text/plain", "")
                    .with("Location", request.path().replace("old/name", REPO))
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found("old/name")));
  }

  @Test
  void allPartsOfAModelAreFetched() throws Exception {
    byte[] one = gguf(3000, 1);
    byte[] two = gguf(2000, 2);
    hub.large("big/m-Q4_K_M-00001-of-00002.gguf", one)
        .large("big/m-Q4_K_M-00002-of-00002.gguf", two)
        .large("mmproj-Q8_0.gguf", gguf(100, 3))
        .large("lost-Q5_0-00001-of-00002.gguf", gguf(100, 4));
    Path file = found(REPO);
    assertTrue(file.endsWith("big/m-Q4_K_M-00001-of-00002.gguf"));
    assertArrayEquals(two, Files.readAllBytes(file.resolveSibling("m-Q4_K_M-00002-of-00002.gguf")));
    assertTrue(failure(REPO + ":Q5_0").contains("a part of the model"));
    String none = failure(REPO + ":Q8_0");
    assertTrue(none.contains("there are Q4_K_M, Q5_0: write one"), none);
  }

  @Test
  void aRepositoryWithoutGgufSaysSo() throws Exception {
    hub.large("model.safetensors", gguf(100, 1)).large("mmproj-f16.gguf", gguf(100, 1));
    assertTrue(failure(REPO).contains("has no GGUF file"));
  }

  @Test
  void whatTheListDoesNotSayIsAskedFor() throws Exception {
    byte[] bytes = gguf(1000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(
        request ->
            request.isList()
                ? FakeHub.Answer.text(
                    200,
                    "application/json",
                    "{\"sha\": \""
                        + FakeHub.COMMIT
                        + "\", \"siblings\": [{\"rfilename\": \"tiny-q4_k_m.gguf\"}]}")
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    hub.fault(
        request ->
            request.isList()
                ? FakeHub.Answer.text(
                    200,
                    "application/json",
                    "{\"sha\": \""
                        + FakeHub.COMMIT
                        + "\", \"siblings\": [{\"rfilename\": \"x.gguf\", \"size\": -7}]}")
                : FakeHub.Answer.text(200, "text/plain", "ab"));
    assertTrue(failure(REPO).contains("does not say which length and checksum"));
  }

  @Test
  void aFullDiskIsNamed() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    Path part = repo().resolve("blobs/" + FakeHub.sha256(bytes) + ".incomplete");
    Files.createDirectories(part.getParent());
    Files.createSymbolicLink(part, Path.of("/dev/full"));
    String text = failure(REPO);
    assertTrue(text.contains("no space left"), text);
    assertTrue(text.contains("HF_HUB_CACHE"), text);
  }

  @Test
  void anInterruptStopsSoonAndLeavesWhatCame() throws Exception {
    byte[] bytes = gguf(300_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(
        request ->
            request.toStore() && request.from() == 0
                ? FakeHub.part(request, bytes).hangAt(200_000)
                : null);
    Path part = repo().resolve("blobs/" + FakeHub.sha256(bytes) + ".incomplete");
    Patience slow =
        new Patience(
            SHORT.connect(),
            SHORT.answer(),
            SHORT.page(),
            SHORT.stall(),
            Duration.ofSeconds(50),
            Duration.ofSeconds(50),
            SHORT.retryAfter(),
            5,
            2);
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                Hub all = new Hub(environment::get, "0", listener, slow);
                List<Hub.Found> unused = all.pull(List.of(HubName.parse(REPO)), Hub.MAIN);
                interrupted.complete(false);
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
            });
    thread.start();
    while (!Files.exists(part) || Files.size(part) < 200_000) {
      Thread.sleep(10);
    }
    thread.interrupt();
    assertTrue(interrupted.get(4, TimeUnit.SECONDS));
    assertEquals(200_000, Files.size(part));
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
  }

  @Test
  void twoAtATimeFetchOnce() throws Exception {
    byte[] bytes = gguf(30_000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    hub.fault(
        request -> {
          if (request.toStore()) {
            try {
              Thread.sleep(500);
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
          return null;
        });
    CompletableFuture<Path> other = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                other.complete(found(REPO));
              } catch (InterruptedException | RuntimeException | Error e) {
                other.completeExceptionally(e);
              }
            });
    thread.start();
    Path file = found(REPO);
    assertEquals(file, other.get(10, TimeUnit.SECONDS));
    assertEquals(1, hub.fileRequests());
    assertTrue(listener.text().contains("waiting for another process"), listener.text());
  }

  @Test
  void severalNamesAreFetchedAndEachSaysHowItWent() throws Exception {
    byte[] one = gguf(3000, 1);
    byte[] two = gguf(2000, 2);
    hub.large("a-Q4_K_M.gguf", one).large("a-Q8_0.gguf", two);
    List<Hub.Found> found =
        open()
            .pull(
                List.of(
                    HubName.parse(REPO),
                    HubName.parse(REPO + ":Q3_K"),
                    HubName.parse(REPO + ":Q8_0"),
                    HubName.parse(REPO + ":Q4_K_M")),
                Hub.MAIN);
    assertArrayEquals(one, Files.readAllBytes(found.get(0).file()));
    assertTrue(found.get(1).failure().getMessage().contains("has no Q3_K"));
    assertArrayEquals(two, Files.readAllBytes(found.get(2).file()));
    assertEquals(found.get(0).file(), found.get(3).file());
    assertEquals(2, hub.fileRequests());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "/b",
        "a/",
        "a/b/c",
        "a b/c",
        "a/..",
        "../b",
        "a--b/c",
        "a/b:",
        "a/b:../x.gguf",
        "a/b:c d",
        "https://hub.example/a/b",
        "-a/b",
        "a/b.",
        "a/b:c:d",
        "a/\u00e4\n",
      })
  void whatIsNoNameIsRefused(String name) {
    try {
      HubName unused = HubName.parse(name);
    } catch (HubException e) {
      assertTrue(e.isUsage());
      assertEquals(1, e.getMessage().lines().count());
      return;
    }
    throw new AssertionError(name);
  }

  @Test
  void aRedirectToALessSafeAddressIsRefused() {
    URI from = URI.create("https://hub.example/a/b");
    for (String to : new String[] {"http://hub.example/c", "//user@hub.example/c", "mailto:a@b"}) {
      HubException refused =
          assertThrows(HubException.class, () -> HubHttp.redirected(from, to), to);
      assertTrue(refused.getMessage().contains("redirects"), refused.getMessage());
    }
    assertEquals("https://hub.example/c?d=e", HubHttp.redirected(from, "/c?d=e").toString());
    assertEquals("https://x.example/c", HubHttp.redirected(from, "//x.example/c").toString());
  }

  @Test
  void aProxyOfTheEnvironmentIsUsed() throws Exception {
    byte[] bytes = gguf(1000, 1);
    hub.large("tiny-q4_k_m.gguf", bytes);
    String proxied = "http://hub.invalid";
    environment.put("HF_ENDPOINT", proxied);
    environment.put("http_proxy", hub.endpoint().replace("//", "//me:pass%21@"));
    environment.put("NO_PROXY", "localhost,127.0.0.0/8,127.0.0.2,.example");
    hub.fault(
        request ->
            request.path().startsWith(proxied)
                ? hub.usual(
                    new FakeHub.Request(
                        false,
                        request.method(),
                        request.path().substring(proxied.length()),
                        request.headers()))
                : null);
    assertArrayEquals(bytes, Files.readAllBytes(found(REPO)));
    List<FakeHub.Request> requests = hub.requests();
    assertTrue(requests.get(0).path().startsWith(proxied), requests::toString);
    assertEquals("Basic bWU6cGFzcyE=", requests.get(0).header("proxy-authorization"));
    assertEquals("Bearer " + TOKEN, requests.get(0).header("authorization"));
    FakeHub.Request store = requests.get(2);
    assertTrue(store.toStore() && store.path().startsWith("/bucket/"), "not through the proxy");
    assertEquals("", store.header("proxy-authorization"));
    hub.fault(request -> FakeHub.Answer.text(407, "text/plain", ""));
    assertTrue(failure("user/other").contains("the proxy asks for a password"));
    environment.put("http_proxy", "socks5://me:secret@127.0.0.1:1");
    HubException wrong = assertThrows(HubException.class, this::open);
    assertTrue(wrong.isUsage() && !wrong.getMessage().contains("secret"), wrong.getMessage());
  }

  @Test
  void settingsAreThoseOfOtherTools() throws IOException {
    Map<String, String> variables = new HashMap<>();
    variables.put("HOME", directory.toString());
    HubSettings usual = HubSettings.of(variables::get);
    assertEquals(directory.resolve(".cache/huggingface/hub"), usual.cache());
    assertEquals("https", usual.endpoint().getScheme());
    assertEquals("", usual.token());
    assertFalse(usual.offline());
    variables.put("XDG_CACHE_HOME", directory.resolve("xdg").toString());
    assertEquals(directory.resolve("xdg/huggingface/hub"), HubSettings.of(variables::get).cache());
    variables.put("HF_HOME", "~/hf");
    variables.put("HF_ENDPOINT", "http://mirror.example:81/hub/");
    variables.put("HF_HUB_OFFLINE", "True");
    Files.createDirectories(directory.resolve("hf"));
    Files.writeString(directory.resolve("hf/token"), TOKEN + "\n");
    HubSettings other = HubSettings.of(variables::get);
    assertEquals(directory.resolve("hf/hub"), other.cache());
    assertEquals("http://mirror.example:81/hub", other.endpoint().toString());
    assertEquals(TOKEN, other.token());
    assertTrue(other.offline());
    assertFalse(other.toString().contains(TOKEN));
    variables.put("HF_TOKEN", "hf_other");
    variables.put("HF_HUB_CACHE", "/srv/cache");
    assertEquals("hf_other", HubSettings.of(variables::get).token());
    assertEquals(Path.of("/srv/cache"), HubSettings.of(variables::get).cache());
    for (String bad : new String[] {"a b", "a\nb", "\u00e4"}) {
      variables.put("HF_TOKEN", bad);
      HubException wrong = assertThrows(HubException.class, () -> HubSettings.of(variables::get));
      assertFalse(wrong.getMessage().contains(bad), wrong.getMessage());
    }
    variables.remove("HF_TOKEN");
    for (String bad : new String[] {"hub.example", "ftp://a", "http://a/?b", "http://u:p@a"}) {
      variables.put("HF_ENDPOINT", bad);
      assertThrows(HubException.class, () -> HubSettings.of(variables::get));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', tiny-Q4_K_M.gguf",
    "Q8_0, tiny-q8_0.gguf",
    "Q4_XS, ",
    "IQ4_XS, tiny-IQ4_XS.gguf",
    "Q4_K, ",
    "BF16, BF16/tiny-00001-of-00002.gguf",
    "a-imatrix.gguf, ",
    "tiny-q8_0.gguf, tiny-q8_0.gguf",
  })
  void theFileThatIsMeantIsChosen(String quant, String expected) {
    List<String> paths =
        List.of(
            "README.md",
            "mmproj-Q4_K_M.gguf",
            "a-imatrix.gguf",
            "BF16/tiny-00001-of-00002.gguf",
            "BF16/tiny-00002-of-00002.gguf",
            "tiny-IQ4_XS.gguf",
            "tiny-q8_0.gguf",
            "tiny-Q4_K_M.gguf");
    assertEquals(expected, GgufChoice.find(paths, new HubName(REPO, quant)));
    assertEquals("tiny-q8_0.gguf", GgufChoice.find(paths.subList(0, 7), new HubName(REPO, "")));
    assertEquals(
        "BF16/tiny-00001-of-00002.gguf",
        GgufChoice.find(paths.subList(0, 6), new HubName(REPO, "")));
  }

  @Test
  void aDateMayBeGivenInsteadOfSeconds() {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    assertEquals(Duration.ofSeconds(90), HubHttp.retryAfter("Thu, 01 Jan 2026 00:01:30 GMT", now));
    assertEquals(Duration.ZERO, HubHttp.retryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now));
    assertEquals(Duration.ofSeconds(7), HubHttp.retryAfter(" 7 ", now));
    assertNull(HubHttp.retryAfter("-1", now));
    assertNull(HubHttp.retryAfter("soon", now));
    assertNull(HubHttp.retryAfter("99999999999999", now));
  }
}
