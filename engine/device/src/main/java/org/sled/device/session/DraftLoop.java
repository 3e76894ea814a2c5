package org.sled.device.session;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.sled.core.draft.BlockAnswer;
import org.sled.core.draft.DraftLengthPolicy;
import org.sled.device.ConnectionLostException;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.Outage;
import org.sled.device.RoundTimes;
import org.sled.device.ServerInfo;
import org.sled.device.SledClientException;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftChain;
import org.sled.device.draft.Drafting;
import org.sled.device.link.PushCredit;
import org.sled.device.link.Refusals;
import org.sled.device.link.ServerLink;
import org.sled.device.link.SessionLink;
import org.sled.device.stream.CancelledException;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.StopFinder;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.round.DeviceRounds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One generation, on its draft thread: open, then draft, send and commit, until it is finished.
 *
 * <p>It does not wait for a verdict while there is something worth drafting: drafts go on behind
 * the blocks in flight ({@link DraftChain}), and are sent ahead as far as the window allows. What
 * to do with a verdict is decided by {@link DeviceRounds}, how long a block may be by {@link
 * BlockLength}, how long it should be and how many pay by {@link DraftLengthPolicy}, and the draft
 * model is kept at work by {@link DraftWork}; this loop carries. Where drafting is not possible
 * (any more), does not pay, or has to catch up first, the server goes on alone under a PUSH.
 */
public final class DraftLoop implements Runnable {
  /**
   * Blocks that may be under way, those included that have turned out to build on a wrong guess:
   * they are answered at once, but the answer takes its time.
   */
  static final int MAX_IN_FLIGHT = 16;

  /** Drafts before the first token: the time of the first of them says little. */
  private static final int FIRST_DRAFTS = 3;

  /** How often in succession the server may answer STALE, or BUSY, before we give up. */
  private static final int MAX_RETRIES = 16;

  private static final int DEFAULT_RETRY_MILLIS = 100;

  /** How often the link is measured while no blocks show what it takes. */
  private static final long MEASURE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Logger LOG = LoggerFactory.getLogger(DraftLoop.class);

  private final GenerationRequest request;
  private final SessionLink link;
  private final SessionOpening opening;
  private final Outage outage;
  private final DraftLengthPolicy policy;
  private final int vocabularySize;
  private final TokenHistory history;
  private final DraftChain chain;
  private final CommittedTokens tokens;
  private final DraftWork work;
  private final TokenStream out;
  private final GenerationMeter meter;
  private final GenerationListener listener; // null: tokens go to the stream
  private final DeviceRounds rounds;
  private final BlocksSent sent = new BlocksSent(MAX_IN_FLIGHT);
  private final VerdictFrame verdict = new VerdictFrame();
  private final TokensFrame pushed = new TokensFrame();
  private final PushCredit credit = new PushCredit();

  private int epoch;
  private int retries;

  private boolean awaitsProposal; // drafting may pay, but there was nothing to propose
  private boolean catchingUp; // drafting may pay, as soon as the draft model has caught up
  private boolean returning; // drafting pays, as soon as the draft model has caught up

  // The next block.
  private int chosenDrafts; // as was found worth trying in a push; 0: the policy is to be asked
  private boolean blockBegun; // it was found that it pays
  private long answeredNanos; // when the newest answer came
  private long measuredNanos; // when the link was measured in a push

  /**
   * Creates the loop; it owns the history from now on.
   *
   * @param patience what to do while there is no server
   * @param drafter null to let the server generate alone
   * @param policy chooses block lengths, or to let the server go on alone
   * @param server what is known of it so far
   * @param listener gets the tokens instead of the stream; null for none
   */
  public DraftLoop(
      GenerationRequest request,
      SessionLink link,
      Patience patience,
      BlockDrafter drafter,
      DraftLengthPolicy policy,
      ServerInfo server,
      StopFinder stops,
      TokenHistory history,
      TokenStream out,
      GenerationMeter meter,
      GenerationListener listener) {
    this.request = request;
    this.link = link;
    outage = patience.outage();
    this.policy = policy;
    vocabularySize = server.vocabularySize();
    this.history = history;
    this.out = out;
    this.meter = meter;
    this.listener = listener;
    opening = new SessionOpening(request, link, history, listener, meter, patience);
    chain = new DraftChain(history, drafter);
    tokens = new CommittedTokens(history, chain, stops, out, listener, meter);
    tokens.limit(BlockLength.of(request, server));
    work = new DraftWork(link, drafter, policy, history, chain, tokens, request.draftTokens() > 0);
    rounds = new DeviceRounds(MAX_IN_FLIGHT, vocabularySize);
  }

