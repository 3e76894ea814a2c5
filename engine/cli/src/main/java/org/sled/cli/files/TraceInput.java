package org.sled.cli.files;

import java.io.IOException;
import java.nio.file.Path;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceFile;
import org.sled.cli.command.CommandFailure;

/** Traces that a command is given. */
public final class TraceInput {
  private TraceInput() {}

  /**
   * Reads a trace.
   *
   * @throws CommandFailure if it cannot be read, or is none
   */
  public static DraftTrace read(Path file) {
    try {
      return TraceFile.read(file);
    } catch (IOException e) {
      throw new CommandFailure("cannot replay: " + e.getMessage());
    }
  }
}
