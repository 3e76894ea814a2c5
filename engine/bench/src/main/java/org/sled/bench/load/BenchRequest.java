package org.sled.bench.load;

import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/**
 * One request of the load, the same for whatever serves it.
 *
 * @param number counts requests from 0 in the order of their intended starts
 * @param promptNumber which of the workload's prompts this is: equal numbers, seeds and limits give
 *     equal texts
 * @param prompt the prompt's token ids
 * @param maxTokens new tokens at most, at least 1
 * @param ignoreEnd go on after end-of-generation tokens, so that all requests have the same length
 * @param sampling how tokens are chosen, with the seed
 */
public record BenchRequest(
    int number,
    int promptNumber,
    TokenIds prompt,
    int maxTokens,
    boolean ignoreEnd,
    Sampling sampling) {}