  @Override
  public void run() {
    try {
      generate();
      out.end(tokens.end());
    } catch (CancelledException | InterruptedException e) {
      out.endCancelled();
    } catch (SledClientException e) {
      out.fail(e);
    } catch (RuntimeException | Error e) {
      LOG.error("the draft thread ends", e);
      out.fail(new SledClientException("the draft thread failed: " + e, e));
    } finally {
      link.close();
      history.release();
      if (listener != null) {
        listener.ended();
      }
    }
  }

  private void generate() throws InterruptedException, CancelledException {
    link.connect();
    while (tokens.end() == null) {
      try {
        onOpened(open());
        takeTurns();
      } catch (ConnectionLostException e) {
        onLost(e);
      }
    }
    meter.blockDropped(rounds.aliveDrafts());
  }

  private Opened open() throws InterruptedException, CancelledException {
    Opened opened = null;
    while (opened == null) { // while servers have no room
      tokens.limit(BlockLength.of(request, opening.ask()));
      while (!opening.hasAnswer() && work.catchUp()) {
        // The server computes the prompt at the same time; what is missing later is caught up.
      }
      tryDrafting();
      opened = opening.answer();
    }
    return opened;
  }

  /**
   * Drafts some tokens while the server computes the prompt: the first may be right, and whether
   * drafting pays can be told when it is known what it takes.
   */
  private void tryDrafting() throws InterruptedException, CancelledException {
    for (int i = 0; i < FIRST_DRAFTS && longestBlock() > 0; i++) {
      if (opening.hasAnswer()) {
        break;
      }
      work.draft();
    }
    forgetDrafting();
  }

  private void takeTurns() throws InterruptedException, CancelledException {
    while (tokens.end() == null) {
      Turn turn = turn();
      switch (turn) {
        case DRAFTED, SENT -> {
          // Also where nothing is in flight: it may be cancelled.
          while (tokens.end() == null && link.hasNews()) {
            onAnswer();
          }
        }
        case WAIT -> onAnswer();
        case ONE_TOKEN -> push(1, false);
        case PUSH, UNTIL_PROPOSAL, UNTIL_CAUGHT_UP -> {
          awaitsProposal = turn == Turn.UNTIL_PROPOSAL;
          catchingUp = turn == Turn.UNTIL_CAUGHT_UP;
          push(Integer.MAX_VALUE, longestBlock() > 0);
        }
      }
    }
  }

  // ---------------------------------------------------------------- no server

  /** The drafts stay: they may well be what the next server says. */
  private void onLost(ConnectionLostException why) {
    if (outage == Outage.FAIL && !link.isRedirected()) {
      throw new ConnectionLostException(
          why.getMessage() + "; start again from the tokens that came");
    }
    meter.blockDropped(rounds.aliveDrafts());
    rounds.dropAll();
    forgetDrafting();
    retries = 0;
    opening.onLost(why);
    if (outage == Outage.LOCAL && work.isOn()) {
      goOnAlone();
    }
  }

  /** Drafts, and shows it, until there is a server, or the text is at its end. */
  private void goOnAlone() {
    int end = history.committedLength() + tokens.remaining();
    tokens.showDrafts();
    while (work.catchUpUntilNews() && chain.end() < end && !chain.endsText() && work.draft()) {
      tokens.showDrafts();
    }
    forgetDrafting();
  }

  // ---------------------------------------------------------------- drafting

  /** What was done, or is to be done next. */
  private enum Turn {
    DRAFTED,
    SENT,
    /** Nothing but to wait for an answer. */
    WAIT,
    /** The server has to go on alone: where there is nothing to propose, for one token. */
    ONE_TOKEN,
    /** The server has to go on alone until there is something to propose. */
    UNTIL_PROPOSAL,
    /** The server has to go on alone until the draft model has caught up. */
    UNTIL_CAUGHT_UP,
    PUSH
  }

