package org.sled.device.draft;

import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;

/** A drafter that is slowed down to another device's speed; for measurements. */
public final class PacedDrafter implements BlockDrafter {
  private final BlockDrafter drafter;
  private final long nanosPerToken;
  private final Pace pace;

  /**
   * A slower one.
   *
   * @param pace that it drafts at
   * @param tokensPerSecond drafts that the slower device makes per second, above 0
   */
  public PacedDrafter(Pace pace, BlockDrafter drafter, double tokensPerSecond) {
    this.pace = pace;
    this.drafter = drafter;
    nanosPerToken = (long) (1e9 / tokensPerSecond);
  }

  @Override
  public void begin(GenerationRequest request) {
    drafter.begin(request);
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    return drafter.prefillChunk(history);
  }

  @Override
  public long dueNanos(TokenHistory history) {
    return drafter.dueNanos(history);
  }

  @Override
  public int room(int length) {
    return drafter.room(length);
  }

  @Override
  public boolean takesDueTokens(TokenHistory history) {
    return drafter.takesDueTokens(history);
  }

  @Override
  public boolean hasProposal(TokenHistory history, int position) {
    return drafter.hasProposal(history, position);
  }

  @Override
  public float draftNext(TokenHistory history, int position) {
    long startNanos = pace.nanoTime();
    float probability = drafter.draftNext(history, position);
    if (probability != NONE) {
      pace.finish(startNanos, nanosPerToken);
    }
    return probability;
  }

  @Override
  public boolean endsText(int token) {
    return drafter.endsText(token);
  }

  @Override
  public void keep(int length) {
    drafter.keep(length);
  }

  @Override
  public void close() {
    drafter.close();
  }
}
