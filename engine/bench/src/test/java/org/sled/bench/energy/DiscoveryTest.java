package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bench.energy.EnergyReport.Unavailable;

/** What is found on machines of many kinds, and what of it makes up the total. */
final class DiscoveryTest {
  @TempDir private Path root;

  private static List<String> covers(List<EnergyMeter> meters) {
    return meters.stream().map(EnergyMeter::covers).toList();
  }

  private static MeterScope scopeOf(EnergyMeters meters, String covers) {
    return meters.meters().stream()
        .filter(m -> m.covers().equals(covers))
        .collect(Collectors.reducing((a, b) -> null))
        .orElseThrow(() -> new AssertionError(covers + " not once in " + meters.meters()))
        .scope();
  }

  private static String reason(EnergyMeters meters, String source) {
    return meters.unavailable().stream()
        .filter(u -> u.source().startsWith(source))
        .map(Unavailable::reason)
        .collect(Collectors.joining("; "));
  }

  private static double watts(EnergyMeter meter) throws IOException {
    return assertInstanceOf(PowerSensor.class, meter).reading().watts();
  }

  @Test
  void anIntelServersPackagesAndTheirMemoryAreAddedButNotItsPlatform() throws Exception {
    EnergyMeters meters = SysfsTree.of("intel-server", root).discover();
    assertEquals(
        List.of("CPU package 0", "DRAM of CPU package 0", "CPU package 1", "DRAM of CPU package 1"),
        covers(meters.counted()));
    assertEquals(5, meters.meters().size(), "intel-rapl-mmio is package 0 once more");
    assertEquals(MeterScope.PLATFORM, scopeOf(meters, "platform, as its maker wired it"));
    EnergyCounter dram = assertInstanceOf(EnergyCounter.class, meters.meters().get(1));
    assertEquals("RAPL package-0 dram (" + root + "/class/powercap/intel-rapl:0:0)", dram.source());
    assertEquals(65_712_999_613L, dram.rangeMicrojoules());
    assertEquals(20_971_520_456L, dram.reading().microjoules());
  }

  @Test
  void thePlatformCountsWhereNothingElseDoes() throws Exception {
    SysfsTree tree = new SysfsTree(root);
    tree.set("class/powercap/intel-rapl:0/name", "psys");
    tree.set("class/powercap/intel-rapl:0/energy_uj", 1);
    tree.set("class/powercap/intel-rapl:0/max_energy_range_uj", 2);
    assertEquals(List.of("platform, as its maker wired it"), covers(tree.discover().counted()));
  }

  @Test
  void anAmdDesktopsCoresAreInItsPackage() throws Exception {
    EnergyMeters meters = SysfsTree.of("amd-desktop", root).discover();
    assertEquals(List.of("CPU package 0", "AMD GPU"), covers(meters.counted()));
    assertEquals(MeterScope.PART, scopeOf(meters, "cores, part of CPU package 0"));
    assertEquals(27, watts(meters.meters().get(2)), 1e-9);
  }

  @Test
  void anIntegratedGpusPowerIsThePackagesAndNotAdded() throws Exception {
    SysfsTree tree = SysfsTree.of("amd-desktop", root);
    tree.set("class/hwmon/hwmon2/in1_label", "vddnb");
    EnergyMeters meters = tree.discover();
    assertEquals(List.of("CPU package 0"), covers(meters.counted()));
    assertEquals(MeterScope.PART, scopeOf(meters, "CPU package with its GPU"));
  }

  @Test
  void anAverageIsNotReadBesideItsInput() throws Exception {
    SysfsTree tree = SysfsTree.of("amd-desktop", root);
    tree.set("class/hwmon/hwmon2/power1_input", 31_000_000);
    EnergyMeters meters = tree.discover();
    assertEquals(3, meters.meters().size());
    assertEquals(31, watts(meters.meters().get(2)), 1e-9);
  }

  @Test
  void ofAJetsonOnlyTheBoardsInputCounts() throws Exception {
    EnergyMeters meters = SysfsTree.of("jetson-orin-nx", root).discover();
    assertEquals(List.of("whole board (VDD_IN)"), covers(meters.counted()));
    assertEquals(3, meters.meters().size(), "sums and shunt voltages are no rails");
    assertEquals(MeterScope.PART, scopeOf(meters, "rail VDD_SOC of the board"));
    assertEquals(4.968 * 1.504, watts(meters.meters().get(0)), 1e-9);
  }

