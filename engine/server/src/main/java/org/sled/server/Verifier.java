package org.sled.server;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.sled.core.BatchPlan;
import org.sled.core.BatchScheduler;
import org.sled.core.KvLedger;
import org.sled.core.Scheduling;
import org.sled.core.SessionBook;
import org.sled.core.WorkKind;
import org.sled.core.WorkQueue;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.limit.LogLimit;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenIds;
import org.sled.net.round.RoundDecision;
import org.sled.net.round.RoundRules;
import org.sled.net.server.Connection;
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
  /** When to try again after more blocks than may wait: about the time of some steps. */
  private static final int BUSY_RETRY_MILLIS = 1_000;

  private static final long NANOS_PER_MICRO = 1_000;

  /** One failed step is logged in so long: each may be followed by the next. */
  private static final long FAILURE_PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);

  private final TargetEngine engine;
  private final VerifierInbox inbox;
  private final Scheduling scheduling;
  private final BatchScheduler scheduler;
  private final SessionBook book;
  private final RoundRules rules;
  private final ServerStats stats;
  private final Consumer<Throwable> onDeath;

  private final WorkQueue queue;
  private final BatchPlan plan;
  private final KvLedger ledger;
  private final KvKeeper keeper;
  private final Admission admission;
  private final TenantNumbers tenants = new TenantNumbers();
  private final AbandonedPrompts abandoned = new AbandonedPrompts();
  private final ReturningDevices returning;
  private final StepLessons lessons;
  private final VerifySlots slots;
  private final StepStats stepStats = new StepStats();
  private final Replies replies;
  private final StepMonitor monitor;
  private final Consumer<Command> handler = this::handle;
  private final Consumer<Connection> goneHandler = this::onGone;
  private final Consumer<ServerSession> resumed = this::enqueue;

  private final LogLimit failures = new LogLimit(1, FAILURE_PERIOD_NANOS);

  /**
   * Sessions of a failed step that have not given a token since. They are computed one by one, to
   * find the one that fails.
   */
  private int suspects;

  /** When the engine was done with its last step. */
  private long stepEndNanos = System.nanoTime();

  /** Until when the scheduler last waited for more work. */
  private long gatherEndNanos = stepEndNanos;

  /** When the loop last came round: also while it is idle, since its sleep is short. */
  private volatile long turnNanos = System.nanoTime();

  private volatile boolean draining;
  private volatile boolean stopped;

  /**
   * Creates the loop; run it on a thread of its own, which then owns the engine.
   *
   * @param target what the engine can do
   * @param waitingLimit sessions that may wait while all are taken
   * @param onDeath is told what ended the loop, if not {@link #stop}
   */
  Verifier(
      TargetEngine engine,
      TargetDescription target,
      int waitingLimit,
      VerifierInbox inbox,
      Scheduling scheduling,
      RoundRules rules,
      ServerStats stats,
      Consumer<Throwable> onDeath) {
    this.engine = engine;
    this.inbox = inbox;
    this.scheduling = scheduling;
    scheduler = scheduling.scheduler();
    book = scheduling.book();
    this.rules = rules;
    this.stats = stats;
    this.onDeath = onDeath;
    queue = new WorkQueue(target.sequences());
    plan = new BatchPlan(target.sequences());
    ledger =
        new KvLedger(
            target.sessionNumbers(),
            target.sequences(),
            target.contextTokens(),
            scheduling.hostBytes());
    keeper =
        new KvKeeper(engine, ledger, target.sessionNumbers(), scheduling.sharesPrefixes(), stats);
    returning = new ReturningDevices(book, target.sessionNumbers());
    lessons = new StepLessons(engine, target, book, scheduling.cost(), stats);
    slots = new VerifySlots(target.sequences());
    replies = new Replies(target.sequences());
    admission = new Admission(target.sessions(), waitingLimit, replies, stats);
    monitor = new StepMonitor(target.sequences());
  }

  /** Ends the loop after the step that it computes; any thread. */
  void stop() {
    stopped = true;
    inbox.wake();
  }

  /** Those who wait for a session get none here any more; any thread. */
  void drain() {
    draining = true;
    inbox.wake();
  }

  /** When the loop last came round, {@link System#nanoTime}; any thread. */
  long turnNanos() {
    return turnNanos;
  }

  /** What is being computed; any thread. */
  StepMonitor monitor() {
    return monitor;
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        if (!turn()) {
          countWaiting();
          countCells();
          inbox.sleep(plan.wakeNanos());
          gatherEndNanos = queue.size() > 0 ? System.nanoTime() : gatherEndNanos;
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

  /**
   * Comes round once: handles what has come in, and computes a step if there is one to compute.
   *
   * @return whether there was anything to do
   */
  boolean turn() {
    turnNanos = System.nanoTime();
    int handled = inbox.drain(handler) + inbox.drainGone(goneHandler);
    if (!admission.isEmpty()) {
      admit();
    }
    if (keeper.isAnybodyWaiting()) {
      keeper.resume(resumed);
    }
    if (scheduler.plan(System.nanoTime(), queue, plan) > 0) {
      step();
      return true;
    }
    monitor.idle(queue, keeper);
    return handled > 0;
  }

  private void freeEverything() {
    inbox.drain(this::discard);
    admission.sendAway(System.nanoTime());
    keeper.forEach(
        session -> {
          session.closed();
          stats.sessionClosed();
        });
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
    } else if (command instanceof Command.ResumeSession resume) {
      onResume(resume);
    } else if (command instanceof Command.CancelSession cancel) {
      onCancel(cancel.session(), cancel.epoch());
    } else if (command instanceof Command.CloseSession close) {
      onClose(close.session());
    }
  }

  /** A connection is gone, with all its sessions. */
  private void onGone(Connection connection) {
    keeper.forEach(
        session -> {
          if (session.connection == connection) {
            free(session);
          }
        });
    admission.gone(connection, System.nanoTime());
    abandoned.gone(connection);
    returning.gone(connection);
  }

  private void onOpen(Command.OpenSession command) {
    ServerSession session = command.session();
    session.askedNanos = command.decodedNanos();
    if (isGone(session)) {
      return;
    }
    int waitMillis = abandoned.waitMillis(session.connection, System.nanoTime());
    if (waitMillis > 0) {
      refuseAbandoner(session, waitMillis);
    } else if (admission.hasRoom(keeper.openCount())) {
      open(command);
    } else {
      admission.hold(command);
    }
  }

  private void refuseAbandoner(ServerSession session, int waitMillis) {
    session.closed();
    stats.busy(BusyKind.ABANDONED);
    replies.busy(
        session,
        0,
        waitMillis,
        "this connection has closed many sessions before their first tokens, and opens no more for"
            + " a while");
  }

  /** Those who wait get what has become free. */
  private void admit() {
    if (draining) {
      admission.sendAway(System.nanoTime());
    }
    Command.OpenSession next = admission.next(keeper.openCount(), System.nanoTime());
    while (next != null) {
      open(next);
      next = admission.next(keeper.openCount(), System.nanoTime());
    }
    admission.tell(System.nanoTime());
  }

  private void open(Command.OpenSession command) {
    ServerSession session = command.session();
    if (isGone(session)) {
      return;
    }
    try {
      keeper.open(session, command);
    } catch (SledException e) {
      session.closed();
      if (e.status() == SledStatus.NO_SEQUENCE) {
        admission.refuse(session);
      } else {
        replies.error(session, 0, errorCodeOf(e.status()), e.getMessage());
      }
      return;
    }
    session.tenant = tenants.opened(session.connection);
    returning.asked(session.number, session.connection, session.askedNanos);
    book.opened(session.number);
    session.decodedNanos = command.decodedNanos();
    session.openedNanos = System.nanoTime();
    stats.sessionOpened();
    want(session, ServerSession.Wants.FIRST_TOKEN);
  }

  /**
   * A stream without its tokens: where an earlier session has them, it is like an OPEN with them.
   */
  private void onResume(Command.ResumeSession command) {
    ServerSession session = command.session();
    Resume resume = command.resume();
    if (isGone(session)) {
      return;
    }
    if (!admission.hasRoom(keeper.openCount()) && !resume.open().waits()) {
      admission.refuse(session); // before it is looked for
      return;
    }
    TokenIds tokens =
        keeper.find(resume.secret(), resume.open().promptTokensTotal(), resume.digest());
    if (tokens == null) {
      session.closed();
      replies.error(
          session,
          0,
          ErrorCode.RESUME_TOKENS,
          "this stream is not here; send its tokens with the RESUME");
      return;
    }
    session.secret = resume.secret();
    onOpen(new Command.OpenSession(session, resume.open(), tokens, command.decodedNanos()));
  }

  /**
   * Whether nothing is to be begun for it: its connection is gone, whose end may have been handled
   * before, so that nobody would free it; or its CLOSE is in the inbox already.
   */
  private static boolean isGone(ServerSession session) {
    boolean gone = session.connection.isClosed() || session.isLeaving();
    if (gone) {
      session.closed();
    }
    return gone;
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
      stats.busy(BusyKind.BLOCKS);
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
        takeBack(session);
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
      book.forget(session.number);
      advance(session);
    }
  }

  /** The device wants to draft again: the server goes on no longer, and says so. */
  private void takeBack(ServerSession session) {
    session.pushCredit = 0;
    if (session.pushes()) {
      withdraw(session);
    }
    replies.tookBack(session);
    if (session.finishReason() == FinishReason.NONE) {
      book.started(session.number, System.nanoTime());
    }
    advance(session);
  }

  /** What it wants is not computed any more. */
  private void withdraw(ServerSession session) {
    queue.remove(session.number);
    keeper.forget(session);
    session.wants = ServerSession.Wants.NOTHING;
    keeper.rest(session);
    absolve(session);
  }

  private void onCancel(ServerSession session, int epoch) {
    if (!session.isOpen() && epoch == session.epoch) {
      admission.withdraw(session, System.nanoTime());
    } else if (session.isOpen() && epoch == session.epoch) {
      session.pushCredit = 0;
      session.releaseBlocks();
      book.forget(session.number);
      if (session.wants != ServerSession.Wants.FIRST_TOKEN) {
        withdraw(session);
      }
    }
  }

  private void onClose(ServerSession session) {
    int committed = session.committedLength();
    if (session.isOpen()) {
      if (session.wants == ServerSession.Wants.FIRST_TOKEN) {
        abandoned.abandoned(session.connection, System.nanoTime());
      }
      free(session);
    } else {
      admission.withdraw(session, System.nanoTime());
    }
    session.connection.send(new Closed(session.id, session.epoch, committed));
  }

  private void free(ServerSession session) {
    absolve(session);
    queue.remove(session.number);
    if (!returning.isAwaited(session.number)) {
      book.forget(session.number);
    }
    keeper.close(session);
    tenants.closed(session.connection);
    admission.ended(System.nanoTime() - session.openedNanos);
    session.closed();
    stats.sessionClosed();
  }

  // ---------------------------------------------------------------- what a session wants next

  /** Decides the session's waiting blocks until one must be computed; then its push. */
  private void advance(ServerSession session) {
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
      keeper.rest(session);
    }
  }

  /** The session gets into the work queue, now or when there is a sequence for it. */
  private void want(ServerSession session, ServerSession.Wants wanted) {
    session.wants = wanted;
    if (keeper.secure(session)) {
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

  // ---------------------------------------------------------------- steps

  private void step() {
    if (suspects > 0) {
      plan.truncate(1);
    }
    int count = plan.size();
    lessons.clear();
    for (int i = 0; i < count; i++) {
      ServerSession session = keeper.session(plan.session(i));
      boolean block = plan.kind(i) == WorkKind.BLOCK;
      slots.set(
          i,
          session.number,
          session.cached,
          block ? 1 : plan.rows(i),
          block ? plan.rows(i) - 1 : 0,
          block ? session.block.rowsAddress() + Protocol.TOKEN_BYTES : 0);
      if (plan.kind(i) == WorkKind.PUSH) {
        slots.allowGuesses(i, Math.min(session.pushCredit, ReplyBuffers.PUSHED_TOKENS) - 1);
      }
      monitor.slot(i, session, plan.kind(i), plan.rows(i));
      lessons.add(ledger.sequenceOf(session.number), plan.kind(i), plan.rows(i), session.cached);
    }
    countWaiting();
    long waitEndNanos = Math.max(stepEndNanos, gatherEndNanos);
    long beginNanos = monitor.begin(count);
    try {
      engine.step(slots, count, stepStats);
    } catch (SledException e) {
      onFailedStep(e, count);
      return;
    } finally {
      stepEndNanos = monitor.end();
    }
    int working = queue.size();
    queue.take(plan);
    lessons.computed(stepStats, waitEndNanos, beginNanos, plan, working, queue);
    replies.startStep(waitEndNanos, stepStats, lessons.price());
    for (int i = 0; i < count; i++) {
      ServerSession session = keeper.session(plan.session(i));
      if (plan.kind(i) == WorkKind.BLOCK || session.cached == 0) {
        stats.queueTime(beginNanos - session.decodedNanos);
      }
      finishSlot(session, i);
    }
    countCells();
  }

  private void countCells() {
    long retained = ledger.cellsRetained();
    stats.kvCells(ledger.cellsUsed() - retained, retained, ledger.cellsTotal());
  }

  /** What waits beside the planned step. */
  private void countWaiting() {
    int prompts = queue.prompts();
    int waiting = queue.size() - plan.size();
    for (int i = 0; i < plan.size(); i++) {
      prompts -= plan.kind(i) == WorkKind.PREFILL ? 1 : 0;
    }
    stats.queue(waiting - prompts, prompts);
  }

  private void finishSlot(ServerSession session, int slot) {
    if (slots.status(slot) != SledStatus.OK.code()) {
      // Everything was checked before: a slot that the engine refuses is a mistake of this server.
      String problem = "the engine refused a slot: " + SledStatus.of(slots.status(slot));
      logFailure(System.nanoTime(), problem);
      fail(session, problem);
      return;
    }
    int token = slots.nextToken(slot);
    stats.promptTokens(plan.kind(slot) == WorkKind.PREFILL ? slots.leadCount(slot) : 0);
    if (token < 0) { // a prefill chunk
      session.cached += slots.leadCount(slot);
      keeper.cached(session);
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
    keeper.cached(session);
    keeper.served(session, slots.accepted(slot) + 1);
    book.delivered(session.number, slots.accepted(slot) + 1, scheduling.tokenNanos(), stepEndNanos);
    switch (wanted) {
      case FIRST_TOKEN -> {
        stats.tokens(1);
        stats.firstToken(stepEndNanos - session.askedNanos);
        replies.opened(session);
        book.started(session.number, stepEndNanos);
      }
      case VERDICT -> {
        int drafted = session.block.draftCount();
        int granted = plan.rows(slot) - 1;
        stats.round(granted, slots.verified(slot), slots.accepted(slot));
        stats.trimmed(drafted - granted);
        replies.verdict(session, slots, slot);
        book.answered(
            session.number,
            plan.rows(slot),
            slots.verified(slot),
            slots.accepted(slot),
            stepEndNanos);
        session.answered(session.block.round());
        session.releaseBlock();
      }
      case PUSHED_TOKEN -> {
        int count = slots.accepted(slot) + 1;
        stats.tokens(count);
        session.pushCredit -= count;
        replies.pushed(session, engine, count);
        session.pushDecodedNanos = System.nanoTime();
      }
      case NOTHING -> throw new IllegalStateException("a verdict for a session that wants nothing");
    }
    if (session.finishReason() != FinishReason.NONE) {
      returning.ended(session.number, session.connection, stepEndNanos);
    }
    advance(session);
  }

  /**
   * A failed step took no effect, but the K/V of its sessions may be gone. It is computed again,
   * one session at a time, so that one that cannot be computed does not take the others with it.
   */
  private void onFailedStep(SledException failure, int count) {
    if (failure.status() != SledStatus.DECODE && failure.status() != SledStatus.MEMORY) {
      throw failure;
    }
    logFailure(stepEndNanos, "a step of " + count + " sessions failed: " + failure.getMessage());
    for (int i = 0; i < count; i++) {
      ServerSession session = keeper.session(plan.session(i));
      session.cached = engine.cachedTokens(session.number);
      keeper.cached(session);
      queue.remove(session.number);
      if (count == 1 && session.suspect) {
        fail(session, failure.getMessage());
      } else {
        if (!session.suspect) {
          session.suspect = true;
          suspects++;
        }
        enqueue(session);
      }
    }
  }

  private void logFailure(long nowNanos, String text) {
    long leftOut = failures.admit(nowNanos);
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.error("{}{}", text, LogLimit.more(leftOut));
    }
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
