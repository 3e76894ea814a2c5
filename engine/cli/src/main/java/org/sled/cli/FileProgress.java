package org.sled.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Says every few seconds how much of a file is written, on a thread of its own, until stopped. */
final class FileProgress {
  private static final int SECONDS = 3;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread thread;

  /**
   * Begins to watch.
   *
   * @param file what is being written; need not be there yet
   * @param bytes how large it becomes
   */
  FileProgress(Path file, long bytes, PrintStream err) {
    thread =
        new Thread(
            () -> {
              try {
                while (!done.await(SECONDS, TimeUnit.SECONDS)) {
                  String written = Sizes.bytes(Files.exists(file) ? Files.size(file) : 0);
                  err.println("  " + written + " of " + Sizes.bytes(bytes) + " written");
                }
              } catch (InterruptedException | IOException e) {
                // Nobody waits for it, and the file was renamed meanwhile.
              }
            },
            "sled-file-progress");
    thread.setDaemon(true);
    thread.start();
  }

  void stop() throws InterruptedException {
    done.countDown();
    thread.join();
  }
}
