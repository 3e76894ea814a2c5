package org.sled.cli;

import java.util.function.Consumer;

/** Lets a command hear of Ctrl-C (SIGINT) and of SIGTERM. */
interface Signals {
  /** Which signal came. */
  enum Kind {
    /** Ctrl-C: somebody changed their mind. */
    INTERRUPT,

    /** SIGTERM: whoever runs this process, such as systemd, wants it to end. */
    TERMINATE
  }

  /**
   * From now on the first signal goes to {@code first}, on a thread of its own, and the process
   * goes on; the second one ends it at once with code 130.
   */
  void onSignal(Consumer<Kind> first);

  /** The same for commands to which the two signals mean the same. */
  default void onInterrupt(Runnable first) {
    onSignal(kind -> first.run());
  }
}
