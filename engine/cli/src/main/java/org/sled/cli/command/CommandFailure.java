package org.sled.cli.command;

/** A command cannot go on; the text is for its user and says what to do. */
public final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The prompt leaves no room for an answer. */
  public static final String CONTEXT_FULL = "context_full";

  private final int exitCode;
  private final String code;

  public CommandFailure(String message) {
    this(ExitCodes.FAILED, message);
  }

  public CommandFailure(int exitCode, String message) {
    this(exitCode, exitCode == ExitCodes.USAGE ? ErrorReport.USAGE : ErrorReport.FAILED, message);
  }

  /**
   * Creates it.
   *
   * @param code for programs, see {@link ErrorReport}
   */
  public CommandFailure(int exitCode, String code, String message) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }

  public int exitCode() {
    return exitCode;
  }

  public String code() {
    return code;
  }
}
