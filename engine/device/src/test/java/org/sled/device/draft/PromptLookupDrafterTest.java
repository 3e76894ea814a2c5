package org.sled.device.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.sled.device.GenerationRequest;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.TokenIds;

final class PromptLookupDrafterTest {
  private static final int[] SOME = {7};

  /** Without the leak detector, which would take nearly all of the time. */
  private static final UnpooledByteBufAllocator ALLOCATOR =
      new UnpooledByteBufAllocator(true, true);

  private static TokenHistory history(int... prompt) {
    return new TokenHistory(ALLOCATOR, TokenIds.of(prompt), prompt.length);
  }

  private static PromptLookupDrafter drafter() {
    PromptLookupDrafter drafter = new PromptLookupDrafter();
    drafter.begin(GenerationRequest.of(SOME));
    return drafter;
  }

  private static void commit(TokenHistory history, int... tokens) {
    int length = history.committedLength();
    for (int token : tokens) {
      history.put(length++, token);
    }
    history.commitTo(length);
  }

  /** The specification: the longest n-gram before the position, and its newest place. */
  private static int naiveMatch(TokenHistory history, int position) {
    for (int n = Math.min(PromptLookupDrafter.LONGEST, position); n >= 1; n--) {
      for (int place = history.committedLength() - 1; place >= n; place--) {
        int same = 0;
        while (same < n && history.get(place - 1 - same) == history.get(position - 1 - same)) {
          same++;
        }
        if (same == n) {
          return place;
        }
      }
    }
    return NgramIndex.NONE;
  }

  /** A text that repeats itself now and then, committed and drafted and rolled back at random. */
  @Property(tries = 200)
  void findsWhatTheNaiveSearchFinds(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int vocabulary) {
    Random random = new Random(seed);
    int[] prompt = random.ints(1 + random.nextInt(100), 0, vocabulary).toArray();
    TokenHistory history = history(prompt);
    PromptLookupDrafter drafter = drafter();
    while (random.nextBoolean() && drafter.prefillChunk(history)) {
      // Or not to the end: what is missing is caught up.
    }
    for (int step = 0; step < 60; step++) {
      int position = history.committedLength();
      int drafts = random.nextInt(12);
      for (int i = 0; i < drafts; i++) {
        int expected = naiveMatch(history, position);
        assertEquals(expected, drafter.match(history, position));
        if (expected == NgramIndex.NONE) {
          break;
        }
        int token = history.get(expected);
        boolean proposes = drafter.hasProposal(history, position);
        float probability = drafter.draftNext(history, position);
        assertEquals(proposes, probability != BlockDrafter.NONE);
        if (proposes) {
          assertEquals(token, history.get(position));
          assertTrue(probability > 0 && probability <= 1, () -> "probability " + probability);
        } else {
          history.put(position, token); // as if
        }
        position++;
      }
      // Some of the drafts are right, then comes a token of the server's own.
      int length =
          history.committedLength() + random.nextInt(position - history.committedLength() + 1);
      history.put(length, random.nextInt(vocabulary));
      drafter.keep(length);
      history.commitTo(length + 1);
      if (random.nextInt(4) == 0) { // the server alone, saying again what was said
        int from = random.nextInt(history.committedLength());
        int count = random.nextInt(Math.min(30, history.committedLength() - from) + 1);
        for (int i = 0; i < count; i++) {
          commit(history, history.get(from + i));
        }
      }
    }
    history.release();
  }

  @Test
  void copiesWhatFollowedAndGoesOnAtTheNewestPlace() {
    TokenHistory history = history(1, 2, 3, 4, 5, 9, 1, 2, 3, 6, 7, 8, 1, 2, 3);
    PromptLookupDrafter drafter = drafter();
    for (int expected : new int[] {6, 7, 8, 1, 2, 3, 6}) {
      int position = history.committedLength();
      assertTrue(drafter.draftNext(history, position) > 0);
      assertEquals(expected, history.get(position));
      history.commitTo(position + 1);
    }
    history.release();
  }

  @Test
  void nothingIsProposedWhereNothingWasSaidBefore() {
    TokenHistory history = history(1, 2, 3);
    PromptLookupDrafter drafter = drafter();
    assertFalse(drafter.hasProposal(history, 3));
    assertEquals(BlockDrafter.NONE, drafter.draftNext(history, 3));
    commit(history, 2);
    drafter.begin(GenerationRequest.of(SOME)); // another text
    TokenHistory other = history(9, 8, 2);
    assertEquals(NgramIndex.NONE, drafter.match(other, 3));
    other.release();
    history.release();
  }

  /** Long matches are surer than short ones, and what is seldom right is no longer proposed. */
  @Test
  void probabilitiesFollowTheText() {
    Random random = new Random(4);
    PromptLookupDrafter drafter = drafter();
    // Token 0 is followed by another one each time; a phrase of 30 tokens comes again and again.
    int[] phrase = random.ints(30, 1000, 2000).toArray();
    TokenHistory history = history(phrase);
    for (int i = 0; i < 200; i++) {
      commit(history, 0, 10_000 + i);
    }
    commit(history, 0);
    assertTrue(drafter.match(history, history.committedLength()) > 0);
    assertFalse(drafter.hasProposal(history, history.committedLength()), "seldom right");
    commit(history, phrase[0], phrase[1]);
    float before = 0;
    for (int i = 2; i < phrase.length; i++) {
      int position = history.committedLength() + i - 2;
      float probability = drafter.draftNext(history, position);
      assertEquals(phrase[i], history.get(position));
      assertTrue(probability >= before, "surer, the longer the match");
      before = probability;
    }
    assertTrue(before > 0.9, () -> "at the end of a long match");
    history.release();
  }

  @Test
  void aTokenAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Random random = new Random(6);
    TokenHistory history =
        new TokenHistory(
            new UnpooledByteBufAllocator(true, true), TokenIds.of(1), 100_000); // no leak detector
    PromptLookupDrafter drafter = drafter();
    long before = 0;
    for (int i = 0; i < 60_000; i++) {
      if (i == 50_000) { // tables of 131,072 slots hold 65,536
        before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      }
      int position = history.committedLength();
      if (drafter.draftNext(history, position) == BlockDrafter.NONE || i % 5 == 0) {
        history.put(position, random.nextInt(30));
      }
      drafter.keep(position);
      history.commitTo(position + 1);
    }
    long after = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    assertTrue(after - before < 10_000, (after - before) + " bytes");
    history.release();
  }
}
