package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.Sampler;
import org.sled.jni.SamplingParams.TokenBias;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;

/** The ends of every parameter's range: taken there, refused beyond. */
class SamplerRangesTest {
  private static final float[] LOGITS = {0.5f, -1, 2, 0.25f};
  private static final int[] HISTORY = {2, 2, 1, 7};
  private static final Params PLAIN = Params.PLAIN;

  @Test
  void theEndsAreTaken() {
    List<Params> taken = new ArrayList<>();
    for (float t : new float[] {0, -0f, Float.MIN_VALUE, 1e-30f, 100, 1e30f, Float.MAX_VALUE}) {
      taken.add(PLAIN.temperature(t));
    }
    for (int k : new int[] {0, 1, 4, 5, Integer.MAX_VALUE}) {
      taken.add(PLAIN.topK(k));
    }
    for (float share : new float[] {0, -0f, Float.MIN_VALUE, 0.5f, Math.nextDown(1f), 1}) {
      taken.add(PLAIN.topP(share));
      taken.add(PLAIN.minP(share));
    }
    for (float repeat : new float[] {0.01f, 1, 100}) {
      taken.add(PLAIN.penalties(repeat, 0, 0, -1));
    }
    for (float penalty : new float[] {-1000, -0f, 0, 1000}) {
      taken.add(PLAIN.penalties(1, penalty, 0, -1));
      taken.add(PLAIN.penalties(1, 0, penalty, -1));
      taken.add(PLAIN.bias(new TokenBias(3, penalty)));
    }
    for (int lastN : new int[] {-1, 0, 1, 4, Integer.MAX_VALUE}) {
      taken.add(PLAIN.penalties(2, 1, 1, lastN));
    }
    taken.add(biases(1024));
    for (Params params : taken) {
      for (long seed : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
        Twins.choose(LOGITS, HISTORY, params.seed(seed).value(), "ends");
      }
    }
  }

  @Test
  void whatIsBeyondIsRefused() {
    for (float t : new float[] {-Float.MIN_VALUE, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      refused(PLAIN.temperature(t));
    }
    refused(PLAIN.topK(-1));
    for (float share : new float[] {-Float.MIN_VALUE, Math.nextUp(1f), Float.NaN}) {
      refused(PLAIN.topP(share));
      refused(PLAIN.minP(share));
    }
    for (float repeat :
        new float[] {0, -1, Math.nextDown(0.01f), Math.nextUp(100f), Float.NaN, 1f / 0f}) {
      refused(PLAIN.penalties(repeat, 0, 0, -1));
    }
    for (float penalty :
        new float[] {Math.nextDown(-1000f), Math.nextUp(1000f), Float.NaN, 1f / 0f, -1f / 0f}) {
      refused(PLAIN.penalties(1, penalty, 0, -1));
      refused(PLAIN.penalties(1, 0, penalty, -1));
      refused(PLAIN.bias(new TokenBias(3, penalty)));
    }
    refused(PLAIN.penalties(1, 0, 0, -2));
    refused(biases(1025));
  }

  @Test
  void aBiasOfNoTokenIsRefused() {
    refused(SledStatus.TOKEN, PLAIN.bias(new TokenBias(4, 0)));
    refused(SledStatus.TOKEN, PLAIN.bias(new TokenBias(-1, 0)));
    refused(SledStatus.TOKEN, PLAIN.bias(new TokenBias(0, 0), new TokenBias(Integer.MAX_VALUE, 0)));
  }

  /** Greedy does not look at the filters, but its parameters have their ranges too. */
  @Test
  void greedyIsCheckedToo() {
    refused(PLAIN.temperature(0).topP(2));
    refused(PLAIN.temperature(0).minP(-1));
  }

  private static Params biases(int count) {
    return PLAIN.bias(
        Collections.nCopies(count, new TokenBias(1, 0.01f)).toArray(new TokenBias[0]));
  }

  private static void refused(Params params) {
    refused(SledStatus.ARGUMENT, params);
  }

  private static void refused(SledStatus status, Params params) {
    SledException failure =
        assertThrows(
            SledException.class,
            () -> Sampler.choose(LOGITS, HISTORY, params.value()),
            () -> params + " with " + LOGITS.length + " tokens, " + Arrays.toString(HISTORY));
    assertEquals(status, failure.status(), failure.getMessage());
  }
}
