package org.sled;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The arrows between the packages of a module, and how large a package may be. */
@AnalyzeClasses(packages = "org.sled", importOptions = ImportOption.DoNotIncludeTests.class)
final class PackageArrowsTest {
  private static final int MOST_CLASSES = 20;

  /** A package, and which ones of its module it may depend on; the others know none of them. */
  private static final Map<String, List<String>> CORE =
      Map.of(
          "cost", List.of(),
          "schedule", List.of("cost"),
          "price", List.of("cost"),
          "kv", List.of(),
          "draft", List.of());

  private static final Map<String, List<String>> SERVER =
      Map.of(
          "target", List.of(),
          "session", List.of("target"),
          "observe", List.of("target"),
          "kv", List.of("session", "target", "observe"),
          "verify", List.of("kv", "session", "target", "observe"),
          "ingress", List.of("verify", "session", "target", "observe"));

  private static final Map<String, List<String>> DEVICE =
      Map.of(
          "text", List.of(),
          "stream", List.of(),
          "draft", List.of("stream"),
          "link", List.of("stream"),
          "vocabulary", List.of("draft", "link"),
          "session", List.of("draft", "link", "stream", "text"));

  private static final List<String> COMMANDS =
      List.of("serve", "generate", "demo", "bench", "fit", "simulate", "models", "doctor");

  @ArchTest
  static void coresPackages(JavaClasses classes) {
    check(classes, "org.sled.core", CORE);
  }

  @ArchTest
  static void serversPackages(JavaClasses classes) {
    check(classes, "org.sled.server", SERVER);
  }

  @ArchTest
  static void devicesPackages(JavaClasses classes) {
    check(classes, "org.sled.device", DEVICE);
  }

  private static void check(JavaClasses classes, String module, Map<String, List<String>> allowed) {
    allowed.forEach(
        (name, others) -> {
          List<String> denied = new ArrayList<>(allowed.keySet());
          denied.removeAll(others);
          denied.remove(name);
          noClasses()
              .that()
              .resideInAPackage(module + "." + name)
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(
                  denied.stream().map(other -> module + "." + other + "..").toArray(String[]::new))
              .allowEmptyShould(false)
              .check(classes);
        });
  }

  @ArchTest
  static void commandsDoNotKnowEachOther(JavaClasses classes) {
    for (String command : COMMANDS) {
      String[] others =
          COMMANDS.stream()
              .filter(other -> !other.equals(command))
              .map(other -> "org.sled.cli." + other + "..")
              .toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage("org.sled.cli." + command + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(others)
          .check(classes);
    }
  }

  @ArchTest
  static void whatCommandsShareKnowsNoCommand(JavaClasses classes) {
    String[] commands =
        COMMANDS.stream().map(command -> "org.sled.cli." + command + "..").toArray(String[]::new);
    noClasses()
        .that(
            resideInAPackage("org.sled.cli..")
                .and(not(resideInAnyPackage(commands)))
                .and(not(resideInAPackage("org.sled.cli"))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(commands)
        .check(classes);
  }

  @ArchTest
  static void packagesAreSmall(JavaClasses classes) {
    for (String module : List.of("core", "server", "device", "simulator", "cli")) {
      JavaPackage root = classes.getPackage("org.sled." + module);
      check(root);
      root.getSubpackagesInTree().forEach(PackageArrowsTest::check);
    }
  }

  private static void check(JavaPackage room) {
    List<String> names =
        room.getClasses().stream()
            .filter(type -> !type.isArray() && !type.getName().contains("$"))
            .map(type -> type.getSimpleName())
            .filter(name -> !name.equals("package-info"))
            .toList();
    assertEquals(
        Math.min(MOST_CLASSES, names.size()), names.size(), room.getName() + " has " + names);
  }

  private PackageArrowsTest() {}
}
