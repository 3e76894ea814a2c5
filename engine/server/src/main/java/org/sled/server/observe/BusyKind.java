package org.sled.server.observe;

/** What there was no room for when a request was answered BUSY. */
public enum BusyKind {
  /** The server's sessions are taken, and the request did not or could not wait. */
  FULL("full"),
  /** The connection has as many sessions as it may have. */
  CONNECTION("connection"),
  /** As many blocks of the session wait as may. */
  BLOCKS("blocks"),
  /** Prompts that have come in part hold all of their memory. */
  PROMPTS("prompts"),
  /** The connection keeps closing sessions before their first tokens. */
  ABANDONED("abandoned"),
  /** The verifier's inbox is full. */
  INBOX("inbox");

  private final String word;

  BusyKind(String word) {
    this.word = word;
  }

  /** Its name in metrics. */
  String word() {
    return word;
  }
}
