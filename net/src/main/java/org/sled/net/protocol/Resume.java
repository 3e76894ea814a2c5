package org.sled.net.protocol;

/**
 * Goes on with a stream whose connection broke: an {@link Open} whose prompt is all that was
 * committed. It comes without the tokens, where the server may still have the stream and was its
 * last one, or with them, in chunks as of an OPEN.
 *
 * @param open the OPEN that it stands for. Its epoch is one more than that of the last opening, its
 *     maxTokens are those still wanted, its promptTokensTotal counts the committed tokens; its
 *     prompt is this chunk of them
 * @param first position of the chunk's first token; the number of committed tokens if the frame
 *     brings none because the server is to know them
 * @param digest {@link TokenDigest} of all committed tokens
 * @param secret without tokens: that of the stream's last OPENED, none if it had none; with tokens
 *     none
 */
public record Resume(Open open, int first, long digest, StreamSecret secret) implements Message {
  /** Bytes of a RESUME before its ids, above those of an OPEN. */
  private static final int EXTRA_BYTES = 12;

  /**
   * The RESUME that brings all tokens.
   *
   * @param open its prompt is all committed tokens
   */
  public static Resume of(Open open) {
    return new Resume(open, 0, TokenDigest.of(open.prompt()), StreamSecret.NONE);
  }

  /** A copy without tokens: for the server that gave this secret. */
  public Resume withoutTokens(StreamSecret shown) {
    Open bare = open.part(0, 0, false);
    return new Resume(bare, open.promptTokensTotal(), digest, shown);
  }

  /** Bytes of a RESUME frame with so many tokens. */
  public static long frameBytes(Sampling sampling, int tokens) {
    return EXTRA_BYTES + Open.frameBytes(sampling, tokens);
  }

  /** Bytes of this frame. */
  public long frameBytes() {
    long bytes = frameBytes(open.sampling(), open.prompt().count());
    if (secret.isNone()) {
      return bytes;
    }
    // The secret stands behind the logit bias, whose count is written then even if it is 0.
    boolean hasBias = !open.sampling().logitBias().isEmpty();
    return bytes + (hasBias ? 0 : Open.BIAS_COUNT_BYTES) + StreamSecret.BYTES;
  }

  /** Tokens that one RESUME has room for; see {@link Open#promptTokensPerFrame}. */
  public static int tokensPerFrame(Sampling sampling, int maxFrameBytes) {
    return Open.promptTokensPerFrame(sampling, maxFrameBytes - EXTRA_BYTES);
  }

  /** The frame that brings some of this one's tokens. */
  public Resume part(int from, int to, boolean more) {
    return new Resume(open.part(from, to, more), first + from, digest, secret);
  }

  /** Whether the server is to know the tokens, so that none are sent. */
  public boolean isWithoutTokens() {
    return first == open.promptTokensTotal() && open.prompt().count() == 0 && !open.hasMorePrompt();
  }

  /** The session's id on its new connection. */
  public int session() {
    return open.session();
  }

  @Override
  public FrameType type() {
    return FrameType.RESUME;
  }
}
