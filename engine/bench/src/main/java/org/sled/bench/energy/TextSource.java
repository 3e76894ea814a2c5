package org.sled.bench.energy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Something that says the state of a meter as text, when asked. One thread at a time. */
@FunctionalInterface
public interface TextSource {
  /**
   * The text of this moment.
   *
   * @throws IOException if there is none; the message says why
   */
  String read() throws IOException;

  /**
   * The output of a command, run anew each time. What it writes must fit into a pipe (64 KiB on
   * Linux), and it must end within two seconds.
   */
  static TextSource ofCommand(String... command) {
    return () -> run(command);
  }

  private static String run(String[] command) throws IOException {
    final int limitSeconds = 2;
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
        throw new IOException(command[0] + " did not end within " + limitSeconds + " s");
      }
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (process.exitValue() != 0) {
        throw new IOException(command[0] + " failed (" + process.exitValue() + "): " + output);
      }
      return output;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + command[0], e);
    } finally {
      process.destroyForcibly();
    }
  }
}
