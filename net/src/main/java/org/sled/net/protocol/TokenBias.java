package org.sled.net.protocol;

/**
 * An amount that is added to one token's logit before a token is chosen.
 *
 * @param token the token's id
 * @param bias within −{@link Sampling#HIGHEST_BIAS} to that; large enough to forbid a token, or to
 *     force it
 */
public record TokenBias(int token, float bias) {}
