package org.sled.cli;

/** What the process exits with. */
final class ExitCodes {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int UNREACHABLE = 3;
  static final int INTERRUPTED = 130;

  private ExitCodes() {}
}
