package org.sled.cli.output;

import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sled.cli.command.CommandContext;

/**
 * Says on stderr where something stands that takes long: on a terminal in one line that is drawn
 * anew every second and goes at the end, elsewhere in a line every ten seconds. What is quicker
 * says nothing. It has a thread of its own until it is closed.
 */
public final class Progress implements AutoCloseable {
  private static final Duration REDRAWN = Duration.ofSeconds(1);
  private static final Duration LINES = Duration.ofSeconds(10);
  private static final String CLEAR_LINE = "\r\u001b[2K";

  private final PrintStream err;
  private final boolean redraws;
  private final Supplier<String> line;
  private final Duration interval;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private boolean drawn; // the thread's; after its end, the closing one's

  /**
   * Begins.
   *
   * @param redraws whether the line is drawn anew in place
   * @param line asked again and again, on the thread; null for nothing to say
   */
  Progress(PrintStream err, boolean redraws, Supplier<String> line, Duration interval) {
    this.err = err;
    this.redraws = redraws;
    this.line = line;
    this.interval = interval;
    thread = new Thread(this::run, "sled-progress");
    thread.setDaemon(true);
    thread.start();
  }

  /** With whatever stderr is. */
  public static Progress of(CommandContext context, Supplier<String> line) {
    boolean redraws = context.errIsTerminal();
    return new Progress(context.err(), redraws, line, redraws ? REDRAWN : LINES);
  }

  /** Lines that stay, also on a terminal; beside text that must not be drawn over. */
  public static Progress inLines(CommandContext context, Supplier<String> line) {
    return new Progress(context.err(), false, line, LINES);
  }

  /** Of what is known to go on, and nothing else. */
  public static Progress of(CommandContext context, String what) {
    return of(context, new Counter(what));
  }

  private void run() {
    try {
      while (!closed.await(interval.toMillis(), TimeUnit.MILLISECONDS)) {
        String text = line.get();
        if (text != null && redraws) {
          err.print(CLEAR_LINE + text);
          err.flush();
          drawn = true;
        } else if (text != null) {
          err.println(text);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // by nobody
    }
  }

  /** Nothing is said any more when this returns. */
  @Override
  public void close() {
    closed.countDown();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // the thread needs no more than a write
      }
    }
    if (drawn) {
      err.print(CLEAR_LINE);
      err.flush();
      drawn = false;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** How much of a known number is done, for how long, and how long the rest may take. */
  public static final class Counter implements Supplier<String> {
    private static final int SECONDS_PER_MINUTE = 60;

    private final String what;
    private final long startNanos = System.nanoTime();
    private volatile State state;

    private record State(long done, long all, String words) {}

    /**
     * Nothing is done.
     *
     * @param what goes on
     */
    public Counter(String what) {
      this.what = what;
    }

    /**
     * So much is done. Any thread.
     *
     * @param units what is counted, in the plural
     */
    public void at(long done, long all, String units) {
      state = new State(done, all, done + " of " + all + " " + units);
    }

    /** So many bytes are done. Any thread. */
    public void atBytes(long done, long all) {
      state = new State(done, all, Sizes.bytes(done) + " of " + Sizes.bytes(all));
    }

    @Override
    public String get() {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos);
      State now = state;
      return now == null
          ? what + ": " + time(seconds)
          : what + ": " + now.words() + ", " + time(seconds) + left(now, seconds);
    }

    private static String left(State now, long seconds) {
      if (now.done() <= 0 || now.all() <= now.done()) {
        return "";
      }
      double rest = (double) seconds * (now.all() - now.done()) / now.done();
      return ", about " + time(Math.round(rest)) + " left";
    }

    private static String time(long seconds) {
      return seconds < 2 * SECONDS_PER_MINUTE
          ? seconds + " s"
          : seconds / SECONDS_PER_MINUTE + " min";
    }
  }
}
