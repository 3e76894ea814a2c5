package org.sled.cli.output;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.sled.bench.report.Rounding;
import org.sled.device.GenerationStats;

/** The sum of several generations. One thread at a time. */
public final class StreamTotals {
  private static final int SIGNIFICANT_DIGITS = 3;

  private long tokens;
  private long rounds;
  private long drafted;
  private long accepted;
  private long bytesUp;
  private long bytesDown;
  private final List<Long> verifiedPerPosition = new ArrayList<>();
  private final List<Long> acceptedPerPosition = new ArrayList<>();
  private final Histogram roundMicros = new Histogram(SIGNIFICANT_DIGITS);
  private final Histogram overheadMicros = new Histogram(SIGNIFICANT_DIGITS);
  private final Histogram firstTokenMicros = new Histogram(SIGNIFICANT_DIGITS);

  public void add(GenerationStats stats) {
    tokens += stats.tokens();
    rounds += stats.rounds();
    drafted += stats.drafted();
    accepted += stats.accepted();
    bytesUp += stats.bytesUp();
    bytesDown += stats.bytesDown();
    add(verifiedPerPosition, stats.verifiedPerPosition());
    add(acceptedPerPosition, stats.acceptedPerPosition());
    roundMicros.add(stats.roundMicros());
    overheadMicros.add(stats.serverOverheadMicros());
    if (stats.timeToFirstTokenNanos() >= 0) {
      firstTokenMicros.recordValue(stats.timeToFirstTokenNanos() / 1_000);
    }
  }

  private static void add(List<Long> sums, List<Long> more) {
    for (int i = 0; i < more.size(); i++) {
      if (i == sums.size()) {
        sums.add(0L);
      }
      sums.set(i, sums.get(i) + more.get(i));
    }
  }

  public long tokens() {
    return tokens;
  }

  public long rounds() {
    return rounds;
  }

  public long drafted() {
    return drafted;
  }

  public long accepted() {
    return accepted;
  }

  long bytesUp() {
    return bytesUp;
  }

  long bytesDown() {
    return bytesDown;
  }

  /** Accepted ÷ drafted, NaN if nothing was drafted. */
  public double acceptedShare() {
    return drafted == 0 ? Double.NaN : (double) accepted / drafted;
  }

  /** At index i: P(draft i matches, given that all before it did); null where nobody looked. */
  public List<Double> acceptancePerPosition() {
    List<Double> acceptance = new ArrayList<>();
    for (int i = 0; i < verifiedPerPosition.size(); i++) {
      long looked = verifiedPerPosition.get(i);
      acceptance.add(
          looked == 0 ? null : Rounding.orNull((double) acceptedPerPosition.get(i) / looked));
    }
    return acceptance;
  }

  public Histogram roundMicros() {
    return roundMicros;
  }

  public Histogram overheadMicros() {
    return overheadMicros;
  }

  public Histogram firstTokenMicros() {
    return firstTokenMicros;
  }
}
