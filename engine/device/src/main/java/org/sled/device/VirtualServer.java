package org.sled.device;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import org.sled.core.BatchPlan;
import org.sled.core.DeadlineScheduler;
import org.sled.core.SchedulerLimits;
import org.sled.core.SessionBook;
import org.sled.core.SpeculationPrice;
import org.sled.core.StepCost;
import org.sled.core.StepForecast;
import org.sled.core.WorkKind;
import org.sled.core.WorkQueue;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
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
import org.sled.net.round.RoundRules;
import org.sled.net.round.SessionView;

/**
 * A server of one session, in virtual time, that knows beforehand what its target will say. It
 * decides with the classes that the daemon decides with: what a block means, what goes into a step,
 * what drafts cost; only the step itself is looked up. One thread.
 */
final class VirtualServer implements SessionView {
  /** As a daemon's by default. */
  private static final int STEP_ROWS = 512;

  /** Row counts that a daemon measures when it starts. */
  private static final int[] CALIBRATED_ROWS = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32};

  static final int MAX_DRAFT_TOKENS = 62;

  private static final int SESSION = 0;
  private static final long NANOS_PER_MICRO = 1_000;

  /** A frame or a message with the time at which it is there. */
  record Timed(long nanos, Object what) {}

  private final VirtualServing serving;
  private final int[] prompt;
  private final int[] text;
  private final RoundRules rules;
  private final SessionBook book = new SessionBook(1);
  private final StepCost cost = new StepCost();
  private final DeadlineScheduler scheduler;
  private final StepForecast forecast;
  private final SpeculationPrice price;
  private final WorkQueue queue = new WorkQueue(1);
  private final BatchPlan plan = new BatchPlan(1);
  private final CommittedAnswer repeated = new CommittedAnswer();
  private final DraftFrame block = new DraftFrame();

  private final Deque<Timed> inbox = new ArrayDeque<>();
  private final Deque<Timed> waiting = new ArrayDeque<>(); // blocks
  private final Deque<Timed> answers = new ArrayDeque<>();

  private long nowNanos;
  private long wakeNanos = BatchPlan.NO_WAKE;

  // The session.
  private Open open;
  private int committedLength;
  private FinishReason finishReason = FinishReason.NONE;
  private int lastRound;
  private int pushCredit;
  private long pushNanos; // when its newest credit came, or its newest token
  private WorkKind wants; // null: nothing
  private long wantedNanos; // since when
  private ByteBuf blockFrame;

  // The step at work.
  private boolean computing;
  private long stepBeginNanos;
  private long stepEndNanos;
  private long waitEndNanos; // until when its session waited
  private int rowsLooked;

  /**
   * Creates a server.
   *
   * @param text what the target says behind the prompt
   */
  VirtualServer(
      VirtualServing serving, int vocabularySize, int contextTokens, int[] prompt, int[] text) {
    this.serving = serving;
    this.prompt = prompt;
    this.text = text;
    rules = new RoundRules(vocabularySize, contextTokens, MAX_DRAFT_TOKENS);
    boolean exact = serving.exactNumerics();
    scheduler =
        new DeadlineScheduler(
            1, new SchedulerLimits(STEP_ROWS, MAX_DRAFT_TOKENS + 1, exact, 1, 0), book, cost);
    forecast = new StepForecast(cost, 1, STEP_ROWS, exact);
    price = new SpeculationPrice(cost, STEP_ROWS, exact);
    for (int rows : CALIBRATED_ROWS) {
      cost.calibrate(rows, (double) serving.stepNanos().applyAsLong(rows));
    }
  }

  // ---------------------------------------------------------------- the session

  @Override
  public int epoch() {
    return open.epoch();
  }

  @Override
  public int committedLength() {
    return committedLength;
  }

  @Override
  public int committedToken(int position) {
    return position < prompt.length ? prompt[position] : text[position - prompt.length];
  }

  @Override
  public FinishReason finishReason() {
    return finishReason;
  }

  @Override
  public int lastRound() {
    return lastRound;
  }

  /** Adds the target's next token. */
  private int commit() {
    int token = text[committedLength - prompt.length];
    committedLength++;
    int given = committedLength - open.promptTokensTotal();
    if (open.maxTokens() > 0 && given >= open.maxTokens()) {
      finishReason = FinishReason.LENGTH;
    } else if (committedLength - prompt.length == text.length) {
      finishReason = FinishReason.STOP;
    }
    return token;
  }

  // ---------------------------------------------------------------- time

  /** A frame or a message arrives, behind those before it. */
  void receive(long nanos, Object what) {
    inbox.add(new Timed(nanos, what));
  }

  /** What it has said and nobody took yet, with the time at which it was sent. */
  Deque<Timed> answers() {
    return answers;
  }

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
    forecast.add(SESSION, plan.kind(0), plan.rows(0), committedLength - 1);
    computing = true;
    waitEndNanos = Math.max(waitEndNanos, stepEndNanos);
    stepBeginNanos = nowNanos + serving.overheadNanos() / 2;
    stepEndNanos = stepBeginNanos + serving.stepNanos().applyAsLong(plan.rows(0));
  }

  // ---------------------------------------------------------------- what comes

  private void handle(Timed arrival) {
    if (arrival.what() instanceof Open newOpen) {
      open = newOpen;
      committedLength = newOpen.promptTokensTotal(); // more than the prompt if it is a RESUME's
      book.opened(SESSION);
      want(WorkKind.PREFILL, committedLength, arrival.nanos());
    } else if (arrival.what() instanceof Push push) {
      onPush(push, arrival.nanos());
    } else {
      waiting.add(arrival);
      decide();
    }
  }

  private void onPush(Push push, long nanos) {
    if (push.credit() > 0) {
      pushCredit += push.credit();
      pushNanos = nanos;
      book.forget(SESSION);
      decide();
      return;
    }
    pushCredit = 0;
    if (wants == WorkKind.PUSH) {
      queue.remove(SESSION);
      wants = null;
    }
    answer(tokens(0, 0, 0, 0));
    book.started(SESSION, nowNanos);
  }

  private void want(WorkKind kind, int rows, long sinceNanos) {
    wants = kind;
    wantedNanos = sinceNanos;
    queue.add(SESSION, 0, kind, rows, 0, sinceNanos);
  }

  /** Decides waiting blocks until one has to be computed; then the push. */
  private void decide() {
    while (wants == null && !waiting.isEmpty()) {
      Timed arrival = waiting.poll();
      blockFrame = (ByteBuf) arrival.what();
      block.wrap(blockFrame);
      RoundDecision decision = rules.decide(this, block);
      if (decision == RoundDecision.VERIFY) {
        book.arrived(SESSION, arrival.nanos());
        want(WorkKind.BLOCK, 1 + block.draftCount(), arrival.nanos());
        return;
      }
      answerAtOnce(decision);
      blockFrame.release();
    }
    if (wants == null && pushCredit > 0 && finishReason == FinishReason.NONE) {
      want(WorkKind.PUSH, 1, pushNanos);
    }
  }

  private void answerAtOnce(RoundDecision decision) {
    switch (decision) {
      case ANSWER_AGAIN -> {
        repeated.compute(this, block);
        verdict(
            VerdictStatus.REPEATED,
            repeated.finishReason(),
            repeated.verified(),
            repeated.accepted(),
            repeated.nextToken(),
            repeated.committedLength());
      }
      case STALE, FINISHED ->
          verdict(VerdictStatus.STALE, finishReason, 0, 0, Protocol.NO_TOKEN, committedLength);
      case IGNORE_LATE -> {}
      default ->
          answer(
              ErrorMessage.ofSession(
                  open.session(), block.round(), decision.errorCode(), decision.toString()));
    }
  }

  // ---------------------------------------------------------------- steps

  private void finishStep() {
    queue.take(plan);
    int rows = plan.rows(0);
    long stepNanos = stepEndNanos - stepBeginNanos;
    forecast.observe(1, serving.exactNumerics() ? Math.max(2, rows) : rows, stepNanos);
    price.observe(forecast, (double) stepNanos, forecast.textSessions());
    price.set(1, book.acceptance());
    if (queue.size() > 0) {
      return; // a chunk of the prompt
    }
    WorkKind done = wants;
    wants = null;
    rowsLooked = rows;
    switch (done) {
      case PREFILL -> {
        int first = commit();
        book.started(SESSION, nowNanos);
        answer(
            new Opened(
                open.session(),
                open.epoch(),
                (float) price.draftSeconds(),
                (float) price.aloneSeconds(),
                price.commonDrafts(),
                queueMicros(),
                micros(stepNanos),
                micros(serving.overheadNanos()),
                committedLength,
                first,
                finishReason,
                StreamSecret.NONE));
      }
      case BLOCK -> verify(rows - 1);
      case PUSH -> {
        int token = commit();
        pushCredit--;
        ByteBuf frame = tokens(queueMicros(), micros(stepNanos), rows, 1);
        frame.writeIntLE(token);
        answer(frame);
        pushNanos = nowNanos;
      }
    }
    decide();
  }

  private void verify(int granted) {
    int accepted = 0;
    int token = commit();
    while (accepted < granted
        && block.draft(accepted) == token
        && finishReason == FinishReason.NONE) {
      accepted++;
      token = commit();
    }
    boolean wrong = accepted < granted && block.draft(accepted) != token;
    int verified = accepted + (wrong ? 1 : 0);
    verdict(VerdictStatus.VERIFIED, finishReason, verified, accepted, token, committedLength);
    book.answered(SESSION, 1 + granted, verified, accepted, nowNanos);
    blockFrame.release();
  }

  // ---------------------------------------------------------------- answers

  private void verdict(
      VerdictStatus status,
      FinishReason finish,
      int verified,
      int accepted,
      int next,
      int committed) {
    boolean computed = status == VerdictStatus.VERIFIED;
    lastRound = Math.max(lastRound, block.round());
    ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(VerdictFrame.BYTES);
    VerdictFrame.write(
        frame,
        open.session(),
        block.round(),
        open.epoch(),
        (float) price.draftSeconds(),
        (float) price.aloneSeconds(),
        price.commonDrafts(),
        computed ? queueMicros() : 0,
        computed ? micros(stepEndNanos - stepBeginNanos) : 0,
        status,
        finish,
        computed ? rowsLooked : 0,
        verified,
        accepted,
        next,
        committed);
    answer(frame);
  }

  /** A TOKENS without the newest tokens' ids, which are to follow. */
  private ByteBuf tokens(int queueMicros, int computeMicros, int rows, int count) {
    ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(TokensFrame.lengthBytes(count));
    TokensFrame.writeHead(
        frame,
        open.session(),
        open.epoch(),
        (float) price.draftSeconds(),
        (float) price.aloneSeconds(),
        price.commonDrafts(),
        queueMicros,
        computeMicros,
        finishReason,
        rows,
        committedLength - count,
        count);
    return frame;
  }

  private void answer(Object what) {
    if (what instanceof ByteBuf frame) {
      // What a connection does when it writes.
      frame.setIntLE(ServerTimes.OVERHEAD_MICROS_OFFSET, micros(serving.overheadNanos()));
    }
    answers.add(new Timed(nowNanos + serving.overheadNanos() / 2, what));
  }

  private int queueMicros() {
    return micros(Math.max(0, waitEndNanos - wantedNanos));
  }

  private static int micros(long nanos) {
    return (int) (nanos / NANOS_PER_MICRO);
  }

  /** Frees what nobody took. */
  void close() {
    inbox.forEach(VirtualServer::release);
    waiting.forEach(VirtualServer::release);
    answers.forEach(VirtualServer::release);
    if (wants == WorkKind.BLOCK) {
      blockFrame.release();
    }
  }

  private static void release(Timed timed) {
    if (timed.what() instanceof ByteBuf frame) {
      frame.release();
    }
  }
}
