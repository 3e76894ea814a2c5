package org.sled.server;

import java.util.function.Consumer;
import org.sled.core.BatchPlan;
import org.sled.core.BatchScheduler;
import org.sled.core.WorkKind;
import org.sled.core.WorkQueue;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.TokenIds;
import org.sled.net.round.RoundDecision;
import org.sled.net.round.RoundRules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The verifier thread: drain the inbox, plan a step, compute it, reply; over and over. It alone
 * calls the target's context.
 *
 * <p>Decisions are made elsewhere: what a block means by {@link RoundRules}, what goes into a step
 * by a {@link BatchScheduler}. This loop carries. Per round it allocates nothing on the Java heap.
 */
final class Verifier implements Runnable {
  /** When to try again after all sessions were taken: about the time of a short answer. */
  static final int BUSY_RETRY_MILLIS = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);

  private final TargetEngine engine;
  private final VerifierInbox inbox;
  private final BatchScheduler scheduler;
  private final RoundRules rules;
  private final ServerStats stats;
  private final Consumer<Throwable> onDeath;

  private final WorkQueue queue;
  private final BatchPlan plan;
  private final ServerSession[] sessions; // by sequence
  private final VerifySlots slots;
  private final StepStats stepStats = new StepStats();
  private final Replies replies;
  private final Consumer<Command> handler = this::handle;

  /**
   * Sessions of a failed step that have not given a token since. They are computed one by one, to
   * find the one that fails.
   */
  private int suspects;

  /** When the engine was done with its last step. */
  private long stepEndNanos = System.nanoTime();

  /** When the loop last came round: also while it is idle, since its sleep is short. */
  private volatile long turnNanos = System.nanoTime();

  private volatile boolean stopped;

  /**
   * Creates the loop; run it on a thread of its own, which then owns the engine.
   *
   * @param sessionCount sequences that the engine has
   * @param onDeath is told what ended the loop, if not {@link #stop}
   */
  Verifier(
      TargetEngine engine,
      int sessionCount,
      VerifierInbox inbox,
      BatchScheduler scheduler,
      RoundRules rules,
      ServerStats stats,
      Consumer<Throwable> onDeath) {
    this.engine = engine;
    this.inbox = inbox;
    this.scheduler = scheduler;
    this.rules = rules;
    this.stats = stats;
    this.onDeath = onDeath;
    queue = new WorkQueue(sessionCount);
    plan = new BatchPlan(sessionCount);
    sessions = new ServerSession[sessionCount];
    slots = new VerifySlots(sessionCount);
    replies = new Replies(sessionCount);
  }

  /** Ends the loop after the step that it computes; any thread. */
  void stop() {
    stopped = true;
    inbox.wake();
  }

  /** When the loop last came round, {@link System#nanoTime}; any thread. */
  long turnNanos() {
    return turnNanos;
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        turnNanos = System.nanoTime();
        int handled = inbox.drain(handler);
        if (scheduler.plan(System.nanoTime(), queue, plan) > 0) {
          step();
        } else if (handled == 0) {
          inbox.sleep();
        }
      }
    } catch (Throwable e) {
      LOG.error("the verifier thread ends", e);
      onDeath.accept(e);
    } finally {
      inbox.abandon();
      freeEverything();
    }
  }

  private void freeEverything() {
    inbox.drain(this::discard);
    for (ServerSession session : sessions) {
      if (session != null) {
        session.closed();
        stats.sessionClosed();
      }
    }
    slots.close();
    replies.close();
    stepStats.close();
    engine.close();
  }

  private void discard(Command command) {
    if (command instanceof Command.VerifyBlock block) {
      block.draft().release();
    }
  }

  // ---------------------------------------------------------------- commands

  private void handle(Command command) {
    if (command instanceof Command.VerifyBlock block) {
      onBlock(block);
    } else if (command instanceof Command.PushTokens push) {
      onPush(push.session(), push.push(), push.decodedNanos());
    } else if (command instanceof Command.OpenSession open) {
      onOpen(open);
    } else if (command instanceof Command.CancelSession cancel) {
      onCancel(cancel.session(), cancel.epoch());
    } else if (command instanceof Command.CloseSession close) {
      onClose(close.session());
    } else if (command instanceof Command.Disconnect gone) {
      for (ServerSession session : sessions) {
        if (session != null && session.connection == gone.connection()) {
          free(session);
        }
      }
    }
  }

  private void onOpen(Command.OpenSession command) {
    ServerSession session = command.session();
    if (session.connection.isClosed()) {
      session.closed(); // its Disconnect may have come before: nobody would free the sequence
      return;
    }
    TokenIds prompt = command.prompt();
    Open open = command.open();
    int sequence;
    try {
      sequence =
          engine.openSession(
              prompt, open.maxTokens(), open.ignoresEndOfGeneration(), open.sampling());
    } catch (SledException e) {
      session.closed();
      if (e.status() == SledStatus.NO_SEQUENCE) {
        stats.busy();
        replies.busy(
            session,
            0,
            BUSY_RETRY_MILLIS,
            "all " + sessions.length + " sessions of this server are taken");
      } else {
        replies.error(session, 0, errorCodeOf(e.status()), e.getMessage());
      }
      return;
    }
    session.opened(sequence, prompt.count(), prompt.id(prompt.count() - 1));
    session.decodedNanos = command.decodedNanos();
    session.wants = ServerSession.Wants.FIRST_TOKEN;
    sessions[sequence] = session;
    stats.sessionOpened();
    enqueue(session);
  }

  private static ErrorCode errorCodeOf(SledStatus status) {
    return switch (status) {
      case TOKEN -> ErrorCode.TOKEN_RANGE;
      case CONTEXT_FULL -> ErrorCode.PROMPT_TOO_LONG;
      case ARGUMENT -> ErrorCode.MALFORMED;
      default -> ErrorCode.INTERNAL;
    };
  }

  private void onBlock(Command.VerifyBlock command) {
    ServerSession session = command.session();
    if (!session.isOpen()) {
      int round = FrameHeader.round(command.draft());
      command.draft().release();
      replies.error(session, round, ErrorCode.UNKNOWN_SESSION, "the session is not open");
      return;
    }
    if (!session.addWaiting(command.draft(), command.decodedNanos())) {
      int round = FrameHeader.round(command.draft());
      command.draft().release();
      replies.busy(
          session,
          round,
          BUSY_RETRY_MILLIS,
          "more than " + ServerSession.MAX_WAITING_BLOCKS + " blocks of the session wait");
      return;
    }
    advance(session);
  }

  private void onPush(ServerSession session, Push push, long decodedNanos) {
    if (!session.isOpen()) {
      replies.error(session, 0, ErrorCode.UNKNOWN_SESSION, "the session is not open");
    } else if (push.epoch() > session.epoch) {
      replies.error(session, 0, ErrorCode.EPOCH, "epoch " + push.epoch() + " was not opened");
    } else if (push.epoch() == session.epoch) {
      if (push.credit() == 0) {
        session.pushCredit = 0;
        return;
      }
      if (push.kvOffset() < 0 || push.kvOffset() >= session.committedLength()) {
        replies.error(
            session,
            0,
            ErrorCode.OFFSET,
            "PUSH at position " + push.kvOffset() + " of " + session.committedLength());
        return;
      }
      // More than the limit of an int is as good as the limit; so is a credit that reads negative.
      long credit = session.pushCredit + Integer.toUnsignedLong(push.credit());
      session.pushCredit = (int) Math.min(Integer.MAX_VALUE, credit);
      session.pushDecodedNanos = decodedNanos;
      advance(session);
    }
  }

  private void onCancel(ServerSession session, int epoch) {
    if (session.isOpen() && epoch == session.epoch) {
      session.pushCredit = 0;
      session.releaseBlocks();
      if (session.wants != ServerSession.Wants.FIRST_TOKEN) {
        queue.remove(session.sequence);
        session.wants = ServerSession.Wants.NOTHING;
        absolve(session); // nothing of it is computed any more
      }
    }
  }

  private void onClose(ServerSession session) {
    int committed = session.committedLength();
    if (session.isOpen()) {
      free(session);
    }
    session.connection.send(new Closed(session.id, session.epoch, committed));
  }

  private void free(ServerSession session) {
    absolve(session);
    queue.remove(session.sequence);
    sessions[session.sequence] = null;
    engine.closeSession(session.sequence);
    session.closed();
    stats.sessionClosed();
  }

  // ---------------------------------------------------------------- what a session wants next

  /** Decides the session's waiting blocks until one must be computed; then its push. */
  private void advance(ServerSession session) {
    while (session.wants == ServerSession.Wants.NOTHING && session.nextBlock()) {
      RoundDecision decision = rules.decide(session, session.block);
      if (decision == RoundDecision.VERIFY) {
        session.wants = ServerSession.Wants.VERDICT;
        enqueue(session);
        return;
      }
      answerAtOnce(session, decision);
      session.releaseBlock();
    }
    if (session.wants == ServerSession.Wants.NOTHING
        && session.pushCredit > 0
        && session.finishReason() == FinishReason.NONE) {
      session.wants = ServerSession.Wants.PUSHED_TOKEN;
      session.decodedNanos = session.pushDecodedNanos;
      enqueue(session);
    }
  }

  private void answerAtOnce(ServerSession session, RoundDecision decision) {
    int round = session.block.round();
    switch (decision) {
      case ANSWER_AGAIN -> {
        replies.repeated(session, stepEndNanos);
        session.answered(round);
      }
      case STALE, FINISHED -> {
        replies.stale(session, stepEndNanos);
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

  /** Puts what the session wants into the work queue: first the K/V that it lacks. */
  private void enqueue(ServerSession session) {
    int missing = session.missingRows();
    switch (session.wants) {
      case FIRST_TOKEN ->
          // The prompt's last token is the row that gives the first new one.
          queue.add(session.sequence, WorkKind.PREFILL, missing + 1, session.decodedNanos);
      case VERDICT -> {
        if (missing > 0) {
          queue.add(session.sequence, WorkKind.PREFILL, missing, session.decodedNanos);
        } else {
          int rows = 1 + session.block.draftCount();
          queue.add(session.sequence, WorkKind.BLOCK, rows, session.decodedNanos);
        }
      }
      case PUSHED_TOKEN -> {
        if (missing > 0) {
          queue.add(session.sequence, WorkKind.PREFILL, missing, session.decodedNanos);
        } else {
          queue.add(session.sequence, WorkKind.PUSH, 1, session.decodedNanos);
        }
      }
      case NOTHING -> throw new IllegalStateException("nothing to enqueue");
    }
  }

  // ---------------------------------------------------------------- steps

  private void step() {
    if (suspects > 0) {
      plan.truncate(1);
    }
    int count = plan.size();
    for (int i = 0; i < count; i++) {
      ServerSession session = sessions[plan.sequence(i)];
      boolean block = plan.kind(i) == WorkKind.BLOCK;
      slots.set(
          i,
          session.sequence,
          session.cached,
          block ? 1 : plan.rows(i),
          block ? session.block.draftCount() : 0,
          block ? session.block.rowsAddress() + Protocol.TOKEN_BYTES : 0);
    }
    long previousStepEndNanos = stepEndNanos;
    try {
      engine.step(slots, count, stepStats);
      stepEndNanos = System.nanoTime();
    } catch (SledException e) {
      onFailedStep(e, count);
      return;
    }
    queue.take(plan);
    replies.startStep(
        previousStepEndNanos,
        stepStats.decodeNanos() + stepStats.samplingNanos(),
        stepStats.rows());
    stats.step(stepStats);
    for (int i = 0; i < count; i++) {
      finishSlot(sessions[plan.sequence(i)], i);
    }
  }

  private void finishSlot(ServerSession session, int slot) {
    if (slots.status(slot) != SledStatus.OK.code()) {
      // Everything was checked before: a slot that the engine refuses is a mistake of this server.
      LOG.error("the engine refused a slot: {}", SledStatus.of(slots.status(slot)));
      fail(session, "the engine refused the block: " + SledStatus.of(slots.status(slot)));
      return;
    }
    int token = slots.nextToken(slot);
    if (token < 0) { // a prefill chunk
      session.cached += slots.leadCount(slot);
      boolean lastOfOldContext =
          session.wants != ServerSession.Wants.FIRST_TOKEN && session.missingRows() == 0;
      if (lastOfOldContext) {
        enqueue(session);
      }
      return;
    }
    absolve(session);
    session.commit(slots.committed(slot), token, FinishReason.byNumber(slots.finish(slot)));
    ServerSession.Wants wanted = session.wants;
    session.wants = ServerSession.Wants.NOTHING;
    switch (wanted) {
      case FIRST_TOKEN -> {
        stats.tokens(1);
        replies.opened(session);
      }
      case VERDICT -> {
        stats.round(session.block.draftCount(), slots.accepted(slot));
        replies.verdict(session, slots, slot);
        session.answered(session.block.round());
        session.releaseBlock();
      }
      case PUSHED_TOKEN -> {
        stats.tokens(1);
        session.pushCredit--;
        replies.pushed(session, token);
        session.pushDecodedNanos = System.nanoTime();
      }
      case NOTHING -> throw new IllegalStateException("a verdict for a session that wants nothing");
    }
    advance(session);
  }

  /**
   * A failed step took no effect, but the K/V of its sessions is gone. It is computed again, one
   * session at a time, so that one that cannot be computed does not take the others with it.
   */
  private void onFailedStep(SledException failure, int count) {
    LOG.error("a step of {} sessions failed: {}", count, failure.getMessage());
    if (failure.status() != SledStatus.DECODE) {
      throw failure;
    }
    for (int i = 0; i < count; i++) {
      ServerSession session = sessions[plan.sequence(i)];
      session.cached = engine.cachedTokens(session.sequence);
      queue.remove(session.sequence);
      if (count == 1) {
        fail(session, failure.getMessage());
      } else {
        if (!session.suspect) {
          session.suspect = true;
          suspects++;
        }
        enqueue(session);
      }
    }
    stepEndNanos = System.nanoTime();
  }

  private void absolve(ServerSession session) {
    if (session.suspect) {
      session.suspect = false;
      suspects--;
    }
  }

  private void fail(ServerSession session, String text) {
    int round = session.blockFrame == null ? 0 : session.block.round();
    replies.error(session, round, ErrorCode.INTERNAL, text);
    free(session);
  }
}
