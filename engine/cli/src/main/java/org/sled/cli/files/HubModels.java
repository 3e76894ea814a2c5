package org.sled.cli.files;

import java.nio.file.Path;
import java.util.List;
import java.util.function.ToIntFunction;
import org.sled.cli.command.CacheDirectory;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;
import org.sled.cli.command.Version;
import org.sled.cli.hub.CoderPair;
import org.sled.cli.hub.Hub;
import org.sled.cli.hub.HubName;
import org.sled.cli.hub.PullListener;
import org.sled.cli.output.Progress;

/** Models by their names on a hub, with progress on stderr and an ear for signals. */
public final class HubModels {
  private final CommandContext context;
  private final boolean quiet;
  private final ToIntFunction<Signals.Kind> codeOfSignal;
  private volatile Signals.Kind signal; // null before one comes

  /** For commands that a signal of any kind interrupts. */
  public HubModels(CommandContext context, boolean quiet) {
    this(context, quiet, kind -> ExitCodes.INTERRUPTED);
  }

  /**
   * Creates it.
   *
   * @param quiet whether nothing is said on stderr but what went wrong
   * @param codeOfSignal what the process exits with after a signal
   */
  public HubModels(
      CommandContext context, boolean quiet, ToIntFunction<Signals.Kind> codeOfSignal) {
    this.context = context;
    this.quiet = quiet;
    this.codeOfSignal = codeOfSignal;
  }

  /** What is done with a hub. */
  private interface Task<T> {
    T run(PullListener listener) throws InterruptedException;
  }

  /** The newest version of models; what became of each. */
  public List<Hub.Found> pull(List<HubName> names, String revision) throws InterruptedException {
    return with(listener -> hub(listener).pull(names, revision));
  }

  /** A model's file, from the cache if it is there. */
  Path find(HubName name, String revision) throws InterruptedException {
    return with(listener -> hub(listener).find(name, revision));
  }

  /** {@link CoderPair}; its files. */
  public List<Path> pullCoder() throws InterruptedException {
    Path cache = CacheDirectory.of(context.environment());
    if (cache == null) {
      throw new CommandFailure(
          "there is no home directory: say with XDG_CACHE_HOME where files are to be kept");
    }
    return with(listener -> new CoderPair(CoderPair.directory(cache), listener).pull());
  }

  private Hub hub(PullListener listener) {
    return new Hub(context.environment(), Version.sled(), listener);
  }

  private <T> T with(Task<T> task) throws InterruptedException {
    Thread main = Thread.currentThread();
    Signals signals = context.signals();
    signals.onSignal(
        kind -> {
          signal = kind;
          signals.endWithin(Signals.GRACE, codeOfSignal.applyAsInt(kind));
          main.interrupt();
        },
        codeOfSignal);
    PullProgress listener = new PullProgress(context, quiet);
    Progress progress = listener.show();
    try (progress) {
      return task.run(listener);
    } catch (InterruptedException e) {
      if (signal != null && codeOfSignal.applyAsInt(signal) == ExitCodes.DONE) {
        throw new CommandFailure(ExitCodes.DONE, "stopped while the model was being fetched");
      }
      context.err().println("stopped; the same command goes on with what came so far");
      throw e;
    }
  }
}
