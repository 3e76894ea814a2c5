package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.Outage;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.draft.PacedDrafter;
import org.sled.device.session.DraftLoop;
import org.sled.device.session.Patience;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.StopFinder;
import org.sled.net.protocol.TokenIds;

/**
 * 200 seeds of loss, delay, duplication, disconnects and restarts in virtual time: every stream is
 * the target's, no token twice, none lost; and once the faults stop, it ends by a deadline ({@code
 * -Dsled.faults.seeds} for another number of seeds, {@code -Dsled.faults.first} for the first).
 */
final class FaultSimulationTest {
  private static final int SCHEDULES = Integer.getInteger("sled.faults.seeds", 200);
  private static final long FIRST_SEED = Long.getLong("sled.faults.first", 0);
  private static final int TOKENS = 400;
  private static final List<DraftPolicy> POLICIES = List.of(DraftPolicy.values());
  private static final int[] PROMPT = {5, 6, 7, 8};

  /** Follows the events as an application does. */
  private static final class Screen implements GenerationListener {
    final List<Integer> shown = new ArrayList<>();
    int verified;
    int revisions;

    @Override
    public void tokens(long nanos, int... tokens) {
      for (int token : tokens) {
        if (verified < shown.size()) {
          assertEquals(shown.get(verified), token, "what is wrong is withdrawn first");
        } else {
          shown.add(token);
        }
        verified++;
      }
    }

    @Override
    public void unverified(int position, int... tokens) {
      assertEquals(shown.size(), position);
      for (int token : tokens) {
        shown.add(token);
      }
    }

    @Override
    public void revised(int position) {
      assertTrue(position >= verified);
      shown.subList(position, shown.size()).clear();
      revisions++;
    }
  }

  /** What one schedule came to. */
  private record Outcome(
      int connections, int resumesWithTokens, int revisions, int rounds, long nanos) {}

  private static Outcome run(long seed) throws InterruptedException {
    try {
      return play(seed);
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private static Outcome play(long seed) throws InterruptedException {
    Random random = new Random(seed);
    // Sometimes the target ends the text itself.
    int endAt =
        random.nextInt(3) == 0 ? PROMPT.length + 50 + random.nextInt(TOKENS) : KnownText.NEVER;
    KnownText known = KnownText.of(PROMPT, TOKENS, endAt);
    List<Integer> expected = IntStream.of(known.tokens()).boxed().toList();
    VirtualClock clock = new VirtualClock();
    long stepNanos = TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(20));
    VirtualServing serving =
        new VirtualServing(0, (sessions, rows) -> stepNanos * (4 + rows) / 4, 1, 2, 0);
    int contextTokens = PROMPT.length + TOKENS + 100;
    FaultyLink link = new FaultyLink(clock, random.nextLong(), serving, known, contextTokens);
    GenerationRequest request =
        GenerationRequest.of(PROMPT).withMaxTokens(TOKENS).withDraftTokens(random.nextInt(17));
    BlockDrafter drafter =
        new PacedDrafter(
            clock,
            new ModelBlockDrafter(
                new KnownTextModel(random.nextLong(), random.nextInt(101), endAt, contextTokens),
                KnownText.VOCABULARY,
                null,
                clock::nanoTime),
            50 + random.nextInt(2000));
    drafter.begin(request);
    DraftPolicy policy = POLICIES.get(random.nextInt(POLICIES.size()));
    Screen screen = new Screen();
    TokenStream out = new TokenStream();
    GenerationMeter meter = new GenerationMeter(request.draftTokens(), clock::nanoTime);
    new DraftLoop(
            request,
            link,
            Patience.endless(random.nextBoolean() ? Outage.LOCAL : Outage.WAIT),
            request.draftTokens() > 0 ? drafter : null,
            Drafting.of(policy).withWindow(1 + random.nextInt(8)).createPolicy(),
            link.info(),
            new StopFinder(List.of(), null),
            new TokenHistory(ByteBufAllocator.DEFAULT, TokenIds.of(PROMPT), contextTokens),
            out,
            meter,
            screen)
        .run();
    assertEquals(TokenStream.END, out.take(), "seed " + seed); // throws what it failed with
    assertEquals(expected, screen.shown, "seed " + seed);
    assertEquals(expected.size(), screen.verified, "seed " + seed);
    return new Outcome(
        link.connections,
        link.resumesWithTokens,
        screen.revisions,
        meter.snapshot().rounds(),
        clock.nanoTime());
  }

  @Test
  @Timeout(600) // a stream that neither ends nor lets time go by
  void everyStreamIsTheTargets() throws Exception {
    int lost = 0;
    int withTokens = 0;
    int revisions = 0;
    long longest = 0;
    int finished = 0;
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
      Outcome outcome = run(seed);
      lost += outcome.connections() - 1;
      withTokens += outcome.resumesWithTokens();
      revisions += outcome.revisions();
      longest = Math.max(longest, outcome.nanos());
      finished++;
    }
    System.out.printf(
        "%d of %d streams ended, the last after %.1f virtual s; %d connections broke%n",
        finished, SCHEDULES, longest / 1e9, lost);
    assertTrue(lost > 2 * SCHEDULES, lost + " connections broke");
    assertTrue(withTokens > SCHEDULES / 2, withTokens + " servers had forgotten the text");
    assertTrue(revisions > SCHEDULES / 10, revisions + " revisions");
  }

  @Test
  void aSeedSaysEverything() throws Exception {
    assertEquals(run(7), run(7));
  }
}
