package org.sled.device;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import org.sled.core.BatchPlan;
import org.sled.core.DeadlineScheduler;
import org.sled.core.RowRule;
import org.sled.core.SchedulerLimits;
import org.sled.core.SessionBook;
import org.sled.core.SpeculationPrice;
import org.sled.core.StepCost;
import org.sled.core.StepForecast;
import org.sled.core.WorkKind;
import org.sled.core.WorkQueue;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.ServerTimes;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.round.CommittedAnswer;
import org.sled.net.round.RoundDecision;

/**
 * A server in virtual time that knows beforehand what its target will say. It decides with the
 * classes that the daemon decides with: what a block means, what goes into a step, what drafts
 * cost; only the step itself is looked up. Each session has a sequence of its own: nothing is
 * swapped, and no beginnings of prompts are shared. One thread at a time.
 */
final class VirtualServer {
  /** As a daemon's by default; of a prompt as many, where all row counts are exact. */
  private static final int STEP_ROWS = 512;

  /** As a daemon's by default. */
  private static final double PREFILL_SHARE = 1.75;

  /** Row counts that a daemon measures when it starts. */
  private static final int[] CALIBRATED_ROWS = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32};

  static final int MAX_DRAFT_TOKENS = 62;

  private static final long NANOS_PER_MICRO = 1_000;

  /** A frame or a message with the time at which it is there. */
  record Timed(long nanos, Object what) {}

  /** What is sent to it. */
  private record Arrival(long nanos, long number, VirtualSession session, Object what)
      implements Comparable<Arrival> {
    @Override
    public int compareTo(Arrival other) {
      int byTime = Long.compare(nanos, other.nanos);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  /** The device is gone. */
  private enum Leave {
    LEAVE
  }

  private final VirtualServing serving;
  private final int vocabularySize;
  private final RowRule rowRule;
  private final SessionBook book;
  private final StepCost cost = new StepCost();
  private final DeadlineScheduler scheduler;
  private final StepForecast forecast;
  private final SpeculationPrice price;
  private final VirtualPasses passes;
  private final WorkQueue queue;
  private final BatchPlan plan;
  private final CommittedAnswer repeated = new CommittedAnswer();

  private final VirtualSession[] sessions; // by number; null: free
  private final List<VirtualSession> all = new ArrayList<>();
  private final PriorityQueue<Arrival> inbox = new PriorityQueue<>();
  private long arrivals;

  private long nowNanos;
  private long wakeNanos = BatchPlan.NO_WAKE;

  // The step at work.
  private boolean computing;
  private long stepBeginNanos;
  private long stepEndNanos;
  private long waitEndNanos; // until when its sessions waited

  /**
   * Creates a server.
   *
   * @param capacity sessions at a time, at least 1
   */
  VirtualServer(VirtualServing serving, int capacity, int vocabularySize) {
    this.serving = serving;
    this.vocabularySize = vocabularySize;
    rowRule = new RowRule(serving.rowMultiple(), serving.rowLeast());
    sessions = new VirtualSession[capacity];
    book = new SessionBook(capacity);
    queue = new WorkQueue(capacity);
    plan = new BatchPlan(capacity);
    scheduler =
        new DeadlineScheduler(
            capacity,
            new SchedulerLimits(STEP_ROWS, STEP_ROWS, rowRule, PREFILL_SHARE, 0),
            book,
            cost);
    forecast = new StepForecast(cost, capacity, STEP_ROWS, rowRule);
    price = new SpeculationPrice(cost, STEP_ROWS, rowRule);
    passes = new VirtualPasses(serving, rowRule, STEP_ROWS, capacity);
    for (int rows : CALIBRATED_ROWS) {
      cost.calibrate(rows, (double) serving.passTime().nanos(1, rows));
    }
  }

  /**
   * A session of its own for a text; it begins when an OPEN or a RESUME is received for it.
   *
   * @param number 0 to below the capacity; whoever had it before has left by then
   * @param text what the target says behind the prompt
   */
  VirtualSession session(int number, int contextTokens, int[] prompt, int[] text) {
    VirtualSession session =
        new VirtualSession(number, vocabularySize, contextTokens, prompt, text);
    all.add(session);
    return session;
  }

  /** A frame or a message of a session arrives. */
  void receive(long nanos, VirtualSession session, Object what) {
    inbox.add(new Arrival(nanos, arrivals++, session, what));
  }

  /** The device will be gone then; nothing is answered any more. */
  void leave(long nanos, VirtualSession session) {
    session.abandon();
    receive(nanos, session, Leave.LEAVE);
  }

  // ---------------------------------------------------------------- time

  /**
   * Lets the next thing happen, if it does until then.
   *
   * @return whether something happened
   */
  boolean advance(long untilNanos) {
    if (computing) {
      if (stepEndNanos > untilNanos) {
        return false;
      }
      nowNanos = stepEndNanos;
      computing = false;
      finishStep();
      plan();
      return true;
    }
    long next = Math.min(wakeNanos, inbox.isEmpty() ? Long.MAX_VALUE : inbox.peek().nanos());
    if (next == Long.MAX_VALUE || next > untilNanos) {
      return false;
    }
    boolean waited = queue.size() > 0;
    nowNanos = Math.max(nowNanos, next);
    if (waited) {
      waitEndNanos = nowNanos;
    }
    plan();
    return true;
  }

  private void plan() {
    while (!inbox.isEmpty() && inbox.peek().nanos() <= nowNanos) {
      handle(inbox.poll());
    }
    wakeNanos = BatchPlan.NO_WAKE;
    if (scheduler.plan(nowNanos, queue, plan) == 0) {
      wakeNanos = queue.size() > 0 ? plan.wakeNanos() : BatchPlan.NO_WAKE;
      return;
    }
    forecast.clear();
    passes.clear();
    for (int i = 0; i < plan.size(); i++) {
      VirtualSession session = sessions[plan.session(i)];
      forecast.add(session.number, plan.kind(i), plan.rows(i), session.cached);
      int rows = plan.rows(i);
      passes.add(rows, plan.kind(i) == WorkKind.PREFILL ? Math.min(1, rows) : rows);
    }
    passes.arrange();
    computing = true;
    waitEndNanos = Math.max(waitEndNanos, stepEndNanos);
    stepBeginNanos = nowNanos + serving.overheadNanos() / 2;
    stepEndNanos = stepBeginNanos + passes.nanos();
  }

  // ---------------------------------------------------------------- what comes

  private void handle(Arrival arrival) {
    VirtualSession session = arrival.session();
    if (arrival.what() instanceof Open open) {
      if (sessions[session.number] != null) {
        throw new IllegalStateException("session " + session.number + " is open already");
      }
      sessions[session.number] = session;
      session.open(open);
      book.opened(session.number);
      want(session, WorkKind.PREFILL, session.committedLength(), arrival.nanos());
    } else if (sessions[session.number] != session) {
      release(arrival.what()); // it has left
    } else if (arrival.what() instanceof Push push) {
      onPush(session, push, arrival.nanos());
    } else if (arrival.what() == Leave.LEAVE) {
      sessions[session.number] = null;
      queue.remove(session.number);
      book.forget(session.number);
      session.release();
    } else {
      session.waiting.add(new Timed(arrival.nanos(), arrival.what()));
      decide(session);
    }
  }

  private void onPush(VirtualSession session, Push push, long nanos) {
    if (push.credit() > 0) {
      session.pushCredit += push.credit();
      session.pushNanos = nanos;
      book.forget(session.number);
      decide(session);
      return;
    }
    session.pushCredit = 0;
    if (session.wants == WorkKind.PUSH) {
      queue.remove(session.number);
      session.wants = null;
    }
    answer(session, tokens(session, 0, 0, 0, 0));
    book.started(session.number, nowNanos);
  }

  private void want(VirtualSession session, WorkKind kind, int rows, long sinceNanos) {
    session.wants = kind;
    session.wantedNanos = sinceNanos;
    queue.add(session.number, session.number, kind, rows, session.cached, sinceNanos);
  }

  /** Decides waiting blocks until one has to be computed; then the push. */
  private void decide(VirtualSession session) {
    while (session.wants == null && !session.waiting.isEmpty()) {
      Timed arrival = session.waiting.poll();
      session.blockFrame = (ByteBuf) arrival.what();
      session.block.wrap(session.blockFrame);
      RoundDecision decision = session.decide();
      if (decision == RoundDecision.VERIFY) {
        book.arrived(session.number, arrival.nanos());
        want(session, WorkKind.BLOCK, 1 + session.block.draftCount(), arrival.nanos());
        return;
      }
      answerAtOnce(session, decision);
      session.blockFrame.release();
    }
    if (session.wants == null && session.pushCredit > 0 && !session.isFinished()) {
      want(session, WorkKind.PUSH, 1, session.pushNanos);
    }
  }

  private void answerAtOnce(VirtualSession session, RoundDecision decision) {
    switch (decision) {
      case ANSWER_AGAIN -> {
        repeated.compute(session, session.block);
        verdict(
            session,
            VerdictStatus.REPEATED,
            repeated.verified(),
            repeated.accepted(),
            repeated.nextToken(),
            repeated.committedLength());
      }
      case STALE, FINISHED ->
          verdict(session, VerdictStatus.STALE, 0, 0, Protocol.NO_TOKEN, session.committedLength());
      case IGNORE_LATE -> {}
      default ->
          answer(
              session,
              ErrorMessage.ofSession(
                  session.id(), session.block.round(), decision.errorCode(), decision.toString()));
    }
  }

  // ---------------------------------------------------------------- steps

  private void finishStep() {
    int working = queue.size();
    queue.take(plan);
    long stepNanos = stepEndNanos - stepBeginNanos;
    forecast.observe(passes.count(), passes.rows(), stepNanos);
    int awaited = book.awaitedCount(stepBeginNanos);
    int reading = forecast.textSessions() + queue.size() - queue.prompts() + awaited;
    price.observe(forecast, (double) stepNanos, reading);
    price.set(working + awaited, book.acceptance());
    for (int i = 0; i < plan.size(); i++) {
      finishSlot(sessions[plan.session(i)], plan.rows(i));
    }
  }

  private void finishSlot(VirtualSession session, int rows) {
    long stepNanos = stepEndNanos - stepBeginNanos;
    WorkKind done = session.wants;
    if (done == WorkKind.PREFILL) {
      session.cached += rows;
      if (session.cached < session.committedLength()) {
        return; // a chunk of the prompt
      }
    }
    session.wants = null;
    switch (done) {
      case PREFILL -> {
        int first = session.commit();
        book.started(session.number, nowNanos);
        answer(
            session,
            new Opened(
                session.id(),
                session.epoch(),
                (float) price.draftSeconds(),
                (float) price.aloneSeconds(),
                price.commonDrafts(),
                queueMicros(session),
                micros(stepNanos),
                micros(serving.overheadNanos()),
                session.committedLength(),
                first,
                session.finishReason(),
                StreamSecret.NONE));
      }
      case BLOCK -> verify(session, rows - 1);
      case PUSH -> {
        int token = session.commit();
        session.cached++;
        session.pushCredit--;
        ByteBuf frame =
            tokens(session, queueMicros(session), micros(stepNanos), plan.totalRows(), 1);
        frame.writeIntLE(token);
        answer(session, frame);
        session.pushNanos = nowNanos;
      }
    }
    decide(session);
  }

  private void verify(VirtualSession session, int granted) {
    int accepted = 0;
    int token = session.commit();
    while (accepted < granted && session.block.draft(accepted) == token && !session.isFinished()) {
      accepted++;
      token = session.commit();
    }
    session.cached += accepted + 1;
    boolean wrong = accepted < granted && session.block.draft(accepted) != token;
    int verified = accepted + (wrong ? 1 : 0);
    verdict(session, VerdictStatus.VERIFIED, verified, accepted, token, session.committedLength());
    book.answered(session.number, 1 + granted, verified, accepted, nowNanos);
    session.blockFrame.release();
  }

  // ---------------------------------------------------------------- answers

  private void verdict(
      VirtualSession session,
      VerdictStatus status,
      int verified,
      int accepted,
      int next,
      int committed) {
    boolean computed = status == VerdictStatus.VERIFIED;
    session.answered(session.block.round());
    ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(VerdictFrame.BYTES);
    VerdictFrame.write(
        frame,
        session.id(),
        session.block.round(),
        session.epoch(),
        (float) price.draftSeconds(),
        (float) price.aloneSeconds(),
        price.commonDrafts(),
        computed ? queueMicros(session) : 0,
        computed ? micros(stepEndNanos - stepBeginNanos) : 0,
        status,
        status == VerdictStatus.REPEATED ? repeated.finishReason() : session.finishReason(),
        computed ? plan.totalRows() : 0,
        verified,
        accepted,
        next,
        committed);
    answer(session, frame);
  }

  /** A TOKENS without the newest tokens' ids, which are to follow. */
  private ByteBuf tokens(
      VirtualSession session, int queueMicros, int computeMicros, int rows, int count) {
    ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(TokensFrame.lengthBytes(count));
    TokensFrame.writeHead(
        frame,
        session.id(),
        session.epoch(),
        (float) price.draftSeconds(),
        (float) price.aloneSeconds(),
        price.commonDrafts(),
        queueMicros,
        computeMicros,
        session.finishReason(),
        rows,
        session.committedLength() - count,
        count);
    return frame;
  }

  private void answer(VirtualSession session, Object what) {
    if (what instanceof ByteBuf frame) {
      // What a connection does when it writes.
      frame.setIntLE(ServerTimes.OVERHEAD_MICROS_OFFSET, micros(serving.overheadNanos()));
    }
    session.say(new Timed(nowNanos + serving.overheadNanos() / 2, what));
  }

  private int queueMicros(VirtualSession session) {
    return micros(Math.max(0, waitEndNanos - session.wantedNanos));
  }

  private static int micros(long nanos) {
    return (int) (nanos / NANOS_PER_MICRO);
  }

  /** Frees what nobody took. */
  void close() {
    inbox.forEach(arrival -> release(arrival.what()));
    inbox.clear();
    all.forEach(VirtualSession::abandon);
    Arrays.stream(sessions).filter(session -> session != null).forEach(VirtualSession::release);
  }

  static void release(Object what) {
    if (what instanceof ByteBuf frame) {
      frame.release();
    }
  }
}
