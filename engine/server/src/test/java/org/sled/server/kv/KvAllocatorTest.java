package org.sled.server.kv;

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
import org.sled.core.kv.KvLedger;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;
import org.sled.server.CountingTarget;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;
import org.slf4j.LoggerFactory;

class KvAllocatorTest {
  private static final int CONTEXT = 1000;

  private final ServerStats stats = new ServerStats();
  private CountingTarget engine;
  private KvLedger ledger;
  private KvAllocator kv;
  private int nextId;

  private void kv(int sessions, int sequences, long swapBytes, boolean shares) {
    int numbers = sessions + sequences;
    engine = new CountingTarget(numbers, sequences);
    ledger = new KvLedger(numbers, sequences, CONTEXT, swapBytes);
    kv = new KvAllocator(engine, ledger, numbers, shares, stats);
  }

  private ServerSession open(int... prompt) {
    ServerSession session = new ServerSession(null, nextId, 1, engine);
    TokenIds tokens = TokenIds.of(prompt);
    Open frame = Open.of(nextId, 1, 10, Sampling.GREEDY, tokens);
    nextId++;
    kv.open(session, new Command.OpenSession(session, frame, tokens, 0));
    session.wants = ServerSession.Wants.FIRST_TOKEN;
    return session;
  }

  /** What a step does with the prompt. */
  private void compute(ServerSession session, int tokens) {
    session.cached = tokens;
    engine.cached[session.number] = tokens;
    kv.cached(session);
  }

  private void rest(ServerSession session) {
    session.wants = ServerSession.Wants.NOTHING;
    kv.release(session);
  }

  private List<ServerSession> resumed() {
    List<ServerSession> sessions = new ArrayList<>();
    kv.allocateWaiting(sessions::add);
    return sessions;
  }

  private static int[] prompt(int common, int own, int seed) {
    return IntStream.range(0, common + own).map(i -> i < common ? i : 1000 * seed + i).toArray();
  }

