package org.sled.server.verify;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.sled.server.observe.ServerStats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices steps that take too long, and sessions that wait for as long while no step is made, and
 * says so in the log: once when, with what is in them, and once when they are over. A thread of its
 * own looks now and then; the verifier does not notice.
 */
public final class StepWatchdog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StepWatchdog.class);

  private static final long LONGEST_PERIOD_MILLIS = 1_000;
  private static final int LOOKS_PER_TIMEOUT = 4;
  private static final double NANOS_PER_SECOND = 1e9;

  private final StepMonitor monitor;
  private final Duration timeout;
  private final ServerStats stats;
  private final Thread thread;

  // Watchdog thread.
  private StepMonitor.Running stuck; // null when none is known
  private long stuckSinceNanos;
  private StepMonitor.Stall stalled; // null when none is known

  public StepWatchdog(StepMonitor monitor, Duration timeout, ServerStats stats) {
    this.monitor = monitor;
    this.timeout = timeout;
    this.stats = stats;
    monitor.describeStallsAfter(timeout);
    thread = new Thread(this::run, "sled-watchdog");
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  private void run() {
    long period =
        Math.max(1, Math.min(LONGEST_PERIOD_MILLIS, timeout.toMillis() / LOOKS_PER_TIMEOUT));
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(period);
        lookAtStep();
        lookAtStall();
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private void lookAtStep() {
    if (stuck != null && !monitor.isRunning(stuck)) {
      LOG.warn("the stuck step is over, after {} s", secondsSince(stuckSinceNanos));
      stuck = null;
    }
    StepMonitor.Running running = monitor.running();
    if (stuck != null || running == null || running.nanos() < timeout.toNanos()) {
      return;
    }
    String what = monitor.describe(running);
    if (what != null) { // still the same one
      stuck = running;
      stuckSinceNanos = System.nanoTime() - running.nanos();
      stats.stuckStep();
      LOG.error("a step has been computed for {} s: {}", seconds(running.nanos()), what);
    }
  }

  private void lookAtStall() {
    StepMonitor.Stall stall = monitor.stall();
    if (Objects.equals(stall, stalled)) {
      return;
    }
    if (stalled != null) {
      LOG.warn("steps are made again, after {} s", secondsSince(stalled.sinceNanos()));
    }
    stalled = stall;
    if (stall != null) {
      LOG.error("{}; they wait {}", stallProblem(stall), stall.what());
    }
  }

  /** Why nothing may come of what is computed, or is to be computed; null if all is well. */
  public String problem() {
    StepMonitor.Running running = monitor.running();
    if (running != null && running.nanos() >= timeout.toNanos()) {
      return "a step has been computed for " + seconds(running.nanos()) + " s";
    }
    StepMonitor.Stall stall = monitor.stall();
    return stall == null ? null : stallProblem(stall);
  }

  private static String stallProblem(StepMonitor.Stall stall) {
    return "sessions wait, and no step has been made for "
        + secondsSince(stall.sinceNanos())
        + " s";
  }

  private static String secondsSince(long nanos) {
    return seconds(System.nanoTime() - nanos);
  }

  private static String seconds(long nanos) {
    return String.valueOf(Math.round(nanos / NANOS_PER_SECOND * 10) / 10.0);
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
