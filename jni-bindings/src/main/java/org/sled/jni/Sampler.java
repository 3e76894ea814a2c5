package org.sled.jni;

/** Choosing a token from logits without a model: for tests, and for whoever wants to look. */
public final class Sampler {
  private Sampler() {}

  /**
   * Chooses a token as server and device do. Any thread.
   *
   * @param logits at least one; NaN counts as minus infinity
   * @param history the tokens before this position, prompt included: their number is the position
   * @return -1 if no logit is above minus infinity
   * @throws SledException {@link SledStatus#ARGUMENT} for a parameter out of its range, {@link
   *     SledStatus#TOKEN} for a bias of a token that there is none of
   */
  public static int choose(float[] logits, int[] history, SamplingParams params) {
    try (Scratch row = Scratch.ofBytes(Math.max(1, logits.length) * Float.BYTES);
        Scratch tokens = Scratch.ofBytes(Math.max(1, history.length) * Integer.BYTES);
        Scratch struct = params.toNative();
        Scratch token = Scratch.ofBytes(Integer.BYTES)) {
      for (int i = 0; i < logits.length; i++) {
        row.putFloat(i * Float.BYTES, logits[i]);
      }
      for (int i = 0; i < history.length; i++) {
        tokens.putInt(i * Integer.BYTES, history[i]);
      }
      NativeCall.check(
          SledNative.sled_sample(
              row.address(),
              logits.length,
              tokens.address(),
              history.length,
              struct.address(),
              token.address()),
          "sample");
      return token.getInt(0);
    }
  }
}
