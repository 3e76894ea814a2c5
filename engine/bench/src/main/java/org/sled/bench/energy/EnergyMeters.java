package org.sled.bench.energy;

import java.nio.file.Path;
import java.util.List;
import org.sled.bench.energy.EnergyReport.Unavailable;

/**
 * The meters of this machine, and what it has none of. Immutable; any thread. Close it when no
 * session uses it any more: readings of GPUs fail from then on.
 */
public final class EnergyMeters implements AutoCloseable {
  /** NVML's name as the driver installs it. */
  public static final String NVML_LIBRARY = "libnvidia-ml.so.1";

  private final List<EnergyMeter> meters;
  private final List<EnergyMeter> counted;
  private final List<Unavailable> unavailable;
  private final Nvml nvml; // null: nothing to close

  private EnergyMeters(List<EnergyMeter> meters, List<Unavailable> unavailable, Nvml nvml) {
    this.meters = List.copyOf(meters);
    this.counted = MeterScope.counted(this.meters);
    this.unavailable = List.copyOf(unavailable);
    this.nvml = nvml;
  }

  /** Finds the meters of the machine this runs on. Takes some milliseconds, and never fails. */
  public static EnergyMeters discover() {
    return discover(
        Path.of("/sys"), TextSource.ofCommand("vcgencmd", "pmic_read_adc"), NVML_LIBRARY);
  }

  /**
   * Finds meters elsewhere, for tests.
   *
   * @param sysRoot where sysfs is mounted
   * @param pmic what {@code vcgencmd pmic_read_adc} says
   * @param nvmlLibrary name or path of NVML
   */
  public static EnergyMeters discover(Path sysRoot, TextSource pmic, String nvmlLibrary) {
    return discover(Sysfs.at(sysRoot), pmic, nvmlLibrary);
  }

  static EnergyMeters discover(Sysfs sysfs, TextSource pmic, String nvmlLibrary) {
    Found found = new Found();
    RaplZones.find(sysfs, found);
    HwmonSensors.find(sysfs, found);
    Pmic.find(pmic, found);
    Nvml nvml = NvidiaGpus.find(nvmlLibrary, found);
    return new EnergyMeters(found.meters, found.unavailable, nvml);
  }

  /** These meters and no others, such as one that is no part of this machine. */
  public static EnergyMeters of(List<EnergyMeter> meters) {
    return new EnergyMeters(meters, List.of(), null);
  }

  /** All that could be read when they were looked for. */
  public List<EnergyMeter> meters() {
    return meters;
  }

  /** The meters of {@link #meters} that make up the total, none of which contains another. */
  public List<EnergyMeter> counted() {
    return counted;
  }

  /** What is there but cannot be read, and the kinds of meters that are not there. */
  public List<Unavailable> unavailable() {
    return unavailable;
  }

  /** Lets NVML go; idempotent. */
  @Override
  public void close() {
    if (nvml != null) {
      nvml.close();
    }
  }
}