  /** Drafts a token, or sends a block; or says what else is to be done. */
  private Turn turn() {
    boolean none = rounds.aliveInFlight() == 0;
    int parent = none ? history.committedLength() - 1 : sent.nextOffset();
    int first = parent + 1;
    if (first < tokens.shownEnd()) {
      return sendBacklog(parent, tokens.shownEnd() - first);
    }
    int most = longestBlock();
    if (most < 1) {
      return idle(Turn.PUSH);
    }
    int ready = Math.min(chain.end() - first, most);
    int from = first - history.committedLength();
    if (rounds.inFlight() > 0 && (rounds.aliveInFlight() >= policy.window() || !rounds.hasRoom())) {
      // Nothing can be sent before a verdict comes.
      return ready < most && draftsAhead(from, ready, most) && work.draft()
          ? Turn.DRAFTED
          : Turn.WAIT;
    }
    if (ready < 0) {
      return work.draft() ? Turn.DRAFTED : idle(Turn.ONE_TOKEN); // the guess for the server's token
    }
    if (work.isBehind()) {
      return catchUp(from, most);
    }
    if (!blockBegun && chosenDrafts == 0) {
      // Also where some of it was drafted ahead.
      if (policy.next(chain.probabilities(), from, 0, most) == 0) {
        return idle(Turn.PUSH);
      }
      blockBegun = true;
    }
    int wanted =
        chosenDrafts > 0
            ? Math.min(chosenDrafts, most)
            : policy.next(chain.probabilities(), from, ready, most);
    if (wanted == 0) {
      return idle(Turn.PUSH);
    }
    if (wanted > ready && work.draft()) {
      return Turn.DRAFTED;
    }
    int count = Math.min(wanted, ready);
    if (!work.isOn()) {
      return idle(Turn.PUSH);
    }
    if (count == 0) {
      return idle(work.hasProposal() ? Turn.ONE_TOKEN : Turn.UNTIL_PROPOSAL);
    }
    send(parent, count);
    return Turn.SENT;
  }

  /** The draft model is behind: the server goes on alone meanwhile, if drafting pays at all. */
  private Turn catchUp(int from, int most) {
    if (rounds.inFlight() > 0) {
      return Turn.WAIT;
    }
    if (chosenDrafts > 0) {
      // The credit is taken back already: what came until then is little.
      return work.catchUp() ? Turn.DRAFTED : Turn.PUSH;
    }
    if (work.isWorthCatchingUp()) {
      chosenDrafts = policy.next(chain.probabilities(), from, 0, most);
    }
    return chosenDrafts > 0 ? Turn.UNTIL_CAUGHT_UP : Turn.PUSH;
  }

  private boolean draftsAhead(int from, int ready, int most) {
    long waitedNanos = link.nanoTime() - sent.sentNanos(rounds.oldestInFlight());
    return policy.draftsAhead(chain.probabilities(), from, ready, most, waitedNanos);
  }

  /** What was drafted while there was no server is looked at in as few passes as possible. */
  private Turn sendBacklog(int parent, int drafts) {
    int count = Math.min(drafts, tokens.lengths().longest(parent + 1));
    if (count < 1) {
      return idle(Turn.PUSH);
    }
    if (rounds.aliveInFlight() >= Drafting.MAX_WINDOW || !rounds.hasRoom()) {
      return Turn.WAIT;
    }
    send(parent, count);
    return Turn.SENT;
  }

  /** What to do where nothing can be drafted: first of all wait for what is in flight. */
  private Turn idle(Turn turn) {
    return rounds.inFlight() > 0 ? Turn.WAIT : turn;
  }

  /** How many drafts the next block may have; 0 or less if none. */
  private int longestBlock() {
    int room = work.room();
    if (room < 1) {
      return 0;
    }
    int committed = history.committedLength();
    int ahead = rounds.aliveInFlight() == 0 ? 0 : sent.nextOffset() + 1 - committed;
    return tokens.lengths().next(committed + ahead, room - ahead);
  }

