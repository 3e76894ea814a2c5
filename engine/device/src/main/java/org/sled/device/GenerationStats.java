package org.sled.device;

import java.util.List;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * How a generation went, up to when this was taken. Shares that have no denominator yet are NaN.
 *
 * @param tokens tokens committed after the prompt
 * @param rounds blocks that were answered
 * @param resumes how often it went on over another connection
 * @param drafted draft tokens in them, without those that a busy server cut off
 * @param accepted draft tokens that equal the target's
 * @param verifiedPerPosition at index i: how often the target looked at a block's draft i
 * @param acceptedPerPosition at index i: how often it matched
 * @param roundMicros from handing a block to the network to having its verdict, µs
 * @param draftMicros for drafting a block, µs
 * @param serverOverheadMicros the server's time beside queueing and computing, as every OPENED,
 *     VERDICT and TOKENS says, µs
 * @param timeToFirstTokenNanos from the start to the first token, ns, or -1 before it
 * @param elapsedNanos from the start to the newest token, ns
 * @param bytesUp bytes of this session's frames to the server
 * @param bytesDown bytes of this session's frames from the server
 */
public record GenerationStats(
    int tokens,
    int rounds,
    int resumes,
    long drafted,
    long accepted,
    List<Long> verifiedPerPosition,
    List<Long> acceptedPerPosition,
    Histogram roundMicros,
    Histogram draftMicros,
    Histogram serverOverheadMicros,
    long timeToFirstTokenNanos,
    long elapsedNanos,
    long bytesUp,
    long bytesDown) {

  private static final double NANOS_PER_SECOND = 1e9;

  /** Accepted ÷ drafted. */
  public double acceptedShare() {
    return drafted == 0 ? Double.NaN : (double) accepted / drafted;
  }

  /** At index i: P(draft i matches, given that all before it did). */
  public List<Double> acceptancePerPosition() {
    return IntStream.range(0, verifiedPerPosition.size())
        .mapToObj(
            i ->
                verifiedPerPosition.get(i) == 0
                    ? Double.NaN
                    : (double) acceptedPerPosition.get(i) / verifiedPerPosition.get(i))
        .toList();
  }

  /** Tokens over the time from the start to the newest of them, prompt computing included. */
  public double tokensPerSecond() {
    return elapsedNanos <= 0 ? Double.NaN : tokens * NANOS_PER_SECOND / elapsedNanos;
  }
}
