package org.sled.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of constants in SCHEDULING.md is what the code has. */
class SchedulingPageTest {
  private static final Pattern CONSTANT =
      Pattern.compile("static final (?:double|int|long) (\\w+)\\s*=\\s*([^;]+);");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| ([A-Z]\\w+) \\| (\\w+) \\| ([^|]+) \\| [^|]+ \\|$");

  /** Names of special values, which decide nothing. */
  private static final Pattern NO_DECISION = Pattern.compile("NONE|NO_WAKE|MOST_STATE");

  @Test
  void constantsAreThoseOfTheCode() throws IOException {
    TreeSet<String> code = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        Matcher found = CONSTANT.matcher(Files.readString(file));
        while (found.find()) {
          if (!NO_DECISION.matcher(found.group(1)).matches()) {
            String value = found.group(2).replaceAll("\\s+", " ");
            code.add(name + " " + found.group(1) + " = " + value);
          }
        }
      }
    }
    TreeSet<String> page = new TreeSet<>();
    Matcher row = ROW.matcher(Files.readString(Path.of("SCHEDULING.md")));
    while (row.find()) {
      page.add(row.group(1) + " " + row.group(2) + " = " + row.group(3));
    }
    assertEquals(String.join("\n", code), String.join("\n", page));
  }
}
