package org.sled.bench.energy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One interval over which the meters are read. A daemon thread samples them until {@link #stop};
 * start and stop themselves read them on the caller's thread, which takes a few milliseconds. Any
 * thread.
 */
public final class EnergySession implements AutoCloseable {
  /** How often power is sampled, if nothing else is said. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofMillis(100);

  /** Faster, the sampling is itself the load. */
  private static final Duration MIN_INTERVAL = Duration.ofMillis(1);

  /** Slower, two samples say nothing of what was between them. */
  private static final Duration MAX_INTERVAL = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(EnergySession.class);

  private final EnergyAccounts accounts;
  private final long intervalNanos;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Thread sampler;
  private EnergyReport report; // guarded by this

  private EnergySession(EnergyMeters meters, Duration interval, LongSupplier nanoTime) {
    if (interval.compareTo(MIN_INTERVAL) < 0 || interval.compareTo(MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException(
          "interval is " + interval + ", should be " + MIN_INTERVAL + " to " + MAX_INTERVAL);
    }
    intervalNanos = interval.toNanos();
    accounts = new EnergyAccounts(meters, intervalNanos, nanoTime);
    sampler = new Thread(this::run, "energy-sampler");
    sampler.setDaemon(true);
  }

  /** Starts to measure, sampling at {@link #DEFAULT_INTERVAL}. */
  public static EnergySession start(EnergyMeters meters) {
    return start(meters, DEFAULT_INTERVAL, System::nanoTime);
  }

  /**
   * Starts to measure.
   *
   * @param meters must stay open until stop
   * @param interval between two samples of a power sensor, 1 ms to 10 s
   * @param nanoTime the clock, in nanoseconds from any moment
   * @throws IllegalArgumentException if the interval is out of its range
   */
  public static EnergySession start(EnergyMeters meters, Duration interval, LongSupplier nanoTime) {
    EnergySession session = new EnergySession(meters, interval, nanoTime);
    session.accounts.start();
    session.sampler.start();
    return session;
  }

  /**
   * Ends the interval; the energy that is used from now on is not in the report. Idempotent: later
   * calls give the same report.
   */
  public synchronized EnergyReport stop() {
    if (report == null) {
      stopping.countDown();
      joinSampler(); // its last sample may still be under way; from here on the accounts are ours
      report = accounts.stop();
    }
    return report;
  }

  private void joinSampler() {
    boolean interrupted = false;
    while (true) {
      try {
        sampler.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // it ends within the time limit of one command, so wait on
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The sampler: at every multiple of the interval, leaving out those that it is late for. */
  private void run() {
    long startNanos = System.nanoTime();
    try {
      while (!stopping.await(
          intervalNanos - (System.nanoTime() - startNanos) % intervalNanos, TimeUnit.NANOSECONDS)) {
        accounts.sample();
      }
    } catch (InterruptedException e) {
      LOG.warn("the energy sampler was interrupted; power is integrated over a longer gap");
    }
  }

  /** Stops, if that was not done. */
  @Override
  public void close() {
    EnergyReport unused = stop();
  }
}
