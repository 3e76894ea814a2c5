package org.sled.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A child process that serves, or measures and ends. Its output is drained, its end is certain:
 * {@link #close} ends it, and so does the end of this JVM unless that is killed. Any thread.
 */
public final class ServerProcess implements AutoCloseable {
  /** After SIGTERM, before SIGKILL. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** How often a readiness check is asked. */
  private static final long POLL_MILLIS = 50;

  /** Lines of output in an error message. */
  private static final int MESSAGE_LINES = 25;

  private static final double NANOS_PER_SECOND = 1e9;

  private final String name;
  private final List<String> command;
  private final Process process;
  private final ProcessOutput output;

  private ServerProcess(ServerCommand command) {
    name = command.name();
    this.command = command.command();
    ProcessBuilder builder = new ProcessBuilder(command.command()).redirectErrorStream(true);
    builder.environment().putAll(command.environment());
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new PeerException(name + " cannot be started: " + e.getMessage(), e);
    }
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // It has no more input either way.
    }
    output = new ProcessOutput(name + "-output", process.getInputStream(), command.logFile());
  }

  /**
   * Starts a process, without standard input.
   *
   * @throws PeerException if there is no such program
   */
  public static ServerProcess start(ServerCommand command) {
    ServerProcess started = new ServerProcess(command);
    ChildProcesses.add(started);
    return started;
  }

  /**
   * Waits until {@code ready} says so. A process that does not get ready is ended.
   *
   * @param ready is asked again and again and returns soon
   * @throws PeerException with the end of its output if it ends before, or takes too long
   */
  public void awaitReady(BooleanSupplier ready, Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      if (!process.isAlive()) {
        throw failure("ended with exit code " + process.exitValue() + " before it was ready");
      }
      if (ready.getAsBoolean()) {
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw failure("was not ready within " + text(timeout));
      }
      process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Waits for a line of its output in which {@code pattern} is found, also one of before this call.
   * A process that does not write it is ended.
   *
   * @throws PeerException with the end of its output if it ends before, or takes too long
   */
  public MatchResult awaitLine(Pattern pattern, Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      boolean alive = process.isAlive(); // asked first: what it wrote before its end is looked at
      if (!alive) {
        output.awaitEnd(1000);
      }
      long seen = output.lineCount();
      for (String line : output.tail(ProcessOutput.MAX_LINES)) {
        Matcher matcher = pattern.matcher(line);
        if (matcher.find()) {
          return matcher.toMatchResult();
        }
      }
      if (!alive) {
        throw failure("ended with exit code " + process.exitValue() + " before it was ready");
      }
      if (System.nanoTime() - deadline >= 0) {
        throw failure("was not ready within " + text(timeout));
      }
      output.awaitMore(seen, POLL_MILLIS);
    }
  }

  /**
   * Waits until it ends by itself, with success.
   *
   * @return its last lines, {@value ProcessOutput#MAX_LINES} at most
   * @throws PeerException with the end of its output if it fails, or takes too long and is ended
   */
  public List<String> awaitEnd(Duration timeout) throws InterruptedException {
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      throw failure("took longer than " + text(timeout));
    }
    if (process.exitValue() != 0) {
      throw failure("failed with exit code " + process.exitValue());
    }
    output.awaitEnd(1000);
    return output.tail(ProcessOutput.MAX_LINES);
  }

  /** Ends the process and says what went wrong with it. */
  private PeerException failure(String what) {
    close();
    List<String> tail = output.tail(MESSAGE_LINES);
    String end = tail.isEmpty() ? "It wrote nothing." : "Its last output:\n  ";
    return new PeerException(name + " " + what + ". " + end + String.join("\n  ", tail));
  }

  private static String text(Duration timeout) {
    return timeout.toMillis() / 1000.0 + " s";
  }

  /** The program and its arguments. */
  public List<String> command() {
    return command;
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** What it started itself, and so on. */
  List<ProcessHandle> children() {
    return process.descendants().toList();
  }

  /** The last lines of its output, for messages. */
  public List<String> tail() {
    return output.tail(MESSAGE_LINES);
  }

  /** User and system time of all its threads so far, s; NaN once it ended. */
  public double cpuSeconds() {
    return cpuTime().map(time -> time.toNanos() / NANOS_PER_SECOND).orElse(Double.NaN);
  }

  /** Processor time that it has taken; empty once it ended. */
  Optional<Duration> cpuTime() {
    return process.toHandle().info().totalCpuDuration();
  }

  /** Physical memory that it occupies, mapped files included; empty where /proc does not say. */
  public OptionalLong residentBytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return OptionalLong.of(Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024);
        }
      }
    } catch (IOException e) {
      // It ended, or this is no Linux.
    }
    return OptionalLong.empty();
  }

  /** Asks it to end, and its children; ends them by force after some seconds; idempotent. */
  @Override
  public void close() {
    List<ProcessHandle> children = children();
    // By its handle: Process.destroy closes the pipe, and its last lines, which say why, are lost.
    ProcessHandle handle = process.toHandle();
    try {
      handle.destroy();
      if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        handle.destroyForcibly();
        process.waitFor();
      }
      children.forEach(ProcessHandle::destroyForcibly);
      output.awaitEnd(1000);
    } catch (InterruptedException e) {
      kill();
      children.forEach(ProcessHandle::destroyForcibly);
      Thread.currentThread().interrupt();
    } finally {
      ChildProcesses.remove(this);
    }
  }

  /**
   * Ends all that were started and not closed, at once; for a JVM that ends without its shutdown
   * hooks.
   */
  public static void killAll() {
    ChildProcesses.killAll();
  }

  /** Ends it and its children at once. */
  void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.toHandle().destroyForcibly();
  }
}
