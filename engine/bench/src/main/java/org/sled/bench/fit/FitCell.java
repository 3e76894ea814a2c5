package org.sled.bench.fit;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What is to be expected over one link, at one draft rate, with so many sessions.
 *
 * @param rttMillis round trip time of the link, ms
 * @param draftsPerSecond of the device
 * @param own whether that is this device's own rate
 * @param sessions at a time, each a device's
 * @param draftTpotMillis time per token behind the first one if devices draft where it pays, ms
 * @param aloneTpotMillis the same if the server generates alone, ms
 */
public record FitCell(
    double rttMillis,
    double draftsPerSecond,
    boolean own,
    int sessions,
    double draftTpotMillis,
    double aloneTpotMillis) {
  /** Drafts pay if the text is so much faster with them: less is lost in what varies anyway. */
  public static final double LEAST_GAIN = 1.05;

  /** How many times as fast the text is with drafts. */
  @JsonProperty
  public double gain() {
    return aloneTpotMillis / draftTpotMillis;
  }

  /** Whether drafts pay. */
  @JsonProperty
  public boolean pays() {
    return gain() >= LEAST_GAIN;
  }
}
