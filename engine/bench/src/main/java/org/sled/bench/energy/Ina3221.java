package org.sled.bench.energy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The rails of a Jetson. Each ina3221 chip has three channels, each with a label, a voltage (inN,
 * in mV) and a current (currN, in mA); their product is the power. Further inN and currN are shunt
 * voltages and sums, and no rails.
 *
 * <p>Where one rail is the board's input, the others hang behind it: they are parts, never added.
 * AGX Orin has no such rail; there three rails together make up the module. Of rails that are not
 * known nothing is added.
 *
 * <p>Source: Documentation/hwmon/ina3221.rst of Linux; labels of the boards' device trees.
 */
final class Ina3221 {
  static final String DRIVER = "ina3221";

  private static final int CHANNELS = 3;
  private static final double WATTS_PER_MILLIVOLT_MILLIAMPERE = 1e-6;

  /** The input of a whole board: Orin Nano and NX, Xavier NX, TX2; Nano; Thor. */
  private static final Set<String> BOARD_INPUTS = Set.of("VDD_IN", "POM_5V_IN", "VIN");

  /** AGX Orin: all of the module, in three rails. VDDQ_VDD2_1V8AO hangs behind VIN_SYS_5V0. */
  private static final Set<String> AGX_ORIN = Set.of("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0");

  /** What is soldered to nothing is labelled so. */
  private static final String NOT_CONNECTED = "NC";

  private record Rail(Path chip, int channel, String label) {
    Path file(String format) {
      return chip.resolve(format.formatted(channel));
    }
  }

  private Ina3221() {}

  static void add(Sysfs sysfs, List<Path> chips, Found found) {
    List<Rail> rails = rails(sysfs, chips);
    Set<String> labels = rails.stream().map(Rail::label).collect(Collectors.toSet());
    String input = labels.stream().filter(BOARD_INPUTS::contains).findFirst().orElse(null);
    for (Rail rail : rails) {
      String source = "hwmon ina3221 " + rail.label + " (" + rail.file("in%d_input") + ")";
      if (sysfs.textOr(rail.file("in%d_enable"), "1").equals("0")) {
        found.missing(
            source, "the channel is switched off (" + rail.file("in%d_enable") + " is 0)");
        continue;
      }
      found.add(
          new PowerSensor(
              source,
              covers(rail.label, input),
              scope(rail.label, input, labels),
              () -> watts(sysfs, rail)));
    }
  }

  private static List<Rail> rails(Sysfs sysfs, List<Path> chips) {
    List<Rail> rails = new ArrayList<>();
    for (Path chip : chips) {
      for (int channel = 1; channel <= CHANNELS; channel++) {
        Rail unnamed = new Rail(chip, channel, "channel " + channel);
        String label = sysfs.textOr(unnamed.file("in%d_label"), unnamed.label);
        if (!label.equals(NOT_CONNECTED) && sysfs.exists(unnamed.file("in%d_input"))) {
          rails.add(new Rail(chip, channel, label));
        }
      }
    }
    return rails;
  }

  private static double watts(Sysfs sysfs, Rail rail) throws IOException {
    long millivolts = sysfs.number(rail.file("in%d_input"));
    long milliamperes = sysfs.number(rail.file("curr%d_input"));
    return (double) millivolts * milliamperes * WATTS_PER_MILLIVOLT_MILLIAMPERE;
  }

  private static MeterScope scope(String label, String input, Set<String> labels) {
    if (input != null) {
      return label.equals(input) ? MeterScope.BOARD : MeterScope.PART;
    }
    if (!labels.containsAll(AGX_ORIN)) {
      return MeterScope.UNKNOWN;
    }
    return AGX_ORIN.contains(label) ? MeterScope.COMPONENT : MeterScope.PART;
  }

  private static String covers(String label, String input) {
    if (input == null) {
      return "rail " + label;
    }
    return label.equals(input) ? "whole board (" + label + ")" : "rail " + label + " of the board";
  }
}
