package org.sled.bench.load;

import org.sled.device.GenerationListener;
import org.sled.device.RoundTimes;

/** Measures one request. Its tokens come on one thread; the end is told afterwards. */
final class RequestMeter implements GenerationListener {
  private final Meters meters;
  private final GenerationListener more; // null: nobody else wants to know
  private final boolean measured;
  private final long intendedNanos;
  private boolean waits;
  private long waitNanos; // when it began to wait
  private long firstTokenNanos;
  private long lastTokenNanos;
  private long tokens;

  /**
   * A request begins.
   *
   * @param intendedNanos when it was meant to begin: what it waited for a device counts
   * @param measured whether its latencies count, or only its tokens
   */
  RequestMeter(Meters meters, GenerationListener more, long intendedNanos, boolean measured) {
    this.meters = meters;
    this.more = more;
    this.intendedNanos = intendedNanos;
    this.measured = measured;
  }

  @Override
  public void tokens(long nanos, int... ids) {
    meters.tokens(nanos, ids.length);
    if (tokens == 0) {
      firstTokenNanos = nanos;
      if (measured) {
        meters.record(Metric.TTFT, nanos - intendedNanos);
      }
    } else if (measured) {
      meters.record(Metric.ITL, nanos - lastTokenNanos);
    }
    lastTokenNanos = nanos;
    tokens += ids.length;
    if (more != null) {
      more.tokens(nanos, ids);
    }
  }

  @Override
  public void round(RoundTimes times) {
    meters.round(times);
    if (more != null) {
      more.round(times);
    }
  }

  @Override
  public void waiting(int place, long estimateMillis) {
    if (!waits) {
      waits = true;
      waitNanos = System.nanoTime();
      if (measured) {
        meters.waits();
      }
    }
    if (more != null) {
      more.waiting(place, estimateMillis);
    }
  }

  @Override
  public void admitted() {
    if (waits) {
      waits = false;
      if (measured) {
        meters.record(Metric.WAIT, System.nanoTime() - waitNanos);
      }
    }
    if (more != null) {
      more.admitted();
    }
  }

  /** It ended as it should. */
  void done() {
    if (!measured || tokens == 0) {
      return;
    }
    double tpotNanos = Double.NaN;
    if (tokens > 1) {
      tpotNanos = (double) (lastTokenNanos - firstTokenNanos) / (tokens - 1);
      meters.record(Metric.TPOT, (long) tpotNanos);
    }
    meters.record(Metric.E2E, lastTokenNanos - intendedNanos);
    meters.done(firstTokenNanos - intendedNanos, tpotNanos);
  }

  void failed(String kind, String why) {
    if (measured) {
      meters.failed(kind, why);
    }
  }

  void cut() {
    if (measured) {
      meters.cut(waits);
    }
  }
}
