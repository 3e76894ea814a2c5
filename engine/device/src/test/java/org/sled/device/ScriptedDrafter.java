package org.sled.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;
import org.agrona.UnsafeApi;
import org.sled.device.draft.Drafter;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.net.protocol.Sampling;

/**
 * A fake draft model that is right so often, and checks how its cache is used: positions are rolled
 * back, never skipped, and never built anew.
 */
public final class ScriptedDrafter implements Drafter {
  private final Random random;
  private final int matchPercent;
  private final int endAt;
  private final int contextTokens;
  private final List<Integer> cache = new ArrayList<>();

  /** Tokens decoded so far. */
  volatile int decoded;

  /** Calls so far. */
  volatile int calls;

  /** Fails from this call on. */
  int failAt = Integer.MAX_VALUE;

  /** Chooses a token that the target does not have, every so many calls. */
  int paddingEvery = Integer.MAX_VALUE;

  /** Is told how many tokens each call decodes, to take its time. */
  IntConsumer pace = tokenCount -> {};

  int rows = ScriptedText.VOCABULARY;
  public boolean closed;

  /** How it was told to choose, each time. */
  final List<Sampling> samplings = new ArrayList<>();

  public ScriptedDrafter(long seed, int matchPercent, int endAt, int contextTokens) {
    random = new Random(seed);
    this.matchPercent = matchPercent;
    this.endAt = endAt;
    this.contextTokens = contextTokens;
  }

  @Override
  public int contextTokens() {
    return contextTokens;
  }

  @Override
  public int vocabularyRows() {
    return rows;
  }

  @Override
  public void sample(Sampling sampling) {
    samplings.add(sampling);
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, a test reads
  public int decode(int position, long tokensAddress, int tokenCount) {
    int call = calls + 1; // one thread writes, tests read
    calls = call;
    if (call >= failAt) {
      cache.clear();
      throw new SledException(SledStatus.DECODE, "scripted failure");
    }
    if (position > cache.size() || tokenCount < 1 || position + tokenCount > contextTokens) {
      throw new AssertionError(
          "decode of " + tokenCount + " at " + position + ", cached " + cache.size());
    }
    cache.subList(position, cache.size()).clear();
    for (int i = 0; i < tokenCount; i++) {
      int token = UnsafeApi.getInt(tokensAddress + 4L * i);
      if (token < 0 || token >= rows) {
        throw new AssertionError("token " + token);
      }
      cache.add(token);
    }
    int all = decoded + tokenCount;
    decoded = all;
    pace.accept(tokenCount);
    if (calls % paddingEvery == 0) {
      return ScriptedText.VOCABULARY + 5;
    }
    int right = ScriptedText.next(cache, endAt);
    boolean match = random.nextInt(100) < matchPercent;
    int token = match ? right : (right + 1) % (ScriptedText.VOCABULARY - 1);
    return Math.min(token, rows - 1);
  }

  @Override
  public float probability() {
    return matchPercent / 100f;
  }

  @Override
  public boolean endsText(int token) {
    return token == ScriptedText.END;
  }

  @Override
  public void close() {
    closed = true;
  }
}
