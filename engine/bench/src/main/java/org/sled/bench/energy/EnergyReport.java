package org.sled.bench.energy;

import java.util.List;

/**
 * What a machine used between start and stop of an {@link EnergySession}. Plain values, as they
 * would stand in JSON.
 *
 * @param seconds from start to stop
 * @param totalJoules the sum of what is measured and {@code inTotal}, nothing of it twice; null if
 *     nothing that may be counted was measured, or if a meter that counts was lost on the way, for
 *     the sum would be too small then
 * @param totalCovers what the total contains; empty if there is none
 * @param measured all meters that gave a value, also those that are part of others
 * @param unavailable what is not measured, and why
 */
public record EnergyReport(
    double seconds,
    Double totalJoules,
    List<String> totalCovers,
    List<Measured> measured,
    List<Unavailable> unavailable) {

  /** Method of a meter that counts energy itself. */
  public static final String COUNTER = "counter";

  /** Method of a meter whose power is sampled and integrated by the trapezoid rule. */
  public static final String SAMPLED = "sampled";

  /** Copies the lists. */
  public EnergyReport {
    totalCovers = List.copyOf(totalCovers);
    measured = List.copyOf(measured);
    unavailable = List.copyOf(unavailable);
  }

  /**
   * What one meter measured.
   *
   * @param source which meter
   * @param covers what the joules were spent on
   * @param joules energy from start to stop
   * @param method {@link #COUNTER} or {@link #SAMPLED}
   * @param samples how often it was read, start and stop included
   * @param sampleIntervalMs the interval meant between samples; null for a counter, to which it
   *     does not matter
   * @param longestGapMs the longest time between two samples that came; null for a counter
   * @param inTotal whether the joules are part of the total; if not, others contain them, or nobody
   *     knows
   */
  public record Measured(
      String source,
      String covers,
      double joules,
      String method,
      long samples,
      Long sampleIntervalMs,
      Long longestGapMs,
      boolean inTotal) {}

  /**
   * What is not measured.
   *
   * @param source a meter, or a kind of meters of which this machine has none
   * @param reason why, and what would help, for people
   */
  public record Unavailable(String source, String reason) {}
}
