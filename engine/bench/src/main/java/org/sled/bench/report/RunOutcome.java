package org.sled.bench.report;

import org.sled.bench.load.Meters;

/**
 * One run, when it is over.
 *
 * @param record what was recorded over time
 * @param meters what was counted
 * @param bytesUp bytes of frames to the server, of all devices, warm-up included; so too below
 * @param bytesDown bytes of frames from the server
 * @param serverCpuSeconds processor time of the server's process; NaN where that is not ours
 * @param divergences replayed generations whose text was not the trace's
 */
public record RunOutcome(
    RunRecord record,
    Meters meters,
    long bytesUp,
    long bytesDown,
    double serverCpuSeconds,
    long divergences) {

  /** Tokens within the measured time over its length. */
  public double tokensPerSecond() {
    return meters.windowTokens() / meters.window().seconds();
  }

  /** Bytes to the server for each token. */
  double bytesUpPerToken() {
    return (double) bytesUp / meters.tokensSoFar();
  }

  /** Bytes from the server for each token. */
  double bytesDownPerToken() {
    return (double) bytesDown / meters.tokensSoFar();
  }
}
