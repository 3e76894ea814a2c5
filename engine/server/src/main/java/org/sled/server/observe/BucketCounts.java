package org.sled.server.observe;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How often values fell into which bucket. One thread records, without allocating; any thread
 * reads.
 */
final class BucketCounts {
  private final long[] bounds;
  private final double unit;
  private final AtomicLongArray counts; // the last one: above all bounds
  private final Count sum = new Count();

  /**
   * Creates empty buckets.
   *
   * @param unit how much of what is recorded makes one of what is shown: 1e9 for ns shown as s
   * @param bounds the largest value of each bucket, ascending, as recorded
   */
  BucketCounts(double unit, long... bounds) {
    this.unit = unit;
    this.bounds = bounds.clone();
    counts = new AtomicLongArray(bounds.length + 1);
  }

  void record(long value) {
    int bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) {
      bucket++;
    }
    counts.lazySet(bucket, counts.getPlain(bucket) + 1);
    sum.add(value);
  }

  /** The largest value of each bucket, as shown; the last is infinite. */
  double[] upperBounds() {
    double[] shown = new double[bounds.length + 1];
    for (int i = 0; i < bounds.length; i++) {
      shown[i] = bounds[i] / unit;
    }
    shown[bounds.length] = Double.POSITIVE_INFINITY;
    return shown;
  }

  /** Values in each bucket, those of smaller ones not included. */
  long[] counts() {
    long[] copy = new long[counts.length()];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = counts.get(i);
    }
    return copy;
  }

  /** The sum of all values, as shown. */
  double sum() {
    return sum.get() / unit;
  }
}
