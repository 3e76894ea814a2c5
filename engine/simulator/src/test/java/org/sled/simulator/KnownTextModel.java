package org.sled.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;
import org.agrona.UnsafeApi;
import org.sled.device.draft.Drafter;
import org.sled.net.protocol.Sampling;

/**
 * A fake draft model that says the tokens of {@link KnownText} so often, and checks how its cache
 * is used: positions are rolled back, never skipped.
 */
final class KnownTextModel implements Drafter {
  private final Random random;
  private final int rightPercent;
  private final int endAt;
  private final int contextTokens;
  private final List<Integer> cache = new ArrayList<>();

  /** Is told how many tokens each call decodes, to take its time. */
  IntConsumer pace = tokenCount -> {};

  KnownTextModel(long seed, int rightPercent, int endAt, int contextTokens) {
    random = new Random(seed);
    this.rightPercent = rightPercent;
    this.endAt = endAt;
    this.contextTokens = contextTokens;
  }

  @Override
  public int contextTokens() {
    return contextTokens;
  }

  @Override
  public int vocabularyRows() {
    return KnownText.VOCABULARY;
  }

  @Override
  public void sample(Sampling sampling) {
    // It is right as often at every temperature.
  }

  @Override
  public int decode(int position, long tokensAddress, int tokenCount) {
    if (position > cache.size() || tokenCount < 1 || position + tokenCount > contextTokens) {
      throw new AssertionError(
          "decode of " + tokenCount + " at " + position + ", cached " + cache.size());
    }
    cache.subList(position, cache.size()).clear();
    for (int i = 0; i < tokenCount; i++) {
      cache.add(UnsafeApi.getInt(tokensAddress + 4L * i));
    }
    pace.accept(tokenCount);
    int right = KnownText.next(cache, endAt);
    return random.nextInt(100) < rightPercent ? right : (right + 1) % KnownText.END;
  }

  @Override
  public float probability() {
    return rightPercent / 100f;
  }

  @Override
  public boolean endsText(int token) {
    return token == KnownText.END;
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
