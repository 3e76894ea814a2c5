package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.sled.core.DraftLengthPolicy;
import org.sled.jni.SledException;
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
 * One generation, on its draft thread: open, then draft, send, wait, commit, until it is finished.
 *
 * <p>What to do with a verdict is decided by {@link DeviceRounds}, how long a block may be by
 * {@link BlockLength}, how long it should be by {@link DraftLengthPolicy}, and the draft model's
 * cache is kept by {@link BlockDrafter}; this loop carries. Where drafting is not possible (any
 * more), or does not pay, the server goes on alone under a PUSH.
 */
final class DraftLoop implements Runnable {
  /**
   * Tokens that the server may be ahead of this device in a push: enough to cover a round trip of
   * half a second at 100 tokens/s, few enough that a cancel wastes little.
   */
  static final int PUSH_CREDIT = 64;

  /**
   * While drafting may pay again soon, the server is ahead by what the link takes, this time, and
   * so many tokens.
   */
  private static final long SHORT_PUSH_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final int SHORT_PUSH_TOKENS = 3;

  /** Blocks in flight: drafting waits for the verdict. */
  private static final int WINDOW = 1;

  /** How often in succession the server may answer STALE, or BUSY, before we give up. */
  private static final int MAX_RETRIES = 16;

  private static final int DEFAULT_RETRY_MILLIS = 100;

  private static final Logger LOG = LoggerFactory.getLogger(DraftLoop.class);

  private final GenerationRequest request;
  private final ServerLink link;
  private final BlockDrafter drafter; // null: never drafts
  private final BlockLength lengths;
  private final DraftLengthPolicy policy;
  private final int vocabularySize;
  private final StopFinder stops;
  private final TokenHistory history;
  private final TokenStream out;
  private final GenerationMeter meter;
  private final GenerationListener listener; // null: tokens go to the stream
  private final DeviceRounds rounds;
  private final VerdictFrame verdict = new VerdictFrame();
  private final TokensFrame pushed = new TokensFrame();

  private GenerationEnd end;
  private boolean drafting;
  private int retries;

  // The push at work.
  private int outstandingCredit;
  private int lastCredit;
  private long pushedNanos; // when its newest tokens came; 0: none yet

  // The block at work.
  private int chosenDrafts; // for the next one; 0: the policy is still to be asked
  private int blockDrafts;
  private long blockStartNanos;
  private long blockSentNanos;
  private boolean cacheIsNear; // little to catch up with before the first draft

  /**
   * Creates the loop; it owns the history from now on.
   *
   * @param drafter null to let the server generate alone
   * @param policy chooses within these lengths, or to let the server go on alone
   * @param vocabularySize the target's: ids are below it
   * @param listener gets the tokens instead of the stream; null for none
   */
  DraftLoop(
      GenerationRequest request,
      ServerLink link,
      BlockDrafter drafter,
      BlockLength lengths,
      DraftLengthPolicy policy,
      int vocabularySize,
      StopFinder stops,
      TokenHistory history,
      TokenStream out,
      GenerationMeter meter,
      GenerationListener listener) {
    this.request = request;
    this.link = link;
    this.drafter = drafter;
    this.lengths = lengths;
    this.policy = policy;
    this.vocabularySize = vocabularySize;
    this.stops = stops;
    this.history = history;
    this.out = out;
    this.meter = meter;
    this.listener = listener;
    rounds = new DeviceRounds(WINDOW, vocabularySize);
    drafting = drafter != null && request.draftTokens() > 0;
  }

  @Override
  public void run() {
    try {
      generate();
      out.end(end);
    } catch (CancelledException | InterruptedException e) {
      out.end(GenerationEnd.CANCELLED);
    } catch (SledClientException e) {
      out.fail(e);
    } catch (RuntimeException | Error e) {
      LOG.error("the draft thread ends", e);
      out.fail(new SledClientException("the draft thread failed: " + e, e));
    } finally {
      link.close();
      history.release();
    }
  }