  @Test
  void whoFindsNoSequenceWaitsForOne() {
    kv(3, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    ServerSession third = open(7, 8, 9);
    assertTrue(kv.allocate(first));
    assertFalse(kv.allocate(second));
    assertFalse(kv.allocate(third));
    assertEquals(List.of(), resumed());

    rest(first);
    assertEquals(List.of(second), resumed(), "the one that waits longer, alone");
    rest(second);
    assertEquals(List.of(third), resumed());
    assertFalse(kv.isAnybodyWaiting());
  }

  @Test
  void savedKvComesBack() {
    kv(2, 1, 1000, true);
    ServerSession first = open(prompt(0, 50, 1));
    assertTrue(kv.allocate(first));
    compute(first, 49);
    rest(first);
    ServerSession second = open(prompt(0, 50, 2));
    assertTrue(kv.allocate(second));
    assertFalse(engine.isResident(first.number));
    rest(second);
    assertTrue(kv.allocate(first));
    assertEquals(49, first.cached);
    assertEquals(49, engine.cached[first.number]);
  }

  @Test
  void withoutRoomToSaveItIsComputedAgain() {
    kv(2, 1, 0, true);
    ServerSession first = open(prompt(0, 50, 1));
    assertTrue(kv.allocate(first));
    compute(first, 49);
    rest(first);
    assertTrue(kv.allocate(open(prompt(0, 50, 2))));
    assertEquals(0, first.cached);
    assertEquals(0, ledger.savedBytes());
  }

  @Test
  void aCommonBeginningIsTakenOver() {
    kv(4, 4, 1000, true);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(kv.allocate(first));
    compute(first, 44);
    ServerSession second = open(prompt(40, 9, 2));
    assertTrue(kv.allocate(second));
    assertEquals(40, second.cached);
    assertEquals(40, engine.sharedTokens);
    assertEquals(84, ledger.cellsUsed());
  }

  @Test
  void itIsNotComputedTwiceAtTheSameTime() {
    kv(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(kv.allocate(leader));
    compute(leader, 32);
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(kv.allocate(follower), "waits for the leader");
    assertEquals(List.of(), resumed());
    compute(leader, 104);
    assertEquals(List.of(follower), resumed());
    assertEquals(100, follower.cached);
  }

  @Test
  void aFollowerWhoseLeaderLeavesGoesOnAlone() {
    kv(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(kv.allocate(leader));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(kv.allocate(follower));
    kv.close(leader);
    leader.closed(); // as the verifier does
    assertEquals(List.of(follower), resumed());
    assertEquals(0, follower.cached);
  }

  @Test
  void followersGoOnLongestWaitingFirst() {
    kv(4, 4, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(kv.allocate(leader));
    ServerSession first = open(prompt(100, 9, 2));
    ServerSession second = open(prompt(100, 9, 3));
    assertFalse(kv.allocate(first));
    assertFalse(kv.allocate(second));
    compute(leader, 104);
    assertEquals(List.of(first, second), resumed());
  }

  /** Leaders that all leave: whoever follows the fifth in vain computes by itself. */
  @Test
  void nobodyFollowsForEver() {
    kv(8, 8, 1000, true);
    ServerSession leader = open(prompt(100, 5, 1));
    assertTrue(kv.allocate(leader));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(kv.allocate(follower));
    int leaders = 1;
    while (leaders < 100) {
      ServerSession next = open(prompt(100, 9, 10 + leaders));
      kv.close(leader);
      leader.closed();
      leader = next;
      // Comes between, so that it leads.
      assertTrue(kv.allocate(next));
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
        kv(2, 1, swapBytes, true);
        engine.refusesCopies = !copies;
        ServerSession donor = open(prompt(40, 5, 1));
        assertTrue(kv.allocate(donor));
        compute(donor, 44);
        ServerSession other = open(prompt(40, 9, 2));
        assertFalse(kv.allocate(other), "the donor is busy");
        assertEquals(List.of(), resumed());
        assertEquals(List.of(), resumed(), "and stays busy");
        rest(donor);
        assertEquals(List.of(other), resumed());
        boolean kept = copies && swapBytes > 0;
        assertEquals(kept ? 40 : 0, other.cached, "what was saved can be copied");
        assertFalse(ledger.isResident(donor.number));
        compute(other, 48);
        rest(other);
        assertTrue(kv.allocate(donor));
        assertEquals(kept ? 44 : 0, donor.cached, "comes back, or is computed again");
      }
    }
  }

  /** The donor waits for its next turn itself, as one that pushes does. */
  @Test
  void aDonorThatWaitsGivesItsSequenceUp() {
    kv(2, 1, 1000, true);
    ServerSession donor = open(prompt(40, 5, 1));
    assertTrue(kv.allocate(donor));
    compute(donor, 44);
    ServerSession other = open(prompt(40, 9, 2));
    assertFalse(kv.allocate(other));
    donor.wants = ServerSession.Wants.PUSHED_TOKEN;
    kv.served(donor, 100);
    assertFalse(kv.allocate(donor), "others wait");
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
    kv(2, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    assertTrue(kv.allocate(first));
    assertFalse(kv.allocate(second));
    first.wants = ServerSession.Wants.VERDICT;
    int tokens = 0;
    while (kv.allocate(first)) {
      kv.served(first, 1);
      tokens++;
      assertTrue(tokens < 1000, "nobody has the sequence for ever while others wait");
    }
    assertEquals(List.of(second), resumed());
  }

  @Test
  void whatAModelRefusesIsTriedOnceAndSaidOnce() {
    kv(8, 2, 1 << 20, true);
    engine.refusesCopies = true;
    Logger logger = (Logger) LoggerFactory.getLogger(KvCopies.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    try {
      for (int i = 0; i < 50; i++) {
        ServerSession session = open(prompt(40, 5, 1 + i % 8));
        assertTrue(kv.allocate(session));
        compute(session, 44);
        rest(session);
        if (i >= 7) {
          kv.forEach(other -> closeUnless(other, session));
        }
      }
      assertTrue(engine.refusedCopies <= 2, engine.refusedCopies + " copies were tried");
      assertEquals(1, logged.list.size());
    } finally {
      logger.detachAppender(logged);
    }
  }

  private void closeUnless(ServerSession session, ServerSession kept) {
    if (session != kept) {
      kv.close(session);
    }
  }

  @Test
  void whatEndedSessionsLeaveIsUsed() {
    kv(4, 4, 1000, true);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(kv.allocate(first));
    compute(first, 44);
    kv.close(first);
    assertEquals(0, kv.openCount());
    assertEquals(44, ledger.cellsUsed(), "still there");
    ServerSession second = open(prompt(40, 60, 1));
    assertTrue(kv.allocate(second));
    assertEquals(44, second.cached, "its own beginning goes beyond the common part by chance");
    kv.close(second);
    kv.dropRetired();
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void withoutSharingNothingIsKept() {
    kv(4, 4, 1000, false);
    ServerSession first = open(prompt(40, 5, 1));
    assertTrue(kv.allocate(first));
    compute(first, 44);
    kv.close(first);
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void aStreamIsFoundAsLongAsItsKvIsThere() {
    kv(4, 4, 1000, true);
    int[] tokens = prompt(40, 5, 1);
    long digest = TokenDigest.of(tokens, tokens.length);
    ServerSession session = open(tokens);
    StreamSecret secret = session.secret;
    assertTrue(kv.allocate(session));
    compute(session, 44);
    assertEquals(TokenIds.of(tokens), kv.find(secret, tokens.length, digest), "open");
    kv.close(session);
    assertEquals(TokenIds.of(tokens), kv.find(secret, tokens.length, digest), "retired");
    ServerSession other = open(prompt(0, 45, 2));
    assertEquals(TokenIds.of(tokens), kv.find(secret, tokens.length, digest), "beside another");
    assertNull(kv.find(other.secret, tokens.length, digest), "by another's secret");
    assertNull(kv.find(secret, tokens.length, digest + 1));
    assertNull(kv.find(secret, tokens.length + 1, digest));
    assertEquals(TokenIds.of(tokens).slice(0, 9), kv.find(secret, 9, TokenDigest.of(tokens, 9)));
    kv.dropRetired();
    assertNull(kv.find(secret, tokens.length, digest));
    kv.close(other);
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, engine.openCount());
  }

  @Test
  void withoutSharingNoStreamIsFound() {
    kv(4, 4, 1000, false);
    int[] tokens = prompt(40, 5, 1);
    ServerSession session = open(tokens);
    assertNull(kv.find(session.secret, tokens.length, TokenDigest.of(tokens, tokens.length)));
  }

  /** Whoever is looked up while its prompt is computed is still waited for by others. */
  @Test
  void aLookupDoesNotSplitLeaderAndFollower() {
    kv(4, 4, 1000, true);
    int[] tokens = prompt(100, 5, 1);
    ServerSession leader = open(tokens);
    assertTrue(kv.allocate(leader));
    compute(leader, 32);
    TokenIds beginning = TokenIds.of(tokens).slice(0, 50);
    assertEquals(beginning, kv.find(leader.secret, 50, TokenDigest.of(beginning)));
    ServerSession follower = open(prompt(100, 9, 2));
    assertFalse(kv.allocate(follower), "waits for the leader");
    compute(leader, 104);
    assertEquals(List.of(follower), resumed());
    assertEquals(100, follower.cached);
  }

  @Test
  void pushesTakeTurns() {
    kv(2, 1, 1000, true);
    ServerSession first = open(1, 2, 3);
    ServerSession second = open(4, 5, 6);
    assertTrue(kv.allocate(first));
    assertFalse(kv.allocate(second));
    first.wants = ServerSession.Wants.PUSHED_TOKEN;
    int tokens = 0;
    while (kv.allocate(first)) {
      kv.served(first, 1);
      tokens++;
      assertTrue(tokens < 1000, "nobody pushes for ever while others wait");
    }
    assertEquals(List.of(second), resumed());
    assertTrue(kv.isAnybodyWaiting(), "the first one waits now");
  }

  /** A hundred thousand sessions come and go. */
  @Test
  void nothingLeaks() {
    kv(64, 16, 20_000, true);
    Random random = new Random(5);
    List<ServerSession> open = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      if (open.size() == 64 || (!open.isEmpty() && random.nextInt(3) == 0)) {
        kv.close(open.remove(random.nextInt(open.size())));
      }
      ServerSession session = open(prompt(random.nextInt(60), 1 + random.nextInt(9), i));
      open.add(session);
      if (kv.allocate(session)) {
        compute(session, session.committedLength() - 1);
        rest(session);
      }
      for (ServerSession ready : resumed()) {
        compute(ready, ready.committedLength() - 1);
        rest(ready);
      }
      assertTrue(ledger.cellsUsed() <= ledger.cellsTotal());
    }
    open.forEach(kv::close);
    kv.dropRetired();
    assertEquals(0, kv.openCount());
    assertEquals(0, engine.openCount());
    assertEquals(0, ledger.cellsUsed());
    assertEquals(0, ledger.savedBytes());
    assertEquals(0, ledger.residents());
  }
}
