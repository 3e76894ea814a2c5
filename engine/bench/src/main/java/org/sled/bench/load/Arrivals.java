package org.sled.bench.load;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * When the requests of an open loop are meant to start: independent of how the server keeps up.
 * Gaps are gamma distributed with the mean 1/rate; at burstiness 1 that is a Poisson process, below
 * it arrivals come in bunches, above it they are more regular (the convention of vLLM's benchmark).
 * One thread.
 */
public final class Arrivals {
  private static final double NANOS_PER_SECOND = 1e9;

  private final RandomGenerator random;
  private final double burstiness;
  private final double meanGapNanos;
  private double nextNanos;

  /**
   * A process that begins at 0.
   *
   * @param perSecond requests per second on average, above 0
   * @param burstiness shape of the gamma distribution, above 0
   * @param seed equal seeds give equal times
   */
  public Arrivals(double perSecond, double burstiness, long seed) {
    if (!(perSecond > 0) || !(burstiness > 0)) {
      throw new IllegalArgumentException("rate and burstiness must be above 0");
    }
    this.burstiness = burstiness;
    meanGapNanos = NANOS_PER_SECOND / perSecond;
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** The next start, ns after the beginning; never before the one before. */
  public long nextNanos() {
    nextNanos += meanGapNanos * gamma() / burstiness;
    return (long) nextNanos;
  }

  /**
   * A gamma distributed number of shape {@link #burstiness} and scale 1, by Marsaglia and Tsang's
   * method ("A simple method for generating gamma variables", ACM TOMS 26, 2000).
   */
  private double gamma() {
    double shape = burstiness < 1 ? burstiness + 1 : burstiness;
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = Math.pow(1 + c * x, 3);
      double u = random.nextDouble();
      if (v > 0 && Math.log(u) < x * x / 2 + d - d * v + d * Math.log(v)) {
        // Their boost for shapes below 1.
        return burstiness < 1 ? d * v * Math.pow(random.nextDouble(), 1 / burstiness) : d * v;
      }
    }
  }
}
