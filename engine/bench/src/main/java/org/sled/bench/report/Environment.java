package org.sled.bench.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.sled.jni.SledException;
import org.sled.jni.SledLibrary;

/**
 * Where a run was made.
 *
 * @param cpu the processor's name
 * @param cores processors that this process may use
 * @param memoryBytes of the machine; 0 if unknown
 * @param system operating system and kernel
 * @param java version and VM
 * @param sled version of SLED
 * @param nativeLibrary what the native library was built from and for
 */
public record Environment(
    String cpu,
    int cores,
    long memoryBytes,
    String system,
    String java,
    String sled,
    Map<String, String> nativeLibrary) {

  /** Of this machine and process. */
  public static Environment here(String sledVersion) {
    return new Environment(
        field("/proc/cpuinfo", "model name", System.getProperty("os.arch")),
        Runtime.getRuntime().availableProcessors(),
        readMemoryBytes(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.version") + ", " + System.getProperty("java.vm.name"),
        sledVersion,
        readNativeLibrary());
  }

  private static long readMemoryBytes() {
    String text = field("/proc/meminfo", "MemTotal", "0 kB");
    try {
      return Long.parseLong(text.split(" ", 2)[0]) * 1024;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static String field(String file, String name, String otherwise) {
    try {
      for (String line : Files.readAllLines(Path.of(file), StandardCharsets.UTF_8)) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
          return line.substring(colon + 1).strip();
        }
      }
    } catch (IOException e) {
      // Not a Linux with /proc.
    }
    return otherwise;
  }

  private static Map<String, String> readNativeLibrary() {
    try {
      return SledLibrary.buildProperties();
    } catch (SledException | LinkageError e) {
      return Map.of("unavailable", String.valueOf(e.getMessage()));
    }
  }
}
