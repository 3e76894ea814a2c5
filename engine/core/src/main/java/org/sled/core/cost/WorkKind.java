package org.sled.core.cost;

/** What a session wants of the next step. */
public enum WorkKind {
  /** A block to be verified: its parent and its drafts. Cannot be cut. */
  BLOCK,
  /** One token of the target's own, under a PUSH. Cannot be cut. */
  PUSH,
  /** Prompt tokens whose K/V is missing. Can be cut into chunks. */
  PREFILL
}
