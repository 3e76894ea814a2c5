package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.sled.jni.SamplingParams;
import org.sled.jni.SamplingParams.TokenBias;

/** Native sampling against its twin on random and hostile input. */
final class SamplerPropertyTest {
  /** A row of logits by its making. */
  record Row(LogitShape shape, int n, long seed) {
    float[] logits() {
      return shape.row(n, seed);
    }

    String origin() {
      return "LogitShape." + shape + ".row(" + n + ", " + seed + "L)";
    }
  }

  @Provide
  static Arbitrary<Row> rows() {
    return rows(
        Arbitraries.oneOf(
            Arbitraries.of(1, 2, 3, 15, 16, 17, 63, 64, 65, 255),
            Arbitraries.integers().between(1, 70)));
  }

  @Provide
  static Arbitrary<Row> longRows() {
    return rows(Arbitraries.of(2048, 2047, 4099));
  }

  @Provide
  static Arbitrary<Row> hugeRows() {
    return rows(Arbitraries.of(150_000, 149_993));
  }

  private static Arbitrary<Row> rows(Arbitrary<Integer> sizes) {
    return Combinators.combine(Arbitraries.of(LogitShape.class), sizes, Arbitraries.longs())
        .as(Row::new);
  }

  /** Many repetitions, and ids that no vocabulary here has. */
  @Provide
  static Arbitrary<int[]> histories() {
    Arbitrary<Integer> ids =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.integers().between(0, 4)),
            Tuple.of(4, Arbitraries.integers().between(0, 70)),
            Tuple.of(1, Arbitraries.integers().between(0, 4100)),
            Tuple.of(1, Arbitraries.of(149_999, 150_000, 1 << 24, Integer.MAX_VALUE)));
    return Arbitraries.frequencyOf(
        Tuple.of(20, ids.array(int[].class).ofMaxSize(100)),
        Tuple.of(1, ids.array(int[].class).ofSize(3000)));
  }

  /** Bias ids are any at first: {@link #fit} brings them into the vocabulary. */
  @Provide
  static Arbitrary<SamplingParams> params() {
    Arbitrary<SamplingParams> filters =
        Combinators.combine(
                temperatures(),
                Arbitraries.frequencyOf(
                    Tuple.of(2, Arbitraries.just(0)),
                    Tuple.of(1, Arbitraries.of(1, 2, 3, 40, 255, 2048, Integer.MAX_VALUE)),
                    Tuple.of(1, Arbitraries.integers().between(1, 80))),
                shares(1f),
                shares(0f),
                Arbitraries.oneOf(Arbitraries.longs(), Arbitraries.of(0L, -1L, 1L << 32)))
            .as(
                (t, k, p, m, seed) ->
                    Params.PLAIN.temperature(t).topK(k).topP(p).minP(m).seed(seed).value());
    Arbitrary<List<TokenBias>> biases =
        Combinators.combine(Arbitraries.integers().between(0, 200_000), penalties(1000))
            .as(TokenBias::new)
            .list()
            .ofMaxSize(12);
    Arbitrary<List<TokenBias>> maybeBiases =
        Arbitraries.frequencyOf(
            Tuple.of(2, Arbitraries.just(List.<TokenBias>of())), Tuple.of(1, biases));
    Arbitrary<Float> repeats =
        Arbitraries.oneOf(
            Arbitraries.of(0.01f, 0.5f, 1f, 1.1f, 3f, 100f),
            Arbitraries.floats().between(0.5f, 2f));
    Arbitrary<Integer> lastN = Arbitraries.of(-1, 0, 1, 2, 64, Integer.MAX_VALUE);
    return Combinators.combine(
            filters, repeats, penalties(1000), penalties(1000), lastN, maybeBiases)
        .as(
            (f, r, p, q, n, b) ->
                new Params(f).penalties(r, p, q, n).bias(b.toArray(new TokenBias[0])).value());
  }

  private static Arbitrary<Float> temperatures() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            0f, 1f, 0.1f, 0.7f, 100f, 1e-30f, 1e30f, Float.MIN_VALUE, Float.MAX_VALUE, -0f),
        Arbitraries.floats().between(0.01f, 3f));
  }

  /** Numbers from 0 to 1; often the one that switches the filter off. */
  private static Arbitrary<Float> shares(float off) {
    return Arbitraries.frequencyOf(
        Tuple.of(2, Arbitraries.just(off)),
        Tuple.of(
            1,
            Arbitraries.of(
                0f,
                Float.MIN_VALUE,
                1e-30f,
                0.05f,
                0.25f,
                0.5f,
                0.95f,
                0.999999f,
                Math.nextDown(1f),
                1f)),
        Tuple.of(1, Arbitraries.floats().between(0f, 1f)));
  }

  private static Arbitrary<Float> penalties(float limit) {
    return Arbitraries.frequencyOf(
        Tuple.of(2, Arbitraries.just(0f)),
        Tuple.of(2, Arbitraries.floats().between(-2f, 2f)),
        Tuple.of(1, Arbitraries.of(-limit, limit, 0.1f, Float.MIN_VALUE, -0f)));
  }

  @Property(tries = 4000)
  void smallVocabularies(
      @ForAll("rows") Row row,
      @ForAll("histories") int[] history,
      @ForAll("params") SamplingParams params) {
    check(row, history, params);
  }

  @Property(tries = 800)
  void largerVocabularies(
      @ForAll("longRows") Row row,
      @ForAll("histories") int[] history,
      @ForAll("params") SamplingParams params) {
    check(row, history, params);
  }

  @Property(tries = 9)
  void realVocabularies(
      @ForAll("hugeRows") Row row,
      @ForAll("histories") int[] history,
      @ForAll("params") SamplingParams params) {
    check(row, history, params);
  }

  private static void check(Row row, int[] history, SamplingParams params) {
    float[] logits = row.logits();
    Twins.choose(logits, history, fit(params, row.n()), row.origin());
    assertArrayEquals(row.logits(), logits, "the caller's logits are left as they are");
  }

  private static SamplingParams fit(SamplingParams params, int n) {
    List<TokenBias> fitted = new ArrayList<>();
    for (TokenBias entry : params.logitBias()) {
      fitted.add(new TokenBias(entry.token() % n, entry.bias()));
    }
    return new Params(params).bias(fitted.toArray(new TokenBias[0])).value();
  }
}
