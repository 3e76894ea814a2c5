package org.sled.device;

import org.sled.net.protocol.FinishReason;

/** Why a generation ended. */
public enum GenerationEnd {
  /** The target chose an end-of-generation token. */
  STOP("stop"),
  /** One of the request's stop strings is complete. */
  STOP_STRING("stop"),
  /** As many tokens as were asked for. */
  LENGTH("length"),
  /** The server's context is full. */
  CONTEXT("context"),
  /** {@link Generation#cancel} was called. */
  CANCELLED("cancelled");

  private final String word;

  GenerationEnd(String word) {
    this.word = word;
  }

  /** For reports: "stop", for whichever kind of stop, "length", "context" or "cancelled". */
  public String word() {
    return word;
  }

  /** What the wire calls it, or null for NONE. */
  public static GenerationEnd of(FinishReason reason) {
    return switch (reason) {
      case NONE -> null;
      case STOP -> STOP;
      case LENGTH -> LENGTH;
      case CONTEXT_FULL -> CONTEXT;
    };
  }
}
