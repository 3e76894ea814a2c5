package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.hub.FakeHub;

/** Models by their names on a hub, as people use them: in processes that are killed, too. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HubCommandTest {
  private static final String REPO = "user/Tiny-GGUF";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BEFORE_THE_END = 3_000_000;

  @TempDir Path directory;
  private FakeHub hub;
  private byte[] target;
  private final Map<String, String> environment = new HashMap<>();
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    target = Files.readAllBytes(CliRun.HOME.resolve("models/demo-target.gguf"));
    hub =
        new FakeHub(REPO)
            .large("tiny-Q4_K_M.gguf", target)
            .large(
                "tiny-Q8_0.gguf",
                Files.readAllBytes(CliRun.HOME.resolve("models/demo-draft.gguf")));
    environment.put("HF_HOME", directory.toString());
    environment.put("HF_ENDPOINT", hub.endpoint());
  }

  @AfterEach
  void stop() throws IOException {
    processes.forEach(Process::destroyForcibly);
    hub.close();
  }

  private Process sled(String... args) throws IOException {
    ProcessBuilder command = ChildJvm.of(List.of(), "org.sled.cli.Sled", args);
    command
        .environment()
        .keySet()
        .removeIf(
            name -> name.startsWith("HF_") || name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    command.environment().putAll(environment);
    Process process = command.start();
    processes.add(process);
    return process;
  }

  private Path part() {
    return directory.resolve("hub/models--user--Tiny-GGUF/blobs");
  }

  /** Waits until so much of the one file is there. */
  private void awaitBytes(Process process) throws IOException, InterruptedException {
    while (true) {
      assertTrue(process.isAlive(), "it ended by itself");
      if (Files.exists(part())) {
        try (Stream<Path> all = Files.list(part())) {
          for (Path path : all.toList()) {
            if (path.toString().endsWith(".incomplete") && Files.size(path) >= BEFORE_THE_END) {
              return;
            }
          }
        }
      }
      Thread.sleep(20);
    }
  }

  private void hangFirst() {
    hub.fault(
        request ->
            request.toStore() && request.from() == 0
                ? hub.usual(request).hangAt(BEFORE_THE_END)
                : null);
  }

  private void expectRest() throws IOException {
    CliRun rest = CliRun.with(environment, "", "models", "pull", REPO).expect(ExitCodes.DONE);
    assertArrayEquals(target, Files.readAllBytes(Path.of(rest.out().strip())));
    List<FakeHub.Request> requests = hub.requests();
    assertEquals(BEFORE_THE_END, requests.get(requests.size() - 1).from());
    assertTrue(rest.err().contains("of which 2.9 MiB are here"), rest::err);
  }

  @Test
  void aKilledProcessLeavesWhatCame() throws Exception {
    hangFirst();
    Process process = sled("models", "pull", REPO);
    awaitBytes(process);
    assertTrue(process.destroyForcibly().waitFor(10, TimeUnit.SECONDS));
    expectRest();
  }

  @Test
  void aSignalEndsItInGoodOrder() throws Exception {
    hangFirst();
    Process process = sled("models", "pull", REPO);
    awaitBytes(process);
    // Not SIGINT, which is ignored where a shell runs the build in the background.
    process.toHandle().destroy();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertEquals(ExitCodes.INTERRUPTED, process.exitValue());
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(err.contains("goes on with what came so far"), err);
    expectRest();
  }

  @Test
  void aServiceThatIsStoppedWhileItFetchesEndsWell() throws Exception {
    hangFirst();
    String name = directory.resolve("notify").toString();
    environment.put("NOTIFY_SOCKET", name);
    try (DatagramReceiver systemd = new DatagramReceiver(name)) {
      Process process = sled("serve", "-hf", REPO, "--listen=127.0.0.1:0", "--admin=off");
      systemd.awaitLine("STATUS=Loading " + REPO, PATIENCE);
      awaitBytes(process);
      process.toHandle().destroy();
      assertTrue(process.waitFor(10, TimeUnit.SECONDS));
      assertEquals(ExitCodes.DONE, process.exitValue());
    }
    environment.remove("NOTIFY_SOCKET");
    expectRest();
  }

  @Test
  void twoProcessesFetchOnce() throws Exception {
    Object both = new Object();
    List<String> lists = new ArrayList<>();
    hub.fault(
        request -> {
          // Neither begins before both have asked what there is.
          synchronized (both) {
            if (request.path().startsWith("/api/")) {
              lists.add(request.path());
              both.notifyAll();
            }
            while (lists.size() < 2) {
              try {
                both.wait();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            }
          }
          return null;
        });
    Process one = sled("models", "pull", REPO);
    Process two = sled("models", "pull", REPO);
    for (Process process : List.of(one, two)) {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue());
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertArrayEquals(target, Files.readAllBytes(Path.of(out.strip())));
    }
    assertEquals(1, hub.fileRequests());
  }

  @Test
  void fromANameToAText() throws Exception {
    String[] asked = {"--prompt", "Tell me a story about a fox.", "-n", "40"};
    Process server =
        sled(
            "serve",
            "-hf",
            REPO + ":Q4_K_M",
            "--listen=127.0.0.1:0",
            "--admin=off",
            "--threads=1",
            "--sessions=2");
    String address = null;
    StringBuilder err = new StringBuilder();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(server.getErrorStream(), StandardCharsets.UTF_8));
    while (address == null) {
      String line = lines.readLine();
      assertTrue(line != null, err::toString);
      err.append(line).append('\n');
      address = line.startsWith("listening on ") ? line.substring(13) : null;
    }
    String served = generate(asked, "--server", address, "--hf-repo", REPO + ":Q8_0");
    assertEquals(2, hub.fileRequests());
    assertEquals(generate(asked, "--local", "--model", "demo:target"), served);
    assertEquals(generate(asked, "--local", "-hf", REPO), served);
    assertEquals(2, hub.fileRequests());
  }

  private String generate(String[] asked, String... args) {
    List<String> all = new ArrayList<>(List.of("generate"));
    all.addAll(List.of(asked));
    all.addAll(List.of(args));
    String out =
        CliRun.with(environment, "", all.toArray(String[]::new)).expect(ExitCodes.DONE).out();
    assertFalse(out.isBlank());
    return out;
  }

  @Test
  void whatIsNearerToTheUserNamesTheModel() {
    environment.put("SLED_HF_REPO", "user/None-GGUF");
    CliRun.with(environment, "", "serve", "--model", "/no/such.gguf").expect(ExitCodes.FAILED);
    CliRun named = CliRun.with(environment, "", "serve", "--model", "/no/such.gguf");
    assertTrue(named.err().contains("/no/such.gguf"), named::err);
    CliRun other = CliRun.with(environment, "", "serve").expect(ExitCodes.FAILED);
    assertTrue(other.err().contains("no user/None-GGUF"), other::err);
    environment.put("SLED_MODEL", "/of/environment.gguf");
    CliRun both = CliRun.with(environment, "", "serve").expect(ExitCodes.USAGE);
    assertTrue(both.err().contains("give one of them"), both::err);
    CliRun flag = CliRun.with(environment, "", "serve", "-hf", "user/Flag-GGUF");
    assertTrue(flag.expect(ExitCodes.FAILED).err().contains("no user/Flag-GGUF"), flag::err);
    CliRun none = CliRun.of("serve").expect(ExitCodes.USAGE);
    assertTrue(none.err().contains("'--model=FILE', or '--hf-repo="), none::err);
  }

  @Test
  void eachNameHasItsPathOrItsReason() throws IOException {
    CliRun run =
        CliRun.with(environment, "", "models", "pull", REPO + ":Q8_0", REPO + ":Q2_K", "user/No");
    run.expect(ExitCodes.FAILED);
    assertEquals(1, run.out().lines().count(), run.out());
    assertTrue(
        run.err().contains("has no Q2_K at this revision; there are Q4_K_M, Q8_0"), run.err());
    assertTrue(run.err().contains("no user/No that it shows without a token"), run.err());
    CliRun quiet = CliRun.with(environment, "", "models", "pull", "-q", REPO);
    assertEquals("", quiet.expect(ExitCodes.DONE).err());
    CliRun revision = CliRun.with(environment, "", "models", "pull", "--revision", "v9", REPO);
    assertTrue(revision.expect(ExitCodes.FAILED).err().contains("no revision v9"), revision.err());
    environment.put("HF_ENDPOINT", "ftp://a");
    CliRun wrong = CliRun.with(environment, "", "models", "pull", REPO).expect(ExitCodes.USAGE);
    assertTrue(wrong.err().contains("HF_ENDPOINT"), wrong.err());
  }

  @Test
  void theCoderPairIsNamedBeforeItIsFetched() {
    environment.put("XDG_CACHE_HOME", directory.toString());
    CliRun run = CliRun.with(environment, "", "serve", "--model", "demo:coder-target");
    run.expect(ExitCodes.FAILED);
    assertTrue(run.err().contains("'sled models pull demo:coder' fetches it"), run.err());
    CliRun other = CliRun.with(environment, "", "serve", "--model", "demo:coder");
    assertTrue(other.expect(ExitCodes.USAGE).err().contains("demo:coder-draft"), other.err());
  }
}
