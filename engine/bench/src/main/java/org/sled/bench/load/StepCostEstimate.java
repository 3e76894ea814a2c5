package org.sled.bench.load;

/**
 * What a step costs by its rows, learned from the verdicts of the run: a straight line through all
 * (rows, time) pairs so far, by least squares. Splits a step's time into what the block would have
 * taken alone and what its batch-mates added. Thread-safe.
 *
 * <p>A line is coarse where costs bend (a GPU's flat beginning); a measured {@link
 * org.sled.bench.cost.CostTable} is better where there is one.
 */
final class StepCostEstimate {
  private double count;
  private double sumRows;
  private double sumMicros;
  private double sumRowsSquared;
  private double sumProducts;
  private double leastMicros = Double.MAX_VALUE;

  /**
   * Learns from a step, and tells its own part.
   *
   * @param batchRows rows of the whole step
   * @param ownRows rows of the block
   * @param micros the step's time
   * @return the time that the block would have taken alone, µs, at most {@code micros}
   */
  synchronized int own(int batchRows, int ownRows, int micros) {
    count++;
    sumRows += batchRows;
    sumMicros += micros;
    sumRowsSquared += (double) batchRows * batchRows;
    sumProducts += (double) batchRows * micros;
    leastMicros = Math.min(leastMicros, micros);
    if (batchRows <= ownRows) {
      return micros;
    }
    double spread = count * sumRowsSquared - sumRows * sumRows;
    if (spread <= 0) {
      return micros; // all steps had the same size so far: nothing to tell them apart by
    }
    double perRow = Math.max(0, (count * sumProducts - sumRows * sumMicros) / spread);
    double alone = Math.max(micros - perRow * (batchRows - ownRows), leastMicros);
    return (int) Math.min(alone, micros);
  }
}
