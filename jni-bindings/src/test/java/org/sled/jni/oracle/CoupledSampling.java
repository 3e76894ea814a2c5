package org.sled.jni.oracle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.sled.jni.SamplingParams;
import org.sled.jni.SamplingParams.TokenBias;

/** How a token is chosen from a row of logits: {@code native/SAMPLING.md}, step by step. */
public final class CoupledSampling {
  /** There is no logit above minus infinity. */
  public static final int NO_CHOICE = -1;

  private static final double TWO_TO_40 = 0x1p40;

  /** The larger logit first, among equal ones the lower id. There is no NaN here any more. */
  private static final Comparator<Token> ORDER =
      (a, b) -> {
        if (a.logit != b.logit) { // 0 and -0 are equal
          return a.logit > b.logit ? -1 : 1;
        }
        return Integer.compare(a.id, b.id);
      };

  private CoupledSampling() {}

  private record Token(int id, float logit) {}

  /**
   * The token for a row, or {@link #NO_CHOICE}.
   *
   * @param logits one per token of the vocabulary
   * @param history the tokens before; their number is the position
   */
  public static int choose(float[] logits, int[] history, SamplingParams params) {
    float[] l = adjusted(logits, history, params);
    float m = largest(l);
    if (m == Float.NEGATIVE_INFINITY) {
      return NO_CHOICE;
    }
    if (m == Float.POSITIVE_INFINITY || params.temperature() == 0) {
      return lowestIdWith(m, l);
    }
    int choice = NO_CHOICE;
    double best = 0;
    for (int x : kept(l, params)) {
      double score = score(l[x], x, history.length, params);
      if (choice == NO_CHOICE || score > best || (score == best && x < choice)) {
        choice = x;
        best = score;
      }
    }
    return choice;
  }

  /** Steps 1 and 2: the logits after penalties and bias; NaN has become minus infinity. */
  static float[] adjusted(float[] logits, int[] history, SamplingParams params) {
    int n = logits.length;
    float[] l = new float[n];
    for (int x = 0; x < n; x++) {
      l[x] = Float.isNaN(logits[x]) ? Float.NEGATIVE_INFINITY : logits[x];
    }
    int[] counts = counts(n, history, params.penaltyLastN());
    for (int x = 0; x < n; x++) {
      int c = counts[x];
      if (c > 0) {
        l[x] = l[x] > 0 ? l[x] / params.repeatPenalty() : l[x] * params.repeatPenalty();
        l[x] = l[x] - ((float) c * params.frequencyPenalty() + params.presencePenalty());
      }
    }
    for (TokenBias entry : params.logitBias()) {
      l[entry.token()] = l[entry.token()] + entry.bias();
    }
    return l;
  }

  /** How often each token of the vocabulary is among the last tokens. */
  private static int[] counts(int n, int[] history, int lastN) {
    int seen = lastN == -1 ? history.length : Math.min(lastN, history.length);
    int[] counts = new int[n];
    for (int i = history.length - seen; i < history.length; i++) {
      if (history[i] >= 0 && history[i] < n) {
        counts[history[i]]++;
      }
    }
    return counts;
  }

  private static float largest(float[] l) {
    float m = Float.NEGATIVE_INFINITY;
    for (float logit : l) {
      if (logit > m) {
        m = logit;
      }
    }
    return m;
  }

  private static int lowestIdWith(float m, float[] l) {
    int x = 0;
    while (l[x] != m) {
      x++;
    }
    return x;
  }

  /** Step 4: the ids that the filters leave, in their order. The largest logit is finite. */
  static List<Integer> kept(float[] l, SamplingParams params) {
    List<Token> tokens = new ArrayList<>();
    for (int x = 0; x < l.length; x++) {
      if (l[x] != Float.NEGATIVE_INFINITY) {
        tokens.add(new Token(x, l[x]));
      }
    }
    tokens.sort(ORDER);
    float m = tokens.get(0).logit;
    tokens = topK(tokens, params.topK());
    tokens = topP(tokens, m, params.topP());
    tokens = minP(tokens, m, params.minP());
    return tokens.stream().map(Token::id).toList();
  }

  private static List<Token> topK(List<Token> tokens, int k) {
    return k > 0 ? tokens.subList(0, Math.min(k, tokens.size())) : tokens;
  }

  private static List<Token> topP(List<Token> tokens, float m, float p) {
    if (!(p < 1)) {
      return tokens;
    }
    long s = 0;
    for (Token token : tokens) {
      s += weight(token.logit, m);
    }
    long need = Math.max((long) ((double) p * (double) s), 1);
    long sum = 0;
    int keep = 0;
    while (sum < need) {
      sum += weight(tokens.get(keep).logit, m);
      keep++;
    }
    return tokens.subList(0, keep);
  }

  static long weight(float logit, float m) {
    return (long) Math.rint(TWO_TO_40 * SpecMath.exp((double) logit - (double) m));
  }

  private static List<Token> minP(List<Token> tokens, float m, float minP) {
    if (!(minP > 0)) {
      return tokens;
    }
    double least = SpecMath.ln(minP);
    int keep = 0;
    while (keep < tokens.size() && (double) tokens.get(keep).logit - (double) m >= least) {
      keep++;
    }
    return tokens.subList(0, Math.max(keep, 1));
  }

  /** Step 5. */
  static double score(float logit, int token, int position, SamplingParams params) {
    return (double) logit / (double) params.temperature() + noise(params.seed(), position, token);
  }

  /** g. */
  public static double noise(long seed, int position, int token) {
    return -SpecMath.ln(-SpecMath.ln(uniform(seed, position, token)));
  }

  /** u, above 0 and below 1. */
  public static double uniform(long seed, int position, int token) {
    return uniform(bits(seed, position, token));
  }

  /** v, the 52 bits that u is made of. */
  static long bits(long seed, int position, int token) {
    int[] key = {(int) seed, (int) (seed >>> 32)};
    long high = halfWords(Philox.words(new int[] {token / 8, position, 0, 0}, key))[token % 8];
    int[] words = Philox.words(new int[] {token, position, 1, 0}, key);
    long low = (Integer.toUnsignedLong(words[1]) << 32) | Integer.toUnsignedLong(words[0]);
    return (high << 36) | (low >>> 28);
  }

  /** The lower half of each word, then the upper one. */
  private static int[] halfWords(int[] words) {
    int[] halves = new int[2 * words.length];
    for (int i = 0; i < words.length; i++) {
      halves[2 * i] = words[i] & 0xffff;
      halves[2 * i + 1] = words[i] >>> 16;
    }
    return halves;
  }

  /** u of its 52 bits. */
  static double uniform(long v) {
    return (double) (2 * v + 1) * 0x1p-53;
  }
}
