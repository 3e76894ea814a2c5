package org.sled.net.protocol;

/**
 * Something went wrong.
 *
 * @param session the session concerned, or 0 for the connection
 * @param round the round concerned, or 0
 * @param code what it is
 * @param fatal whether the sender closes the connection after this
 * @param retryAfterMillis when to try again, or 0 for no hint
 * @param text for people; one line, cut to {@link Limits#TEXT_BYTES}
 */
public record ErrorMessage(
    int session, int round, ErrorCode code, boolean fatal, int retryAfterMillis, String text)
    implements Message, HelloAnswer {
  /** Makes the text one line, and cuts it where it would not fit. */
  public ErrorMessage {
    text = Texts.forPeople(text, Limits.TEXT_BYTES);
  }

  /** An error that ends the connection. */
  public static ErrorMessage fatal(ErrorCode code, String text) {
    return new ErrorMessage(0, 0, code, true, 0, text);
  }

  /** An error in one session and round; the connection goes on. */
  public static ErrorMessage ofSession(int session, int round, ErrorCode code, String text) {
    return new ErrorMessage(session, round, code, false, 0, text);
  }

  @Override
  public FrameType type() {
    return FrameType.ERROR;
  }
}