  /** Sends a block whose parent stands at this position. */
  private void send(int kvOffset, int count) {
    long nowNanos = link.nanoTime();
    int predecessor = rounds.predecessorRound();
    int round = rounds.send(kvOffset, history.get(kvOffset), count);
    // What was drafted while the last answer was on its way belongs to that round's time.
    long begunNanos = work.startNanos();
    long startNanos = begunNanos == 0 ? nowNanos : Math.max(begunNanos, answeredNanos);
    long ownNanos = work.nanosOf(count);
    sent.add(round, kvOffset, count, startNanos, nowNanos, ownNanos);
    meter.block(count, ownNanos);
    forgetDrafting();
    link.block(round, predecessor, history, kvOffset, count);
  }

  /** The next block is begun anew. */
  private void forgetDrafting() {
    work.forgetTimes();
    chosenDrafts = 0;
    blockBegun = false;
    returning = false;
    catchingUp = false;
  }

  // ---------------------------------------------------------------- answers

  private void onOpened(Opened opened) throws InterruptedException, CancelledException {
    int committed = history.committedLength();
    requireToken(opened.firstToken());
    epoch = opened.epoch();
    settleServers(committed, opened.firstToken());
    rounds.restart(epoch, committed + 1, opened.firstToken());
    meter.overhead(opened.overheadMicros());
    tellLink(); // only now: the first round trips were of a cold connection
    policy.load(opened.price(), opened.alone(), opened.commonDrafts());
    tokens.commit(committed + 1, opened.finishReason());
  }

  /** Takes the next answer to the blocks in flight, waiting for it. */
  private void onAnswer() throws InterruptedException, CancelledException {
    Object event = link.next("verdict");
    if (event instanceof ByteBuf frame) {
      try {
        if (!ServerLink.isVerdict(frame)) {
          throw link.contradiction("it sent tokens that it had no credit for");
        }
        onVerdict(frame);
      } finally {
        frame.release();
      }
    } else if (event instanceof ErrorMessage error && error.code() == ErrorCode.BUSY) {
      meter.blockDropped(rounds.aliveDrafts());
      rounds.dropAll();
      tokens.dropDrafts();
      retryAfter(error);
    } else {
      onUnexpected(event);
    }
  }

  private void onVerdict(ByteBuf frame) throws InterruptedException, CancelledException {
    verdict.wrap(frame);
    int committed = history.committedLength();
    int alive = rounds.aliveDrafts();
    switch (rounds.onVerdict(verdict)) {
      case COMMIT -> {
        retries = 0;
        int accepted = verdict.accepted();
        int block = sent.drafts(verdict.round());
        long nowNanos = link.nanoTime();
        long roundNanos = nowNanos - sent.sentNanos(verdict.round());
        meter.verdict(verdict.verified(), accepted, roundNanos);
        tellPolicy(link.arrivalNanos() - sent.sentNanos(verdict.round()));
        // Those behind it that do not follow any more are as if they had not been sent.
        meter.blockDropped(cutOff(block) + alive - block - rounds.aliveDrafts());
        meter.overhead(verdict.overheadMicros());
        if (listener != null) {
          listener.round(roundTimes(block, nowNanos));
        }
        // The accepted drafts stand at their places already.
        tokens.settle(committed + accepted, verdict.nextToken());
        tokens.commit(committed + accepted + 1, verdict.finishReason());
        answeredNanos = nowNanos;
        if (chain.end() == history.committedLength()) {
          forgetDrafting(); // nothing of it stands
        }
      }
      case DROP_STALE -> {
        meter.blockDropped(alive);
        tokens.dropDrafts();
        if (++retries > MAX_RETRIES) {
          throw link.contradiction("it calls " + retries + " blocks in succession stale");
        }
        if (verdict.committedLength() == committed) {
          // Nothing is missing here, so a finish reason is news.
          tokens.finish(verdict.finishReason());
        }
      }
      case IGNORE_LATE -> LOG.debug("late verdict of round {}", verdict.round());
      case PROTOCOL_ERROR ->
          throw link.contradiction(
              "verdict of round "
                  + verdict.round()
                  + " accepts "
                  + verdict.accepted()
                  + " of "
                  + verdict.verified()
                  + " verified drafts and ends at "
                  + verdict.committedLength()
                  + " tokens, after "
                  + sent.drafts(verdict.round())
                  + " drafts behind "
                  + committed);
    }
  }

