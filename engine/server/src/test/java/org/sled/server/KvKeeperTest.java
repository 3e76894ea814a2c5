package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.core.KvLedger;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;
import org.slf4j.LoggerFactory;

class KvKeeperTest {
  private static final int CONTEXT = 1000;

  private final ServerStats stats = new ServerStats();
  private CountingTarget engine;
  private KvLedger ledger;
  private KvKeeper keeper;
  private int nextId;

  private void keeper(int sessions, int sequences, long swapBytes, boolean shares) {
    int numbers = sessions + sequences;
    engine = new CountingTarget(numbers, sequences);
    ledger = new KvLedger(numbers, sequences, CONTEXT, swapBytes);
    keeper = new KvKeeper(engine, ledger, numbers, shares, stats);
  }

  private ServerSession open(int... prompt) {
    ServerSession session = new ServerSession(null, nextId, 1, engine);
    TokenIds tokens = TokenIds.of(prompt);
    Open frame = Open.of(nextId, 1, 10, Sampling.GREEDY, tokens);
    nextId++;
    keeper.open(session, new Command.OpenSession(session, frame, tokens, 0));
    session.wants = ServerSession.Wants.FIRST_TOKEN;
    return session;
  }

  /** What a step does with the prompt. */
  private void compute(ServerSession session, int tokens) {
    session.cached = tokens;
    engine.cached[session.number] = tokens;
    keeper.cached(session);
  }

  private void rest(ServerSession session) {
    session.wants = ServerSession.Wants.NOTHING;
    keeper.rest(session);
  }

  private List<ServerSession> resumed() {
    List<ServerSession> sessions = new ArrayList<>();
    keeper.resume(sessions::add);
    return sessions;
  }

  private static int[] prompt(int common, int own, int seed) {
    return IntStream.range(0, common + own).map(i -> i < common ? i : 1000 * seed + i).toArray();
  }

