package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bench.energy.EnergyReport.Measured;
import org.sled.bench.energy.EnergyReport.Unavailable;

/** The report of an interval, on a clock of its own. */
final class EnergyAccountsTest {
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final String PACKAGE_0 = "class/powercap/intel-rapl:0/energy_uj";
  private static final String PACKAGE_1 = "class/powercap/intel-rapl:1/energy_uj";
  private static final String DRAM_0 = "class/powercap/intel-rapl:0:0/energy_uj";
  private static final String DRAM_1 = "class/powercap/intel-rapl:1:0/energy_uj";
  private static final String PSYS = "class/powercap/intel-rapl:2/energy_uj";

  @TempDir private Path root;
  private long nanos = -5; // clocks may be negative

  private EnergyAccounts start(EnergyMeters meters) {
    EnergyAccounts accounts = new EnergyAccounts(meters, INTERVAL_NANOS, () -> nanos);
    accounts.start();
    return accounts;
  }

  private void pass(double seconds) {
    nanos += Math.round(seconds * 1e9);
  }

  private static Measured measured(EnergyReport report, String covers) {
    return report.measured().stream()
        .filter(m -> m.covers().equals(covers))
        .findFirst()
        .orElseThrow(() -> new AssertionError(report.toString()));
  }

  private static String reason(EnergyReport report, String source) {
    return report.unavailable().stream()
        .filter(u -> u.source().startsWith(source))
        .map(Unavailable::reason)
        .findFirst()
        .orElseThrow(() -> new AssertionError(report.toString()));
  }

  /** All counters two seconds later: 200 J and 100 J, 10 J and (over a wrap) 4 J, 400 J. */
  private void useEnergy(SysfsTree tree) throws Exception {
    tree.set(PACKAGE_0, 104_857_600_123L + 200_000_000);
    tree.set(PACKAGE_1, 98_765_432_100L + 100_000_000);
    tree.set(DRAM_0, 20_971_520_456L + 10_000_000);
    tree.set(DRAM_1, 4_000_000L - (65_712_999_613L - 65_712_000_000L));
    tree.set(PSYS, 400_000_000_000L + 400_000_000);
    pass(2);
  }

  @Test
  void aServersTotalIsItsPackagesAndMemory() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    EnergyAccounts accounts = start(tree.discover());
    useEnergy(tree);
    EnergyReport report = accounts.stop();
    assertEquals(2, report.seconds(), 1e-12);
    assertEquals(314, report.totalJoules(), 1e-9);
    assertEquals(4, report.totalCovers().size());
    assertEquals(5, report.measured().size());
    assertEquals(400, measured(report, "platform, as its maker wired it").joules(), 1e-9);
    assertFalse(measured(report, "platform, as its maker wired it").inTotal());
    Measured dram = measured(report, "DRAM of CPU package 1");
    assertEquals(4, dram.joules(), 1e-9);
    assertEquals("counter", dram.method());
    assertEquals(2, dram.samples());
    assertNull(dram.sampleIntervalMs());
  }

  @Test
  void aCounterThatDisappearsTakesTheTotalWithIt() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    EnergyAccounts accounts = start(tree.discover());
    useEnergy(tree);
    tree.delete(PACKAGE_1);
    accounts.sample();
    pass(1);
    EnergyReport report = accounts.stop();
    assertNull(report.totalJoules(), "a sum without it would be too small");
    assertEquals(List.of(), report.totalCovers());
    assertEquals(200, measured(report, "CPU package 0").joules(), 1e-9);
    assertEquals(root.resolve(PACKAGE_1) + " is not there", reason(report, "RAPL package-1 ("));
  }

  @Test
  void aLostMeterThatDoesNotCountLeavesTheTotal() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    EnergyAccounts accounts = start(tree.discover());
    useEnergy(tree);
    tree.delete(PSYS);
    assertEquals(314, accounts.stop().totalJoules(), 1e-9);
  }

  @Test
  void aCounterThatStandsStillIsUnavailableAndNotZero() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    EnergyAccounts accounts = start(tree.discover());
    useEnergy(tree);
    tree.set(DRAM_0, 20_971_520_456L);
    EnergyReport report = accounts.stop();
    assertEquals("it showed 0.0 J in 2.000 s", reason(report, "RAPL package-0 dram"));
    assertEquals(304, report.totalJoules(), 1e-9);
    assertFalse(report.totalCovers().contains("DRAM of CPU package 0"));
  }

  @Test
  void anIntervalTooShortForACounterHasNoTotal() throws Exception {
    EnergyAccounts accounts = start(SysfsTree.of("intel-server", root).discover());
    pass(0.01);
    EnergyReport report = accounts.stop();
    assertNull(report.totalJoules());
    assertTrue(reason(report, "RAPL package-0 (").endsWith("too short for it"));
  }

  @Test
  void coresThatDrawNothingAreAMeasuredZero() throws Exception {
    SysfsTree tree = SysfsTree.of("amd-desktop", root);
    tree.delete("class/hwmon/hwmon2/power1_average");
    EnergyAccounts accounts = start(tree.discover());
    tree.set(PACKAGE_0, 5_123_456_789L + 8_000_000);
    pass(2);
    EnergyReport report = accounts.stop();
    assertEquals(0, measured(report, "cores, part of CPU package 0").joules());
    assertEquals(8, report.totalJoules(), 1e-9);
  }

  @Test
  void aJetsonsBoardIsSampled() throws Exception {
    SysfsTree tree = SysfsTree.of("jetson-orin-nx", root);
    EnergyAccounts accounts = start(tree.discover());
    for (int i = 0; i < 9; i++) {
      pass(0.1);
      accounts.sample();
    }
    pass(0.25);
    EnergyReport report = accounts.stop();
    Measured board = measured(report, "whole board (VDD_IN)");
    assertEquals(4.968 * 1.504 * 1.15, board.joules(), 1e-9);
    assertEquals(board.joules(), report.totalJoules());
    assertEquals("sampled", board.method());
    assertEquals(11, board.samples());
    assertEquals(100, board.sampleIntervalMs());
    assertEquals(250, board.longestGapMs());
    assertFalse(measured(report, "rail VDD_SOC of the board").inTotal());
  }

  @Test
  void countersAreReadAboutOnceASecondAlsoInBetween() {
    AtomicInteger reads = new AtomicInteger();
    EnergyAccounts accounts =
        start(
            EnergyMeters.of(
                List.of(
                    new EnergyCounter("c", "c", MeterScope.COMPONENT, 0, reads::incrementAndGet))));
    for (int i = 0; i < 100; i++) {
      pass(0.1);
      accounts.sample();
    }
    assertEquals(1 + 10 + 1, accounts.stop().measured().get(0).samples());
  }

  @Test
  void theReportIsPlainJson() throws Exception {
    SysfsTree tree = SysfsTree.of("intel-server", root);
    EnergyAccounts accounts = start(tree.discover());
    useEnergy(tree);
    ObjectMapper mapper = new ObjectMapper();
    EnergyReport report = accounts.stop();
    JsonNode json = mapper.readTree(mapper.writeValueAsString(report));
    assertEquals(314, json.get("totalJoules").asDouble(), 1e-9);
    assertEquals("counter", json.get("measured").get(0).get("method").asText());
    assertEquals("hwmon", json.get("unavailable").get(0).get("source").asText());
    assertEquals(report, mapper.treeToValue(json, EnergyReport.class));
  }
}
