package org.sled.net.round;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/**
 * A device and a server, each by its rules, with a scripted target between them: whatever is sent
 * ahead, trimmed, sent twice or late, the device's text is the target's.
 */
final class RoundsPropertyTest {
  private static final int VOCABULARY = 50;
  private static final int LENGTH = 60;

  @Property(tries = 500)
  void deviceTextIsTargetText(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int window,
      @ForAll @IntRange(min = 0, max = 100) int matchPercent) {
    World world = new World(new Random(seed), window, matchPercent);
    int steps = 0;
    while (!world.deviceFinished) {
      world.step();
      assertTrue(++steps < 100_000, "no progress");
    }
    assertEquals(world.target, world.device);
  }

  private static final class World {
    final Random random;
    final int matchPercent;
    final List<Integer> target = new ArrayList<>();
    final List<Integer> device = new ArrayList<>();
    final FakeSession session;
    final RoundRules rules = new RoundRules(VOCABULARY, LENGTH + 20, 8);
    final CommittedAnswer again = new CommittedAnswer();
    final DeviceRounds rounds;
    final Map<Integer, int[]> draftsByRound = new HashMap<>();
    final Deque<DraftFrame> uplink = new ArrayDeque<>();
    final Deque<VerdictFrame> downlink = new ArrayDeque<>();
    final List<DraftFrame> oldBlocks = new ArrayList<>();
    final List<VerdictFrame> oldVerdicts = new ArrayList<>();
    int aheadLength;
    int aheadToken;
    boolean deviceFinished;

    World(Random random, int window, int matchPercent) {
      this.random = random;
      this.matchPercent = matchPercent;
      for (int i = 0; i < LENGTH; i++) {
        target.add(random.nextInt(VOCABULARY));
      }
      session = new FakeSession(target.get(0), target.get(1));
      device.addAll(target.subList(0, 2));
      rounds = new DeviceRounds(window, VOCABULARY);
      rounds.restart(1, 2, target.get(1));
    }

    void step() {
      switch (random.nextInt(10)) {
        case 0, 1, 2 -> propose();
        case 3, 4 -> {
          if (!uplink.isEmpty()) {
            oldBlocks.add(uplink.peek());
            serve(uplink.remove());
          }
        }
        case 5 -> {
          if (!oldBlocks.isEmpty()) {
            serve(oldBlocks.get(random.nextInt(oldBlocks.size())));
          }
        }
        // Twice as often as old blocks, each of which makes a verdict: else they would pile up.
        case 6, 7, 8 -> {
          if (!downlink.isEmpty()) {
            oldVerdicts.add(downlink.peek());
            receive(downlink.remove());
          }
        }
        default -> {
          if (!oldVerdicts.isEmpty()) {
            receive(oldVerdicts.get(random.nextInt(oldVerdicts.size())));
          }
        }
      }
    }

    /** Sends a block from the newest committed token, or from where the window ends. */
    private void propose() {
      if (!rounds.hasRoom()) {
        return;
      }
      int predecessor = rounds.predecessorRound();
      if (predecessor == 0) {
        aheadLength = rounds.committedLength();
        aheadToken = rounds.newestToken();
      }
      int count = random.nextInt(5);
      if (aheadLength + count >= LENGTH + 10) {
        return;
      }
      int[] drafts = new int[count];
      for (int i = 0; i < count; i++) {
        drafts[i] = guess(aheadLength + i);
      }
      int kvOffset = aheadLength - 1;
      int round = rounds.send(kvOffset, aheadToken, count);
      DraftFrame block = FakeSession.draft(1, round, predecessor, kvOffset, aheadToken, drafts);
      draftsByRound.put(round, drafts);
      uplink.add(block);
      aheadToken = guess(aheadLength + count);
      aheadLength += count + 1;
    }

    private int guess(int position) {
      int right = position < LENGTH ? target.get(position) : 0;
      return random.nextInt(100) < matchPercent ? right : random.nextInt(VOCABULARY);
    }

    private void serve(DraftFrame block) {
      RoundDecision decision = rules.decide(session, block);
      assertNull(decision.errorCode(), () -> "rejected: " + decision);
      switch (decision) {
        case VERIFY -> verify(block);
        case ANSWER_AGAIN -> {
          again.compute(session, block);
          answer(
              block,
              VerdictStatus.REPEATED,
              again.verified(),
              again.accepted(),
              again.nextToken(),
              again.committedLength(),
              again.finishReason());
        }
        default ->
            answer(block, VerdictStatus.STALE, 0, 0, -1, session.length, session.finishReason);
      }
      session.lastRound = Math.max(session.lastRound, block.round());
    }

    private void verify(DraftFrame block) {
      int budget = random.nextInt(4) == 0 ? random.nextInt(3) : block.draftCount();
      int looked = Math.min(budget, block.draftCount());
      int accepted = 0;
      while (accepted < looked
          && session.length + accepted < LENGTH - 1
          && block.draft(accepted) == target.get(session.length + accepted)) {
        accepted++;
      }
      for (int i = 0; i <= accepted; i++) {
        session.committed[session.length] = target.get(session.length);
        session.length++;
      }
      session.finishReason = session.length == LENGTH ? FinishReason.LENGTH : FinishReason.NONE;
      answer(
          block,
          VerdictStatus.VERIFIED,
          Math.min(looked, accepted + 1),
          accepted,
          session.committed[session.length - 1],
          session.length,
          session.finishReason);
    }

    private void answer(
        DraftFrame block,
        VerdictStatus status,
        int verified,
        int accepted,
        int next,
        int length,
        FinishReason finish) {
      VerdictFrame verdict =
          FakeSession.verdict(1, block.round(), status, verified, accepted, next, length, finish);
      downlink.add(verdict);
    }

    private void receive(VerdictFrame verdict) {
      DeviceAction action = rounds.onVerdict(verdict);
      assertNotEquals(DeviceAction.PROTOCOL_ERROR, action);
      if (action == DeviceAction.COMMIT) {
        int[] drafts = draftsByRound.get(verdict.round());
        for (int i = 0; i < verdict.accepted(); i++) {
          device.add(drafts[i]);
        }
        device.add(verdict.nextToken());
        assertEquals(verdict.committedLength(), device.size());
        deviceFinished = verdict.finishReason() != FinishReason.NONE;
      }
    }
  }
}
