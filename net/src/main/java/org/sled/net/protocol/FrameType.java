package org.sled.net.protocol;

/** The frame types of protocol 1, with their number on the wire and who may send them. */
public enum FrameType {
  /** First frame of a client. */
  HELLO(0x01, true, false, false),
  /** The server's answer to HELLO. */
  WELCOME(0x02, false, true, false),
  /** Asks for a part of the target's vocabulary. */
  VOCABULARY(0x03, true, false, false),
  /** The answer to VOCABULARY. */
  VOCABULARY_PART(0x04, false, true, false),
  /** Opens a session, with its prompt. */
  OPEN(0x10, true, false, true),
  /** The answer to OPEN, with the first token. */
  OPENED(0x11, false, true, true),
  /** One block. */
  DRAFT(0x12, true, false, true),
  /** The answer to one block. */
  VERDICT(0x13, false, true, true),
  /** Lets the server go on alone. */
  PUSH(0x14, true, false, true),
  /** Tokens that the server made alone. */
  TOKENS(0x15, false, true, true),
  /** Drops what waits; the session remains. */
  CANCEL(0x16, true, false, true),
  /** Frees a session. */
  CLOSE(0x17, true, false, true),
  /** The answer to CLOSE. */
  CLOSED(0x18, false, true, true),
  /** Goes on with a stream whose connection broke. */
  RESUME(0x19, true, false, true),
  /** A session waits for room. */
  WAITING(0x1a, false, true, true),
  /** Asks whether the other side is there. */
  PING(0x20, true, true, false),
  /** The answer to PING. */
  PONG(0x21, true, true, false),
  /** The server is about to leave. */
  GOAWAY(0x22, false, true, false),
  /** The server sends its clients to another one. */
  REDIRECT(0x23, false, true, false),
  /** Something went wrong, in a session or on the connection. */
  ERROR(0x24, true, true, false);

  /** Unknown types from here on are skipped; unknown types below close the connection. */
  public static final int FIRST_OPTIONAL = 0x80;

  private static final FrameType[] BY_NUMBER = new FrameType[256];

  static {
    for (FrameType type : values()) {
      BY_NUMBER[type.number] = type;
    }
  }

  private final int number;
  private final boolean fromClient;
  private final boolean fromServer;
  private final boolean needsSession;

  FrameType(int number, boolean fromClient, boolean fromServer, boolean needsSession) {
    this.number = number;
    this.fromClient = fromClient;
    this.fromServer = fromServer;
    this.needsSession = needsSession;
  }

  /** The type byte on the wire, 0 to 255. */
  public int number() {
    return number;
  }

  /** Whether a client may send it. */
  public boolean fromClient() {
    return fromClient;
  }

  /** Whether a server may send it. */
  public boolean fromServer() {
    return fromServer;
  }

  /** Whether the header must name a session (non-zero). */
  public boolean needsSession() {
    return needsSession;
  }

  /** The type with this number (0 to 255), or null when protocol 1 has none. */
  public static FrameType byNumber(int number) {
    return BY_NUMBER[number];
  }
}