  @Test
  void anAgxOrinIsTheSumOfThreeRails() throws Exception {
    EnergyMeters meters = SysfsTree.of("jetson-agx-orin", root).discover();
    assertEquals(
        List.of("rail VDD_GPU_SOC", "rail VDD_CPU_CV", "rail VIN_SYS_5V0"),
        covers(meters.counted()));
    assertEquals(MeterScope.PART, scopeOf(meters, "rail VDDQ_VDD2_1V8AO"));
    assertEquals(4, meters.meters().size(), "NC is no rail");
    assertTrue(
        reason(meters, "hwmon ina3221 VDD_SPARE").contains("switched off"),
        () -> meters.unavailable().toString());
  }

  @Test
  void railsThatNobodyKnowsAreShownButNotAdded() throws Exception {
    SysfsTree tree = SysfsTree.of("jetson-orin-nx", root);
    tree.set("class/hwmon/hwmon1/in1_label", "VDD_MYSTERY");
    EnergyMeters meters = tree.discover();
    assertEquals(3, meters.meters().size());
    assertEquals(List.of(), meters.counted());
  }

  @Test
  void aMeterOfTheWholeMachineGoesBeforeAllElseUnlessItShowsNothing() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    tree.set("class/hwmon/hwmon1/name", "power_meter");
    tree.set("class/hwmon/hwmon1/power1_average", 412_000_000);
    assertEquals(List.of("whole machine (ACPI power meter)"), covers(tree.discover().counted()));
    tree.set("class/hwmon/hwmon1/power1_average", 0);
    EnergyMeters meters = tree.discover();
    assertEquals(4, meters.counted().size());
    assertEquals("it reads 0 W", reason(meters, "hwmon power_meter"));
  }

  @Test
  void ofAPi5TheRailsAreSummed() throws Exception {
    String output = SysfsTree.resource("pmic_read_adc.txt");
    EnergyMeters meters = EnergyMeters.discover(root, () -> output, SysfsTree.NO_NVML);
    assertEquals(1, meters.meters().size());
    assertEquals(meters.meters(), meters.counted());
    assertEquals(4.640518, watts(meters.meters().get(0)), 1e-9);
  }

  @Test
  void aMachineWithNothingSaysSoOfEachKind() {
    EnergyMeters meters = new SysfsTree(root).discover();
    assertEquals(List.of(), meters.meters());
    assertEquals(
        List.of("RAPL", "hwmon", Pmic.SOURCE, "NVML"),
        meters.unavailable().stream().map(Unavailable::source).toList());
    try (EnergySession session = EnergySession.start(meters)) {
      EnergyReport report = session.stop();
      assertNull(report.totalJoules());
      assertEquals(List.of(), report.measured());
      assertEquals(meters.unavailable(), report.unavailable());
    }
  }

  @Test
  void whatCannotBeReadIsListedWithWhatWouldHelp() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    // Tests may run as root, whom no file mode stops.
    Sysfs sysfs =
        new Sysfs(
            root,
            file -> {
              if (file.endsWith("energy_uj") && !file.toString().contains("rapl:1")) {
                throw new AccessDeniedException(file.toString());
              }
              return Files.readString(file);
            });
    tree.set("class/powercap/intel-rapl:1:0/energy_uj", "not a number");
    EnergyMeters meters = EnergyMeters.discover(sysfs, SysfsTree.NO_PMIC, SysfsTree.NO_NVML);
    assertEquals(List.of("CPU package 1"), covers(meters.counted()));
    assertEquals(
        "energy_uj cannot be read: needs root or `chmod o+r "
            + root
            + "/class/powercap/intel-rapl:0/energy_uj`",
        reason(meters, "RAPL package-0 (" + root));
    assertFalse(reason(meters, "RAPL psys").isEmpty());
    assertTrue(reason(meters, "RAPL package-1 dram").contains("'not a number'"));
  }

  @Test
  void discoveryOfThisMachineNeverFails() {
    try (EnergyMeters meters = EnergyMeters.discover();
        EnergySession session =
            EnergySession.start(meters, Duration.ofMillis(1), System::nanoTime)) {
      EnergyReport report = session.stop();
      assertTrue(report.measured().size() + report.unavailable().size() > 0);
    }
  }
}
