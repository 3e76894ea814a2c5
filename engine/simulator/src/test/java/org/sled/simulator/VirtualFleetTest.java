package org.sled.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.core.cost.RowRule;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.draft.PacedDrafter;

/** Devices that share a server in virtual time. */
@Timeout(120)
class VirtualFleetTest {
  private static final int PROMPT_TOKENS = 24;
  private static final int TEXT_TOKENS = 60;
  private static final double MS = 1e6;

  /** A pass reads the weights in 20 ms, and takes 1 ms for each row. */
  private static final VirtualServing.PassTime PASS =
      (sessions, rows) -> (long) ((20 + Math.max(2, sessions * rows)) * MS);

  private static VirtualServing serving(double rttMillis) {
    return new VirtualServing((long) (rttMillis * MS), PASS, 1, 2, (long) (0.1 * MS));
  }

  private static VirtualFleet.Text text(int number, int draftTokens) {
    int[] prompt = IntStream.range(0, PROMPT_TOKENS).map(i -> 1 + (i + number) % 700).toArray();
    int[] tokens = KnownText.of(prompt, TEXT_TOKENS, KnownText.NEVER).tokens();
    return new VirtualFleet.Text(
        GenerationRequest.of(prompt).withMaxTokens(TEXT_TOKENS).withDraftTokens(draftTokens),
        tokens);
  }

  private static BlockDrafter drafter(VirtualClock clock, int percent, double perSecond) {
    return new PacedDrafter(
        clock,
        new ModelBlockDrafter(
            new KnownTextModel(5, percent, KnownText.NEVER, 4096),
            KnownText.VOCABULARY,
            null,
            clock::nanoTime),
        perSecond);
  }

  private static List<GenerationStats> run(
      double rttMillis, int devices, int draftTokens, int percent, double perSecond)
      throws InterruptedException {
    return new VirtualFleet(
            serving(rttMillis),
            KnownText.VOCABULARY,
            Drafting.of(DraftPolicy.OPTIMAL),
            devices,
            1,
            3)
        .run(number -> text(number, draftTokens), clock -> drafter(clock, percent, perSecond));
  }

  private static double tokenMillis(List<GenerationStats> texts) {
    return texts.stream()
        .mapToDouble(
            text -> (text.elapsedNanos() - text.timeToFirstTokenNanos()) / MS / (text.tokens() - 1))
        .average()
        .orElseThrow();
  }

  @Test
  void theServerAloneTakesAStepForEachToken() throws InterruptedException {
    List<GenerationStats> texts = run(10, 1, 0, 0, 1);
    assertEquals(3, texts.size());
    // A step of a row that gets another one, and the overhead of 0.1 ms.
    assertEquals(22.1, tokenMillis(texts), 0.5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 16})
  void draftsPayForOneDeviceAndNeverCostMuch(int devices) throws InterruptedException {
    List<GenerationStats> alone = run(20, devices, 0, 0, 1);
    List<GenerationStats> drafted = run(20, devices, 16, 90, 300);
    assertEquals(3 * devices, alone.size());
    assertEquals(3 * devices, drafted.size());
    double gain = tokenMillis(alone) / tokenMillis(drafted);
    System.out.printf(
        "%d devices: %.1f ms alone, %.1f ms with drafts%n",
        devices, tokenMillis(alone), tokenMillis(drafted));
    assertTrue(gain > (devices == 1 ? 1.5 : 0.95), devices + " devices: " + gain);
  }

  @Test
  void devicesShareSteps() throws InterruptedException {
    double one = tokenMillis(run(0, 1, 0, 0, 1));
    double eight = tokenMillis(run(0, 8, 0, 0, 1));
    assertTrue(eight < 2.5 * one, eight + " ms, and " + one + " ms alone");
    assertTrue(eight > one, eight + " ms, and " + one + " ms alone");
  }

  @Test
  void theSameInputGivesTheSameNumbers() throws InterruptedException {
    List<Long> first = new ArrayList<>();
    List<Long> second = new ArrayList<>();
    run(20, 6, 16, 80, 100).forEach(stats -> first.add(stats.elapsedNanos()));
    run(20, 6, 16, 80, 100).forEach(stats -> second.add(stats.elapsedNanos()));
    assertEquals(first, second);
  }

  @Test
  void aFailureOfOneEndsAll() {
    VirtualFleet fleet =
        new VirtualFleet(
            serving(5), KnownText.VOCABULARY, Drafting.of(DraftPolicy.OPTIMAL), 4, 0, 5);
    IllegalStateException failure =
        assertThrows(
            IllegalStateException.class,
            () ->
                fleet.run(
                    number -> {
                      if (number == 6) {
                        throw new IllegalStateException("no text");
                      }
                      return text(number, 0);
                    },
                    clock -> null));
    assertEquals("no text", failure.getMessage());
  }

  @Test
  void anInterruptEndsAll() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> run(5, 4, 16, 80, 100));
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.getName().startsWith("sled-virtual-")),
        "threads are left");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void sessionsOfEqualLengthShareAPass(int sessions) {
    VirtualPasses passes = new VirtualPasses(serving(0), RowRule.NO_LONE_ROW, 512, 8);
    passes.clear();
    for (int i = 0; i < sessions; i++) {
      passes.add(4, 4);
    }
    passes.arrange();
    assertEquals(1, passes.count());
    assertEquals(4 * sessions, passes.rows());
    assertEquals((long) ((20 + 4 * sessions) * MS), passes.nanos());
  }

  @Test
  void paddingAndAnotherPassAreWeighed() {
    VirtualPasses passes = new VirtualPasses(serving(0), RowRule.NO_LONE_ROW, 512, 8);
    passes.add(5, 5);
    passes.add(4, 4);
    passes.arrange();
    assertEquals(1, passes.count(), "one row of padding is cheaper than reading the weights");
    assertEquals(10, passes.rows());
    passes.clear();
    passes.add(1, 1);
    passes.add(40, 40);
    passes.arrange();
    assertEquals(2, passes.count(), "39 rows of padding are not");
    assertEquals(42, passes.rows(), "the lone row gets another one");
    passes.clear();
    passes.add(300, 300);
    passes.add(300, 300);
    passes.arrange();
    assertEquals(2, passes.count(), "a pass has 512 rows at most");
  }
}