  private void tellPolicy(long roundNanos) {
    long serverMicros =
        (long) verdict.queueMicros() + verdict.computeMicros() + verdict.overheadMicros();
    long serverNanos = Math.min(roundNanos, TimeUnit.MICROSECONDS.toNanos(serverMicros));
    policy.load(verdict.price(), verdict.alone(), verdict.commonDrafts());
    // Its drafts are the first behind what was committed until now.
    int block = sent.drafts(verdict.round());
    BlockAnswer answer =
        BlockAnswer.of(
            block,
            verdict.verified(),
            verdict.accepted(),
            cutOff(block) > 0,
            verdict.batchRows(),
            roundNanos - serverNanos,
            serverNanos,
            Math.min(serverNanos, TimeUnit.MICROSECONDS.toNanos(verdict.queueMicros())));
    policy.answered(answer, chain.probabilities(), 0);
  }

  /**
   * Drafts at the end of a block that the server did not look at, although all before them were
   * right: it was busy, and nothing is known about them.
   */
  private int cutOff(int blockDrafts) {
    boolean cut =
        verdict.accepted() == verdict.verified() && verdict.finishReason() == FinishReason.NONE;
    return cut ? blockDrafts - verdict.verified() : 0;
  }

  private RoundTimes roundTimes(int blockDrafts, long nowNanos) {
    return new RoundTimes(
        sent.startNanos(verdict.round()),
        sent.sentNanos(verdict.round()),
        nowNanos,
        sent.draftNanos(verdict.round()),
        blockDrafts - cutOff(blockDrafts),
        verdict.verified(),
        verdict.accepted(),
        verdict.queueMicros(),
        verdict.computeMicros(),
        verdict.overheadMicros(),
        verdict.batchRows());
  }

  /** Takes a token that the server made without a block, and learns whether it was drafted. */
  private void settleServers(int position, int token) {
    if (position < chain.end()) {
      float probability = chain.probabilities()[position - history.committedLength()];
      policy.tried(history.get(position) == token, probability);
    } else {
      work.fellBehind();
    }
    tokens.settle(position, token);
  }

  private void requireToken(int token) {
    if (Integer.compareUnsigned(token, vocabularySize) >= 0) {
      throw link.contradiction("token " + token + " is not within 0 to " + (vocabularySize - 1));
    }
  }

  // ---------------------------------------------------------------- push

  /**
   * Lets the server generate alone; nothing is in flight.
   *
   * @param most tokens; up to the end if there are fewer
   * @param whileItPays end earlier if drafting pays: what is left of the credit is taken back then
   */
  private void push(int most, boolean whileItPays) throws InterruptedException, CancelledException {
    int left = Math.min(most, tokens.remaining());
    credit.begin();
    if (catchingUp) {
      policy.catchesUp();
    } else {
      forgetDrafting();
    }
    while (tokens.end() == null && left > 0) {
      if (catchingUp && !work.isBehind()) {
        catchingUp = false;
        returning = draftingPays();
      }
      if (returning && !credit.isAskedBack() && !work.isBehind()) {
        credit.askBack();
        link.push(history.committedLength(), 0);
      }
      if (credit.isDue(left)) {
        link.push(history.committedLength(), credit.fill(left));
      }
      if (whileItPays && !credit.isAskedBack()) {
        workBesides();
      }
      Object event = link.next("token");
      if (event instanceof ByteBuf frame) {
        try {
          left -= ServerLink.isVerdict(frame) ? lateVerdict(frame) : onTokens(frame);
        } finally {
          frame.release();
        }
        if (credit.isTakenBack()) {
          returning = false;
          return;
        }
        if (whileItPays && !credit.isAskedBack() && !isReturning() && tokens.end() == null) {
          returning = draftingPays();
        }
      } else if (event instanceof ErrorMessage error && error.code() == ErrorCode.BUSY) {
        credit.refused();
        retryAfter(error);
      } else {
        onUnexpected(event);
      }
    }
  }

