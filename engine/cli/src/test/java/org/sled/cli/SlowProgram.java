package org.sled.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * A program that takes long, whatever it is given: as SLED_EMULATOR, it makes loading take long.
 */
final class SlowProgram {
  private static final int SECONDS = 120;

  private SlowProgram() {}

  /** Written to this directory. */
  static Path in(Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("slow"), "#!/bin/sh\nexec sleep " + SECONDS);
    return Files.setPosixFilePermissions(
        file, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_EXECUTE));
  }
}
