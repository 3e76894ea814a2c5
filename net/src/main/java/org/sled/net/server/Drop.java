package org.sled.net.server;

/** Why the transport turned a client away by itself, for counters. */
public enum Drop {
  /** All connections were in use. */
  CONNECTIONS,
  /** Frames that had come in part held all the memory that there is for them. */
  PARTIAL_FRAMES,
  /** A frame, or HELLO, did not come whole in time. */
  LATE,
  /** No connection could be accepted for a while: no descriptors were left. */
  DESCRIPTORS
}
