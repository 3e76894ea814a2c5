package org.sled.bench.load;

/**
 * What is measured as a distribution; all in microseconds. The tag names it in {@code .hlog} files,
 * in file names and in JSON.
 */
public enum Metric {
  /** From a request's intended start to its first token. */
  TTFT("ttft", "time to first token"),
  /** Of a request that a full server kept waiting, or told to come again: until there was room. */
  WAIT("wait", "wait for a session"),
  /** Of a request: the time from its first token to its last, by the tokens behind the first. */
  TPOT("tpot", "time per output token"),
  /** Between tokens that came together and those before them. */
  ITL("itl", "time between bursts"),
  /** From a request's intended start to its last token. */
  E2E("e2e", "whole request"),
  /** From the beginning of drafting to the verdict; the sum of the phases below. */
  ROUND("round", "round"),
  /** Of a round: the device drafts. */
  DRAFT("draft", "draft"),
  /** Of a round: from the device to the server. */
  UPLINK("uplink", "uplink"),
  /** Of a round: waits for the engine. */
  QUEUE("queue", "queue"),
  /** Of a round: what the step would have taken for this block alone. */
  OWN_COMPUTE("own_compute", "own compute"),
  /** Of a round: what the step took longer because others were in it. */
  SURCHARGE("surcharge", "batch-mates' surcharge"),
  /** Of a round: the server's remaining time. */
  OVERHEAD("overhead", "server overhead"),
  /** Of a round: from the server to the device. */
  DOWNLINK("downlink", "downlink");

  private final String tag;
  private final String title;

  Metric(String tag, String title) {
    this.tag = tag;
    this.title = title;
  }

  /** The name for files. */
  public String tag() {
    return tag;
  }

  /** The name for people. */
  public String title() {
    return title;
  }

  /** Whether this is a part of a round. */
  public boolean isPhase() {
    return switch (this) {
      case DRAFT, UPLINK, QUEUE, OWN_COMPUTE, SURCHARGE, OVERHEAD, DOWNLINK -> true;
      case TTFT, WAIT, TPOT, ITL, E2E, ROUND -> false;
    };
  }
}
