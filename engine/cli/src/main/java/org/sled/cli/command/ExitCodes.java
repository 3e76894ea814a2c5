package org.sled.cli.command;

/** What the process exits with. */
public final class ExitCodes {
  public static final int DONE = 0;
  public static final int FAILED = 1;
  public static final int USAGE = 2;
  public static final int UNREACHABLE = 3;
  public static final int INTERRUPTED = 130;

  private ExitCodes() {}
}