  @Test
  void whoFindsNoSequenceWaitsForOne() {
    keeper(3, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    ServerSession third = open(7, 8, 9);
    assertTrue(keeper.secure(first));
    assertFalse(keeper.secure(second));
    assertFalse(keeper.secure(third));
    assertEquals(List.of(), resumed());

    rest(first);
    assertEquals(List.of(second), resumed(), "the one that waits longer, alone");
    rest(second);
    assertEquals(List.of(third), resumed());
    assertFalse(keeper.isAnybodyWaiting());
  }

  @Test
  void savedKvComesBack() {
    keeper(2, 1, 1000, true);
    ServerSession first = open(prompt(0, 50, 1));
    assertTrue(keeper.secure(first));
    compute(first, 49);
    rest(first);
    ServerSession second = open(prompt(0, 50, 2));
    assertTrue(keeper.secure(second));
    assertFalse(engine.isResident(first.number));
    rest(second);
    assertTrue(keeper.secure(first));
    assertEquals(49, first.cached);
    assertEquals(49, engine.cached[first.number]);
  }

  @Test
  void withoutRoomToSaveItIsComputedAgain() {
    keeper(2, 1, 0, true);
    ServerSession first = open(prompt(0, 50, 1));
    assertTrue(keeper.secure(first));
    compute(first, 49);
    rest(first);
    assertTrue(keeper.secure(open(prompt(0, 50, 2))));
    assertEquals(0, first.cached);
    assertEquals(0, ledger.savedBytes());
  }

  @Test
  void aCommonBeginningIsTakenOver() {
    keeper(4, 4, 1000, true);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(keeper.secure(first));
    compute(first, 44);
    ServerSession second = open(prompt(40, 9, 2));
    assertTrue(keeper.secure(second));
    assertEquals(40, second.cached);
    assertEquals(40, engine.sharedTokens);
    assertEquals(84, ledger.cellsUsed());
  }

  @Test
  void itIsNotComputedTwiceAtTheSameTime() {
    keeper(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(keeper.secure(leader));
    compute(leader, 32);
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(keeper.secure(follower), "waits for the leader");
    assertEquals(List.of(), resumed());
    compute(leader, 104);
    assertEquals(List.of(follower), resumed());
    assertEquals(100, follower.cached);
  }

  @Test
  void aFollowerWhoseLeaderLeavesGoesOnAlone() {
    keeper(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(keeper.secure(leader));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(keeper.secure(follower));
    keeper.close(leader);
    leader.closed(); // as the verifier does
    assertEquals(List.of(follower), resumed());
    assertEquals(0, follower.cached);
  }

  @Test
  void followersGoOnLongestWaitingFirst() {
    keeper(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(keeper.secure(leader));
    ServerSession first = open(prompt(100, 9, 2));
    ServerSession second = open(prompt(100, 9, 3));
    assertFalse(keeper.secure(first));
    assertFalse(keeper.secure(second));
    compute(leader, 104);
    assertEquals(List.of(first, second), resumed());
  }

  /** Leaders that all leave: whoever follows the fifth in vain computes by itself. */
  @Test
  void nobodyFollowsForEver() {
    keeper(8, 8, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(keeper.secure(leader));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(keeper.secure(follower));
    int leaders = 1;
    while (leaders < 100) {
      ServerSession next = open(prompt(100, 9, 10 + leaders));
      keeper.close(leader);
      leader.closed();
      leader = next;
      // Comes between, so that it leads.
      assertTrue(keeper.secure(next));
      if (resumed().contains(follower)) {
        break;
      }
      leaders++;
    }
    assertTrue(leaders < 10, leaders + " leaders were followed");
  }

  /** The donor is the only one that can make room. */
  @Test
  void aDonorThatIsIdleGivesItsSequenceUp() {
    for (boolean copies : new boolean[] {true, false}) {
      for (long swapBytes : new long[] {1000, 0}) {
        keeper(2, 1, swapBytes, true);
        engine.refusesCopies = !copies;
        ServerSession donor = open(prompt(40, 5, 1));
        assertTrue(keeper.secure(donor));
        compute(donor, 44);
        ServerSession other = open(prompt(40, 9, 2));
        assertFalse(keeper.secure(other), "the donor is busy");
        assertEquals(List.of(), resumed());
        assertEquals(List.of(), resumed(), "and stays busy");
        rest(donor);
        assertEquals(List.of(other), resumed());
        boolean kept = copies && swapBytes > 0;
        assertEquals(kept ? 40 : 0, other.cached, "what was saved can be copied");
        assertFalse(ledger.isResident(donor.number));
        compute(other, 48);
        rest(other);
        assertTrue(keeper.secure(donor));
        assertEquals(kept ? 44 : 0, donor.cached, "comes back, or is computed again");
      }
    }
  }

  /** The donor waits for its next turn itself, as one that pushes does. */
  @Test
  void aDonorThatWaitsGivesItsSequenceUp() {
    keeper(2, 1, 1000, true);
    ServerSession donor = open(prompt(40, 5, 1));
    assertTrue(keeper.secure(donor));
    compute(donor, 44);
    ServerSession other = open(prompt(40, 9, 2));
    assertFalse(keeper.secure(other));
    donor.wants = ServerSession.Wants.PUSHED_TOKEN;
    keeper.served(donor, 100);
    assertFalse(keeper.secure(donor), "others wait");
    assertEquals(List.of(other), resumed());
    assertEquals(40, other.cached);
    compute(other, 48);
    rest(other);
    assertEquals(List.of(donor), resumed());
    assertEquals(44, donor.cached);
  }

  /** A device with several blocks in flight never pauses. */
  @Test
  void blocksTakeTurns() {
    keeper(2, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    assertTrue(keeper.secure(first));
    assertFalse(keeper.secure(second));
    first.wants = ServerSession.Wants.VERDICT;
    int tokens = 0;
    while (keeper.secure(first)) {
      keeper.served(first, 1);
      tokens++;
      assertTrue(tokens < 1000, "nobody has the sequence for ever while others wait");
    }
    assertEquals(List.of(second), resumed());
  }

  @Test
  void whatAModelRefusesIsTriedOnceAndSaidOnce() {
    keeper(8, 2, 1 << 20, true);
    engine.refusesCopies = true;
    Logger logger = (Logger) LoggerFactory.getLogger(KvCopies.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    try {
      for (int i = 0; i < 50; i++) {
        ServerSession session = open(prompt(40, 5, 1 + i % 8));
        assertTrue(keeper.secure(session));
        compute(session, 44);
        rest(session);
        if (i >= 7) {
          keeper.forEach(each -> closeUnless(session, each));
        }
      }
      assertTrue(engine.refusedCopies <= 2, engine.refusedCopies + " copies were tried");
      assertEquals(1, logged.list.size());
    } finally {
      logger.detachAppender(logged);
    }
  }

  private void closeUnless(ServerSession kept, ServerSession session) {
    if (session.number != kept.number) {
      keeper.close(session);
    }
  }

  @Test
  void whatEndedSessionsLeaveIsUsed() {
    keeper(4, 4, 1000, true);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(keeper.secure(first));
    compute(first, 44);
    keeper.close(first);
    assertEquals(0, keeper.openCount());
    assertEquals(44, ledger.cellsUsed(), "still there");
    ServerSession second = open(prompt(40, 60, 1));
    assertTrue(keeper.secure(second));
    assertEquals(44, second.cached, "its own beginning goes beyond the common part by chance");
    keeper.close(second);
    keeper.dropRetired();
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void withoutSharingNothingIsKept() {
    keeper(4, 4, 1000, false);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(keeper.secure(first));
    compute(first, 44);
    keeper.close(first);
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void aStreamIsFoundByItsDigestAsLongAsItsKvIsThere() {
    keeper(4, 4, 1000, true);
    int[] tokens = prompt(40, 5, 1);
    long digest = TokenDigest.of(tokens, tokens.length);
    assertNull(keeper.find(tokens.length, digest));
    ServerSession session = open(tokens);
    assertTrue(keeper.secure(session));
    compute(session, 44);
    assertEquals(TokenIds.of(tokens), keeper.find(tokens.length, digest), "open");
    keeper.close(session);
    assertEquals(TokenIds.of(tokens), keeper.find(tokens.length, digest), "retired");
    ServerSession other = open(prompt(0, 45, 2));
    assertEquals(TokenIds.of(tokens), keeper.find(tokens.length, digest), "beside another");
    keeper.dropRetired();
    assertNull(keeper.find(tokens.length, digest));
    keeper.close(other);
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void withoutSharingNoStreamIsFound() {
    keeper(4, 4, 1000, false);
    int[] tokens = prompt(40, 5, 1);
    open(tokens);
    assertNull(keeper.find(tokens.length, TokenDigest.of(tokens, tokens.length)));
  }

  /** Whoever is looked up while its prompt is computed is still waited for by others. */
  @Test
  void aLookupDoesNotSplitLeaderAndFollower() {
    keeper(4, 4, 1000, true);
    int[] tokens = prompt(100, 5, 1);
    ServerSession leader = open(tokens);
    assertTrue(keeper.secure(leader));
    compute(leader, 32);
    TokenIds beginning = TokenIds.of(tokens).slice(0, 50);
    assertEquals(beginning, keeper.find(50, TokenDigest.of(beginning)));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(keeper.secure(follower), "waits for the leader");
    compute(leader, 104);
    assertEquals(List.of(follower), resumed());
    assertEquals(100, follower.cached);
  }

  @Test
  void pushesTakeTurns() {
    keeper(2, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    assertTrue(keeper.secure(first));
    assertFalse(keeper.secure(second));
    first.wants = ServerSession.Wants.PUSHED_TOKEN;
    int tokens = 0;
    while (keeper.secure(first)) {
      keeper.served(first, 1);
      tokens++;
      assertTrue(tokens < 1000, "nobody pushes for ever while others wait");
    }
    assertEquals(List.of(second), resumed());
    assertTrue(keeper.isAnybodyWaiting(), "the first one waits now");
  }

  /** A hundred thousand sessions come and go. */
  @Test
  void nothingLeaks() {
    keeper(64, 16, 20_000, true);
    Random random = new Random(5);
    List<ServerSession> open = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      if (open.size() == 64 || (!open.isEmpty() && random.nextInt(3) == 0)) {
        keeper.close(open.remove(random.nextInt(open.size())));
      }
      ServerSession session = open(prompt(random.nextInt(60), 1 + random.nextInt(9), i));
      open.add(session);
      if (keeper.secure(session)) {
        compute(session, session.committedLength() - 1);
        rest(session);
      }
      for (ServerSession ready : resumed()) {
        compute(ready, ready.committedLength() - 1);
        rest(ready);
      }
      assertTrue(ledger.cellsUsed() <= ledger.cellsTotal());
    }
    open.forEach(keeper::close);
    keeper.dropRetired();
    assertEquals(0, keeper.openCount());
    assertEquals(0, engine.openCount());
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, ledger.savedBytes());
    assertEquals(0, ledger.residents());
  }
}
