package org.sled.bench.energy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A machine's /sys in a directory of its own, laid out from a list of files and their texts. */
final class SysfsTree {
  static final TextSource NO_PMIC =
      () -> {
        throw new IOException("no vcgencmd");
      };
  static final String NO_NVML = "libsled-no-such-nvml.so.1";

  final Path root;

  SysfsTree(Path root) {
    this.root = root;
  }

  /** Lays out a tree of the resources. */
  static SysfsTree of(String machine, Path root) throws IOException {
    SysfsTree tree = new SysfsTree(root);
    for (String line : resource(machine + ".sysfs").lines().toList()) {
      if (!line.startsWith("#")) {
        int equals = line.indexOf(" = ");
        tree.set(line.substring(0, equals), line.substring(equals + 3));
      }
    }
    return tree;
  }

  static String resource(String name) throws IOException {
    try (InputStream in = SysfsTree.class.getResourceAsStream("/energy/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Writes a file as the kernel would show it, with a line end. */
  void set(String file, Object text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  void delete(String file) throws IOException {
    Files.delete(root.resolve(file));
  }

  /** The meters of this tree, and nothing else of the machine that runs the test. */
  EnergyMeters discover() {
    return EnergyMeters.discover(root, NO_PMIC, NO_NVML);
  }
}
