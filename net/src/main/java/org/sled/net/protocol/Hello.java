package org.sled.net.protocol;

/**
 * The first frame of a client.
 *
 * @param minVersion oldest protocol version that the client speaks, 1 to 65535
 * @param maxVersion newest protocol version that the client speaks, 1 to 65535
 * @param flags capabilities, {@link #NO_TOKENIZER} or 0; unknown bits are ignored
 * @param fingerprint the draft model's tokenizer
 * @param authToken bearer token, empty for none, at most {@link Limits#AUTH_TOKEN_BYTES} of UTF-8
 * @param clientName for logs and metrics, at most {@link Limits#NAME_BYTES} of UTF-8
 */
public record Hello(
    int minVersion,
    int maxVersion,
    int flags,
    TokenizerFingerprint fingerprint,
    String authToken,
    String clientName)
    implements Message {

  /**
   * The client has no tokenizer, or compares its own with the target's itself: the server does not.
   */
  public static final int NO_TOKENIZER = 1;

  /** Refuses texts that would not fit into the frame. */
  public Hello {
    Texts.requireFits(authToken, Limits.AUTH_TOKEN_BYTES, "auth token");
    Texts.requireFits(clientName, Limits.NAME_BYTES, "client name");
    clientName = Texts.forPeople(clientName, Limits.NAME_BYTES);
  }

  /** The HELLO of a client whose drafts are of this fingerprint, and of no other. */
  public static Hello of(TokenizerFingerprint fingerprint, String authToken, String clientName) {
    return new Hello(
        Protocol.MIN_VERSION, Protocol.MAX_VERSION, 0, fingerprint, authToken, clientName);
  }

  /** The HELLO of a client that has no tokenizer, or compares it itself. */
  public static Hello withoutTokenizer(String authToken, String clientName) {
    return new Hello(
        Protocol.MIN_VERSION,
        Protocol.MAX_VERSION,
        NO_TOKENIZER,
        TokenizerFingerprint.NONE,
        authToken,
        clientName);
  }

  /** Whether the server is to compare the client's fingerprint, which must then be the target's. */
  public boolean hasTokenizer() {
    return (flags & NO_TOKENIZER) == 0;
  }

  @Override
  public FrameType type() {
    return FrameType.HELLO;
  }

  /** Leaves the auth token out, so that it cannot get into a log. */
  @Override
  public String toString() {
    return "Hello[versions " + minVersion + " to " + maxVersion + ", client " + clientName + "]";
  }
}
