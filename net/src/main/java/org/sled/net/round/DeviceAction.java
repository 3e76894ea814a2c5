package org.sled.net.round;

/** What a device does with a verdict. */
public enum DeviceAction {
  /** Append the accepted drafts and the next token; open blocks that do not follow are dead. */
  COMMIT,
  /** Nothing came of the block: draft again from the committed tokens. */
  DROP_STALE,
  /** An answer that is not waited for any more: do nothing. */
  IGNORE_LATE,
  /** The server contradicts itself: end the connection. */
  PROTOCOL_ERROR
}
