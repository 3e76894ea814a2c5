package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sled.core.draft.DraftLengthPolicy;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.Outage;
import org.sled.device.RoundTimes;
import org.sled.device.ServerInfo;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.draft.PausableDrafting;
import org.sled.device.session.DraftLoop;
import org.sled.device.session.Patience;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.StopFinder;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;

/**
 * A draft model that is far behind what is committed catches up while the server goes on alone: the
 * text does not stand still. In virtual time.
 */
final class CatchUpTest {
  private static final int PROMPT_TOKENS = 1024;
  private static final int[] PROMPT =
      IntStream.range(1, PROMPT_TOKENS + 1).map(i -> i % 900).toArray();

  /** A Pi: 1,024 tokens take 16 s. */
  private static final long CHUNKED_TOKEN_NANOS = TimeUnit.MICROSECONDS.toNanos(15_600);

  private static final long DRAFT_NANOS = TimeUnit.MILLISECONDS.toNanos(40);
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long ROUND_TRIP_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /**
   * Between two tokens, or bunches of them, at most: a chunk that has just begun, a round of the
   * longest block, and what is due with its first draft.
   */
  private static final long LONGEST_GAP_NANOS =
      2 * ModelBlockDrafter.CHUNK_NANOS + ROUND_TRIP_NANOS + 2 * STEP_NANOS + 17 * DRAFT_NANOS;

  /** When tokens came. */
  private static class Times implements GenerationListener {
    final List<Integer> tokens = new ArrayList<>();
    final List<Integer> roundsAt = new ArrayList<>(); // the lengths at which blocks were answered
    long newestNanos;
    long longestNanos;

    @Override
    public void tokens(long nanos, int... ids) {
      for (int id : ids) {
        tokens.add(id);
      }
      if (newestNanos != 0) {
        longestNanos = Math.max(longestNanos, nanos - newestNanos);
      }
      newestNanos = nanos;
    }

    @Override
    public void round(RoundTimes times) {
      roundsAt.add(tokens.size());
    }
  }

  private final VirtualClock clock = new VirtualClock();
  private long longestCallNanos;

  /** Runs a generation on a server of its own. */
  private void run(
      int[] prompt, int newTokens, DraftLengthPolicy policy, long rowNanos, Times times)
      throws InterruptedException {
    int[] text = KnownText.of(prompt, newTokens, KnownText.NEVER).tokens();
    int contextTokens = prompt.length + newTokens + 1;
    KnownTextModel model = new KnownTextModel(1, 90, KnownText.NEVER, contextTokens);
    model.pace =
        count -> {
          long nanos = count == 1 ? DRAFT_NANOS : DRAFT_NANOS + count * CHUNKED_TOKEN_NANOS;
          longestCallNanos = Math.max(longestCallNanos, nanos);
          clock.advanceTo(clock.nanoTime() + nanos);
        };
    GenerationRequest request =
        GenerationRequest.of(prompt).withMaxTokens(newTokens).withDraftTokens(8);
    ModelBlockDrafter drafter =
        new ModelBlockDrafter(model, KnownText.VOCABULARY, null, clock::nanoTime);
    drafter.begin(request);
    VirtualServing serving =
        new VirtualServing(
            ROUND_TRIP_NANOS,
            (sessions, rows) -> STEP_NANOS + (rows > 64 ? 0 : (rows - 1) * rowNanos),
            1,
            1,
            0);
    ServerInfo info =
        new ServerInfo(
            "virtual:0",
            "virtual",
            "scripted",
            "",
            true,
            0,
            new TokenizerFingerprint(KnownText.VOCABULARY, 0, 0, 0, 0),
            contextTokens,
            contextTokens - 1,
            62,
            1,
            1,
            null);
    TokenStream out = new TokenStream();
    VirtualServer server = new VirtualServer(serving, 1, KnownText.VOCABULARY);
    server.expect(prompt, text);
    new DraftLoop(
            request,
            new VirtualLink(
                clock, new VirtualTurns(server, 0), 0, server.connect(), info, ROUND_TRIP_NANOS),
            Patience.endless(Outage.FAIL),
            drafter,
            policy,
            info,
            new StopFinder(List.of(), null),
            new TokenHistory(ByteBufAllocator.DEFAULT, TokenIds.of(prompt), contextTokens + 64),
            out,
            new GenerationMeter(8, clock::nanoTime),
            times)
        .run();
    server.close();
    assertEquals(TokenStream.END, out.take()); // throws what it failed with
    assertEquals(IntStream.of(text).boxed().toList(), times.tokens);
    assertTrue(
        times.longestNanos <= LONGEST_GAP_NANOS,
        "the text stood still for " + TimeUnit.NANOSECONDS.toMillis(times.longestNanos) + " ms");
    assertTrue(
        longestCallNanos <= 2 * ModelBlockDrafter.CHUNK_NANOS,
        "a call lasts " + TimeUnit.NANOSECONDS.toMillis(longestCallNanos) + " ms");
  }

  @ParameterizedTest
  @EnumSource(DraftPolicy.class)
  void afterALongPromptTheTextGoesOn(DraftPolicy policy) throws Exception {
    Times times = new Times();
    run(PROMPT, 900, Drafting.of(policy).createPolicy(), STEP_NANOS / 50, times);
    assertTrue(
        times.roundsAt.size() > 50, "drafts are tried when it has caught up: " + times.roundsAt);
    assertTrue(
        times.roundsAt.get(0) > 50, "the server went on meanwhile: " + times.roundsAt.get(0));
  }

  @ParameterizedTest
  @EnumSource(DraftPolicy.class)
  void afterAPauseTheTextGoesOn(DraftPolicy policy) throws Exception {
    PausableDrafting pausable = new PausableDrafting(Drafting.of(policy).createPolicy());
    pausable.pause(true);
    Times times =
        new Times() {
          @Override
          public void tokens(long nanos, int... ids) {
            super.tokens(nanos, ids);
            // Again while it catches up: then it does so later.
            boolean pausedAgain = tokens.size() >= 630 && tokens.size() < 700;
            pausable.pause(tokens.size() < 600 || pausedAgain);
          }
        };
    run(new int[] {5, 6, 7}, 1500, pausable, STEP_NANOS / 50, times);
    assertTrue(times.roundsAt.size() > 50, "it drafts again: " + times.roundsAt);
    assertTrue(times.roundsAt.get(0) > 700, "after the pause: " + times.roundsAt.get(0));
  }

  @Test
  void whereDraftsDoNotPayNoneAreTriedAtAnyPrice() throws Exception {
    // Rows cost as much as steps: such a server deters.
    Times times = new Times();
    run(PROMPT, 3000, Drafting.DEFAULT.createPolicy(), STEP_NANOS, times);
    List<Integer> late = times.roundsAt.stream().filter(at -> at > 1000).toList();
    assertTrue(late.isEmpty(), "a block that tries would take 16 s and more: " + late);
  }
}
