package org.sled.jni.oracle;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.sled.jni.SamplingParams;

/**
 * The distribution that sampling shall have, in doubles throughout and with {@link Math#exp}: not
 * to the bit. For logits without ties or near ties at the edges of filters.
 */
final class FilteredSoftmax {
  private FilteredSoftmax() {}

  static double[] of(float[] logits, int[] history, SamplingParams params) {
    int n = logits.length;
    double[] l = new double[n];
    List<Integer> recent = recent(history, params.penaltyLastN());
    for (int x = 0; x < n; x++) {
      int token = x;
      long count = recent.stream().filter(seen -> seen == token).count();
      l[x] = logits[x];
      if (count > 0) {
        l[x] *= l[x] > 0 ? 1 / (double) params.repeatPenalty() : params.repeatPenalty();
        l[x] -= count * params.frequencyPenalty() + params.presencePenalty();
      }
      l[x] +=
          params.logitBias().stream()
              .filter(entry -> entry.token() == token)
              .mapToDouble(SamplingParams.TokenBias::bias)
              .sum();
    }
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(x -> -l[x]))
            .mapToInt(Integer::intValue)
            .toArray();
    double most = l[order[0]];
    int keep = params.topK() > 0 ? Math.min(params.topK(), n) : n;
    if (params.topP() < 1) {
      double all = 0;
      for (int i = 0; i < keep; i++) {
        all += Math.exp(l[order[i]] - most);
      }
      double sum = 0;
      int i = 0;
      while (i < keep && (i == 0 || sum < params.topP() * all)) {
        sum += Math.exp(l[order[i++]] - most);
      }
      keep = i;
    }
    while (keep > 1 && Math.exp(l[order[keep - 1]] - most) < params.minP()) {
      keep--;
    }
    double[] probabilities = new double[n];
    for (int i = 0; i < keep; i++) {
      probabilities[order[i]] = Math.exp((l[order[i]] - most) / params.temperature());
    }
    double total = Arrays.stream(probabilities).sum();
    return Arrays.stream(probabilities).map(weight -> weight / total).toArray();
  }

  private static List<Integer> recent(int[] history, int lastN) {
    List<Integer> all = Arrays.stream(history).boxed().toList();
    return lastN == -1 || lastN >= all.size() ? all : all.subList(all.size() - lastN, all.size());
  }
}
