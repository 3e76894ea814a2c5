package org.sled.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;

/** Values that make no sense are refused where they are given; the largest ones do no harm. */
@Timeout(60)
final class ApiValuesTest {
  private static final int[] PROMPT = {5, 6, 7, 8};
  private static final Duration LONGEST = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);

  private static void refuses(Consumer<SledClient.Builder> setter) {
    SledClient.Builder builder = SledClient.builder();
    assertThrows(IllegalArgumentException.class, () -> setter.accept(builder));
  }

  @Test
  void timesAreAboveZero() {
    for (Duration none : List.of(Duration.ZERO, Duration.ofMillis(-1), LONGEST.negated())) {
      refuses(builder -> builder.connectTimeout(none));
      refuses(builder -> builder.answerTimeout(none));
      refuses(builder -> builder.outageTimeout(none));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void countsAreNotBelowTheirLeast(int none) {
    refuses(builder -> builder.draftContextTokens(none));
    if (none < 0) {
      refuses(builder -> builder.draftThreads(none));
      assertThrows(
          IllegalArgumentException.class, () -> GenerationRequest.of(1).withMaxTokens(none));
      assertThrows(
          IllegalArgumentException.class, () -> GenerationRequest.of(1).withDraftTokens(none));
    }
    assertThrows(IllegalArgumentException.class, () -> Drafting.DEFAULT.withWindow(none));
  }

  @Test
  void ratesAreNumbers() {
    for (double none : new double[] {-1, Double.NaN, Double.NEGATIVE_INFINITY}) {
      refuses(builder -> builder.draftTokensPerSecond(none));
    }
    assertThrows(IllegalArgumentException.class, () -> Drafting.DEFAULT.withThreshold(Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> Drafting.DEFAULT.withWindow(Integer.MAX_VALUE));
  }

  @Test
  void theLargestValuesDoNoHarm() throws Exception {
    try (ScriptedServer server = new ScriptedServer()) {
      server.endAt = 100;
      try (SledClient client =
              SledClient.builder()
                  .draftPolicy(DraftPolicy.FIXED)
                  .server("127.0.0.1", server.port())
                  .connectTimeout(LONGEST)
                  .answerTimeout(LONGEST)
                  .outageTimeout(LONGEST)
                  .draftContextTokens(Integer.MAX_VALUE)
                  .draftThreads(Integer.MAX_VALUE)
                  .drafter(
                      ScriptedServer.FINGERPRINT, c -> new ScriptedDrafter(1, 70, server.endAt, c))
                  .connect();
          Generation generation =
              client.start(
                  GenerationRequest.of(PROMPT)
                      .withMaxTokens(Integer.MAX_VALUE)
                      .withDraftTokens(Integer.MAX_VALUE))) {
        List<Integer> tokens = IntStream.of(generation.remainingTokens()).boxed().toList();
        assertEquals(ScriptedText.stream(PROMPT, 200, server.endAt), tokens);
        assertEquals(GenerationEnd.STOP, generation.end());
      }
    }
  }
}
