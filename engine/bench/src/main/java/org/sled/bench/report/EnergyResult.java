package org.sled.bench.report;

import java.util.List;
import org.sled.bench.energy.EnergyReport;

/**
 * Energy of the machine that the bench ran on, over all repetitions with their warm-ups.
 *
 * @param machine who computed on it: "server and devices" or "devices"
 * @param seconds measured
 * @param joules of what {@code covers} says; null if it is unavailable
 * @param joulesPerToken the same for each token
 * @param covers what was added up
 * @param measured every meter by its source
 * @param unavailable what could not be measured, with the reason
 */
public record EnergyResult(
    String machine,
    double seconds,
    Double joules,
    Double joulesPerToken,
    List<String> covers,
    List<EnergyReport.Measured> measured,
    List<EnergyReport.Unavailable> unavailable) {

  /** Of a measurement during which so many tokens came. */
  public static EnergyResult of(EnergyReport report, String machine, long tokens) {
    Double joules = report.totalJoules();
    return new EnergyResult(
        machine,
        Rounding.round(report.seconds()),
        joules == null ? null : Rounding.round(joules),
        joules == null ? null : Rounding.orNull(joules / tokens),
        report.totalCovers(),
        report.measured(),
        report.unavailable());
  }
}
