package org.sled.device.draft;

import java.util.List;
import java.util.function.IntPredicate;
import org.sled.jni.SharedTokens;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;

/**
 * The target's tokens as a draft model with another vocabulary knows them. Only those that both
 * spell alike are proposed. In place of another one the draft model is fed a substitute: its next
 * drafts are worse for it, the text is not. Immutable.
 *
 * @param shared whether an id means the same to both; false for what is no id of one of them
 * @param substitute an id of the draft model
 */
public record DraftTokens(IntPredicate shared, int substitute) {
  /** A draft model that shares less than so many tenths of the target's ids is a mistake. */
  private static final int LEAST_TENTHS = 9;

  /** Whether a draft model that shares these ids with a target is one for it. */
  public static boolean areEnough(SharedTokens shared) {
    return 10L * shared.count() >= (long) LEAST_TENTHS * shared.targetTokens();
  }

  /** What the draft model can be fed for one of the target's tokens. */
  public int fed(int token) {
    return shared.test(token) ? token : substitute;
  }

  /** How the draft model is to choose: without a logit bias for what it does not know. */
  public Sampling known(Sampling sampling) {
    List<TokenBias> biases =
        sampling.logitBias().stream().filter(bias -> shared.test(bias.token())).toList();
    return sampling.withLogitBias(biases);
  }
}
