package org.sled.server;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.SystemNanoClock;
import org.sled.bridge.EndTokenIds;
import org.sled.bridge.Fingerprints;
import org.sled.core.cost.RowRule;
import org.sled.core.schedule.Scheduling;
import org.sled.jni.Model;
import org.sled.jni.Numerics;
import org.sled.jni.SledException;
import org.sled.jni.VerifyEngine;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Redirect;
import org.sled.net.round.RoundRules;
import org.sled.net.server.OpenFiles;
import org.sled.net.server.ServerOptions;
import org.sled.net.server.ServerTransport;
import org.sled.server.ingress.FrameRouter;
import org.sled.server.ingress.Greeting;
import org.sled.server.ingress.SentTemplate;
import org.sled.server.ingress.Vocabulary;
import org.sled.server.observe.AdminServer;
import org.sled.server.observe.AdminView;
import org.sled.server.observe.ServerMetrics;
import org.sled.server.observe.ServerSnapshot;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.CostCalibration;
import org.sled.server.target.CostFile;
import org.sled.server.target.NativeTarget;
import org.sled.server.target.TargetDescription;
import org.sled.server.target.TargetEngine;
import org.sled.server.verify.StepMonitor;
import org.sled.server.verify.StepWatchdog;
import org.sled.server.verify.Verifier;
import org.sled.server.verify.VerifierInbox;
import org.sled.server.verify.VerifierThread;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One target, served to many devices: owns the model, the verifier thread and the listening socket.
 * Any thread may use it.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  /** Frames per session that may wait for the verifier: a window of blocks, and what else comes. */
  private static final int INBOX_PER_SESSION = 16;

  /** Commands that are not tied to a session's window: OPENs that will be answered BUSY. */
  private static final int INBOX_SPARE = 4096;

  /**
   * Bytes of prompts that come in chunks or wait for the verifier, over all connections; at least
   * {@link #LONGEST_PROMPTS} of the longest.
   */
  private static final long PROMPT_BYTES = 32L * 1024 * 1024;

  private static final int LONGEST_PROMPTS = 8;

  private static final long JOIN_MILLIS = 30_000;

  /** Scrapers come every few seconds, probes as well. */
  private static final Duration ADMIN_IDLE = Duration.ofSeconds(60);

  private final ServerStats stats;
  private final FrameRouter router;
  private final StepMonitor monitor;
  private final VerifierThread verifier;
  private final Thread verifierThread;
  private final StepWatchdog watchdog;
  private final Duration stepTimeout;
  private final ServerTransport transport;
  private final AdminServer admin; // null when there is none
  private final Model model; // null when the target is scripted
  private final String description;
  private final Runnable atEnd;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<Throwable> death;
  private volatile boolean draining;

  private Daemon(
      Parts parts,
      ServerTransport transport,
      AdminServer admin,
      Model model,
      String description,
      Runnable atEnd) {
    this.stats = parts.stats;
    this.router = parts.router;
    this.monitor = parts.monitor;
    this.verifier = parts.verifier;
    this.verifierThread = parts.thread;
    this.death = parts.death;
    this.watchdog = parts.watchdog;
    this.stepTimeout = parts.stepTimeout;
    this.transport = transport;
    this.admin = admin;
    this.model = model;
    this.description = description;
    this.atEnd = atEnd;
    parts.daemon.set(this);
  }

  /** What runs before the socket is open. */
  private static final class Parts {
    final ServerStats stats = new ServerStats();
    final AtomicReference<Daemon> daemon = new AtomicReference<>();
    final AtomicReference<Throwable> death = new AtomicReference<>();
    final FrameRouter router;
    final StepMonitor monitor;
    final VerifierThread verifier;
    final Thread thread;
    final StepWatchdog watchdog;
    final Duration stepTimeout;

    Parts(
        ServerConfig config,
        TargetDescription target,
        TargetEngine engine,
        Scheduling scheduling,
        Vocabulary vocabulary) {
      ByteBudget prompts =
          new ByteBudget(
              Math.max(
                  PROMPT_BYTES,
                  LONGEST_PROMPTS * (long) target.contextTokens() * Protocol.TOKEN_BYTES));
      VerifierInbox inbox =
          new VerifierInbox(INBOX_SPARE + INBOX_PER_SESSION * target.sessions(), prompts);
      Verifier dutyCycle =
          new Verifier(
              engine,
              target,
              config.waiting(),
              inbox,
              scheduling,
              new RoundRules(
                  target.fingerprint().vocabularySize(),
                  target.contextTokens(),
                  config.maxDraftTokens()),
              stats,
              SystemNanoClock.INSTANCE);
      monitor = dutyCycle.monitor();
      verifier = new VerifierThread(dutyCycle, inbox, this::onDeath);
      FileDigest digest = vocabulary == null ? FileDigest.NONE : vocabulary.digest();
      router =
          new FrameRouter(
              new Greeting(
                  target,
                  config.maxDraftTokens(),
                  config.pingIntervalMillis(),
                  config.serverName(),
                  stats,
                  digest),
              engine,
              inbox,
              prompts,
              stats,
              vocabulary);
      // Netty pools buffers without garbage only for threads of this class.
      thread = new FastThreadLocalThread(verifier, "sled-verifier");
      thread.setDaemon(true);
      stepTimeout = config.stepTimeout();
      watchdog = new StepWatchdog(monitor, stepTimeout, stats);
    }

    /** After a start that failed: frees what the verifier owns, its engine included. */
    void end() {
      verifier.stop();
      if (thread.getState() == Thread.State.NEW) {
        verifier.run(); // which does no more than that
      } else {
        try {
          thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      watchdog.close();
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
   * @throws IOException if an address cannot be bound
   * @throws SledException if the target cannot be loaded or does not fit; the text says why
   */
  public static Daemon start(ServerConfig config) throws IOException {
    PortProbe.requireFree(config);
    AdminServer admin = openAdmin(config); // before minutes of loading
    Model model = null;
    VerifyEngine engine = null;
    boolean started = false;
    try {
      model =
          Model.open(
              config.modelPath(),
              config.modelParams().forNumerics(config.engineParams().numerics()));
      engine = VerifyEngine.open(model, config.allEngineParams());
      VerifyEngine.Info info = engine.info();
      TargetDescription target =
          new TargetDescription(
              Fingerprints.of(model.info()),
              info.contextTokens(),
              config.allSessions(),
              info.sequenceCount(),
              info.passRows(),
              info.slotRows(),
              info.numerics() == Numerics.EXACT,
              new RowRule(info.rowMultiple(), info.rowLeast()),
              info.numericsId(),
              cut(model.name().isEmpty() ? fileName(config) : model.name(), Limits.NAME_BYTES),
              SentTemplate.of(model.chatTemplate()),
              EndTokenIds.of(model));
      Daemon daemon =
          start(
              config,
              target,
              new NativeTarget(engine),
              Vocabulary.of(config.modelPath(), Limits.DEFAULT_FRAME_BYTES),
              admin,
              model,
              StartReport.of(config, model, info));
      started = true;
      return daemon;
    } finally {
      if (!started) {
        // Whatever failed, be it for want of memory. In this order: the model is in use before.
        closeAfterFailure(engine);
        closeAfterFailure(model);
        closeAfterFailure(admin);
      }
    }
  }

  private static void closeAfterFailure(AutoCloseable part) {
    if (part == null) {
      return;
    }
    try {
      part.close();
    } catch (Exception e) {
      LOG.warn("{} is not freed after a start that failed: {}", part, e.toString());
    }
  }

  /** Serves a target of the caller's making; for tests. */
  public static Daemon start(ServerConfig config, TargetDescription target, TargetEngine engine)
      throws IOException {
    return start(config, target, engine, null);
  }

  /**
   * The same with a vocabulary.
   *
   * @param vocabulary null: none
   */
  public static Daemon start(
      ServerConfig config, TargetDescription target, TargetEngine engine, Vocabulary vocabulary)
      throws IOException {
    AdminServer admin = openAdmin(config);
    boolean started = false;
    try {
      Daemon daemon = start(config, target, engine, vocabulary, admin, null, "");
      started = true;
      return daemon;
    } finally {
      if (!started) {
        closeAfterFailure(admin);
      }
    }
  }

  private static Daemon start(
      ServerConfig config,
      TargetDescription target,
      TargetEngine engine,
      Vocabulary vocabulary,
      AdminServer admin,
      Model model,
      String description)
      throws IOException {
    Scheduling scheduling = config.scheduling().create(target);
    CostFile costs = CostFile.of(config.costDirectory(), target.numericsId());
    if (model != null && !costs.load(scheduling.cost())) {
      new CostCalibration(engine, target, scheduling.cost()).run();
      costs.save(scheduling.cost());
    }
    Parts parts = new Parts(config, target, engine, scheduling, vocabulary);
    ServerTransport transport = null;
    boolean started = false;
    try {
      transport =
          ServerTransport.start(
              ServerOptions.of(config.host(), config.port())
                  .withMaxConnections(SocketPlan.deviceConnections(OpenFiles.left())),
              parts.router);
      Daemon daemon =
          new Daemon(
              parts, transport, admin, model, description, () -> costs.save(scheduling.cost()));
      parts.thread.start();
      parts.watchdog.start();
      if (admin != null) {
        admin.show(daemon.view(target));
      }
      started = true;
      return daemon;
    } finally {
      if (!started) {
        closeAfterFailure(transport);
        parts.end();
      }
    }
  }

  /** Null if there is to be none, or if nobody asked for it and its port is taken. */
  private static AdminServer openAdmin(ServerConfig config) throws IOException {
    ServerConfig.Admin address = config.admin();
    if (address == null) {
      return null;
    }
    try {
      if (address.port() != 0 && address.port() == config.port()) {
        throw new IOException("port " + address.port() + " is for devices, not metrics and health");
      }
      return AdminServer.start(
          address.host(),
          address.port(),
          AdminView.loading(),
          SocketPlan.adminConnections(OpenFiles.left()),
          ADMIN_IDLE);
    } catch (IOException e) {
      if (address.required()) {
        throw new IOException(
            e.getMessage() + "; choose another address with --admin, or --admin off", e);
      }
      LOG.warn(
          "{}; going on without them. Choose another address with --admin, or --admin off",
          e.getMessage());
      return null;
    }
  }

  private AdminView view(TargetDescription target) {
    ServerMetrics metrics = new ServerMetrics(stats, version(), target);
    return new AdminView() {
      @Override
      public String metrics(boolean openMetrics) {
        return metrics.scrape(openMetrics);
      }

      @Override
      public String unhealthy() {
        return problem();
      }

      @Override
      public String unready() {
        return draining ? "draining" : problem();
      }
    };
  }

  /** From class files there is no version. */
  private static String version() {
    String version = Daemon.class.getPackage().getImplementationVersion();
    return version == null ? System.getProperty("sled.version", "development") : version;
  }

  /** What is wrong with the verifier, or null. */
  private String problem() {
    if (!verifierThread.isAlive()) {
      Throwable cause = death.get();
      return "the verifier has ended" + (cause == null ? "" : ": " + cause);
    }
    String step = watchdog.problem();
    if (step != null) {
      return step;
    }
    return isResponsive(stepTimeout)
        ? null
        : "the verifier has not come round for " + stepTimeout.toSeconds() + " s";
  }

  private static String fileName(ServerConfig config) {
    return String.valueOf(config.modelPath().getFileName());
  }

  private static String cut(String text, int maxBytes) {
    // Bytes of UTF-8 are at most 3 per char.
    return text.length() * 3 <= maxBytes ? text : text.substring(0, maxBytes / 3);
  }

  /** Where it listens, with the port that was chosen for 0. */
  public InetSocketAddress address() {
    return transport.address();
  }

  /** Where metrics and health are shown, or null. */
  public InetSocketAddress adminAddress() {
    return admin == null ? null : admin.address();
  }

  /** The memory plan and the limits, several lines for people. */
  public String describe() {
    return description;
  }

  /** What it has done so far. */
  public ServerSnapshot stats() {
    return stats.snapshot();
  }

  /** What it counts, for tests. */
  ServerStats counters() {
    return stats;
  }

  /**
   * Is the verifier thread at work, or ready for it? Not if it has ended, has been in one step for
   * longer than {@code patience}, or lets sessions wait without a step for longer than the step
   * timeout of its configuration.
   *
   * @param patience more than 0.1 s, for that long an idle verifier sleeps
   */
  public boolean isResponsive(Duration patience) {
    return verifierThread.isAlive()
        && monitor.stall() == null
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
    return drain(grace, null);
  }

  /**
   * The same, but clients go on with their sessions elsewhere, at once.
   *
   * @param next where, unresolved; null: here, as long as the grace lasts
   */
  public boolean drain(Duration grace, InetSocketAddress next) throws InterruptedException {
    draining = true;
    router.drain();
    verifier.drain();
    Redirect redirect = next == null ? null : new Redirect(next.getHostString(), next.getPort());
    return transport.drain(grace, "the server is stopping", redirect);
  }

  /** Ends everything, in the order in which nothing is used after it is gone; idempotent. */
  @Override
  public void close() {
    draining = true;
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
    } else {
      atEnd.run();
      if (model != null) {
        model.close();
      }
    }
    watchdog.close();
    if (admin != null) {
      admin.close();
    }
    ended.countDown();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
