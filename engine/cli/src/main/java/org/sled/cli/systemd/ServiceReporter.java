package org.sled.cli.systemd;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.sled.cli.options.ServerAddress;
import org.sled.server.Daemon;
import org.sled.server.observe.ServerSnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps systemd informed over the life of a daemon: loading, serving, stopping. Everything is sent
 * by one thread of its own, {@code sled-notify}, so that messages keep their order and a systemd
 * that does not read holds up nobody else. Called from the main thread.
 */
public final class ServiceReporter implements AutoCloseable {
  /** How often systemd hears something. */
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(ServiceReporter.class);

  /** Beyond the drain time: the verifier's step, and freeing the model. */
  private static final Duration CLOSING = Duration.ofSeconds(45);

  private static final long CLOSE_MILLIS = 1_000;

  private final SystemdNotify systemd;
  private final Duration interval;
  private final ScheduledExecutorService thread; // null when nobody is to be told
  private Future<?> loading;
  private Future<?> status;

  // Notify thread.
  private long lastTokens;
  private long lastNanos;
  private boolean hangs;

  private volatile boolean stopping;

  public ServiceReporter(SystemdNotify systemd, Duration interval) {
    this.systemd = systemd;
    this.interval = interval;
    thread =
        systemd.isActive()
            ? Executors.newSingleThreadScheduledExecutor(
                task -> {
                  Thread notify = new Thread(task, "sled-notify");
                  notify.setDaemon(true);
                  return notify;
                })
            : null;
  }

  /** A large model may take longer to load than systemd would wait: it is asked for more time. */
  public void loading(String model) {
    String more = extension(interval.multipliedBy(3));
    loading = every(interval, () -> systemd.send(more, "STATUS=Loading " + model));
  }

  /** Call when clients can connect. */
  public void serving(Daemon daemon, ServerAddress address, int sessions) {
    serving(address, sessions, daemon::stats, daemon::isResponsive);
  }

  /** Reports about any daemon; for tests. */
  public void serving(
      ServerAddress address,
      int sessions,
      Supplier<ServerSnapshot> stats,
      Predicate<Duration> isResponsive) {
    if (thread == null) {
      return;
    }
    loading.cancel(false);
    lastNanos = System.nanoTime(); // seen by the notify thread, to which it is handed over
    thread.execute(() -> systemd.send("READY=1", "STATUS=Listening on " + address));
    status = every(interval, () -> systemd.send(statusLine(address, stats.get(), sessions)));
    Duration watchdog = systemd.watchdog();
    if (!watchdog.isZero()) {
      var unused =
          every(watchdog.dividedBy(2), () -> feedWatchdog(isResponsive.test(watchdog), watchdog));
    }
  }

  /** Call before the daemon drains. */
  public void stopping(Duration grace) {
    stopping = true;
    if (thread != null) {
      if (status != null) {
        status.cancel(false);
      }
      thread.execute(
          () ->
              systemd.send(
                  "STOPPING=1",
                  extension(grace.plus(CLOSING)),
                  "STATUS=Stopping: running generations may end within "
                      + grace.toSeconds()
                      + " s"));
    }
  }

  private Future<?> every(Duration period, Runnable task) {
    if (thread == null) {
      return null;
    }
    Runnable safe =
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) { // would end all that follow, silently
            LOG.warn("a message for systemd could not be made", e);
          }
        };
    return thread.scheduleAtFixedRate(safe, 0, period.toNanos(), TimeUnit.NANOSECONDS);
  }

  private String statusLine(ServerAddress address, ServerSnapshot stats, int sessions) {
    long now = System.nanoTime();
    double seconds = (now - lastNanos) / 1e9;
    double rate = seconds > 0 ? (stats.tokens() - lastTokens) / seconds : 0;
    lastTokens = stats.tokens();
    lastNanos = now;
    return String.format(
        Locale.ROOT,
        "STATUS=Listening on %s: %d of %d sessions, %.1f tokens/s; %d tokens since the start",
        address,
        stats.sessionsInUse(),
        sessions,
        rate,
        stats.tokens());
  }

  /** Silence is what tells systemd to restart us. */
  private void feedWatchdog(boolean responsive, Duration watchdog) {
    if (responsive) {
      hangs = false;
      systemd.send("WATCHDOG=1");
    } else if (!hangs && !stopping) {
      hangs = true;
      LOG.error(
          "the verifier has been in one step for more than {} s: the watchdog is not fed, and"
              + " systemd will restart the service",
          watchdog.toMillis() / 1e3);
    }
  }

  private static String extension(Duration duration) {
    return "EXTEND_TIMEOUT_USEC=" + TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
  }

  /** Sends what was still to be sent, if systemd reads it. */
  @Override
  public void close() {
    if (thread == null) {
      return;
    }
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("systemd does not read what it is told");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