  private void generate() throws InterruptedException, CancelledException {
    link.open(request);
    while (drafting && !link.hasNews() && prefillChunk()) {
      // The server computes the prompt at the same time; what is missing later is caught up.
    }
    onOpened(link.next("first token"));
    while (end == null) {
      int most = drafting ? longestBlock() : 0;
      int drafts = most > 0 ? chooseDrafts(most) : 0;
      if (drafts > 0 && draftBlock(drafts)) {
        awaitVerdict();
      } else if (drafts > 0 && drafting) {
        push(1, false); // it had nothing to propose here
      } else {
        push(Integer.MAX_VALUE, most > 0);
      }
    }
  }

  // ---------------------------------------------------------------- drafting

  private boolean prefillChunk() {
    try {
      return drafter.prefillChunk(history);
    } catch (SledException e) {
      return stopDrafting("the draft model failed: " + e.getMessage());
    }
  }

  /**
   * How many drafts the next block may have; 0 or less if none. Turns drafting off where it has
   * become impossible.
   */
  private int longestBlock() {
    int committed = history.committedLength();
    int room = drafter.room(committed);
    if (room < 1) {
      stopDrafting("the draft model's context is full at " + committed + " tokens");
      return 0;
    }
    if (!drafter.takesDueTokens(history)) {
      stopDrafting("the draft model does not have all of the target's tokens");
      return 0;
    }
    return lengths.next(committed, room);
  }

  private int chooseDrafts(int most) {
    int drafts = chosenDrafts > 0 ? Math.min(chosenDrafts, most) : policy.next(most);
    chosenDrafts = 0;
    return drafts;
  }

  /** Drafts and sends one block; false if there was nothing to send. */
  private boolean draftBlock(int wanted) {
    blockStartNanos = System.nanoTime();
    int drafted;
    try {
      drafted = drafter.draft(history, wanted);
    } catch (SledException e) {
      return stopDrafting("the draft model failed: " + e.getMessage());
    }
    if (drafted == 0) {
      return false;
    }
    int committed = history.committedLength();
    blockDrafts = drafted;
    blockSentNanos = System.nanoTime();
    meter.block(drafted, blockSentNanos - blockStartNanos);
    policy.drafted(drafted, blockSentNanos - blockStartNanos, cacheIsNear);
    cacheIsNear = true;
    int round = rounds.send(committed - 1, history.get(committed - 1), drafted);
    link.block(round, history, drafted);
    return true;
  }

  private boolean stopDrafting(String why) {
    LOG.warn("the server goes on alone: {}", why);
    drafting = false;
    return false;
  }

  // ---------------------------------------------------------------- answers

  private void onOpened(Object event) throws InterruptedException, CancelledException {
    if (event instanceof ErrorMessage error) {
      throw Refusals.of(error);
    }
    if (!(event instanceof Opened opened)) {
      release(event);
      throw link.contradiction("it answered a block before it opened the session");
    }
    int committed = history.committedLength();
    if (opened.epoch() != ServerLink.EPOCH || opened.committedLength() != committed + 1) {
      throw link.contradiction(
          "it opened epoch "
              + opened.epoch()
              + " at "
              + opened.committedLength()
              + " tokens, not "
              + (committed + 1));
    }
    requireToken(opened.firstToken());
    history.put(committed, opened.firstToken());
    rounds.restart(ServerLink.EPOCH, committed + 1, opened.firstToken());
    meter.overhead(opened.overheadMicros());
    policy.load(opened.price(), opened.alone());
    commit(committed + 1, opened.finishReason());
  }

