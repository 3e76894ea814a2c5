package org.sled.net.protocol;

/**
 * A cold frame as an immutable value. DRAFT, VERDICT and TOKENS are not among them: see {@link
 * DraftFrame}, {@link VerdictFrame} and {@link TokensFrame}.
 */
public sealed interface Message
    permits Hello,
        Welcome,
        Open,
        Opened,
        Push,
        Cancel,
        Close,
        Closed,
        Ping,
        Pong,
        GoAway,
        ErrorMessage,
        Resume,
        VocabularyRequest,
        VocabularyPart,
        Redirect,
        Waiting {

  /** The type of its frame. */
  FrameType type();
}
