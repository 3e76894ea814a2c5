package org.sled.bench.load;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.sled.device.GenerationListener;

/**
 * Puts a {@link LoadPlan} on devices and measures it. Each device has a thread of its own, which
 * takes one arrival after another: in a closed loop a new one whenever it is free, in an open one
 * from the queue that a clock fills.
 */
public final class LoadRunner {
  /** After so many failures in succession, with no success between, a run makes no sense. */
  private static final int MAX_FAILURES_IN_SUCCESSION = 16;

  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * A device whose request failed waits so long: a server that is gone is not worth a busy loop.
   */
  private static final long PAUSE_AFTER_FAILURE_MILLIS = 200;

  private final Workload workload;
  private final LoadPlan plan;
  private final List<? extends BenchDevice> devices;
  private final RequestRecorder recorder;
  private final IntervalSink sink;
  private final Meters meters;

  private final long startNanos = System.nanoTime();
  private final LinkedBlockingQueue<Arrival> queue = new LinkedBlockingQueue<>();
  private final AtomicInteger nextNumber = new AtomicInteger();
  private final AtomicInteger measuredStarted = new AtomicInteger();
  private final AtomicInteger active = new AtomicInteger();
  private final AtomicInteger failuresInSuccession = new AtomicInteger();
  private final AtomicReference<Throwable> death = new AtomicReference<>(); // of a device's thread
  private final long plannedEndNanos;
  private volatile boolean makesNoSense; // too much has failed
  private volatile boolean arrivalsEnded;

  /** A request that is due. */
  private record Arrival(int number, long intendedNanos) {}

  /** Gets every request of the run, warm-up included. Any thread. */
  public interface RequestRecorder {
    /** A request begins; what happens in it is to be told to the returned listener, or nobody. */
    GenerationListener begin(BenchRequest request);

    /**
     * It ended as it should.
     *
     * @param measured false for one of the warm-up
     */
    void done(BenchRequest request, GenerationListener listener, boolean measured);
  }

  /**
   * Prepares a run, which begins now.
   *
   * @param devices as many as the plan says; they stay the caller's
   * @param recorder null for none
   */
  public LoadRunner(
      Workload workload,
      LoadPlan plan,
      Goodput goodput,
      List<? extends BenchDevice> devices,
      RequestRecorder recorder,
      IntervalSink sink) {
    if (devices.size() != plan.devices()) {
      throw new IllegalArgumentException(devices.size() + " devices, not " + plan.devices());
    }
    this.workload = workload;
    this.plan = plan;
    this.devices = List.copyOf(devices);
    this.recorder = recorder;
    this.sink = sink;
    LoadWindow planned =
        LoadWindow.of(startNanos, plan.warmup().toNanos(), plan.duration().toNanos());
    plannedEndNanos = planned.endNanos();
    meters = new Meters(goodput, plan.isOpenLoop() ? planned : planned.withoutEnd());
  }

  /** What is measured; also while the run goes on. */
  public Meters meters() {
    return meters;
  }

