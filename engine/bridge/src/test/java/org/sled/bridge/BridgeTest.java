package org.sled.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.Model;
import org.sled.jni.PromptEnds;
import org.sled.jni.SamplingParams;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenizerFingerprint;

/** No two values change places on the way. */
final class BridgeTest {
  @Test
  void everySamplingValueArrivesInItsPlace() {
    Sampling sampling =
        new Sampling(
            0.5f,
            1,
            0.25f,
            0.125f,
            2f,
            3f,
            4f,
            5,
            -6L,
            List.of(new TokenBias(7, 8f), new TokenBias(9, -10f)));
    SamplingParams expected =
        new SamplingParams(
            0.5f,
            1,
            0.25f,
            0.125f,
            2f,
            3f,
            4f,
            5,
            -6L,
            List.of(new SamplingParams.TokenBias(7, 8f), new SamplingParams.TokenBias(9, -10f)));
    assertEquals(expected, NativeSampling.of(sampling));
  }

  @Test
  void greedyIsTheSameOnBothSides() {
    assertEquals(SamplingParams.GREEDY, NativeSampling.of(Sampling.GREEDY));
  }

  @Test
  void fingerprintsAreOfTheTokenizerNotOfTheWeights() {
    Model.Info info =
        new Model.Info(
            100, 99, 8, 7, 6, 5, 4, 3, 2, 11L, 12L, 1L, 2L, 3L, 4L, 13L, false, false, false, false,
            false, false);
    assertEquals(new TokenizerFingerprint(99, 1, 2, 3, 4), Fingerprints.of(info));
  }

  @Test
  void endTokensComeBackAsTheyWereSaid() {
    assertEquals(
        new PromptEnds(1, -1, true, false),
        EndTokenIds.promptEnds(new EndTokens(1, -1, EndTokens.ADDS_BEGIN | 0x100)));
    assertEquals(
        new PromptEnds(1, 2, false, true),
        EndTokenIds.promptEnds(new EndTokens(1, 2, EndTokens.ADDS_END)));
    assertNull(EndTokenIds.promptEnds(EndTokens.UNKNOWN));
    assertThrows(IllegalArgumentException.class, () -> new EndTokens(-1, 2, EndTokens.ADDS_BEGIN));
  }
}
