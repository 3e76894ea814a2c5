package org.sled.bench.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.bench.load.BenchRequest;
import org.sled.bridge.NativeSampling;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.DraftChoice;
import org.sled.jni.DraftContext;
import org.sled.jni.DraftParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.TokenBuffer;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** The demo draft model, over texts that it is right about as often as a draft model is. */
@Timeout(60)
class PositionDraftsTest {
  private static final int[] PROMPT = {1, 20, 30, 40, 50};
  private static final int TEXT_TOKENS = 90;
  private static final int CONTEXT_TOKENS = 80; // the text goes beyond it
  private static final int DEPTH = TraceRecorder.DEPTH;

  private static Model model;

  @BeforeAll
  static void open() {
    Path file = Path.of(System.getProperty("sled.home"), "models", "demo-draft.gguf");
    model = Model.open(file, ModelParams.DEFAULT);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static Sampling sampling(double temperature) {
    // Penalties, too, look at the tokens before a position.
    return temperature == 0
        ? Sampling.GREEDY
        : Sampling.GREEDY
            .withTemperature((float) temperature)
            .withSeed(11)
            .withPenalties(1.2f, 0, 0, 20);
  }

  /** What is proposed behind a text, everything computed anew but the prompt's own cache. */
  private static List<Integer> fresh(
      DraftContext context, DraftChoice choice, int[] text, int committed, DraftTokens tokens) {
    List<Integer> proposed = new ArrayList<>();
    int room = Math.min(DEPTH, CONTEXT_TOKENS - committed + 1);
    int next = text[committed - 1];
    try (TokenBuffer one = new TokenBuffer(1)) {
      while (proposed.size() < room) {
        one.clear();
        one.add(tokens == null ? next : tokens.fed(next));
        context.decode(committed - 1 + proposed.size(), one.addressOf(0), 1, choice);
        next = choice.token();
        if (tokens != null && !tokens.shared().test(next)) {
          break;
        }
        proposed.add(next);
      }
    }
    return proposed;
  }

  /** Prompt and text: mostly what the model says, every sixth token or so another one. */
  private static int[] text(Sampling sampling) {
    int[] text = new int[PROMPT.length + TEXT_TOKENS];
    System.arraycopy(PROMPT, 0, text, 0, PROMPT.length);
    Random random = new Random(3);
    try (DraftContext context = context();
        DraftChoice choice = new DraftChoice();
        TokenBuffer all = new TokenBuffer(text.length)) {
      context.sample(NativeSampling.of(sampling));
      all.addAll(PROMPT);
      context.decode(0, all, choice);
      for (int i = PROMPT.length; i < text.length; i++) {
        text[i] = random.nextInt(6) == 0 ? 10 + random.nextInt(200) : choice.token();
        all.add(text[i]);
        context.decode(i, all, choice);
      }
    }
    return text;
  }

  private static DraftContext context() {
    return DraftContext.open(
        model, DraftParams.DEFAULT.withContextTokens(2 * CONTEXT_TOKENS).withThreads(1));
  }

  private static TraceRecorder.Recording recording(int[] text, Sampling sampling) {
    TraceRecorder.Recording recording =
        new TraceRecorder.Recording(
            new BenchRequest(0, 0, TokenIds.of(PROMPT), TEXT_TOKENS, true, sampling));
    for (int i = PROMPT.length; i < text.length; i++) {
      recording.tokens.add(text[i]);
    }
    return recording;
  }

  private static void assertSameAsFresh(
      TraceStream stream, int[] text, Sampling sampling, DraftTokens tokens) {
    try (DraftContext context = context();
        DraftChoice choice = new DraftChoice();
        TokenBuffer all = new TokenBuffer(text.length)) {
      context.sample(NativeSampling.of(sampling));
      for (int token : text) {
        all.add(tokens == null ? token : tokens.fed(token));
      }
      context.decode(0, all.addressOf(0), PROMPT.length, choice);
      for (int i = 0; i < TEXT_TOKENS; i++) {
        List<Integer> expected = fresh(context, choice, text, PROMPT.length + i, tokens);
        assertArrayEquals(
            expected.stream().mapToInt(Integer::intValue).toArray(),
            stream.drafts()[i],
            "position " + i);
        assertEquals(expected.size(), stream.confidence()[i].length, "position " + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.8})
  void eachPositionIsAsIfItWasTheOnlyOne(double temperature) throws InterruptedException {
    Sampling sampling = sampling(temperature);
    int[] text = text(sampling);
    try (PositionDrafts drafts = new PositionDrafts(model, null, CONTEXT_TOKENS, 1, DEPTH)) {
      TraceStream stream = drafts.of(recording(text, sampling), () -> {});
      assertSameAsFresh(stream, text, sampling, null);
      assertSameAsFresh(
          drafts.of(recording(text, sampling), () -> {}), text, sampling, null); // once more
    }
  }

  @Test
  void chainsEndBeforeTokensThatTheTargetHasNot() throws InterruptedException {
    int[] text = text(Sampling.GREEDY);
    // A token that the model proposes now and then.
    int foreign = text[PROMPT.length + 7];
    IntPredicate shared = token -> token != foreign;
    DraftTokens tokens = new DraftTokens(shared, 30);
    try (PositionDrafts drafts = new PositionDrafts(model, tokens, CONTEXT_TOKENS, 1, DEPTH)) {
      TraceStream stream = drafts.of(recording(text, Sampling.GREEDY), () -> {});
      assertSameAsFresh(stream, text, Sampling.GREEDY, tokens);
      int ended = 0;
      for (int i = 0; i < CONTEXT_TOKENS - PROMPT.length - DEPTH; i++) {
        ended += stream.drafts()[i].length < DEPTH ? 1 : 0;
      }
      assertTrue(ended > 0, "no chain met the foreign token");
    }
  }

  @Test
  void behindARightProposalOnlyOneTokenIsDecoded() throws InterruptedException {
    int[] text = text(Sampling.GREEDY);
    try (PositionDrafts drafts = new PositionDrafts(model, null, CONTEXT_TOKENS, 1, DEPTH)) {
      TraceStream stream = drafts.of(recording(text, Sampling.GREEDY), () -> {});
      long expected = 0;
      int chain = 0; // drafts that stand
      for (int i = 0; i < TEXT_TOKENS; i++) {
        boolean stands =
            i > 0
                && stream.drafts()[i - 1].length > 0
                && stream.drafts()[i - 1][0] == text[PROMPT.length + i - 1];
        chain = stands ? chain - 1 : 0;
        expected += stream.drafts()[i].length - chain;
        chain = stream.drafts()[i].length;
      }
      assertEquals(expected, drafts.decodes());
      assertTrue(expected < TEXT_TOKENS * DEPTH / 2, expected + " tokens");
    }
  }
}
