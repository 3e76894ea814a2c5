package org.sled.device;

import org.sled.net.protocol.FinishReason;

/** Why a generation ended. */
public enum GenerationEnd {
  /** The target chose an end-of-generation token. */
  STOP,
  /** As many tokens as were asked for. */
  LENGTH,
  /** The server's context is full. */
  CONTEXT,
  /** {@link Generation#cancel} was called. */
  CANCELLED;

  /** What the wire calls it, or null for NONE. */
  static GenerationEnd of(FinishReason reason) {
    return switch (reason) {
      case NONE -> null;
      case STOP -> STOP;
      case LENGTH -> LENGTH;
      case CONTEXT_FULL -> CONTEXT;
    };
  }
}
