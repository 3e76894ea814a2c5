package org.sled.bench.energy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The energy counters of Intel and AMD processors, as the kernel's powercap tree shows them: zones
 * {@code intel-rapl:0} (also on AMD) with subzones {@code intel-rapl:0:1}, each with the files
 * name, energy_uj and max_energy_range_uj.
 *
 * <p>A package contains its cores and its uncore (an integrated GPU), but not its DRAM. The tree
 * {@code intel-rapl-mmio} shows the same packages a second time and is not looked at.
 *
 * <p>Source: Documentation/power/powercap/powercap.rst of Linux. energy_uj is root's alone since
 * Linux 5.10, because fine power readings betray secrets of other processes (CVE-2020-8694).
 */
final class RaplZones {
  private static final String DIRECTORY = "class/powercap";
  private static final String PREFIX = "intel-rapl:";

  private RaplZones() {}

  static void find(Sysfs sysfs, Found found) {
    List<Path> zones = sysfs.list(DIRECTORY, PREFIX + "*");
    if (zones.isEmpty()) {
      found.missing("RAPL", "there is no " + sysfs.root().resolve(DIRECTORY).resolve(PREFIX + "*"));
    }
    for (Path zone : zones) {
      add(sysfs, zone, found);
    }
  }

  private static void add(Sysfs sysfs, Path zone, Found found) {
    String id = zone.getFileName().toString().substring(PREFIX.length());
    int lastColon = id.lastIndexOf(':');
    Path energy = zone.resolve("energy_uj");
    String name;
    long range;
    try {
      name = sysfs.text(zone.resolve("name"));
      range = sysfs.number(zone.resolve("max_energy_range_uj"));
    } catch (IOException e) {
      found.missing("RAPL " + id + " (" + zone + ")", e.getMessage());
      return;
    }
    String parent = lastColon < 0 ? null : nameOf(sysfs, zone, id.substring(0, lastColon));
    found.add(
        new EnergyCounter(
            "RAPL " + (parent == null ? "" : parent + " ") + name + " (" + zone + ")",
            covers(name, parent),
            scope(name, parent),
            range,
            () -> sysfs.number(energy)));
  }

  /** The name of another zone; its id, if it has none. */
  private static String nameOf(Sysfs sysfs, Path sibling, String id) {
    return sysfs.textOr(sibling.resolveSibling(PREFIX + id).resolve("name"), "zone " + id);
  }

  private static MeterScope scope(String name, String parent) {
    if (parent != null) {
      return switch (name) {
        case "dram" -> MeterScope.COMPONENT;
        case "core", "uncore" -> MeterScope.PART;
        default -> MeterScope.UNKNOWN;
      };
    }
    if (name.startsWith("package")) {
      return MeterScope.COMPONENT;
    }
    return name.startsWith("psys") ? MeterScope.PLATFORM : MeterScope.UNKNOWN;
  }

  private static String covers(String name, String parent) {
    if (parent != null) {
      String whole = "CPU " + parent.replace('-', ' ');
      return switch (name) {
        case "dram" -> "DRAM of " + whole;
        case "core" -> "cores, part of " + whole;
        case "uncore" -> "uncore, part of " + whole;
        default -> "zone " + name + " of " + whole;
      };
    }
    if (name.startsWith("package")) {
      return "CPU " + name.replace('-', ' ');
    }
    return name.startsWith("psys") ? "platform, as its maker wired it" : "zone " + name;
  }
}