  /** Waits until the block is settled: committed, dropped, or to be drafted again. */
  private void awaitVerdict() throws InterruptedException, CancelledException {
    while (rounds.inFlight() > 0) {
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
        rounds.dropAll();
        dropBlock();
        retryAfter(error);
      } else {
        onUnexpected(event);
      }
    }
  }

  private void onVerdict(ByteBuf frame) throws InterruptedException, CancelledException {
    verdict.wrap(frame);
    int committed = history.committedLength();
    switch (rounds.onVerdict(verdict)) {
      case COMMIT -> {
        retries = 0;
        int accepted = verdict.accepted();
        long nowNanos = System.nanoTime();
        meter.verdict(verdict.verified(), accepted, nowNanos - blockSentNanos);
        tellPolicy(nowNanos - blockSentNanos);
        meter.blockDropped(cutOff());
        meter.overhead(verdict.overheadMicros());
        if (listener != null) {
          listener.round(roundTimes(nowNanos));
        }
        // The accepted drafts stand at their places already.
        history.put(committed + accepted, verdict.nextToken());
        commit(committed + accepted + 1, verdict.finishReason());
      }
      case DROP_STALE -> {
        dropBlock();
        if (++retries > MAX_RETRIES) {
          throw link.contradiction("it calls " + retries + " blocks in succession stale");
        }
        if (verdict.committedLength() == committed) {
          // Nothing is missing here, so a finish reason is news.
          finish(verdict.finishReason());
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
                  + blockDrafts
                  + " drafts behind "
                  + committed);
    }
  }

  private void tellPolicy(long roundNanos) {
    long serverMicros =
        (long) verdict.queueMicros() + verdict.computeMicros() + verdict.overheadMicros();
    long serverNanos = Math.min(roundNanos, TimeUnit.MICROSECONDS.toNanos(serverMicros));
    policy.load(verdict.price(), verdict.alone());
    policy.answered(verdict.verified(), verdict.accepted(), roundNanos - serverNanos, serverNanos);
  }

  /**
   * Drafts at the end of the block that the server did not look at, although all before them were
   * right: it was busy, and nothing is known about them.
   */
  private int cutOff() {
    boolean cut =
        verdict.accepted() == verdict.verified() && verdict.finishReason() == FinishReason.NONE;
    return cut ? blockDrafts - verdict.verified() : 0;
  }

  private RoundTimes roundTimes(long nowNanos) {
    return new RoundTimes(
        blockStartNanos,
        blockSentNanos,
        nowNanos,
        blockDrafts - cutOff(),
        verdict.verified(),
        verdict.accepted(),
        verdict.queueMicros(),
        verdict.computeMicros(),
        verdict.overheadMicros(),
        verdict.batchRows());
  }

  private void dropBlock() {
    meter.blockDropped(blockDrafts);
    drafter.keep(history.committedLength());
  }

  /** Hands the tokens up to the given length out, or up to the one that completes a stop string. */
  private void commit(int givenLength, FinishReason finishReason)
      throws InterruptedException, CancelledException {
    int oldLength = history.committedLength();
    int newLength = oldLength;
    boolean stopped = false;
    while (newLength < givenLength && !stopped) {
      stopped = stops.completes(history.get(newLength));
      newLength++;
    }
    history.commitTo(newLength);
    if (drafter != null) {
      // K/V of accepted drafts stands; where the newest token stands now, another may have been.
      drafter.keep(newLength - 1);
    }
    if (stopped) {
      end = GenerationEnd.STOP_STRING; // whatever the server makes of the tokens behind it
    } else {
      finish(finishReason);
    }
    meter.tokens(newLength - oldLength);
    if (listener == null) {
      out.put(history, oldLength, newLength);
    } else {
      int[] tokens = new int[newLength - oldLength];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = history.get(oldLength + i);
      }
      listener.tokens(System.nanoTime(), tokens);
    }
  }

  private void finish(FinishReason reason) {
    end = GenerationEnd.of(reason);
    int committed = history.committedLength();
    if (end == null && lengths.remainingTokens(committed) <= 0) {
      boolean full = committed >= lengths.limits().contextTokens();
      end = full ? GenerationEnd.CONTEXT : GenerationEnd.LENGTH;
    }
  }

  private void requireToken(int token) {
    if (Integer.compareUnsigned(token, vocabularySize) >= 0) {
      throw link.contradiction("token " + token + " is not within 0 to " + (vocabularySize - 1));
    }
  }

  // ---------------------------------------------------------------- push

  /**
   * Lets the server generate alone.
   *
   * @param most tokens; up to the end if there are fewer
   * @param whileItPays end earlier if drafting pays
   */
  private void push(int most, boolean whileItPays) throws InterruptedException, CancelledException {
    int left = Math.min(most, lengths.remainingTokens(history.committedLength()));
    boolean begun = false;
    outstandingCredit = 0;
    pushedNanos = 0;
    cacheIsNear = false;
    while (end == null && left > 0) {
      int credit = whileItPays && drafting ? shortCredit() : PUSH_CREDIT;
      // Half of it is used up: time to send more, before the server has to wait for it.
      if (outstandingCredit <= credit / 2 && outstandingCredit < left) {
        if (begun && whileItPays && draftingPays()) {
          left = outstandingCredit;
          continue;
        }
        begun = true;
        lastCredit = Math.min(credit, left) - outstandingCredit;
        outstandingCredit += lastCredit;
        link.push(history.committedLength(), lastCredit);
      }
      Object event = link.next("token");
      if (event instanceof ByteBuf frame) {
        try {
          left -= ServerLink.isVerdict(frame) ? lateVerdict(frame) : onTokens(frame);
        } finally {
          frame.release();
        }
      } else if (event instanceof ErrorMessage error && error.code() == ErrorCode.BUSY) {
        outstandingCredit = Math.max(0, outstandingCredit - lastCredit);
        retryAfter(error);
      } else {
        onUnexpected(event);
      }
    }
  }

  private boolean draftingPays() {
    int longest = drafting ? longestBlock() : 0;
    chosenDrafts = longest > 0 ? policy.next(longest) : 0;
    return chosenDrafts > 0;
  }

  /** Enough to cover a round trip twice, so that the server never waits for it. */
  private int shortCredit() {
    int ahead = policy.pushedPerRoundTrip(SHORT_PUSH_NANOS);
    return ahead == 0 ? PUSH_CREDIT : Math.min(PUSH_CREDIT, 2 * (ahead + SHORT_PUSH_TOKENS));
  }

  private int lateVerdict(ByteBuf frame) throws InterruptedException, CancelledException {
    onVerdict(frame); // no block is in flight: late, or wrong
    return 0;
  }

  private int onTokens(ByteBuf frame) throws InterruptedException, CancelledException {
    pushed.wrap(frame);
    if (pushed.epoch() < ServerLink.EPOCH) {
      return 0; // late
    }
    int committed = history.committedLength();
    int count = pushed.count();
    if (pushed.epoch() != ServerLink.EPOCH
        || pushed.firstPosition() != committed
        || count < 1
        || count > outstandingCredit) {
      throw link.contradiction(
          "it sent "
              + count
              + " tokens from position "
              + pushed.firstPosition()
              + ", with a credit of "
              + outstandingCredit
              + " at "
              + committed);
    }
    retries = 0;
    outstandingCredit -= count;
    for (int i = 0; i < count; i++) {
      requireToken(pushed.token(i));
      history.put(committed + i, pushed.token(i));
    }
    meter.overhead(pushed.overheadMicros());
    long nowNanos = System.nanoTime();
    policy.load(pushed.price(), pushed.alone());
    policy.pushed(count, pushedNanos == 0 ? 0 : nowNanos - pushedNanos);
    pushedNanos = nowNanos;
    rounds.advance(committed + count, pushed.token(count - 1));
    commit(committed + count, pushed.finishReason());
    return count;
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
      throw Refusals.of(error);
    }
    throw link.contradiction("it opened the session twice");
  }

  private static void release(Object event) {
    if (event instanceof ByteBuf frame) {
      frame.release();
    }
  }
}
