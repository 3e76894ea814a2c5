package org.sled.bench.peers;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Reads what a child process writes, on a thread of its own, so that the child never blocks on a
 * full pipe; keeps the end of it, and copies all of it to a file if one is given. Any thread.
 */
final class ProcessOutput {
  /** Enough for the whole output of a benchmark, and for any error with its surroundings. */
  static final int MAX_LINES = 1000;

  /** Of a longer line the rest is dropped. */
  static final int MAX_LINE_CHARS = 8192;

  private final Deque<String> lines = new ArrayDeque<>();
  private final Path logFile;
  private final Thread reader;
  private long lineCount;
  private boolean ended;

  /**
   * Starts reading.
   *
   * @param name of the thread
   * @param logFile null for none; its directory exists
   */
  ProcessOutput(String name, InputStream input, Path logFile) {
    this.logFile = logFile;
    reader = new Thread(() -> read(input), name);
    reader.setDaemon(true);
    reader.start();
  }

  private void read(InputStream input) {
    try (BufferedWriter log = logFile == null ? null : Files.newBufferedWriter(logFile);
        Reader characters = new InputStreamReader(input, StandardCharsets.UTF_8)) {
      char[] buffer = new char[8192];
      StringBuilder line = new StringBuilder();
      for (int count = characters.read(buffer); count >= 0; count = characters.read(buffer)) {
        for (int i = 0; i < count; i++) {
          if (buffer[i] == '\n') {
            add(line.toString());
            line.setLength(0);
          } else if (buffer[i] != '\r' && line.length() < MAX_LINE_CHARS) {
            line.append(buffer[i]);
          }
        }
        if (log != null) {
          log.write(buffer, 0, count);
          log.flush();
        }
      }
      if (line.length() > 0) {
        add(line.toString());
      }
    } catch (IOException e) {
      // The pipe of a killed child, or the log file: the child's life does not depend on either.
      add("(its output cannot be read or logged any more: " + e.getMessage() + ")");
    } finally {
      end();
    }
  }

  private synchronized void add(String line) {
    if (lines.size() == MAX_LINES) {
      lines.removeFirst();
    }
    lines.addLast(line);
    lineCount++;
    notifyAll();
  }

  private synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** The last lines, at most {@code count}. */
  synchronized List<String> tail(int count) {
    List<String> all = new ArrayList<>(lines);
    return List.copyOf(all.subList(Math.max(0, all.size() - count), all.size()));
  }

  /** How many lines there were so far. */
  synchronized long lineCount() {
    return lineCount;
  }

  /** Waits until there were more lines than {@code seen}, until the end, or for a while. */
  synchronized void awaitMore(long seen, long millis) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (!ended && lineCount == seen) {
      long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (leftMillis <= 0) {
        return;
      }
      wait(leftMillis);
    }
  }

  /** Waits until all was read, for some time: grandchildren may hold the pipe open. */
  void awaitEnd(long millis) throws InterruptedException {
    reader.join(millis);
  }
}
