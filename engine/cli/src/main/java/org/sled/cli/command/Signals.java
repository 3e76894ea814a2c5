package org.sled.cli.command;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/** Lets a command hear of Ctrl-C (SIGINT), of SIGTERM and of SIGHUP, and end in good order. */
public interface Signals {
  /** How long a command that is asked to end may take for it. */
  Duration GRACE = Duration.ofSeconds(5);

  /** Which signal came. */
  enum Kind {
    /** Ctrl-C: somebody changed their mind. */
    INTERRUPT,

    /** SIGTERM: whoever runs this process, such as systemd, wants it to end. */
    TERMINATE,

    /** SIGHUP: the terminal is gone. Not heard of where it is ignored, as under nohup. */
    HANGUP
  }

  /**
   * From now on the first signal goes to {@code first}, on a thread of its own, and the process
   * goes on; the second one, of whichever kind, ends it at once.
   *
   * @param codeAtOnce what the process exits with then
   */
  void onSignal(Consumer<Kind> first, ToIntFunction<Kind> codeAtOnce);

  /**
   * Ends the process with a code, unless it has ended by itself within this time. For what cannot
   * be interrupted: native code that loads a model, a write that nobody reads.
   */
  void endWithin(Duration time, int exitCode);

  /**
   * For commands that a signal of any kind stops: the first one asks, the process ends within
   * {@link #GRACE} whatever it is at, and the second one ends it at once, each time with {@link
   * ExitCodes#INTERRUPTED}.
   */
  default void onInterrupt(Runnable first) {
    onSignal(
        kind -> {
          endWithin(GRACE, ExitCodes.INTERRUPTED);
          first.run();
        },
        kind -> ExitCodes.INTERRUPTED);
  }
}
