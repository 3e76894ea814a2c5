package org.sled.net.protocol;

/**
 * Opens a session, or carries a further chunk of its prompt.
 *
 * @param session chosen by the client, non-zero, unique on its connection
 * @param epoch 1 for the first opening of this stream, one more for each later one
 * @param maxTokens new tokens at most; 0 for as many as the context holds
 * @param flags {@link #IGNORE_EOG}, {@link #MORE_PROMPT}; unknown bits are ignored
 * @param sampling how tokens are chosen
 * @param deadlineClass urgency, 0 the most urgent, up to 255
 * @param promptTokensTotal tokens of the whole prompt
 * @param prompt the tokens of this chunk
 */
public record Open(
    int session,
    int epoch,
    int maxTokens,
    int flags,
    Sampling sampling,
    int deadlineClass,
    int promptTokensTotal,
    TokenIds prompt)
    implements Message {

  /** Go on after an end-of-generation token. */
  public static final int IGNORE_EOG = 1;

  /** A further OPEN of the same session and epoch brings the next tokens of the prompt. */
  public static final int MORE_PROMPT = 2;

  /** The OPEN of a whole prompt. */
  public static Open of(int session, int epoch, int maxTokens, Sampling sampling, TokenIds prompt) {
    return new Open(session, epoch, maxTokens, 0, sampling, 0, prompt.count(), prompt);
  }

  /** Whether end-of-generation tokens do not end the session. */
  public boolean ignoresEndOfGeneration() {
    return (flags & IGNORE_EOG) != 0;
  }

  /** Whether the prompt goes on in a further OPEN. */
  public boolean hasMorePrompt() {
    return (flags & MORE_PROMPT) != 0;
  }

  @Override
  public FrameType type() {
    return FrameType.OPEN;
  }
}
