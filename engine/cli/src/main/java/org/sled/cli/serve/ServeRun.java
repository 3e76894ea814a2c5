package org.sled.cli.serve;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;
import org.sled.cli.options.ServerAddress;
import org.sled.cli.output.Progress;
import org.sled.cli.systemd.ServiceReporter;
import org.sled.cli.systemd.SystemdNotify;
import org.sled.server.Daemon;
import org.sled.server.ServerConfig;
import org.sled.server.observe.ServerSnapshot;

/**
 * The life of a daemon of {@code sled serve}: it is loaded, serves, and drains when a signal comes.
 * Called from the main thread.
 */
final class ServeRun {
  private final CommandContext context;
  private final String model;
  private final int sessions;
  private final Duration grace;
  private final ServerAddress drainTo;
  private final CompletableFuture<Signals.Kind> stop = new CompletableFuture<>();

  /**
   * Creates it.
   *
   * @param model as the user called it
   * @param sessions at a time, for systemd's status
   * @param grace how long running generations may go on after the first signal
   * @param drainTo where clients are sent then; null for nowhere
   */
  ServeRun(
      CommandContext context, String model, int sessions, Duration grace, ServerAddress drainTo) {
    this.context = context;
    this.model = model;
    this.sessions = sessions;
    this.grace = grace;
    this.drainTo = drainTo;
  }

  /** Serves until a signal comes; the exit code. */
  int serve(ServerConfig config) throws Exception {
    context.signals().onSignal(stop::complete, ServeRun::codeOfCutOff);
    try (ServiceReporter reporter =
        new ServiceReporter(SystemdNotify.of(context.environment()), ServiceReporter.INTERVAL)) {
      reporter.loading(model);
      Daemon started;
      Progress progress =
          Progress.of(context, "loading " + model + " and measuring what its steps cost");
      try (progress) {
        started = load(config);
      }
      if (started == null) {
        reporter.stopping(Duration.ZERO);
        context.err().println("stopped while the model was being loaded");
        return codeOfCutOff(stop.get());
      }
      try (Daemon daemon = started) {
        return serve(daemon, reporter);
      }
    }
  }

  /**
   * What it exits with where something was cut off. SIGTERM and SIGHUP are how services and
   * terminals end it in good order: what did not fit into the time agreed upon is no failure of
   * this one.
   */
  static int codeOfCutOff(Signals.Kind signal) {
    return signal == Signals.Kind.INTERRUPT ? ExitCodes.INTERRUPTED : ExitCodes.DONE;
  }

  /**
   * Loads the model on a thread of its own, since a signal must not wait for the minutes that may
   * take.
   *
   * @return null if the signal came first: the process is about to end, and with it the loading
   */
  private Daemon load(ServerConfig config) throws Exception {
    CompletableFuture<Daemon> loaded = new CompletableFuture<>();
    Thread loader =
        new Thread(
            () -> {
              try {
                loaded.complete(Daemon.start(config));
              } catch (Throwable e) { // thrown again by the main thread
                loaded.completeExceptionally(e);
              }
            },
            "sled-load");
    loader.setDaemon(true);
    loader.start();
    try {
      var unused = CompletableFuture.anyOf(loaded, stop).get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause();
    }
    Daemon daemon = loaded.getNow(null);
    if (daemon == null) {
      var unused = loaded.thenAccept(Daemon::close);
    }
    return daemon;
  }

  private int serve(Daemon daemon, ServiceReporter reporter) throws Exception {
    context.err().print(daemon.describe());
    ServerAddress address = of(daemon.address());
    if (daemon.adminAddress() != null) {
      context.err().println("metrics and health on http://" + of(daemon.adminAddress()) + "/");
    }
    context.err().println("listening on " + address);
    reporter.serving(daemon, address, sessions);
    watch(daemon);
    Signals.Kind signal;
    try {
      signal = stop.get();
    } catch (ExecutionException e) {
      throw new CommandFailure("the server ended by itself: " + e.getCause());
    }
    context.err().println("stopping; once more to stop at once");
    reporter.stopping(grace);
    InetSocketAddress next =
        drainTo == null ? null : InetSocketAddress.createUnresolved(drainTo.host(), drainTo.port());
    boolean drained;
    Progress progress = Progress.of(context, "waiting for running generations");
    try (progress) {
      drained = daemon.drain(grace, next);
    }
    report(daemon.stats());
    if (!drained) {
      context.err().println("some generations were cut off after " + grace.toSeconds() + " s");
    }
    return drained ? ExitCodes.DONE : codeOfCutOff(signal);
  }

  private static ServerAddress of(InetSocketAddress address) {
    return new ServerAddress(address.getAddress().getHostAddress(), address.getPort());
  }

  /** Notices when the daemon dies: then there is nothing left to wait for. */
  private void watch(Daemon daemon) {
    Thread watcher =
        new Thread(
            () -> {
              try {
                Throwable death = daemon.awaitEnd();
                if (death != null) {
                  stop.completeExceptionally(death);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "sled-watch");
    watcher.setDaemon(true);
    watcher.start();
  }

  private void report(ServerSnapshot stats) {
    context
        .err()
        .printf(
            Locale.ROOT,
            "%d sessions, %d tokens in %d steps; %d rounds, accepted share %s%n",
            stats.sessionsOpened(),
            stats.tokens(),
            stats.steps(),
            stats.rounds(),
            stats.drafted() == 0
                ? "-"
                : String.format(Locale.ROOT, "%.2f", (double) stats.accepted() / stats.drafted()));
  }
}
