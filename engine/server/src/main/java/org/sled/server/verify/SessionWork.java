package org.sled.server.verify;

import org.agrona.concurrent.NanoClock;
import org.sled.core.cost.WorkKind;
import org.sled.core.schedule.SessionBook;
import org.sled.core.schedule.WorkQueue;
import org.sled.net.protocol.FinishReason;
import org.sled.net.round.RoundDecision;
import org.sled.net.round.RoundRules;
import org.sled.server.kv.KvAllocator;
import org.sled.server.session.ServerSession;

/**
 * What each session wants next: the verdict on its oldest waiting block, or a token of the target's
 * own; and which rows the engine has to compute for that. Blocks that need no computing, duplicates
 * among them, are answered here. Verifier thread only; allocates nothing.
 */
final class SessionWork {
  private static final long NANOS_PER_MICRO = 1_000;

  private final WorkQueue queue;
  private final KvAllocator kv;
  private final SessionBook book;
  private final RoundRules rules;
  private final Quarantine quarantine;
  private final Replies replies;
  private final NanoClock clock;

  SessionWork(
      WorkQueue queue,
      KvAllocator kv,
      SessionBook book,
      RoundRules rules,
      Quarantine quarantine,
      Replies replies,
      NanoClock clock) {
    this.queue = queue;
    this.kv = kv;
    this.book = book;
    this.rules = rules;
    this.quarantine = quarantine;
    this.replies = replies;
    this.clock = clock;
  }

  /** Decides the session's waiting blocks until one must be computed; then its push. */
  void advance(ServerSession session) {
    while (session.wants == ServerSession.Wants.NOTHING && session.nextBlock()) {
      RoundDecision decision = rules.decide(session, session.block);
      if (decision == RoundDecision.VERIFY) {
        book.arrived(session.number, session.decodedNanos);
        int slackMicros = session.block.playbackSlackMicros();
        if (slackMicros > 0) {
          book.due(session.number, session.decodedNanos + slackMicros * NANOS_PER_MICRO);
        }
        want(session, ServerSession.Wants.VERDICT);
        return;
      }
      answerAtOnce(session, decision);
      session.releaseBlock();
    }
    if (session.wants == ServerSession.Wants.NOTHING
        && session.pushCredit > 0
        && session.finishReason() == FinishReason.NONE) {
      session.decodedNanos = session.pushDecodedNanos;
      want(session, ServerSession.Wants.PUSHED_TOKEN);
    }
    if (session.wants == ServerSession.Wants.NOTHING) {
      kv.release(session);
    }
  }

  private void answerAtOnce(ServerSession session, RoundDecision decision) {
    int round = session.block.round();
    switch (decision) {
      case ANSWER_AGAIN -> {
        replies.repeated(session);
        session.answered(round);
      }
      case STALE, FINISHED -> {
        replies.stale(session);
        session.answered(round);
      }
      case IGNORE_LATE -> {}
      default ->
          replies.error(
              session,
              round,
              decision.errorCode(),
              "block of round "
                  + round
                  + " at position "
                  + session.block.kvOffset()
                  + " with "
                  + session.block.draftCount()
                  + " drafts; "
                  + session.committedLength()
                  + " tokens are committed");
    }
  }

  /** The session gets into the work queue, now or when there is a sequence for it. */
  void want(ServerSession session, ServerSession.Wants wanted) {
    session.wants = wanted;
    if (kv.allocate(session)) {
      enqueue(session);
    }
  }

  /** Puts what the session wants into the work queue: first the K/V that it lacks. */
  void enqueue(ServerSession session) {
    int missing = session.missingRows();
    WorkKind kind = WorkKind.PREFILL;
    int rows = missing;
    switch (session.wants) {
      // The prompt's last token is the row that gives the first new one.
      case FIRST_TOKEN -> rows = missing + 1;
      case VERDICT -> {
        if (missing == 0) {
          kind = WorkKind.BLOCK;
          rows = 1 + session.block.draftCount();
        }
      }
      case PUSHED_TOKEN -> {
        if (missing == 0) {
          kind = WorkKind.PUSH;
          rows = 1;
        }
      }
      case NOTHING -> throw new IllegalStateException("nothing to enqueue");
    }
    queue.add(session.number, session.tenant, kind, rows, session.cached, session.decodedNanos);
  }

  /** The device wants to draft again: the server goes on no longer, and says so. */
  void stopPush(ServerSession session) {
    session.pushCredit = 0;
    if (session.pushes()) {
      withdraw(session);
    }
    replies.tookBack(session, clock.nanoTime());
    if (session.finishReason() == FinishReason.NONE) {
      book.started(session.number, clock.nanoTime());
    }
    advance(session);
  }

  /** What it wants is not computed any more. */
  void withdraw(ServerSession session) {
    queue.remove(session.number);
    kv.stopWaiting(session);
    session.wants = ServerSession.Wants.NOTHING;
    kv.release(session);
    quarantine.clear(session);
  }
}
