package org.sled.cli.files;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sled.cli.command.CommandContext;
import org.sled.cli.hub.PullListener;
import org.sled.cli.output.Progress;
import org.sled.cli.output.Sizes;

/** What {@code sled models pull} and {@code -hf} say while files come. Any thread. */
final class PullProgress implements PullListener, Supplier<String> {
  private static final String CLEAR_LINE = "\r\u001b[2K";
  private static final long SECONDS_PER_MINUTE = 60;
  private static final double NANOS_PER_SECOND = 1e9;

  private final CommandContext context;
  private final boolean quiet;
  private String what = "fetching"; // guarded by this, so too below
  private int files;
  private long all;
  private long done;
  private long fetched;
  private long startNanos;

  /**
   * Nothing is to be fetched so far.
   *
   * @param quiet whether nothing is said but what went wrong
   */
  PullProgress(CommandContext context, boolean quiet) {
    this.context = context;
    this.quiet = quiet;
  }

  /** Shows it until it is closed. */
  Progress show() {
    return Progress.of(context, quiet ? () -> null : this);
  }

  @Override
  public void note(String line) {
    if (!quiet) {
      // Over what the progress has drawn, if it has.
      context.err().println((context.errIsTerminal() ? CLEAR_LINE : "") + line);
    }
  }

  @Override
  public void begins(int newFiles, long bytes, long there) {
    synchronized (this) {
      files = newFiles;
      all = bytes;
      done = there;
      fetched = 0;
      startNanos = System.nanoTime();
    }
    note(
        "fetching "
            + (newFiles == 1 ? "1 file" : newFiles + " files")
            + ", "
            + Sizes.bytes(bytes)
            + (there > 0 ? ", of which " + Sizes.bytes(there) + " are here" : ""));
  }

  @Override
  public synchronized void at(String newWhat) {
    what = newWhat;
  }

  @Override
  public synchronized void fetched(long bytes) {
    done += bytes;
    fetched += bytes;
  }

  /** Null before anything is fetched. */
  @Override
  public synchronized String get() {
    if (files == 0) {
      return null;
    }
    long nanos = System.nanoTime() - startNanos;
    double perSecond = fetched * NANOS_PER_SECOND / Math.max(1, nanos);
    String line =
        String.format(
            Locale.ROOT,
            "%s: %s of %s, %s",
            what,
            Sizes.bytes(done),
            Sizes.bytes(all),
            time(TimeUnit.NANOSECONDS.toSeconds(nanos)));
    return perSecond < 1 || done >= all
        ? line
        : line
            + String.format(
                Locale.ROOT,
                ", %s/s, about %s left",
                Sizes.bytes((long) perSecond),
                time(Math.round((all - done) / perSecond)));
  }

  private static String time(long seconds) {
    return seconds < 2 * SECONDS_PER_MINUTE
        ? seconds + " s"
        : seconds / SECONDS_PER_MINUTE + " min";
  }
}
