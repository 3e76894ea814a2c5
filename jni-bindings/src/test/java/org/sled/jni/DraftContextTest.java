package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DraftContextTest {
  @Test
  void catchUpDraftAndRollBackAreOneCall() {
    long before = NativeMemory.allocatedBytes();
    DraftParams params = DraftParams.DEFAULT.withContextTokens(128).withThreads(1).withExact(true);
    try (Model model = DemoPair.draft();
        DraftContext draft = DraftContext.open(model, params);
        TokenBuffer tokens = new TokenBuffer(16);
        DraftChoice choice = new DraftChoice()) {
      tokens.addAll(model.tokenize("Once upon a time there was"));
      int prompt = tokens.size();
      draft.decode(0, tokens, choice);
      assertEquals(prompt, choice.cached());
      assertTrue(choice.probability() > 0 && choice.probability() <= 1);
      assertTrue(choice.margin() >= 0 && choice.margin() <= choice.probability());
      assertTrue(choice.entropy() >= 0);
      assertTrue(choice.decodeNanos() > 0);

      int[] drafted = draft(draft, tokens, choice, 4);
      assertEquals(prompt + 4, choice.cached());

      // Back to the end of the prompt: the same drafts again.
      tokens.truncate(prompt);
      draft.decode(prompt - 1, tokens, choice);
      int[] again = draft(draft, tokens, choice, 4);
      for (int i = 0; i < drafted.length; i++) {
        assertEquals(drafted[i], again[i]);
      }

      Failures.expect(SledStatus.OFFSET, () -> draft.decode(120, tokens.address(), 1, choice));
    }
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  @Test
  void useAfterClosingThrows() {
    try (Model model = DemoPair.draft();
        TokenBuffer tokens = new TokenBuffer(1);
        DraftChoice choice = new DraftChoice()) {
      DraftContext draft = DraftContext.open(model, DraftParams.DEFAULT.withContextTokens(64));
      draft.close();
      draft.close();
      tokens.add(1);
      Failures.expect(SledStatus.HANDLE, () -> draft.decode(0, tokens, choice));
    }
  }

  private static int[] draft(
      DraftContext draft, TokenBuffer tokens, DraftChoice choice, int count) {
    int[] drafted = new int[count];
    for (int i = 0; i < count; i++) {
      drafted[i] = choice.token();
      int position = tokens.size();
      tokens.add(choice.token());
      draft.decode(position, tokens, choice);
    }
    return drafted;
  }
}
