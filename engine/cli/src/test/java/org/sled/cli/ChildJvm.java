package org.sled.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A class's main method in a JVM of its own, with this one's class path and native libraries. */
public final class ChildJvm {
  private ChildJvm() {}

  public static ProcessBuilder of(List<String> options, String mainClass, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String property : new String[] {"sled.home", "sled.native.dir"}) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("--add-opens", "java.base/jdk.internal.misc=ALL-UNNAMED"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }
}
