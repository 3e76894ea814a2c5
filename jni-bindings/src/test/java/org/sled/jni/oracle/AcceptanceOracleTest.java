package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.Finish;
import org.sled.jni.SamplingParams;
import org.sled.jni.oracle.Acceptance.Ends;
import org.sled.jni.oracle.Acceptance.Verdict;

class AcceptanceOracleTest {
  private static final int END = 2;
  private static final Ends FAR = new Ends(1000, false, token -> token == END);

  @Test
  void noDrafts() {
    assertEquals(new Verdict(0, 0, 7, Finish.NONE), walk(FAR, drafts(), 7));
  }

  @Test
  void allDraftsAccepted() {
    assertEquals(new Verdict(3, 3, 9, Finish.NONE), walk(FAR, drafts(5, 6, 7), 5, 6, 7, 9));
  }

  @Test
  void theFirstOtherTokenEndsTheBlock() {
    assertEquals(new Verdict(1, 0, 9, Finish.NONE), walk(FAR, drafts(5, 6, 7), 9));
    assertEquals(new Verdict(2, 1, 9, Finish.NONE), walk(FAR, drafts(5, 6, 7), 5, 9));
    assertEquals(new Verdict(3, 2, 9, Finish.NONE), walk(FAR, drafts(5, 6, 7), 5, 6, 9));
  }

  @Test
  void anEndThatWasNotDrafted() {
    assertEquals(new Verdict(2, 1, END, Finish.STOP), walk(FAR, drafts(5, 6), 5, END));
    assertEquals(new Verdict(2, 2, END, Finish.STOP), walk(FAR, drafts(5, 6), 5, 6, END));
  }

  /** It is the target's own token then, and the draft was neither accepted nor refused. */
  @Test
  void anEndThatWasDrafted() {
    assertEquals(new Verdict(1, 1, END, Finish.STOP), walk(FAR, drafts(5, END), 5, END));
    assertEquals(new Verdict(0, 0, END, Finish.STOP), walk(FAR, drafts(END, 5), END));
  }

  @Test
  void endsCanBeIgnored() {
    Ends ignoring = new Ends(1000, false, token -> false);
    assertEquals(new Verdict(2, 2, 5, Finish.NONE), walk(ignoring, drafts(END, END), END, END, 5));
  }

  @Test
  void theLimit() {
    // Ten committed: one token more, two tokens more.
    Ends one = new Ends(11, false, token -> token == END);
    assertEquals(new Verdict(0, 0, 5, Finish.LENGTH), walk(one, drafts(), 5));
    Ends two = new Ends(12, false, token -> token == END);
    assertEquals(new Verdict(1, 1, 6, Finish.LENGTH), walk(two, drafts(5), 5, 6));
    assertEquals(new Verdict(1, 0, 6, Finish.NONE), walk(two, drafts(5), 6));
    assertEquals(new Verdict(1, 1, END, Finish.STOP), walk(two, drafts(5), 5, END));
    Ends context = new Ends(11, true, token -> token == END);
    assertEquals(new Verdict(0, 0, 5, Finish.CONTEXT), walk(context, drafts(), 5));
    assertEquals(new Verdict(0, 0, END, Finish.STOP), walk(context, drafts(), END));
  }

  /** Token by token and in blocks: the same text, whatever the drafts. */
  @Test
  void blocksGiveTheTextThatSingleTokensGive() {
    SamplingParams params =
        Params.PLAIN.temperature(0.8f).topK(6).penalties(1.2f, 0.1f, 0.1f, 4).seed(99).value();
    Ends ends = new Ends(40, false, token -> false);
    List<Integer> alone = new ArrayList<>(List.of(1, 3));
    while (alone.size() < 40) {
      int[] before = ints(alone);
      alone.add(CoupledSampling.choose(row(before), before, params));
    }
    List<Integer> blocks = new ArrayList<>(List.of(1, 3));
    Finish finish = Finish.NONE;
    for (int turn = 0; finish == Finish.NONE; turn++) {
      int count = Math.min(turn % 4, 40 - blocks.size() - 1);
      int[] drafts = new int[count];
      for (int i = 0; i < count; i++) {
        drafts[i] = i == 2 ? 0 : alone.get(blocks.size() + i);
      }
      int[] committed = ints(blocks);
      float[][] rows = new float[count + 1][];
      List<Integer> text = new ArrayList<>(blocks);
      for (int i = 0; i <= count; i++) {
        rows[i] = row(ints(text));
        if (i < count) {
          text.add(drafts[i]);
        }
      }
      Verdict verdict = Acceptance.walk(rows, committed, drafts, params, ends);
      for (int i = 0; i < verdict.accepted(); i++) {
        blocks.add(drafts[i]);
      }
      blocks.add(verdict.nextToken());
      finish = verdict.finish();
    }
    assertEquals(Finish.LENGTH, finish);
    assertEquals(alone, blocks);
  }

  /** A model of a kind: logits that depend on the last two tokens. */
  private static float[] row(int[] before) {
    float[] logits = new float[10];
    for (int x = 0; x < logits.length; x++) {
      int mixed = before[before.length - 1] * 31 + before[before.length - 2] * 17 + x * 7;
      logits[x] = mixed % 11 / 3f;
    }
    return logits;
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int[] drafts(int... drafts) {
    return drafts;
  }

  /** With ten committed tokens. Rows after the last of these choices must not be asked for. */
  private static Verdict walk(Ends ends, int[] drafts, int... choices) {
    return Acceptance.walk(i -> choices[i], 10, drafts, ends);
  }
}
