package org.sled.bench.energy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Power sensors of the kernel's hardware monitoring: the rails of a Jetson ({@link Ina3221}), and
 * any chip that has powerN_input or powerN_average, in microwatts.
 *
 * <p>Source: Documentation/hwmon/sysfs-interface.rst, and for AMD's GPUs
 * Documentation/gpu/amdgpu/thermal.rst of Linux.
 */
final class HwmonSensors {
  private static final double WATTS_PER_MICROWATT = 1e-6;

  private HwmonSensors() {}

  static void find(Sysfs sysfs, Found found) {
    int before = found.meters.size() + found.unavailable.size();
    List<Path> railChips = new ArrayList<>();
    for (Path chip : sysfs.list("class/hwmon", "hwmon*")) {
      String driver = sysfs.textOr(chip.resolve("name"), "unnamed");
      if (driver.equals(Ina3221.DRIVER)) {
        railChips.add(chip);
      } else {
        addPower(sysfs, chip, driver, found);
      }
    }
    Ina3221.add(sysfs, railChips, found);
    if (found.meters.size() + found.unavailable.size() == before) {
      found.missing(
          "hwmon", "no chip in " + sysfs.root().resolve("class/hwmon") + " measures power");
    }
  }

  private static void addPower(Sysfs sysfs, Path chip, String driver, Found found) {
    String directory = sysfs.root().relativize(chip).toString();
    List<Path> files = new ArrayList<>(sysfs.list(directory, "power[0-9]*_input"));
    for (Path average : sysfs.list(directory, "power[0-9]*_average")) {
      // Some chips have both; the average would be the same power once more.
      String input = average.getFileName().toString().replace("_average", "_input");
      if (!files.contains(chip.resolve(input))) {
        files.add(average);
      }
    }
    for (Path file : files) {
      String channel = file.getFileName().toString().replaceAll("_.*", "");
      String label = sysfs.textOr(chip.resolve(channel + "_label"), channel);
      found.add(
          new PowerSensor(
              "hwmon " + driver + " " + label + " (" + file + ")",
              covers(sysfs, chip, driver, label),
              scope(sysfs, chip, driver),
              () -> sysfs.number(file) * WATTS_PER_MICROWATT));
    }
  }

  private static MeterScope scope(Sysfs sysfs, Path chip, String driver) {
    return switch (driver) {
      case "amdgpu" -> isApu(sysfs, chip) ? MeterScope.PART : MeterScope.COMPONENT;
      case "power_meter" -> MeterScope.BOARD;
      default -> MeterScope.UNKNOWN;
    };
  }

  private static String covers(Sysfs sysfs, Path chip, String driver, String label) {
    return switch (driver) {
      case "amdgpu" -> isApu(sysfs, chip) ? "CPU package with its GPU" : "AMD GPU";
      case "power_meter" -> "whole machine (ACPI power meter)";
      default -> "what " + driver + " calls " + label;
    };
  }

  /** A GPU inside the processor, whose power is the whole package's; only those have vddnb. */
  private static boolean isApu(Sysfs sysfs, Path chip) {
    return sysfs.textOr(chip.resolve("in1_label"), "").equals("vddnb");
  }
}
