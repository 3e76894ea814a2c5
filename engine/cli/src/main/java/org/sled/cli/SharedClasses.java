package org.sled.cli;

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.jar.JarFile;
import org.sled.cli.command.CommandContext;

/**
 * What {@code sled share-classes} runs: loads every class of the class path's jars, so that a Java
 * started with {@code -XX:ArchiveClassesAtExit} writes all of them to its archive. Later starts map
 * the archive instead of reading, parsing and verifying the classes they use.
 */
final class SharedClasses {
  private static final String CLASS = ".class";

  private SharedClasses() {}

  public static void main(String[] args) throws IOException {
    int loaded = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (entry.endsWith(".jar")) {
        loaded += load(entry);
      }
    }
    // A command's classes generated at run time are archived, too, once they exist.
    Sled.commandLine(CommandContext.ofProcess());
    System.err.println(loaded + " classes");
  }

  private static int load(String jar) throws IOException {
    List<String> names;
    try (JarFile file = new JarFile(jar)) {
      names =
          file.stream()
              .map(entry -> entry.getName())
              .filter(name -> name.endsWith(CLASS) && !name.startsWith("META-INF/"))
              .filter(name -> !name.endsWith("-info.class"))
              .map(name -> name.substring(0, name.length() - CLASS.length()).replace('/', '.'))
              .toList();
    }
    int loaded = 0;
    for (String name : names) {
      try {
        Class.forName(name, false, SharedClasses.class.getClassLoader());
        loaded++;
      } catch (ClassNotFoundException | LinkageError e) {
        // Libraries have classes for other libraries that we do not bring.
      }
    }
    return loaded;
  }
}
