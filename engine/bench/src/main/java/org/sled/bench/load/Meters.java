package org.sled.bench.load;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.sled.device.RoundTimes;

/**
 * What a run measures: one HdrHistogram recorder per {@link Metric}, and counters. Any thread
 * records, without waiting; {@link #takeInterval} belongs to one thread.
 */
public final class Meters {
  /** Longer times are recorded as this. */
  static final long HIGHEST_MICROS = TimeUnit.HOURS.toMicros(1);

  static final int SIGNIFICANT_DIGITS = 3;

  private final Map<Metric, Recorder> recorders = new EnumMap<>(Metric.class);
  private final StepCostEstimate stepCost = new StepCostEstimate();
  private final Acceptance acceptance = new Acceptance();
  private final Goodput goodput;
  private final LongAdder windowTokens = new LongAdder();
  private final LongAdder tokensSoFar = new LongAdder();
  private final LongAdder requestsDone = new LongAdder();
  private final LongAdder requestsGood = new LongAdder();
  private final LongAdder requestsFailed = new LongAdder();
  private final LongAdder requestsCut = new LongAdder();
  private final LongAdder requestsCutWaiting = new LongAdder();
  private final LongAdder requestsWaited = new LongAdder();
  private final ConcurrentSkipListMap<String, LongAdder> failures = new ConcurrentSkipListMap<>();
  private final AtomicReference<String> firstFailure = new AtomicReference<>();
  private volatile LoadWindow window;

  Meters(Goodput goodput, LoadWindow window) {
    this.goodput = goodput;
    this.window = window;
    for (Metric metric : Metric.values()) {
      recorders.put(metric, new Recorder(HIGHEST_MICROS, SIGNIFICANT_DIGITS));
    }
  }

  void record(Metric metric, long nanos) {
    long micros = Math.max(0, TimeUnit.NANOSECONDS.toMicros(nanos));
    recorders.get(metric).recordValue(Math.min(micros, HIGHEST_MICROS));
  }

  /** Nothing that comes later counts as throughput. */
  synchronized void endWindow(long nanos) {
    window = window.endingBy(nanos);
  }

  /** The time that counts. */
  public LoadWindow window() {
    return window;
  }

  // ---------------------------------------------------------------- what happens

  /** Tokens came, of whichever request. */
  void tokens(long nanos, int count) {
    tokensSoFar.add(count);
    if (window.contains(nanos)) {
      windowTokens.add(count);
    }
  }

  /** A block was answered. */
  void round(RoundTimes times) {
    // Of the warm-up as well: what a step costs is learned from every one of them.
    int own = stepCost.own(times.batchRows(), 1 + times.drafted(), times.computeMicros());
    if (!window.contains(times.verdictNanos())) {
      return;
    }
    acceptance.round(times.drafted(), times.verified(), times.accepted());
    long roundNanos = times.verdictNanos() - times.draftStartNanos();
    long draftNanos = times.sentNanos() - times.draftStartNanos();
    long serverNanos =
        TimeUnit.MICROSECONDS.toNanos(
            (long) times.queueMicros() + times.computeMicros() + times.overheadMicros());
    // Without a common clock the two ways cannot be told apart: each counts as half.
    long wayNanos = Math.max(0, roundNanos - draftNanos - serverNanos);
    record(Metric.ROUND, roundNanos);
    record(Metric.DRAFT, draftNanos);
    record(Metric.UPLINK, wayNanos / 2);
    record(Metric.DOWNLINK, wayNanos - wayNanos / 2);
    record(Metric.QUEUE, TimeUnit.MICROSECONDS.toNanos(times.queueMicros()));
    record(Metric.OWN_COMPUTE, TimeUnit.MICROSECONDS.toNanos(own));
    record(Metric.SURCHARGE, TimeUnit.MICROSECONDS.toNanos(times.computeMicros() - own));
    record(Metric.OVERHEAD, TimeUnit.MICROSECONDS.toNanos(times.overheadMicros()));
  }

  /** A measured request ended as it should. */
  void done(long ttftNanos, double tpotNanos) {
    requestsDone.increment();
    if (goodput.isMet(ttftNanos, tpotNanos)) {
      requestsGood.increment();
    }
  }

  /** A measured request finds a server without room, for the first time. */
  void waits() {
    requestsWaited.increment();
  }

  /** A measured request failed. */
  void failed(String kind, String why) {
    requestsFailed.increment();
    failures.computeIfAbsent(kind, k -> new LongAdder()).increment();
    firstFailure.compareAndSet(null, why);
  }

  /**
   * A measured request did not end in time.
   *
   * @param waiting whether it was still waiting for a session
   */
  void cut(boolean waiting) {
    requestsCut.increment();
    if (waiting) {
      requestsCutWaiting.increment();
    }
  }

  // ---------------------------------------------------------------- results

  /** What was recorded of a metric since the last call; a copy. */
  Histogram takeInterval(Metric metric) {
    return recorders.get(metric).getIntervalHistogram();
  }

  /** What became of drafts within the window. */
  public Acceptance acceptance() {
    return acceptance;
  }

  /** Tokens within the window. */
  public long windowTokens() {
    return windowTokens.sum();
  }

  /** Tokens since the beginning, warm-up included. */
  public long tokensSoFar() {
    return tokensSoFar.sum();
  }

  /** Measured requests that ended as they should. */
  public long requestsDone() {
    return requestsDone.sum();
  }

  /** Requests that met the objective. */
  public long requestsGood() {
    return requestsGood.sum();
  }

  /** Measured requests that failed. */
  public long requestsFailed() {
    return requestsFailed.sum();
  }

  /** Measured requests that failed, by kind. */
  public Map<String, Long> failures() {
    Map<String, Long> counts = new TreeMap<>();
    failures.forEach((kind, count) -> counts.put(kind, count.sum()));
    return counts;
  }

  /** Measured requests for which a server had no room at first. */
  public long requestsWaited() {
    return requestsWaited.sum();
  }

  /** Of those that did not end in time: those that were still waiting for a session. */
  public long requestsCutWaiting() {
    return requestsCutWaiting.sum();
  }

  /** Measured requests that did not end in time. */
  public long requestsCut() {
    return requestsCut.sum();
  }

  /** Why the first one failed, or null. */
  public String firstFailure() {
    return firstFailure.get();
  }
}
