package org.sled.bench.report;

import java.util.ArrayList;
import java.util.List;

/**
 * What happened over time, all repetitions one after another.
 *
 * @param samples in order
 * @param runStarts when each repetition begins on this common time, s
 * @param seconds its end
 */
record Timeline(List<Sample> samples, List<Double> runStarts, double seconds) {
  /** More would be thinner than a pixel or two. */
  private static final int MAX_SAMPLES = 240;

  /** Shorter slices are added to the one before: a few tokens in a millisecond are no rate. */
  private static final double SHORTEST_SECONDS = 0.25;

  /**
   * A piece of it.
   *
   * @param run index of the repetition
   * @param start when it begins, s
   * @param end when it ends, s
   * @param tokens that came
   * @param activeRequests under way at the end
   */
  record Sample(int run, double start, double end, long tokens, int activeRequests) {
    double tokensPerSecond() {
      return tokens / (end - start);
    }

    /** One sample for both; the other one follows. */
    Sample with(Sample next) {
      return new Sample(run, start, next.end, tokens + next.tokens, next.activeRequests);
    }
  }

  /** Of the slices that were recorded. */
  static Timeline of(List<RunRecord> runs) {
    int slices = runs.stream().mapToInt(run -> run.slices().size()).sum();
    int together = Math.max(1, (slices + MAX_SAMPLES - 1) / MAX_SAMPLES);
    List<Sample> samples = new ArrayList<>();
    List<Double> starts = new ArrayList<>();
    double offset = 0;
    for (int run = 0; run < runs.size(); run++) {
      List<Sample> ofRun = ofRun(runs.get(run).slices(), run, offset, together);
      if (!ofRun.isEmpty()) {
        starts.add(offset);
        samples.addAll(ofRun);
        offset = ofRun.get(ofRun.size() - 1).end();
      }
    }
    return new Timeline(List.copyOf(samples), List.copyOf(starts), offset);
  }

  private static List<Sample> ofRun(
      List<RunRecord.Slice> slices, int run, double offset, int together) {
    List<Sample> samples = new ArrayList<>();
    int inLast = together; // slices in the newest sample; nothing is added to one that is full
    for (RunRecord.Slice slice : slices) {
      Sample sample =
          new Sample(
              run,
              offset + slice.startSeconds(),
              offset + slice.endSeconds(),
              slice.tokens(),
              slice.activeRequests());
      int last = samples.size() - 1;
      boolean isShort = sample.end() - sample.start() < SHORTEST_SECONDS;
      if (last >= 0 && (inLast < together || isShort)) {
        samples.set(last, samples.get(last).with(sample));
        inLast++;
      } else if (sample.end() > sample.start()) {
        samples.add(sample);
        inLast = 1;
      }
    }
    return samples;
  }
}
