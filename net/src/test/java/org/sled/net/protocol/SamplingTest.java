package org.sled.net.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The ranges of SAMPLING.md. */
final class SamplingTest {
  private static final Sampling WARM = Sampling.GREEDY.withTemperature(0.8f);

  private static void assertWrong(String name, Sampling sampling) {
    String problem = sampling.problem();
    assertTrue(problem != null && problem.startsWith(name + " "), () -> name + ": " + problem);
    assertTrue(problem.contains("must be"), problem);
  }

  @Test
  void theEdgesOfTheRangesAreTaken() {
    Sampling lowest =
        new Sampling(
            0f, 0, 0f, 0f, 0.01f, -1000f, -1000f, -1, 0L, List.of(new TokenBias(0, -1e3f)));
    Sampling highest =
        new Sampling(
            Float.MAX_VALUE,
            Integer.MAX_VALUE,
            1f,
            1f,
            100f,
            1000f,
            1000f,
            Integer.MAX_VALUE,
            -1L,
            Collections.nCopies(Limits.LOGIT_BIASES, new TokenBias(9, 1000f)));
    for (Sampling sampling : List.of(Sampling.GREEDY, WARM, lowest, highest)) {
      assertNull(sampling.problem());
      assertNull(sampling.biasProblem(10));
    }
    assertNull(Sampling.GREEDY.withTemperature(-0f).problem());
  }

  @Test
  void whatIsBeyondThemIsNamed() {
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertWrong("temperature", WARM.withTemperature(wrong));
      assertWrong("top-p", WARM.withFilters(0, wrong, 0f));
      assertWrong("min-p", WARM.withFilters(0, 1f, wrong));
      assertWrong("repeat-penalty", WARM.withPenalties(wrong, 0f, 0f, 64));
      assertWrong("presence-penalty", WARM.withPenalties(1f, wrong, 0f, 64));
      assertWrong("frequency-penalty", WARM.withPenalties(1f, 0f, wrong, 64));
      assertWrong("logit-bias", WARM.withLogitBias(List.of(new TokenBias(3, wrong))));
    }
    assertWrong("temperature", WARM.withTemperature(-0.1f));
    assertWrong("top-k", WARM.withFilters(-1, 1f, 0f));
    assertWrong("top-p", WARM.withFilters(0, 1.1f, 0f));
    assertWrong("top-p", WARM.withFilters(0, -0.1f, 0f));
    assertWrong("min-p", WARM.withFilters(0, 1f, 1.1f));
    assertWrong("repeat-penalty", WARM.withPenalties(0f, 0f, 0f, 64));
    assertWrong("repeat-penalty", WARM.withPenalties(101f, 0f, 0f, 64));
    assertWrong("presence-penalty", WARM.withPenalties(1f, 1001f, 0f, 64));
    assertWrong("frequency-penalty", WARM.withPenalties(1f, 0f, -1001f, 64));
    assertWrong("penalty-last-n", WARM.withPenalties(1f, 0f, 0f, -2));
    assertWrong("logit-bias", WARM.withLogitBias(List.of(new TokenBias(3, 1001f))));
    assertWrong("logit-bias", WARM.withLogitBias(Collections.nCopies(1025, new TokenBias(1, 1f))));
  }

  @Test
  void idsOfTheLogitBiasAreInTheVocabulary() {
    for (int wrong : new int[] {-1, 10, Integer.MIN_VALUE}) {
      String problem = WARM.withLogitBias(List.of(new TokenBias(wrong, 1f))).biasProblem(10);
      assertTrue(problem.contains("token " + wrong) && problem.contains("0 to 9"), problem);
    }
  }

  @Test
  void eachChangeChangesItsOwnValues() {
    List<TokenBias> biases = List.of(new TokenBias(1, 2f));
    Sampling all = new Sampling(0.5f, 1, 0.25f, 0.125f, 2f, 3f, 4f, 5, 6L, biases);
    Sampling built =
        Sampling.GREEDY
            .withTemperature(0.5f)
            .withFilters(1, 0.25f, 0.125f)
            .withPenalties(2f, 3f, 4f, 5)
            .withSeed(6L)
            .withLogitBias(biases);
    assertEquals(all, built);
    assertTrue(all.usesSeed() && !Sampling.GREEDY.usesSeed());
  }
}
