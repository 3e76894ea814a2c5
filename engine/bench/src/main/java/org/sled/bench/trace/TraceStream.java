package org.sled.bench.trace;

import java.util.Arrays;
import org.sled.net.protocol.Sampling;

/**
 * One recorded generation. Arrays are the record's own and are not to be changed.
 *
 * @param promptNumber which of the workload's prompts it was
 * @param prompt token ids
 * @param maxTokens the request's limit
 * @param ignoreEnd whether it went on after end-of-generation tokens
 * @param sampling how tokens were chosen
 * @param tokens what the target said
 * @param prefillMicros time to work on the whole prompt, µs
 * @param drafts at index i: the tokens that the draft model proposes behind the prompt and {@code
 *     tokens[0..i−1]}; those at index 0 are drafted while the server computes the prompt, and may
 *     be missing
 * @param confidence of each of them: its probability in the draft model's distribution
 * @param firstMicros at index i: time for the first of them, µs
 * @param nextMicros at index i: time for each further one, µs
 */
@SuppressWarnings("ArrayRecordComponent") // much data, never compared, nor a key
public record TraceStream(
    int promptNumber,
    int[] prompt,
    int maxTokens,
    boolean ignoreEnd,
    Sampling sampling,
    int[] tokens,
    int prefillMicros,
    int[][] drafts,
    float[][] confidence,
    int[] firstMicros,
    int[] nextMicros) {
  /** This generation behind another prompt. */
  TraceStream withPrompt(int[] newPrompt) {
    return new TraceStream(
        promptNumber,
        newPrompt,
        maxTokens,
        ignoreEnd,
        sampling,
        tokens,
        prefillMicros,
        drafts,
        confidence,
        firstMicros,
        nextMicros);
  }

  /** This text with other drafts. */
  TraceStream withDrafts(int[][] newDrafts, float[][] newConfidence) {
    return new TraceStream(
        promptNumber,
        prompt,
        maxTokens,
        ignoreEnd,
        sampling,
        tokens,
        prefillMicros,
        newDrafts,
        newConfidence,
        firstMicros,
        nextMicros);
  }

  /** This generation on a device that takes so long for the prompt, and for each draft, µs. */
  TraceStream withTimes(int newPrefillMicros, int draftMicros) {
    int[] each = new int[tokens.length];
    Arrays.fill(each, draftMicros);
    return new TraceStream(
        promptNumber,
        prompt,
        maxTokens,
        ignoreEnd,
        sampling,
        tokens,
        newPrefillMicros,
        drafts,
        confidence,
        each,
        each);
  }
}
