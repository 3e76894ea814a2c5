package org.sled.cli;

/** Lets a command hear of Ctrl-C (SIGINT) and of SIGTERM. */
interface Signals {
  /**
   * From now on the first signal runs {@code first}, on a thread of its own, and the process goes
   * on; the second one ends it at once with code 130.
   */
  void onInterrupt(Runnable first);
}