  /**
   * Uses the time until the server's next tokens: catches up where drafting is to begin, or drafts
   * the next token, too, where it helps to tell whether drafting would pay.
   */
  private void workBesides() {
    if (isReturning() && !work.isWorthCatchingUp()) {
      forgetDrafting(); // drafting was paused, or too little of the text is left
    }
    boolean isNext = chain.end() == history.committedLength();
    boolean tries = !isReturning() && isNext && !link.hasNews() && policy.wantsTrial();
    if (!isReturning() && !(tries && work.isWorthCatchingUp())) {
      return;
    }
    boolean hasCaughtUp = longestBlock() > 0 && work.catchUpUntilNews();
    if (tries && hasCaughtUp) {
      work.draft();
      forgetDrafting();
    }
  }

  private boolean isReturning() {
    return returning || catchingUp;
  }

  private boolean draftingPays() {
    int longest = longestBlock();
    if (longest < 1 || !work.hasProposal() || !work.isWorthCatchingUp()) {
      return false;
    }
    int wanted = policy.next(chain.probabilities(), 0, 0, longest);
    // Where only a proposal was missing, the policy is asked again as soon as there are drafts.
    chosenDrafts = awaitsProposal ? 0 : wanted;
    awaitsProposal &= wanted > 0;
    return wanted > 0;
  }

  private int lateVerdict(ByteBuf frame) throws InterruptedException, CancelledException {
    onVerdict(frame); // no block is in flight: late, or wrong
    return 0;
  }

  private int onTokens(ByteBuf frame) throws InterruptedException, CancelledException {
    pushed.wrap(frame);
    if (pushed.epoch() < epoch) {
      return 0; // late
    }
    int committed = history.committedLength();
    int count = pushed.count();
    if (pushed.epoch() != epoch
        || pushed.firstPosition() != committed
        || (count == 0 && !credit.isAskedBack())
        || count < 0
        || count > credit.outstanding()) {
      throw link.contradiction(
          "it sent "
              + count
              + " tokens from position "
              + pushed.firstPosition()
              + ", with a credit of "
              + credit.outstanding()
              + " at "
              + committed);
    }
    if (count == 0) {
      credit.takenBack();
      return 0;
    }
    retries = 0;
    for (int i = 0; i < count; i++) {
      requireToken(pushed.token(i));
      settleServers(committed + i, pushed.token(i));
    }
    meter.overhead(pushed.overheadMicros());
    long nowNanos = link.nanoTime();
    policy.load(pushed.price(), pushed.alone(), pushed.commonDrafts());
    policy.pushed(count, credit.came(count, link.arrivalNanos()));
    measureLink(nowNanos);
    rounds.advance(committed + count, pushed.token(count - 1));
    tokens.commit(committed + count, pushed.finishReason());
    return count;
  }

  /** Tells what the last measurement found, and begins another one, now and then. */
  private void measureLink(long nowNanos) {
    if (nowNanos - measuredNanos >= MEASURE_NANOS) {
      measuredNanos = nowNanos;
      tellLink();
      link.measure();
    }
  }

  private void tellLink() {
    long nanos = link.roundTripNanos();
    if (nanos >= 0) {
      policy.link(nanos);
    }
  }

  // ---------------------------------------------------------------- errors

  private void retryAfter(ErrorMessage busy) throws InterruptedException {
    if (++retries > MAX_RETRIES) {
      throw Refusals.of(busy);
    }
    int millis = busy.retryAfterMillis() > 0 ? busy.retryAfterMillis() : DEFAULT_RETRY_MILLIS;
    LOG.info("the server is busy: {}; again in {} ms", busy.text(), millis);
    link.pause(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private void onUnexpected(Object event) {
    if (event instanceof ErrorMessage error) {
      if (error.code() == ErrorCode.SHUTTING_DOWN) {
        link.avoid();
        throw new ConnectionLostException("the server is leaving: " + error.text());
      }
      throw Refusals.of(error);
    }
    throw link.contradiction("it opened the session twice");
  }
}
