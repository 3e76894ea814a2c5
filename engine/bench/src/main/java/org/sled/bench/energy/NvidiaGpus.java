package org.sled.bench.energy;

import com.sun.jna.Pointer;
import java.io.IOException;

/**
 * A meter for each NVIDIA GPU: its energy counter (Volta and later) or else its power, which newer
 * GPUs give as the mean of the last second.
 */
final class NvidiaGpus {
  private static final long MICROJOULES_PER_MILLIJOULE = 1000;
  private static final double WATTS_PER_MILLIWATT = 1e-3;

  private NvidiaGpus() {}

  /**
   * Adds the GPUs.
   *
   * @return what the meters need open, or null if there are none
   */
  static Nvml find(String library, Found found) {
    Nvml nvml;
    try {
      nvml = Nvml.open(library);
    } catch (IOException e) {
      found.missing("NVML", e.getMessage());
      return null;
    }
    int before = found.meters.size();
    try {
      int count = nvml.deviceCount();
      if (count == 0) {
        found.missing("NVML", "the driver sees no GPU");
      }
      for (int i = 0; i < count; i++) {
        add(nvml, i, found);
      }
    } catch (IOException e) {
      found.missing("NVML", e.getMessage());
    }
    if (found.meters.size() == before) {
      nvml.close();
      return null;
    }
    return nvml;
  }

  private static void add(Nvml nvml, int index, Found found) {
    String gpu = "GPU " + index;
    Pointer device;
    String source;
    try {
      device = nvml.device(index);
      source = "NVML " + gpu + " (" + nvml.name(device) + ")";
    } catch (IOException e) {
      found.missing("NVML " + gpu, e.getMessage());
      return;
    }
    try {
      long unused = nvml.energyMillijoules(device);
      found.add(
          new EnergyCounter(
              source,
              gpu,
              MeterScope.COMPONENT,
              0,
              () -> nvml.energyMillijoules(device) * MICROJOULES_PER_MILLIJOULE));
    } catch (IOException e) {
      addPower(nvml, device, source, gpu, e.getMessage(), found);
    }
  }

  private static void addPower(
      Nvml nvml, Pointer device, String source, String gpu, String noEnergy, Found found) {
    PowerSensor power =
        new PowerSensor(
            source,
            gpu,
            MeterScope.COMPONENT,
            () -> nvml.powerMilliwatts(device) * WATTS_PER_MILLIWATT);
    try {
      power.probe();
      found.meters.add(power);
    } catch (IOException e) {
      found.missing(source, noEnergy + "; " + e.getMessage());
    }
  }
}
