package org.sled.net.protocol;

/**
 * The server is about to leave: open no more sessions here, and end what runs within the grace.
 *
 * @param reason why, usually {@link ErrorCode#SHUTTING_DOWN}
 * @param graceMillis time after which the server closes the connection
 * @param text for people; cut to {@link Limits#TEXT_BYTES}
 */
public record GoAway(ErrorCode reason, int graceMillis, String text) implements Message {
  /** Cuts a text that would not fit. */
  public GoAway {
    text = Texts.cut(text, Limits.TEXT_BYTES);
  }

  @Override
  public FrameType type() {
    return FrameType.GOAWAY;
  }
}
