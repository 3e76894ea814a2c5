package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.texts.TargetAlone;
import org.sled.device.EventStream;
import org.sled.device.GenerationRequest;
import org.sled.device.Outage;
import org.sled.device.SledClient;
import org.sled.device.StreamEvent;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** Daemons that are killed in the middle of a text, which nobody can tell from it. */
final class OutageProcessTest {
  private static final String PROMPT = "Tell me a story about a fox and a lantern.";
  private static final int TOKENS = 1500;
  private static final int BEFORE_THE_END_OF_THE_SERVER = 100;
  private static final Sampling SAMPLING =
      Sampling.GREEDY.withTemperature(0.8f).withPenalties(1.1f, 0f, 0f, 64).withSeed(11);

  private static Model draft;
  private static int[] prompt;
  private static List<Integer> expected;

  private final Map<Integer, Process> servers = new HashMap<>();

  @BeforeAll
  static void targetAlone() {
    ModelFiles models = new ModelFiles(CliRun.HOME);
    draft = Model.open(models.find(ModelFiles.DEMO_DRAFT), ModelParams.DEFAULT);
    try (TargetAlone target =
        new TargetAlone(
            models.find(ModelFiles.DEMO_TARGET),
            ModelParams.DEFAULT,
            EngineParams.DEFAULT.withThreads(1))) {
      prompt = draft.tokenize(PROMPT, true, true);
      List<Integer> tokens = new ArrayList<>();
      target.generate(request(), tokens::add, () -> false);
      expected = tokens;
    }
  }

  @AfterAll
  static void closeModel() {
    draft.close();
  }

  @AfterEach
  void stop() {
    servers.values().forEach(Process::destroyForcibly);
  }

  private static GenerationRequest request() {
    return GenerationRequest.of(prompt)
        .withMaxTokens(TOKENS)
        .withDraftTokens(8)
        .withIgnoreEnd(true)
        .withSampling(SAMPLING);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private int serve(int port) throws IOException {
    return serve(port, "off");
  }

  private int serve(int port, String drainTo) throws IOException {
    Process process =
        ChildJvm.of(
                List.of(),
                "org.sled.cli.Sled",
                "serve",
                "--model=demo:target",
                "--listen=127.0.0.1:" + port,
                "--threads=1",
                "--sessions=4",
                "--numerics=exact",
                "--drain-to=" + drainTo,
                "--admin=off")
            .start();
    servers.put(port, process);
    BufferedReader err =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    StringBuilder all = new StringBuilder();
    for (String line = err.readLine(); line != null; line = err.readLine()) {
      all.append(line).append('\n');
      if (line.startsWith("listening on ")) {
        return port;
      }
    }
    throw new AssertionError("no server: " + all);
  }

  private void kill(int port) throws InterruptedException {
    Process process = servers.get(port).destroyForcibly(); // SIGKILL
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
  }

  private static SledClient client(Outage outage, Integer... ports) throws InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (int port : ports) {
      addresses.add(InetSocketAddress.createUnresolved("127.0.0.1", port));
    }
    return SledClient.builder().servers(addresses).draftModel(draft).outage(outage).connect();
  }

  /** What an application shows. */
  private static final class Screen {
    final List<Integer> shown = new ArrayList<>();
    int verified;
    int unverified;
    int revisions;
    int resumes;

    void on(StreamEvent event) {
      if (event instanceof StreamEvent.Verified news) {
        assertEquals(verified, news.position());
        TokenIds tokens = news.tokens();
        for (int i = 0; i < tokens.count(); i++, verified++) {
          if (verified < shown.size()) {
            assertEquals(shown.get(verified), tokens.id(i), "what is wrong is withdrawn first");
          } else {
            shown.add(tokens.id(i));
          }
        }
      } else if (event instanceof StreamEvent.Unverified news) {
        assertEquals(shown.size(), news.position());
        for (int token : news.tokens().toArray()) {
          shown.add(token);
        }
        unverified += news.tokens().count();
      } else if (event instanceof StreamEvent.Revision revision) {
        shown.subList(revision.position(), shown.size()).clear();
        revisions++;
      } else if (event instanceof StreamEvent.Resumed news) {
        assertTrue(news.sameNumerics());
        resumes++;
      }
    }
  }

  /** Reads to the end, with something else to be done once there is some text. */
  private static Screen read(EventStream events, Step step) throws Exception {
    Screen screen = new Screen();
    boolean done = false;
    for (StreamEvent event = events.next(); event != null; event = events.next()) {
      screen.on(event);
      if (!done && screen.verified >= BEFORE_THE_END_OF_THE_SERVER) {
        done = true;
        step.run();
      }
    }
    return screen;
  }

  private interface Step {
    void run() throws Exception;
  }

  @ParameterizedTest
  @ValueSource(strings = {"WAIT", "LOCAL"})
  void aKilledServerIsStartedAgain(Outage outage) throws Exception {
    int port = serve(freePort());
    try (SledClient client = client(outage, port);
        EventStream events = client.events(request())) {
      Thread restart =
          new Thread(
              () -> {
                try {
                  Thread.sleep(3000);
                  serve(port);
                } catch (IOException | InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      Screen screen =
          read(
              events,
              () -> {
                kill(port);
                restart.start();
              });
      restart.join();
      assertEquals(expected, screen.shown);
      assertEquals(TOKENS, screen.verified);
      assertEquals(1, screen.resumes);
      assertEquals(outage == Outage.LOCAL, screen.unverified > 0);
      assertEquals(outage == Outage.LOCAL ? 1 : 0, screen.revisions);
    }
  }

  @Test
  void theOtherServerTakesOver() throws Exception {
    int one = serve(freePort());
    int two = serve(freePort());
    try (SledClient client = client(Outage.WAIT, one, two);
        EventStream events = client.events(request())) {
      int preferred = client.server().address().endsWith(":" + one) ? one : two;
      Screen screen = read(events, () -> kill(preferred));
      assertEquals(expected, screen.shown);
      assertEquals(1, screen.resumes);
      int other = preferred == one ? two : one;
      assertTrue(client.server().address().endsWith(":" + other));
    }
  }

  /** An upgrade: the old server sends its clients to the new one, and is gone at once. */
  @Test
  void aServerThatStopsSendsItsClientsToTheNextOne() throws Exception {
    int next = serve(freePort());
    int old = serve(freePort(), "127.0.0.1:" + next);
    try (SledClient client = client(Outage.FAIL, old);
        EventStream events = client.events(request())) {
      Screen screen =
          read(
              events,
              () -> {
                servers.get(old).toHandle().destroy(); // SIGTERM
                assertTrue(servers.get(old).waitFor(8, TimeUnit.SECONDS), "before its grace");
                assertEquals(0, servers.get(old).exitValue());
              });
      assertEquals(expected, screen.shown);
      assertEquals(1, screen.resumes);
      assertEquals("127.0.0.1:" + next, client.server().address());
    }
  }
}
