package org.sled;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The arrows between the modules: cli → server, device, bench; bench → simulator, device, bridge,
 * net, jni; simulator → server, device, core, net, jni; server → core, bridge, net, jni; device →
 * core, bridge, net, jni; bridge → net, jni; nothing else. {@link PackageArrowsTest} has those
 * within the modules.
 */
@AnalyzeClasses(packages = "org.sled", importOptions = ImportOption.DoNotIncludeTests.class)
final class ModuleArrowsTest {
  private static final String CORE = "org.sled.core..";
  private static final String NET = "org.sled.net..";
  private static final String JNI = "org.sled.jni..";
  private static final String BRIDGE = "org.sled.bridge..";
  private static final String SERVER = "org.sled.server..";
  private static final String DEVICE = "org.sled.device..";
  private static final String SIMULATOR = "org.sled.simulator..";
  private static final String BENCH = "org.sled.bench..";
  private static final String CLI = "org.sled.cli..";

  @ArchTest
  static final ArchRule NET_KNOWS_NEITHER_ENGINE_NOR_JNI =
      noClasses()
          .that()
          .resideInAPackage(NET)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CORE, JNI, BRIDGE, SERVER, DEVICE, SIMULATOR, BENCH, CLI);

  @ArchTest
  static final ArchRule JNI_KNOWS_NEITHER_NET_NOR_ENGINE =
      noClasses()
          .that()
          .resideInAPackage(JNI)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              NET, CORE, BRIDGE, SERVER, DEVICE, SIMULATOR, BENCH, CLI, "io.netty..");

  @ArchTest
  static final ArchRule CORE_KNOWS_NO_OTHER_MODULE_AND_NO_NETWORK =
      noClasses()
          .that()
          .resideInAPackage(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              NET, JNI, BRIDGE, SERVER, DEVICE, SIMULATOR, BENCH, CLI, "io.netty..", "java.net..");

  @ArchTest
  static final ArchRule BRIDGE_KNOWS_NET_AND_JNI_ALONE =
      noClasses()
          .that()
          .resideInAPackage(BRIDGE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CORE, SERVER, DEVICE, SIMULATOR, BENCH, CLI);

  @ArchTest
  static final ArchRule BENCH_KNOWS_DEVICES_AND_NOT_THE_SERVER =
      noClasses()
          .that()
          .resideInAPackage(BENCH)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CORE, SERVER, CLI);

  @ArchTest
  static final ArchRule SIMULATOR_KNOWS_NEITHER_BENCH_NOR_COMMANDS =
      noClasses()
          .that()
          .resideInAPackage(SIMULATOR)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(BENCH, CLI, BRIDGE);

  @ArchTest
  static final ArchRule CORE_STARTS_NO_THREADS =
      noClasses()
          .that()
          .resideInAPackage(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("java.util.concurrent..")
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(Thread.class)
          .because("decisions run wherever the caller runs them, in the simulator too");

  @ArchTest
  static final ArchRule CORE_READS_NO_CLOCK =
      noClasses()
          .that()
          .resideInAPackage(CORE)
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.time.Clock")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .because("time is an argument");

  @ArchTest
  static final ArchRule SERVER_DOES_NOT_KNOW_THE_DEVICE =
      noClasses()
          .that()
          .resideInAPackage(SERVER)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(DEVICE, SIMULATOR, BENCH, CLI);

  @ArchTest
  static final ArchRule DEVICE_DOES_NOT_KNOW_THE_SERVER =
      noClasses()
          .that()
          .resideInAPackage(DEVICE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(SERVER, SIMULATOR, BENCH, CLI);

  private ModuleArrowsTest() {}
}