  /**
   * Runs to the end.
   *
   * @throws BenchDeviceException if so many requests fail that going on makes no sense, or if a
   *     device's thread ends by a mistake: then there is less load than was asked for
   * @throws InterruptedException if the thread was interrupted: all requests are cancelled then
   */
  public void run() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      BenchDevice device = devices.get(i);
      threads.add(start("sled-bench-device-" + i, () -> serveArrivals(device)));
    }
    Thread clock = plan.isOpenLoop() ? start("sled-bench-clock", this::dispatch) : null;
    try {
      watch(threads);
    } finally {
      arrivalsEnded = true;
      if (clock != null) {
        clock.interrupt();
      }
      threads.forEach(Thread::interrupt);
      joinUninterruptibly(threads);
    }
    Throwable mistake = death.get();
    if (mistake != null) {
      throw new BenchDeviceException("a device ended: " + mistake, mistake);
    }
    if (makesNoSense) {
      throw new BenchDeviceException(
          MAX_FAILURES_IN_SUCCESSION
              + " requests in succession failed; the first failure: "
              + meters.firstFailure(),
          null);
    }
  }

  private static Thread start(String name, Runnable action) {
    Thread thread = new Thread(action, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void joinUninterruptibly(List<Thread> threads) {
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---------------------------------------------------------------- the watching thread

  /** Until all devices are done, or the time to drain is over: cuts what was recorded in slices. */
  private void watch(List<Thread> threads) throws InterruptedException {
    long intervalStart = startNanos;
    long tokensBefore = 0;
    long drainEnd = 0;
    boolean over = false;
    while (!over) {
      long intervalEnd = intervalStart + INTERVAL_NANOS;
      over = waitForDevices(threads, intervalEnd);
      long now = System.nanoTime();
      if (hasEnded(now) && drainEnd == 0) {
        arrivalsEnded = true;
        meters.endWindow(now);
        drainEnd = now + plan.drain().toNanos();
      }
      if (over) {
        meters.endWindow(now);
      }
      long tokens = meters.tokensSoFar();
      cut(intervalStart, now, tokens - tokensBefore);
      tokensBefore = tokens;
      intervalStart = now;
      over |= drainEnd != 0 && now - drainEnd >= 0;
    }
  }

  /** True if all have ended by then. */
  private boolean waitForDevices(List<Thread> threads, long untilNanos)
      throws InterruptedException {
    for (Thread thread : threads) {
      long left = untilNanos - System.nanoTime();
      TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, left));
      if (thread.isAlive()) {
        long rest = untilNanos - System.nanoTime();
        if (rest > 0) {
          TimeUnit.NANOSECONDS.sleep(rest);
        }
        return false;
      }
    }
    return true;
  }

  private void cut(long fromNanos, long toNanos, long tokens) {
    long nowMillis = System.currentTimeMillis();
    long fromMillis = nowMillis - TimeUnit.NANOSECONDS.toMillis(toNanos - fromNanos);
    Map<Metric, Histogram> histograms = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      Histogram histogram = meters.takeInterval(metric);
      histogram.setTag(metric.tag());
      histogram.setStartTimeStamp(fromMillis);
      histogram.setEndTimeStamp(nowMillis);
      histograms.put(metric, histogram);
    }
    sink.interval(fromNanos - startNanos, toNanos - startNanos, histograms, tokens, active.get());
  }

  private boolean hasEnded(long nowNanos) {
    if (makesNoSense || death.get() != null) {
      return true;
    }
    long beyond = nowNanos - plannedEndNanos;
    if (beyond < 0) {
      return false;
    }
    // A closed loop goes on until every device could begin a request that counts: where requests
    // take longer than the run is meant to, there would be none.
    return plan.isOpenLoop()
        || measuredStarted.get() >= plan.devices()
        || beyond >= plan.drain().toNanos();
  }

  // ---------------------------------------------------------------- the clock of an open loop

  private void dispatch() {
    Arrivals arrivals = new Arrivals(plan.requestsPerSecond(), plan.burstiness(), plan.seed());
    try {
      while (!arrivalsEnded) {
        long intended = startNanos + arrivals.nextNanos();
        if (hasEnded(intended)) {
          break;
        }
        long left = intended - System.nanoTime();
        if (left > 0) {
          TimeUnit.NANOSECONDS.sleep(left);
        }
        Arrival arrival = nextArrival(intended);
        if (arrival == null) {
          break;
        }
        queue.add(arrival);
      }
    } catch (InterruptedException e) {
      // The run is over.
    }
    arrivalsEnded = true;
  }

  /** The next request, meant to start then; null after the last. */
  private Arrival nextArrival(long intendedNanos) {
    if (arrivalsEnded) {
      return null;
    }
    if (hasEnded(intendedNanos)) {
      meters.endWindow(intendedNanos);
      return null;
    }
    if (meters.window().contains(intendedNanos)) {
      int number = measuredStarted.incrementAndGet();
      if (plan.requests() > 0 && number > plan.requests()) {
        return null;
      }
    }
    return new Arrival(nextNumber.getAndIncrement(), intendedNanos);
  }

  // ---------------------------------------------------------------- the devices

  private void serveArrivals(BenchDevice device) {
    try {
      for (Arrival arrival = take(); arrival != null; arrival = take()) {
        serve(device, arrival);
      }
    } catch (InterruptedException e) {
      // The run is over, or was cancelled.
    } catch (RuntimeException | Error e) {
      death.compareAndSet(null, e);
    }
  }

  private Arrival take() throws InterruptedException {
    if (!plan.isOpenLoop()) {
      return nextArrival(System.nanoTime());
    }
    while (true) {
      Arrival arrival = queue.poll(100, TimeUnit.MILLISECONDS);
      if (arrival != null || (arrivalsEnded && queue.isEmpty())) {
        return arrival;
      }
    }
  }

  private void serve(BenchDevice device, Arrival arrival) throws InterruptedException {
    BenchRequest request = workload.request(arrival.number());
    GenerationListener more = recorder == null ? null : recorder.begin(request);
    boolean measured = meters.window().contains(arrival.intendedNanos());
    RequestMeter meter = new RequestMeter(meters, more, arrival.intendedNanos(), measured);
    active.incrementAndGet();
    try {
      device.run(request, meter);
      failuresInSuccession.set(0);
      meter.done();
      if (recorder != null) {
        recorder.done(request, more, measured);
      }
    } catch (BenchDeviceException e) {
      // A full server is no reason to end: it is what a load above its sessions meets.
      if (!e.kind().equals(BenchDeviceException.BUSY)
          && failuresInSuccession.incrementAndGet() >= MAX_FAILURES_IN_SUCCESSION) {
        makesNoSense = true;
      }
      meter.failed(e.kind(), e.getMessage());
      TimeUnit.MILLISECONDS.sleep(PAUSE_AFTER_FAILURE_MILLIS);
    } catch (RuntimeException | Error e) {
      meter.failed(BenchDeviceException.OTHER, e.toString());
      throw e;
    } catch (InterruptedException e) {
      meter.cut();
      throw e;
    } finally {
      active.decrementAndGet();
    }
  }
}
