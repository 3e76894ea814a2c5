package org.sled.net.protocol;

/**
 * Goes on with a stream whose connection broke: an {@link Open} whose prompt is all that was
 * committed. It comes without the tokens, where the server may still know them, or with them, in
 * chunks as of an OPEN.
 *
 * @param open the OPEN that it stands for. Its epoch is one more than that of the last opening, its
 *     maxTokens are those still wanted, its promptTokensTotal counts the committed tokens; its
 *     prompt is this chunk of them
 * @param first position of the chunk's first token; the number of committed tokens if the frame
 *     brings none because the server is to know them
 * @param digest {@link TokenDigest} of all committed tokens
 */
public record Resume(Open open, int first, long digest) implements Message {
  /** Bytes of a RESUME before its ids, above those of an OPEN. */
  private static final int EXTRA_BYTES = 12;

  /**
   * The RESUME that brings all tokens.
   *
   * @param open its prompt is all committed tokens
   */
  public static Resume of(Open open) {
    return new Resume(open, 0, TokenDigest.of(open.prompt()));
  }

  /** The same without tokens: for a server that may know them. */
  public Resume withoutTokens() {
    Open bare = open.part(0, 0, false);
    return new Resume(bare, open.promptTokensTotal(), digest);
  }

  /** Bytes of a RESUME frame with so many tokens. */
  public static long frameBytes(Sampling sampling, int tokens) {
    return EXTRA_BYTES + Open.frameBytes(sampling, tokens);
  }

  /** Tokens that one RESUME has room for; see {@link Open#promptTokensPerFrame}. */
  public static int tokensPerFrame(Sampling sampling, int maxFrameBytes) {
    return Open.promptTokensPerFrame(sampling, maxFrameBytes - EXTRA_BYTES);
  }

  /** The frame that brings some of this one's tokens. */
  public Resume part(int from, int to, boolean more) {
    return new Resume(open.part(from, to, more), first + from, digest);
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
