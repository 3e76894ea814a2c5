package org.sled.server.verify;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.agrona.concurrent.CachedNanoClock;
import org.agrona.concurrent.NanoClock;
import org.sled.core.cost.WorkKind;
import org.sled.core.kv.KvLedger;
import org.sled.core.schedule.BatchPlan;
import org.sled.core.schedule.BatchScheduler;
import org.sled.core.schedule.Scheduling;
import org.sled.core.schedule.SessionBook;
import org.sled.core.schedule.WorkQueue;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.limit.LogLimit;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Protocol;
import org.sled.net.round.RoundRules;
import org.sled.net.server.Connection;
import org.sled.server.kv.KvAllocator;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;
import org.sled.server.target.TargetDescription;
import org.sled.server.target.TargetEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's duty cycle: handle what has come in, plan a step, compute it, reply. Whoever owns it
 * calls {@link #doWork} in a loop, on one thread: a daemon's {@link VerifierThread}, or a
 * simulation with a clock and an engine of its own. It alone calls the target's engine.
 *
 * <p>Decisions are made elsewhere: what a block means by {@link RoundRules}, what goes into a step
 * by a {@link BatchScheduler}. Per round it allocates nothing on the Java heap.
 */
public final class Verifier implements AutoCloseable {
  /** One failed step is logged in so long: each may be followed by the next. */
  private static final long FAILURE_PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);

  private final TargetEngine engine;
  private final VerifierInbox inbox;
  private final Scheduling scheduling;
  private final BatchScheduler scheduler;
  private final SessionBook book;
  private final ServerStats stats;

  private final NanoClock stepClock;
  private final CachedNanoClock clock = new CachedNanoClock(); // of stepClock, when last looked at
  private final WorkQueue queue;
  private final BatchPlan plan;
  private final KvLedger ledger;
  private final KvAllocator kv;
  private final Quarantine quarantine = new Quarantine();
  private final ArrivalPredictor returning;
  private final Replies replies;
  private final SessionWork work;
  private final SessionRequests requests;
  private final CostModelUpdater lessons;
  private final StepMonitor monitor;
  private final VerifySlots slots;
  private final StepStats stepStats = new StepStats();
  private final Consumer<Command> handler;
  private final Consumer<Connection> goneHandler;
  private final Consumer<ServerSession> resumed;

  private final LogLimit failures = new LogLimit(1, FAILURE_PERIOD_NANOS);

  /** When the engine was done with its last step. */
  private long stepEndNanos;

  /** Until when the scheduler last waited for more work. */
  private long gatherEndNanos;

  private boolean isGathering; // work was there at the last turn, and the scheduler waited

  /**
   * Creates it.
   *
   * @param engine its own from now on
   * @param target what the engine can do
   * @param waitingLimit sessions that may wait while all are taken
   * @param stepClock when a step begins and ends
   */
  public Verifier(
      TargetEngine engine,
      TargetDescription target,
      int waitingLimit,
      VerifierInbox inbox,
      Scheduling scheduling,
      RoundRules rules,
      ServerStats stats,
      NanoClock stepClock) {
    this.engine = engine;
    this.inbox = inbox;
    this.scheduling = scheduling;
    scheduler = scheduling.scheduler();
    book = scheduling.book();
    this.stats = stats;
    this.stepClock = stepClock;
    queue = new WorkQueue(target.sequences());
    plan = new BatchPlan(target.sequences());
    ledger =
        new KvLedger(
            target.sessionNumbers(),
            target.sequences(),
            target.contextTokens(),
            scheduling.hostBytes());
    kv =
        new KvAllocator(
            engine, ledger, target.sessionNumbers(), scheduling.sharesPrefixes(), stats);
    returning = new ArrivalPredictor(book, target.sessionNumbers());
    lessons = new CostModelUpdater(engine, target, book, scheduling.cost(), stats);
    slots = new VerifySlots(target.sequences());
    replies = new Replies(target.sequences());
    work = new SessionWork(queue, kv, book, rules, quarantine, replies, clock);
    requests =
        new SessionRequests(
            queue,
            kv,
            book,
            work,
            quarantine,
            new Admission(target.sessions(), waitingLimit, replies, stats),
            returning,
            replies,
            stats,
            clock);
    monitor = new StepMonitor(target.sequences(), stepClock);
    handler = requests::handle;
    goneHandler = requests::onGone;
    resumed = work::enqueue;
    clock.update(stepClock.nanoTime());
    stepEndNanos = clock.nanoTime();
    gatherEndNanos = stepEndNanos;
  }

  /** Those who wait for a session get none here any more; any thread. */
  void drain() {
    requests.drain();
  }

  /** What is being computed; any thread. */
  public StepMonitor monitor() {
    return monitor;
  }

  /**
   * Comes round once: handles what has come in, and computes a step if there is one to compute.
   *
   * @param nowNanos the time, on the clock of the steps
   * @return how many things were done; 0: there is nothing to do before {@link #wakeNanos}, unless
   *     something comes in
   */
  public int doWork(long nowNanos) {
    clock.update(nowNanos);
    gatherEndNanos = isGathering ? nowNanos : gatherEndNanos;
    isGathering = false;
    int done = inbox.drain(handler) + inbox.drainGone(goneHandler);
    if (done > 0) {
      clock.update(stepClock.nanoTime()); // what has come in came after nowNanos, maybe
    }
    requests.admit();
    if (kv.isAnybodyWaiting()) {
      kv.allocateWaiting(resumed);
    }
    if (scheduler.plan(clock.nanoTime(), queue, plan) > 0) {
      step();
      return done + 1;
    }
    monitor.idle(queue, kv);
    if (done == 0) {
      isGathering = queue.size() > 0;
      countWaiting();
      countCells();
    }
    return done;
  }

  /** When to come round again if nothing comes in; {@link BatchPlan#NO_WAKE}: no need to. */
  public long wakeNanos() {
    return plan.wakeNanos();
  }

  /** Ends all sessions and frees the engine. */
  @Override
  public void close() {
    inbox.drain(Verifier::discard);
    requests.close();
    slots.close();
    replies.close();
    stepStats.close();
    engine.close();
  }

  private static void discard(Command command) {
    if (command instanceof Command.VerifyBlock block) {
      block.draft().release();
    }
  }

  private void step() {
    if (!quarantine.isEmpty()) {
      plan.truncate(1);
    }
    int count = plan.size();
    lessons.clear();
    for (int i = 0; i < count; i++) {
      ServerSession session = kv.session(plan.session(i));
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
      clock.update(stepEndNanos);
      replies.stepEnded(stepEndNanos);
    }
    int working = queue.size();
    queue.take(plan);
    lessons.computed(stepStats, waitEndNanos, beginNanos, plan, working, queue);
    replies.startStep(waitEndNanos, stepStats, lessons.price());
    for (int i = 0; i < count; i++) {
      ServerSession session = kv.session(plan.session(i));
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
      logFailure(stepEndNanos, problem);
      fail(session, problem);
      return;
    }
    int token = slots.nextToken(slot);
    stats.promptTokens(plan.kind(slot) == WorkKind.PREFILL ? slots.leadCount(slot) : 0);
    if (token < 0) { // a prefill chunk
      session.cached += slots.leadCount(slot);
      kv.cached(session);
      boolean lastOfOldContext =
          session.wants != ServerSession.Wants.FIRST_TOKEN && session.missingRows() == 0;
      if (lastOfOldContext) {
        work.enqueue(session);
      }
      return;
    }
    quarantine.clear(session);
    session.commit(slots.committed(slot), token, FinishReason.byNumber(slots.finish(slot)));
    ServerSession.Wants wanted = session.wants;
    session.wants = ServerSession.Wants.NOTHING;
    kv.cached(session);
    kv.served(session, slots.accepted(slot) + 1);
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
        session.pushDecodedNanos = stepEndNanos;
      }
      case NOTHING -> throw new IllegalStateException("a verdict for a session that wants nothing");
    }
    if (session.finishReason() != FinishReason.NONE) {
      returning.ended(session.number, session.connection, stepEndNanos);
    }
    work.advance(session);
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
      ServerSession session = kv.session(plan.session(i));
      session.cached = engine.cachedTokens(session.number);
      kv.cached(session);
      queue.remove(session.number);
      if (count == 1 && session.isQuarantined) {
        fail(session, failure.getMessage());
      } else {
        quarantine.add(session);
        work.enqueue(session);
      }
    }
  }

  private void logFailure(long nowNanos, String text) {
    long leftOut = failures.admit(nowNanos);
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.error("{}{}", text, LogLimit.more(leftOut));
    }
  }

  private void fail(ServerSession session, String text) {
    int round = session.blockFrame == null ? 0 : session.block.round();
    replies.error(session, round, ErrorCode.INTERNAL, text);
    requests.free(session);
  }
}
