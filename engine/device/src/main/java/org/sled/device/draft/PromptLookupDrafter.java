package org.sled.device.draft;

import java.util.Arrays;
import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;

/**
 * Drafts without a model: what followed when the last few tokens were said before, in the prompt or
 * since (Saxena, "Prompt Lookup Decoding", 2023). That is right where a text repeats what it was
 * given: summaries, answers that quote, edits of code.
 *
 * <p>The longest n-gram, of at most {@link #LONGEST} tokens, that ends the text and was there
 * before is looked for; of several places the newest counts. The text is the committed tokens and
 * the drafts behind them, the places are among the committed tokens alone: so nothing has to be
 * undone when drafts turn out wrong.
 *
 * <p>Each match gets a probability, by how many tokens it goes back. How often matches of a length
 * are right is learnt from the text itself: for every token that is committed it is known what
 * would have been drafted in its place. Matches that are seldom right are not proposed.
 *
 * <p>Indexing a token and drafting one take a few table look-ups each, whatever the length of the
 * text. The tables take at most 64 bytes per token. Belongs to the draft thread.
 */
public final class PromptLookupDrafter implements BlockDrafter {
  /** Tokens of an n-gram at most: four in a row are seldom the same by accident. */
  static final int LONGEST = 4;

  /** A block is a round trip: for less than one token in four it is not worth it. */
  static final float LEAST_PROBABILITY = 0.25f;

  /** Tokens indexed per call: less than a millisecond, in which a cancel may wait. */
  private static final int CHUNK_TOKENS = 1024;

  /** A match is measured up to here. */
  private static final int LONGEST_MATCH = 24;

  /** Upper ends of the lengths that are counted together. */
  private static final int[] LENGTHS = {1, 2, 3, 4, 6, 9, 14, LONGEST_MATCH - 1, LONGEST_MATCH};

  /** How often matches of these lengths are right, before the text has shown it. */
  private static final double[] FIRST_SHARES = {.15, .35, .5, .6, .7, .8, .88, .93, .96};

  /** The weight of that, in matches. */
  private static final double FIRST_WEIGHT = 4;

  /** What so many matches of a length ago happened counts 1/e. */
  private static final double MEMORY = 64;

  private final NgramIndex[] indexes = new NgramIndex[LONGEST]; // by n − 1
  private final double[] seen = new double[LENGTHS.length];
  private final double[] right = new double[LENGTHS.length];
  private int indexed; // the n-grams that end before this position or an earlier one
  private int matchedTokens; // of the last match

  public PromptLookupDrafter() {
    for (int n = 1; n <= LONGEST; n++) {
      indexes[n - 1] = new NgramIndex(n);
    }
  }

  @Override
  public void begin(GenerationRequest request) {
    indexed = 0;
    Arrays.fill(seen, 0);
    Arrays.fill(right, 0);
    for (NgramIndex index : indexes) {
      index.clear();
    }
  }

  @Override
  public boolean prefillChunk(TokenHistory history) {
    int before = indexed;
    index(history, Math.min(history.committedLength() - 1, before + CHUNK_TOKENS));
    return indexed > before;
  }

  @Override
  public int room(int length) {
    return Integer.MAX_VALUE - length;
  }

  @Override
  public boolean takesDueTokens(TokenHistory history) {
    return true;
  }

  @Override
  public boolean hasProposal(TokenHistory history, int position) {
    return probability(match(history, position)) >= LEAST_PROBABILITY;
  }

  @Override
  public float draftNext(TokenHistory history, int position) {
    int place = match(history, position);
    float probability = probability(place);
    if (probability < LEAST_PROBABILITY) {
      return NONE;
    }
    history.put(position, history.get(place));
    return probability;
  }

  /**
   * Where the token stands that followed the longest match of what stands before a position.
   *
   * @return {@link NgramIndex#NONE} if there is no match
   */
  int match(TokenHistory history, int position) {
    index(history, history.committedLength() - 1);
    return find(history, position);
  }

  private float probability(int place) {
    return place == NgramIndex.NONE ? 0 : (float) share(range(matchedTokens));
  }

  /** Takes in the n-grams that end before a position or an earlier one; a token follows each. */
  private void index(TokenHistory history, int last) {
    while (indexed < last) {
      int end = indexed + 1;
      learn(history, end);
      for (NgramIndex index : indexes) {
        index.put(history, end);
      }
      indexed = end;
    }
  }

  /** What would have been drafted at a position, and what is there? */
  private void learn(TokenHistory history, int position) {
    int place = find(history, position);
    if (place != NgramIndex.NONE) {
      int range = range(matchedTokens);
      double isRight = history.get(place) == history.get(position) ? 1 : 0;
      seen[range] += 1 - seen[range] / MEMORY;
      right[range] += isRight - right[range] / MEMORY;
    }
  }

  private int find(TokenHistory history, int position) {
    for (int n = LONGEST; n >= 1; n--) {
      int place = indexes[n - 1].find(history, position);
      if (place != NgramIndex.NONE) {
        matchedTokens = matchedTokens(history, place, position, n);
        return place;
      }
    }
    return NgramIndex.NONE;
  }

  private static int matchedTokens(TokenHistory history, int one, int other, int known) {
    int count = known;
    int most = Math.min(LONGEST_MATCH, one); // the place is before the position
    while (count < most && history.get(one - 1 - count) == history.get(other - 1 - count)) {
      count++;
    }
    return count;
  }

  private static int range(int matched) {
    int range = 0;
    while (matched > LENGTHS[range]) {
      range++;
    }
    return range;
  }

  private double share(int range) {
    return (right[range] + FIRST_WEIGHT * FIRST_SHARES[range]) / (seen[range] + FIRST_WEIGHT);
  }

  @Override
  public void keep(int length) {
    // Drafts are not indexed.
  }

  @Override
  public void close() {
    // Nothing but Java memory.
  }
}
