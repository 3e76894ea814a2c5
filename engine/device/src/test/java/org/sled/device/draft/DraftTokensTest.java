package org.sled.device.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;

/** A draft model that does not have all of the target's tokens. */
final class DraftTokensTest {
  private static final int TARGET_TOKENS = 1000;
  private static final int DRAFT_TOKENS = 900;
  private static final int OTHER = 7; // another token there
  private static final int SUBSTITUTE = 3;

  private static final DraftTokens TOKENS =
      new DraftTokens(id -> id >= 0 && id < DRAFT_TOKENS && id != OTHER, SUBSTITUTE);

  /** Hears what it is fed, and chooses what it is told. */
  private static final class Heard implements Drafter {
    final List<Integer> fed = new ArrayList<>();
    Sampling sampling;
    int choice;

    @Override
    public int contextTokens() {
      return 512;
    }

    @Override
    public int vocabularyRows() {
      return DRAFT_TOKENS;
    }

    @Override
    public void sample(Sampling newSampling) {
      sampling = newSampling;
    }

    @Override
    public int decode(int position, long tokensAddress, int tokenCount) {
      fed.subList(position, fed.size()).clear();
      for (int i = 0; i < tokenCount; i++) {
        fed.add(UnsafeApi.getInt(tokensAddress + 4L * i));
      }
      return choice;
    }

    @Override
    public float probability() {
      return 0.5f;
    }

    @Override
    public boolean endsText(int token) {
      return false;
    }

    @Override
    public void close() {}
  }

  @Test
  void onlySharedTokensAreFedAndProposed() {
    Heard model = new Heard();
    int[] prompt = {1, OTHER, 950, 899, 900, 2};
    TokenHistory history =
        new TokenHistory(UnpooledByteBufAllocator.DEFAULT, TokenIds.of(prompt), 64);
    try (ModelBlockDrafter drafter = new ModelBlockDrafter(model, TARGET_TOKENS, TOKENS)) {
      List<TokenBias> biases = List.of(new TokenBias(950, 1), new TokenBias(5, 2));
      drafter.begin(
          GenerationRequest.of(prompt).withSampling(Sampling.GREEDY.withLogitBias(biases)));
      assertEquals(List.of(new TokenBias(5, 2)), model.sampling.logitBias());
      assertTrue(drafter.takesDueTokens(history));
      assertTrue(drafter.prefillChunk(history));
      model.choice = 40;
      assertEquals(0.5f, drafter.draftNext(history, prompt.length));
      assertEquals(40, history.get(prompt.length));
      assertEquals(List.of(1, SUBSTITUTE, SUBSTITUTE, 899, SUBSTITUTE, 2), model.fed);
      // What it may not propose ends the block; the server's token is taken in, as far as known.
      for (int choice : new int[] {OTHER, DRAFT_TOKENS, TARGET_TOKENS, -1}) {
        model.choice = choice;
        assertEquals(BlockDrafter.NONE, drafter.draftNext(history, prompt.length + 1));
      }
      history.put(prompt.length, OTHER);
      drafter.keep(prompt.length);
      history.commitTo(prompt.length + 1);
      model.choice = 41;
      assertEquals(0.5f, drafter.draftNext(history, prompt.length + 1));
      assertEquals(SUBSTITUTE, model.fed.get(prompt.length));
      assertEquals(OTHER, history.get(prompt.length), "the text stays the target's");
    } finally {
      history.release();
    }
  }
}
