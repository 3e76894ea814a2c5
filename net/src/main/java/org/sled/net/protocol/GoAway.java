package org.sled.net.protocol;

/**
 * The server is about to leave: open no more sessions here, and end what runs within the grace.
 *
 * @param reason why, usually {@link ErrorCode#SHUTTING_DOWN}
 * @param graceMillis time after which the server closes the connection
 * @param text for people; one line, cut to {@link Limits#TEXT_BYTES}
 */
public record GoAway(ErrorCode reason, int graceMillis, String text) implements Message {
  /** Makes the text one line, and cuts it where it would not fit. */
  public GoAway {
    text = Texts.forPeople(text, Limits.TEXT_BYTES);
  }

  @Override
  public FrameType type() {
    return FrameType.GOAWAY;
  }
}
