package org.sled.device.session;

import org.sled.core.draft.DraftLengthPolicy;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftChain;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.link.SessionLink;
import org.sled.device.stream.TokenHistory;
import org.sled.jni.SledException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the draft model does for one generation, and how long that takes: it catches up with what is
 * committed, a chunk at a time, and drafts, a token at a time, so that its thread can look at what
 * the server says in between. Where it cannot draft (any more), it is off.
 *
 * <p>Belongs to the draft thread.
 */
final class DraftWork {
  private static final Logger LOG = LoggerFactory.getLogger(DraftWork.class);

  private final SessionLink link;
  private final BlockDrafter drafter; // null: never drafts
  private final DraftLengthPolicy policy;
  private final TokenHistory history;
  private final DraftChain chain;
  private final CommittedTokens tokens;

  private boolean on;
  private int tokensBehind = Integer.MAX_VALUE / 2; // that the server made since the newest draft

  // The block at work.
  private long draftNanos; // that its drafts took, and the guess before them
  private int draftedTokens; // in that time
  private long startNanos; // when the first of them was begun; 0: none was

  /**
   * Creates it.
   *
   * @param drafter null for none
   * @param on whether drafts are wanted at all
   */
  DraftWork(
      SessionLink link,
      BlockDrafter drafter,
      DraftLengthPolicy policy,
      TokenHistory history,
      DraftChain chain,
      CommittedTokens tokens,
      boolean on) {
    this.link = link;
    this.drafter = drafter;
    this.policy = policy;
    this.history = history;
    this.chain = chain;
    this.tokens = tokens;
    this.on = on && drafter != null;
  }

  /** Whether it drafts, if that is wanted. */
  boolean isOn() {
    return on;
  }

  /** Drafts that there is room for behind C; less than 1, and it is off, if it cannot draft. */
  int room() {
    if (!on) {
      return 0;
    }
    int committed = history.committedLength();
    int room = drafter.room(committed);
    if (room < 1) {
      turnOff("the draft model's context is full at " + committed + " tokens");
    } else if (!drafter.takesDueTokens(history)) {
      turnOff("the draft model does not have all of the target's tokens");
    }
    return on ? room : 0;
  }

  /** Whether there will be something to draft as soon as the server has gone on by a token. */
  boolean hasProposal() {
    return drafter.hasProposal(history, history.committedLength());
  }

  // ---------------------------------------------------------------- catching up

  /**
   * Whether the server should go on alone while the draft model catches up: for longer than a
   * change from that to drafting takes, which is a round trip.
   */
  boolean isBehind() {
    long most = Math.min(ModelBlockDrafter.CHUNK_NANOS, Math.max(0, link.roundTripNanos()));
    return on && drafter.dueNanos(history) > most;
  }

  /** Whether drafting can begin at once, or is worth what catching up takes before. */
  boolean isWorthCatchingUp() {
    return !isBehind() || policy.worthCatchingUp(drafter.dueNanos(history), tokens.remaining());
  }

  /** Works on a chunk of what is committed; false if there was nothing to do, or it failed. */
  boolean catchUp() {
    if (!on) {
      return false;
    }
    try {
      return drafter.prefillChunk(history);
    } catch (SledException e) {
      turnOff("the draft model failed: " + e.getMessage());
      return false;
    }
  }

  /** Catches up as far as is needed to draft, or until there is news; whether it has. */
  boolean catchUpUntilNews() {
    while (isBehind()) {
      if (link.hasNews() || !catchUp()) {
        return false;
      }
    }
    return on && !link.hasNews();
  }

  // ---------------------------------------------------------------- drafting

  /** Drafts one token; false if there is none to be had, and it is off if it failed. */
  boolean draft() {
    if (!on || chain.hasEnded()) {
      return false;
    }
    // The time of a draft that computes many tokens along says little about those behind it.
    boolean isFarBehind = tokensBehind > ModelBlockDrafter.LEAST_CHUNK_TOKENS;
    while (isFarBehind && catchUp()) {
      // No more than a chunk, or drafting would not have begun.
    }
    if (!on) {
      return false;
    }
    long nowNanos = link.nanoTime();
    try {
      if (!chain.draft()) {
        return false;
      }
    } catch (SledException e) {
      tokens.dropDrafts();
      turnOff("the draft model failed: " + e.getMessage());
      return false;
    }
    long nanos = link.nanoTime() - nowNanos;
    policy.drafted(nanos, isFarBehind || tokensBehind <= 1);
    tokensBehind = 0;
    startNanos = startNanos == 0 ? nowNanos : startNanos;
    draftNanos += nanos;
    draftedTokens++;
    return true;
  }

  /** The server made a token that was not drafted. */
  void fellBehind() {
    tokensBehind++;
  }

  /** The next block is begun anew. */
  void forgetTimes() {
    startNanos = 0;
    draftNanos = 0;
    draftedTokens = 0;
  }

  /** When the first draft of the block at work was begun; 0: none was. */
  long startNanos() {
    return startNanos;
  }

  /** What the first drafts of the block at work took, and the guess before them. */
  long nanosOf(int drafts) {
    return draftedTokens <= drafts ? draftNanos : draftNanos * drafts / draftedTokens;
  }

  private void turnOff(String why) {
    LOG.warn("the server goes on alone: {}", why);
    on = false;
  }
}
