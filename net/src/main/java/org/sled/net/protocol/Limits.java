package org.sled.net.protocol;

/**
 * What a server lets one connection do; stands in WELCOME.
 *
 * @param maxSessionsPerConnection sessions open at once on one connection
 * @param maxPromptTokens tokens of one prompt, over all its chunks
 * @param contextTokens tokens of one session, prompt and new ones together
 * @param maxDraftTokens drafts in one block
 * @param maxFrameBytes bytes of one frame after WELCOME, header included
 */
public record Limits(
    int maxSessionsPerConnection,
    int maxPromptTokens,
    int contextTokens,
    int maxDraftTokens,
    int maxFrameBytes) {

  /**
   * Bytes of one frame that a server takes before it has sent WELCOME: room for HELLO with the
   * longest auth token (1 KiB) and name (256 bytes), and for what later versions add to it.
   */
  public static final int HANDSHAKE_FRAME_BYTES = 4 * 1024;

  /**
   * Bytes of one frame that a client takes before it has read WELCOME: the longest chat template
   * (64 KiB), the names, and as much again for what later versions add.
   */
  public static final int WELCOME_FRAME_BYTES = 128 * 1024;

  /** Default for {@link #maxFrameBytes}: a prompt chunk of 262,000 tokens. */
  public static final int DEFAULT_FRAME_BYTES = 1024 * 1024;

  /** Bytes of UTF-8 in an auth token at most. */
  public static final int AUTH_TOKEN_BYTES = 1024;

  /** Bytes of UTF-8 in the name of a client, server or model at most. */
  public static final int NAME_BYTES = 256;

  /** Bytes of UTF-8 in a chat template at most. */
  public static final int CHAT_TEMPLATE_BYTES = 64 * 1024;

  /** Bytes of UTF-8 in the text of ERROR and GOAWAY at most; longer ones are cut. */
  public static final int TEXT_BYTES = 1024;

  /**
   * Bytes of a vocabulary at most; the largest ones, with 260,000 tokens and twice as many merges,
   * have about 20 MB.
   */
  public static final int VOCABULARY_BYTES = 64 * 1024 * 1024;

  /**
   * Bytes in one part of a vocabulary at most, if frames may be as long: few enough that blocks and
   * verdicts of the same connection do not wait long behind it.
   */
  public static final int VOCABULARY_PART_BYTES = 256 * 1024;

  /** Entries of a logit bias at most. */
  public static final int LOGIT_BIASES = 1024;

  /** Refuses limits under which nothing would work, and says which. */
  public Limits {
    requireAtLeast(1, maxSessionsPerConnection, "maxSessionsPerConnection");
    requireAtLeast(1, maxPromptTokens, "maxPromptTokens");
    requireAtLeast(2, contextTokens, "contextTokens");
    requireAtLeast(1, maxDraftTokens, "maxDraftTokens");
    // VERDICT carries how many drafts were verified in 16 bits.
    if (maxDraftTokens > 0xFFFF) {
      throw new IllegalArgumentException("maxDraftTokens is " + maxDraftTokens + ", above 65535");
    }
    requireAtLeast(HANDSHAKE_FRAME_BYTES, maxFrameBytes, "maxFrameBytes");
  }

  private static void requireAtLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + ", below " + least);
    }
  }
}
