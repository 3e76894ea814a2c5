package org.sled.bench.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/**
 * What {@code result.json} holds, in this order and with these names in snake case. Times are in
 * milliseconds, shares between 0 and 1. What is unknown is null.
 *
 * @param tool always "sled bench"
 * @param created when the run ended, ISO 8601
 * @param command the command line that repeats it
 * @param settings everything that was chosen, defaults included
 * @param environment the machine and the software
 * @param server what the server said of itself
 * @param tokensPerSecond of all devices, mean of the repetitions
 * @param requestsPerSecond requests that ended, mean of the repetitions
 * @param requests what became of the measured ones
 * @param acceptedShare accepted ÷ drafted
 * @param acceptancePerPosition at index i: P(draft i matches, given that all before it did)
 * @param rounds blocks that were answered
 * @param draftedTokens drafts in them
 * @param acceptedTokens drafts that equal the target's tokens
 * @param ttftMs time to first token, from the intended start
 * @param waitMs for a session, of the requests that had to wait; part of the time to first token
 * @param tpotMs time per output token, of whole requests
 * @param itlMs between bursts of tokens
 * @param e2eMs whole requests, from the intended start
 * @param roundMs from the beginning of drafting to the verdict
 * @param phases what a round consists of; their means add up to the round's
 * @param bytes on the wire
 * @param serverCpu processor time of the server; null where it is not ours
 * @param goodput against an objective; null without one
 * @param energy of server and devices
 * @param replay of a trace; null for real devices
 * @param bound the best that could be reached; null without a cost table
 * @param capacity devices that hold an objective; null where that was not asked for
 * @param confidence means of the repetitions with 95 % intervals
 * @param repetitions each run's main numbers
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record BenchResult(
    String tool,
    String created,
    List<String> command,
    Map<String, Object> settings,
    Environment environment,
    Map<String, Object> server,
    Double tokensPerSecond,
    Double requestsPerSecond,
    Requests requests,
    Double acceptedShare,
    List<Double> acceptancePerPosition,
    long rounds,
    long draftedTokens,
    long acceptedTokens,
    Distribution ttftMs,
    Distribution waitMs,
    Distribution tpotMs,
    Distribution itlMs,
    Distribution e2eMs,
    Distribution roundMs,
    Map<String, Phase> phases,
    Bytes bytes,
    ServerCpu serverCpu,
    GoodputResult goodput,
    EnergyResult energy,
    Replay replay,
    BoundResult bound,
    CapacityResult capacity,
    Map<String, Estimate> confidence,
    List<Repetition> repetitions) {

  /** A copy with the bound that follows from it. */
  public BenchResult withBound(BoundResult value) {
    return new BenchResult(
        tool,
        created,
        command,
        settings,
        environment,
        server,
        tokensPerSecond,
        requestsPerSecond,
        requests,
        acceptedShare,
        acceptancePerPosition,
        rounds,
        draftedTokens,
        acceptedTokens,
        ttftMs,
        waitMs,
        tpotMs,
        itlMs,
        e2eMs,
        roundMs,
        phases,
        bytes,
        serverCpu,
        goodput,
        energy,
        replay,
        value,
        capacity,
        confidence,
        repetitions);
  }

  /**
   * What became of requests.
   *
   * @param completed ended as they should
   * @param failed ended with an error
   * @param cancelled did not end in time
   * @param cancelledWaiting of these, those that were still waiting for a session
   * @param waited those, whatever became of them, for which the server had no room at first
   * @param failures the failed ones by kind
   * @param firstFailure why the first one failed, or null
   */
  public record Requests(
      long completed,
      long failed,
      long cancelled,
      long cancelledWaiting,
      long waited,
      Map<String, Long> failures,
      String firstFailure) {}

  /**
   * A part of a round.
   *
   * @param meanMs its mean
   * @param share of the round's mean
   * @param distribution its distribution
   */
  public record Phase(double meanMs, Double share, Distribution distribution) {}

  /**
   * Bytes of frames, over all repetitions, warm-up included.
   *
   * @param up to the server
   * @param down from the server
   * @param upPerToken for each token
   * @param downPerToken for each token
   */
  public record Bytes(long up, long down, Double upPerToken, Double downPerToken) {}

  /**
   * Processor time of the server's process, warm-up included.
   *
   * @param seconds over all repetitions
   * @param millisPerToken for each token, ms
   */
  public record ServerCpu(double seconds, Double millisPerToken) {}

  /**
   * Requests that met the objective.
   *
   * @param ttftMs objective, null for none
   * @param tpotMs objective, null for none
   * @param share of the completed ones
   * @param requestsPerSecond that met it
   */
  public record GoodputResult(
      Double ttftMs, Double tpotMs, Double share, Double requestsPerSecond) {}

  /**
   * Of a replay.
   *
   * @param trace the file
   * @param divergences generations whose text was not the trace's, 0 on an exact server
   */
  public record Replay(String trace, long divergences) {}

  /**
   * The main numbers of one run.
   *
   * @param seconds measured
   * @param tokens in them
   */
  public record Repetition(
      double seconds,
      long tokens,
      double tokensPerSecond,
      Double acceptedShare,
      Distribution ttftMs,
      Distribution tpotMs,
      Distribution roundMs) {}
}
