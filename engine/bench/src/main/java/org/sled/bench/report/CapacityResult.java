package org.sled.bench.report;

import java.util.List;

/**
 * The largest number of devices that holds an objective.
 *
 * @param devices the answer; 0 if not even one does
 * @param atLeast whether the largest count that was tried holds it, so that the truth may be more
 * @param tpotMs the objective: time per output token at most, ms
 * @param percentile of the requests that must hold it, such as 95
 * @param tried every run on the way
 */
public record CapacityResult(
    int devices, boolean atLeast, double tpotMs, double percentile, List<Try> tried) {

  /**
   * One run.
   *
   * @param devices in it
   * @param tpotMs TPOT at the percentile, ms; null if no request ended
   * @param tokensPerSecond of all devices
   * @param held whether it held the objective
   */
  public record Try(int devices, Double tpotMs, double tokensPerSecond, boolean held) {}
}
