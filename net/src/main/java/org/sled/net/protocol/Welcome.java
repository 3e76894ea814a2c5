package org.sled.net.protocol;

/**
 * The server's answer to a HELLO that it takes.
 *
 * @param version the protocol version that both sides use from now on
 * @param flags {@link #EXACT_NUMERICS}, {@link #VOCABULARY}, both or 0; unknown bits are ignored
 * @param limits what this connection may do
 * @param pingIntervalMillis silence after which either side sends a PING
 * @param sessionsInUse sessions open on the server now, for choosing among servers
 * @param sessionsTotal sessions that the server has room for
 * @param numericsId equal ids give equal bits
 * @param fingerprint the target's tokenizer
 * @param serverName for logs and metrics, at most {@link Limits#NAME_BYTES} of UTF-8
 * @param modelName the target's name, at most {@link Limits#NAME_BYTES} of UTF-8
 * @param chatTemplate the target's chat template, may be empty, at most {@link
 *     Limits#CHAT_TEMPLATE_BYTES} of UTF-8
 * @param vocabularyDigest of the vocabulary that the server gives; {@link FileDigest#NONE} if it
 *     gives none, or is of an earlier release
 * @param endTokens what the target wants around a prompt; {@link EndTokens#UNKNOWN} if the server
 *     is of an earlier release
 */
public record Welcome(
    int version,
    int flags,
    Limits limits,
    int pingIntervalMillis,
    int sessionsInUse,
    int sessionsTotal,
    long numericsId,
    TokenizerFingerprint fingerprint,
    String serverName,
    String modelName,
    String chatTemplate,
    FileDigest vocabularyDigest,
    EndTokens endTokens)
    implements Message, HelloAnswer {

  /**
   * The server computes so that a row's bits do not depend on how many rows are computed with it. A
   * device that drafts in the same way with the same model then has every draft accepted.
   */
  public static final int EXACT_NUMERICS = 1;

  /** The server answers VOCABULARY; one without this flag may not even know it. */
  public static final int VOCABULARY = 2;

  /** Refuses texts that would not fit into the frame, and an interval that is none. */
  public Welcome {
    Texts.requireFits(serverName, Limits.NAME_BYTES, "server name");
    Texts.requireFits(modelName, Limits.NAME_BYTES, "model name");
    serverName = Texts.forPeople(serverName, Limits.NAME_BYTES);
    modelName = Texts.forPeople(modelName, Limits.NAME_BYTES);
    Texts.requireFits(chatTemplate, Limits.CHAT_TEMPLATE_BYTES, "chat template");
    if (pingIntervalMillis < 1) {
      throw new IllegalArgumentException("pingIntervalMillis is " + pingIntervalMillis);
    }
  }

  /** The WELCOME of a server that gives no vocabulary, and does not say its end tokens. */
  public Welcome(
      int version,
      int flags,
      Limits limits,
      int pingIntervalMillis,
      int sessionsInUse,
      int sessionsTotal,
      long numericsId,
      TokenizerFingerprint fingerprint,
      String serverName,
      String modelName,
      String chatTemplate) {
    this(
        version,
        flags,
        limits,
        pingIntervalMillis,
        sessionsInUse,
        sessionsTotal,
        numericsId,
        fingerprint,
        serverName,
        modelName,
        chatTemplate,
        FileDigest.NONE,
        EndTokens.UNKNOWN);
  }

  /** Whether the server computes with exact numerics. */
  public boolean hasExactNumerics() {
    return (flags & EXACT_NUMERICS) != 0;
  }

  /** Whether clients can have the target's vocabulary. */
  public boolean hasVocabulary() {
    return (flags & VOCABULARY) != 0;
  }

  @Override
  public FrameType type() {
    return FrameType.WELCOME;
  }
}
