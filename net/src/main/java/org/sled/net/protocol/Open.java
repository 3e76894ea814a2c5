package org.sled.net.protocol;

/**
 * Opens a session, or carries a further chunk of its prompt.
 *
 * @param session chosen by the client, non-zero, unique on its connection
 * @param epoch 1 for the first opening of this stream, one more for each later one
 * @param maxTokens new tokens at most; 0 for as many as the context holds
 * @param flags {@link #IGNORE_EOG}, {@link #MORE_PROMPT}, {@link #WAIT}; unknown bits are ignored
 * @param sampling how tokens are chosen
 * @param promptTokensTotal tokens of the whole prompt
 * @param prompt the tokens of this chunk
 */
public record Open(
    int session,
    int epoch,
    int maxTokens,
    int flags,
    Sampling sampling,
    int promptTokensTotal,
    TokenIds prompt)
    implements Message {

  /** Go on after an end-of-generation token. */
  public static final int IGNORE_EOG = 1;

  /** A further OPEN of the same session and epoch brings the next tokens of the prompt. */
  public static final int MORE_PROMPT = 2;

  /** If the server has no room now, wait for it there: it answers WAITING instead of BUSY. */
  public static final int WAIT = 4;

  /** Bytes of an OPEN before its prompt's ids. */
  private static final int HEAD_BYTES = 80;

  static final int BIAS_COUNT_BYTES = 4;
  private static final int BIAS_ENTRY_BYTES = 8;

  /** The OPEN of a whole prompt. */
  public static Open of(int session, int epoch, int maxTokens, Sampling sampling, TokenIds prompt) {
    return new Open(session, epoch, maxTokens, 0, sampling, prompt.count(), prompt);
  }

  /** Bytes of an OPEN frame with so many prompt tokens. */
  public static long frameBytes(Sampling sampling, int promptTokens) {
    int biases = sampling.logitBias().size();
    // An empty bias is left out with its count.
    int biasBytes = biases == 0 ? 0 : BIAS_COUNT_BYTES + biases * BIAS_ENTRY_BYTES;
    return HEAD_BYTES + (long) promptTokens * Protocol.TOKEN_BYTES + biasBytes;
  }

  /**
   * Prompt tokens that one OPEN has room for, beside what else it carries.
   *
   * @param maxFrameBytes the server's limit
   * @return 0 if a logit bias of this length leaves no room at all
   */
  public static int promptTokensPerFrame(Sampling sampling, int maxFrameBytes) {
    long room = maxFrameBytes - frameBytes(sampling, 0);
    return (int) Math.max(0, room / Protocol.TOKEN_BYTES);
  }

  /**
   * The frame that brings some of this one's tokens.
   *
   * @param more whether a further one follows
   */
  public Open part(int from, int to, boolean more) {
    return new Open(
        session,
        epoch,
        maxTokens,
        more ? flags | MORE_PROMPT : flags,
        sampling,
        promptTokensTotal,
        prompt.slice(from, to));
  }

  /** Whether end-of-generation tokens do not end the session. */
  public boolean ignoresEndOfGeneration() {
    return (flags & IGNORE_EOG) != 0;
  }

  /** Whether it waits at a server that has no room now. */
  public boolean waits() {
    return (flags & WAIT) != 0;
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
