package org.sled.bench.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bench.energy.EnergyReport.Measured;
import org.sled.bench.energy.EnergyReport.Unavailable;

/** Real calls into a library that stands in for NVML, compiled here. */
final class NvidiaGpusTest {
  private static final Path STUB = Path.of("src/test/native/nvml_stub.c");

  @TempDir private static Path compiledDirectory;

  @TempDir private Path directory;
  private long nanos;

  /**
   * A stub of the test's own, since the loader knows libraries by their path, and they keep their
   * state; the test is skipped where there is no C compiler.
   */
  private String library(String... options) throws Exception {
    Path compiled = compiledDirectory.resolve("stub" + String.join("", options) + ".so");
    if (!Files.exists(compiled)) {
      compile(compiled, options);
    }
    return Files.copy(compiled, directory.resolve("libnvml-stub.so")).toString();
  }

  private static void compile(Path library, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("cc", "-shared", "-fPIC"));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", library.toString(), STUB.toString()));
    Process compiler;
    try {
      compiler = new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      assumeTrue(false, "no C compiler: " + e.getMessage());
      throw e;
    }
    assertTrue(compiler.waitFor(60, TimeUnit.SECONDS), "the compiler hangs");
    assertEquals(0, compiler.exitValue());
  }

  private EnergyMeters discover(String library) {
    return EnergyMeters.discover(directory.resolve("sys"), SysfsTree.NO_PMIC, library);
  }

  private static int openCount(String library) {
    return NativeLibrary.getInstance(library)
        .getFunction("stub_open_count")
        .invokeInt(new Object[0]);
  }

  private static String reason(List<Unavailable> unavailable, String source) {
    return unavailable.stream()
        .filter(u -> u.source().startsWith(source))
        .map(Unavailable::reason)
        .findFirst()
        .orElseThrow(() -> new AssertionError(unavailable.toString()));
  }

  @Test
  void oneGpuCountsAndTheOtherIsSampled() throws Exception {
    String library = library();
    try (EnergyMeters meters = discover(library)) {
      assertEquals(1, openCount(library));
      EnergyAccounts accounts =
          new EnergyAccounts(meters, TimeUnit.MILLISECONDS.toNanos(100), () -> nanos);
      accounts.start();
      nanos += TimeUnit.MILLISECONDS.toNanos(500);
      EnergyReport report = accounts.stop();
      assertEquals(
          List.of(
              new Measured("NVML GPU 0 (Stub A100)", "GPU 0", 1.5, "counter", 2, null, null, true),
              new Measured("NVML GPU 1 (Stub P4)", "GPU 1", 21, "sampled", 2, 100L, 500L, true)),
          report.measured());
      assertEquals(22.5, report.totalJoules(), 1e-9);
    }
    assertEquals(0, openCount(library));
  }

  @Test
  void theCounterIsReadWithAllItsBits() throws Exception {
    try (EnergyMeters meters = discover(library())) {
      EnergyCounter counter = assertInstanceOf(EnergyCounter.class, meters.meters().get(0));
      // Two readings came before this one, both at discovery.
      assertEquals((5_000_000_000L + 2 * 1500) * 1000, counter.reading().microjoules());
    }
  }

  @Test
  void aGpuThatFallsOffTheBusIsLost() throws Exception {
    String library = library();
    try (EnergyMeters meters = discover(library)) {
      EnergyAccounts accounts =
          new EnergyAccounts(meters, TimeUnit.MILLISECONDS.toNanos(100), () -> nanos);
      accounts.start();
      NativeLibrary.getInstance(library).getFunction("stub_lose").invokeVoid(new Object[] {0});
      nanos += TimeUnit.SECONDS.toNanos(1);
      EnergyReport report = accounts.stop();
      assertEquals(
          "nvmlDeviceGetTotalEnergyConsumption: GPU is lost (15)",
          reason(report.unavailable(), "NVML GPU 0"));
      assertNull(report.totalJoules());
      assertEquals(42, report.measured().get(0).joules(), 1e-9);
    }
  }

  @Test
  void aDriverWithoutTheEnergyCallIsSampled() throws Exception {
    try (EnergyMeters meters = discover(library("-DNO_ENERGY"))) {
      assertEquals(2, meters.meters().size());
      for (EnergyMeter meter : meters.meters()) {
        assertEquals(42, assertInstanceOf(PowerSensor.class, meter).reading().watts(), 1e-9);
      }
    }
  }

  @Test
  void aDriverThatIsNotLoadedIsTheReason() throws Exception {
    String library = library("-DINIT_FAILS");
    try (EnergyMeters meters = discover(library)) {
      assertEquals("nvmlInit_v2: Driver Not Loaded (9)", reason(meters.unavailable(), "NVML"));
      assertEquals(List.of(), meters.meters());
    }
    assertEquals(0, openCount(library), "what was not opened is not closed");
  }

  @Test
  void noLibraryIsTheReason() {
    try (EnergyMeters meters = discover(SysfsTree.NO_NVML)) {
      assertEquals(
          SysfsTree.NO_NVML + " cannot be loaded: is there an NVIDIA driver?",
          reason(meters.unavailable(), "NVML"));
    }
  }

  @Test
  void afterCloseNothingNativeIsCalled() throws Exception {
    String library = library();
    EnergyMeters meters = discover(library);
    meters.close();
    meters.close();
    assertEquals(0, openCount(library));
    EnergyCounter counter = assertInstanceOf(EnergyCounter.class, meters.meters().get(0));
    IOException e = assertThrows(IOException.class, () -> counter.reading().microjoules());
    assertEquals("NVML is closed", e.getMessage());
  }
}
