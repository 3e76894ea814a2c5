package org.sled.server;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.sled.bridge.Fingerprints;
import org.sled.core.ContinuousScheduler;
import org.sled.jni.Model;
import org.sled.jni.Numerics;
import org.sled.jni.SledException;
import org.sled.jni.VerifyEngine;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Welcome;
import org.sled.net.round.RoundRules;
import org.sled.net.server.ServerOptions;
import org.sled.net.server.ServerTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One target, served to many devices: owns the model, the verifier thread and the listening socket.
 * Any thread may use it.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  /**
   * Rows of one prompt in a step: within the 63 that are exact, and a third of what would make a
   * neighbour's verdict wait noticeably on a CPU.
   */
  private static final int CHUNK_ROWS = 32;

  /** Rows of all prompts beside blocks in one step; with fast numerics of one prompt as well. */
  private static final int PREFILL_ROWS = 64;

  /** Rows of a step: those of one pass over the weights. */
  private static final int STEP_ROWS = 512;

  /** Frames per session that may wait for the verifier: a window of blocks, and what else comes. */
  private static final int INBOX_PER_SESSION = 16;

  /** Commands that are not tied to a session's window: OPENs that will be answered BUSY. */
  private static final int INBOX_SPARE = 4096;

  private static final long JOIN_MILLIS = 30_000;

  private final ServerStats stats;
  private final FrameRouter router;
  private final Verifier verifier;
  private final Thread verifierThread;
  private final ServerTransport transport;
  private final Model model; // null when the target is scripted
  private final String description;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<Throwable> death;

  private Daemon(Parts parts, ServerTransport transport, Model model, String description) {
    this.stats = parts.stats;
    this.router = parts.router;
    this.verifier = parts.verifier;
    this.verifierThread = parts.thread;
    this.death = parts.death;
    this.transport = transport;
    this.model = model;
    this.description = description;
    parts.daemon.set(this);
  }

  /** What runs before the socket is open. */
  private static final class Parts {
    final ServerStats stats = new ServerStats();
    final AtomicReference<Daemon> daemon = new AtomicReference<>();
    final AtomicReference<Throwable> death = new AtomicReference<>();
    final FrameRouter router;
    final Verifier verifier;
    final Thread thread;

    Parts(ServerConfig config, TargetDescription target, TargetEngine engine) {
      VerifierInbox inbox = new VerifierInbox(INBOX_SPARE + INBOX_PER_SESSION * target.sessions());
      verifier =
          new Verifier(
              engine,
              target.sessions(),
              inbox,
              new ContinuousScheduler(
                  STEP_ROWS, PREFILL_ROWS, target.exactNumerics() ? CHUNK_ROWS : PREFILL_ROWS),
              new RoundRules(
                  target.fingerprint().vocabularySize(),
                  target.contextTokens(),
                  config.maxDraftTokens()),
              stats,
              this::onDeath);
      router = new FrameRouter(() -> welcome(config, target, stats), engine, inbox, stats);
      // Netty pools buffers without garbage only for threads of this class.
      thread = new FastThreadLocalThread(verifier, "sled-verifier");
      thread.setDaemon(true);
    }

    private void onDeath(Throwable cause) {
      death.set(cause);
      Daemon running = daemon.get();
      if (running != null) {
        running.ended.countDown();
      }
    }
  }

  /**
   * Loads the target and starts to serve it. Takes as long as reading the file does.
   *
   * @throws IOException if the address cannot be bound
   * @throws SledException if the target cannot be loaded or does not fit; the text says why
   */
  public static Daemon start(ServerConfig config) throws IOException {
    checkPortIsFree(config);
    Model model =
        Model.open(
            config.modelPath(), config.modelParams().forNumerics(config.engineParams().numerics()));
    VerifyEngine engine = null;
    try {
      engine = VerifyEngine.open(model, config.engineParams());
      VerifyEngine.Info info = engine.info();
      TargetDescription target =
          new TargetDescription(
              Fingerprints.of(model.info()),
              info.contextTokens(),
              info.sequenceCount(),
              info.numerics() == Numerics.EXACT,
              info.numericsId(),
              cut(model.name().isEmpty() ? fileName(config) : model.name(), Limits.NAME_BYTES),
              cutTemplate(model.chatTemplate()));
      return start(config, target, new NativeTarget(engine), model, describe(config, model, info));
    } catch (RuntimeException | IOException e) {
      if (engine != null) {
        engine.close();
      }
      model.close();
      throw e;
    }
  }

  /** Serves a target of the caller's making; for tests. */
  static Daemon start(ServerConfig config, TargetDescription target, TargetEngine engine)
      throws IOException {
    return start(config, target, engine, null, "");
  }

  private static Daemon start(
      ServerConfig config,
      TargetDescription target,
      TargetEngine engine,
      Model model,
      String description)
      throws IOException {
    Parts parts = new Parts(config, target, engine);
    ServerTransport transport =
        ServerTransport.start(ServerOptions.of(config.host(), config.port()), parts.router);
    Daemon daemon = new Daemon(parts, transport, model, description);
    parts.thread.start();
    return daemon;
  }

  /** Before minutes of loading; somebody may still come in between, then the real bind says so. */
  private static void checkPortIsFree(ServerConfig config) throws IOException {
    if (config.port() == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(config.host()), config.port()));
    } catch (IOException e) {
      throw new IOException(
          "cannot listen on "
              + config.host()
              + ":"
              + config.port()
              + ": "
              + e.getMessage()
              + "; is another daemon running there? Choose another port with --listen",
          e);
    }
  }

  private static Welcome welcome(ServerConfig config, TargetDescription target, ServerStats stats) {
    return new Welcome(
        Protocol.MAX_VERSION,
        target.exactNumerics() ? Welcome.EXACT_NUMERICS : 0,
        new Limits(
            target.sessions(),
            target.contextTokens() - 1,
            target.contextTokens(),
            config.maxDraftTokens(),
            Limits.DEFAULT_FRAME_BYTES),
        config.pingIntervalMillis(),
        stats.sessionsInUse(),
        target.sessions(),
        target.numericsId(),
        target.fingerprint(),
        config.serverName(),
        target.modelName(),
        target.chatTemplate());
  }

  private static String fileName(ServerConfig config) {
    return String.valueOf(config.modelPath().getFileName());
  }

  private static String cut(String text, int maxBytes) {
    // Bytes of UTF-8 are at most 3 per char.
    return text.length() * 3 <= maxBytes ? text : text.substring(0, maxBytes / 3);
  }

  /** A template that does not fit into WELCOME is left out: devices then need their own. */
  private static String cutTemplate(String template) {
    boolean fits = template.getBytes(StandardCharsets.UTF_8).length <= Limits.CHAT_TEMPLATE_BYTES;
    if (!fits) {
      LOG.warn("the chat template is longer than {} bytes: not sent", Limits.CHAT_TEMPLATE_BYTES);
    }
    return fits ? template : "";
  }

  private static String describe(ServerConfig config, Model model, VerifyEngine.Info info) {
    VerifyEngine.MemoryPlan memory = info.memory();
    return String.format(
        "target    %s (%s, %s, %.1f million parameters), %d tokens of context trained%n"
            + "sessions  %d of %d tokens each, %d threads, blocks of up to %d drafts%n"
            + "memory    weights %s, K/V cache %s, results %s, scratch about %s; available %s%n"
            + "numerics  %s, id %016x%n",
        config.modelPath(),
        model.architecture(),
        model.weightType(),
        model.info().parameterCount() / 1e6,
        model.info().contextTrainTokens(),
        info.sequenceCount(),
        info.contextTokens(),
        info.threads(),
        config.maxDraftTokens(),
        mebibytes(memory.weightBytes()),
        mebibytes(memory.kvBytes()),
        mebibytes(memory.logitsBytes()),
        mebibytes(memory.computeBytes()),
        mebibytes(memory.availableBytes()),
        info.numerics().name().toLowerCase(Locale.ROOT),
        info.numericsId());
  }

  private static String mebibytes(long bytes) {
    return String.format("%.1f MiB", bytes / (1024.0 * 1024.0));
  }

  /** Where it listens, with the port that was chosen for 0. */
  public InetSocketAddress address() {
    return transport.address();
  }

  /** The memory plan and the limits, several lines for people. */
  public String describe() {
    return description;
  }

  /** What it has done so far. */
  public ServerSnapshot stats() {
    return stats.snapshot();
  }

  /**
   * Is the verifier thread at work, or ready for it? Not if it has ended, or has been in one step
   * for longer than {@code patience}.
   *
   * @param patience more than 0.1 s, for that long an idle verifier sleeps
   */
  public boolean isResponsive(Duration patience) {
    return verifierThread.isAlive()
        && System.nanoTime() - verifier.turnNanos() <= patience.toNanos();
  }

  /**
   * Waits until the verifier thread has died of an error, or the daemon was closed.
   *
   * @return what it died of, or null
   */
  public Throwable awaitEnd() throws InterruptedException {
    ended.await();
    return death.get();
  }

  /**
   * Opens no more sessions, tells clients to leave, and waits for those that run.
   *
   * @return whether all have left within the grace
   */
  public boolean drain(Duration grace) throws InterruptedException {
    router.drain();
    return transport.drain(grace, "the server is stopping");
  }

  /** Ends everything, in the order in which nothing is used after it is gone; idempotent. */
  @Override
  public void close() {
    transport.close();
    verifier.stop();
    boolean interrupted = false;
    try {
      verifierThread.join(JOIN_MILLIS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (verifierThread.isAlive()) {
      LOG.error(
          "the verifier thread is still in a step after {} ms; its memory is not freed",
          JOIN_MILLIS);
    } else if (model != null) {
      model.close();
    }
    ended.countDown();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
