package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions and steps over the demo target. One thread, as everywhere where others compute too. */
class VerifyEngineTest {
  private static final EngineParams PARAMS =
      EngineParams.DEFAULT.withSequenceCount(4).withContextTokens(256).withThreads(1);

  private final StepStats stats = new StepStats();
  private final VerifySlots slots = new VerifySlots(4);
  private final TokenBuffer prompt = new TokenBuffer(8);
  private Model model;
  private VerifyEngine engine;

  @BeforeEach
  void open() {
    model = DemoPair.target();
    engine = VerifyEngine.open(model, PARAMS);
    prompt.addAll(model.tokenize("Once upon a time there was a fox"));
  }

  @AfterEach
  void close() {
    engine.close();
    engine.close();
    model.close();
    prompt.close();
    slots.close();
    stats.close();
  }

  @Test
  void theEngineSaysWhatItIs() {
    VerifyEngine.Info info = engine.info();
    assertEquals(4, info.sequenceCount());
    assertEquals(0, info.sequencesInUse());
    assertEquals(256, info.contextTokens());
    assertEquals(4, info.sessionCount());
    assertEquals(0, info.sessionsInUse());
    assertEquals(0, info.savedBytes());
    assertTrue(info.cellsPerSequence() >= 256);
    assertTrue(info.passCostRows() > 0);
    assertEquals(1, info.threads());
    assertTrue(info.memory().kvBytes() > 0);
    VerifyEngine.MemoryPlan plan = VerifyEngine.plan(model, PARAMS);
    assertEquals(info.memory().kvBytes(), plan.kvBytes());
    assertTrue(plan.availableBytes() > 0);
  }

  @Test
  void wrongParametersAreRefused() {
    Failures.expect(
        SledStatus.ARGUMENT, () -> VerifyEngine.open(model, PARAMS.withSequenceCount(257)));
    Failures.expect(
        SledStatus.ARGUMENT, () -> VerifyEngine.plan(model, PARAMS.withContextTokens(-1)));
    Failures.expect(
        SledStatus.ARGUMENT,
        () -> VerifyEngine.open(model, PARAMS.withSessionCount(VerifyEngine.MAX_SESSIONS + 1)));
  }

  @Test
  void blocksGiveWhatTheTargetAloneGives() {
    int[] alone = generateAlone(24);

    int session = engine.openResident(prompt, 24, true);
    prefill(session);
    TokenBuffer drafts = new TokenBuffer(4);
    try (drafts) {
      int committed = slots.committed(0);
      while (slots.finish(0) == SledNative.SLED_FINISH_NONE) {
        // Two right drafts and a wrong one, as far as there are any.
        int emitted = committed - prompt.size();
        drafts.clear();
        for (int i = emitted; i < Math.min(emitted + 2, alone.length); i++) {
          drafts.add(alone[i]);
        }
        drafts.add(wrong(alone, emitted + 2));
        slots.set(0, session, committed - 1, 1, drafts.size(), drafts.address());
        step(1);
        assertEquals(committed + slots.accepted(0) + 1, slots.committed(0));
        assertTrue(slots.accepted(0) <= slots.verified(0));
        committed = slots.committed(0);
      }
    }
    assertEquals(Finish.LENGTH, engine.sessionInfo(session).finish());
    assertArrayEquals(alone, emitted(session));
    assertEquals(alone[3], engine.committedToken(session, prompt.size() + 3));
    engine.closeSession(session);
    assertEquals(0, engine.info().sequencesInUse());
  }

  @Test
  void anEvictedSessionGoesOnWithTheSameTokens() {
    int[] alone = generateAlone(8);
    int session = engine.openResident(prompt, 8, true);
    prefill(session);
    push(session);
    engine.evict(session, 0);
    VerifyEngine.SessionInfo info = engine.sessionInfo(session);
    assertEquals(0, info.cachedTokens());
    assertEquals(prompt.size() + 2, info.committedTokens());
    slots.set(0, session, 0, info.committedTokens(), 0, 0);
    step(1);
    while (slots.finish(0) == SledNative.SLED_FINISH_NONE) {
      push(session);
    }
    assertArrayEquals(alone, emitted(session));
  }

  @Test
  void moreSessionsThanSequencesTakeTurns() {
    int[] alone = generateAlone(9);
    engine.close();
    engine = VerifyEngine.open(model, PARAMS.withSequenceCount(2).withSessionCount(6));
    int[] sessions = new int[6];
    for (int i = 0; i < sessions.length; i++) {
      sessions[i] = engine.openSession(prompt, 9, true);
      assertEquals(i, sessions[i]);
    }
    Failures.expect(SledStatus.NO_SEQUENCE, () -> engine.openResident(prompt, 9, true));
    for (int round = 0; round < 3; round++) {
      for (int session : sessions) {
        engine.attach(session, VerifyEngine.ANY_SEQUENCE);
        assertEquals(0, engine.sessionInfo(session).savedBytes());
        for (int i = 0; i < 3; i++) {
          VerifyEngine.SessionInfo info = engine.sessionInfo(session);
          int lead = info.committedTokens() - info.cachedTokens();
          assertTrue(lead == 1 || (round == 0 && i == 0));
          slots.set(0, session, info.cachedTokens(), lead, 0, 0);
          step(1);
          assertEquals(SledStatus.OK.code(), slots.status(0));
        }
        engine.detach(session, true);
        VerifyEngine.SessionInfo info = engine.sessionInfo(session);
        assertEquals(-1, info.sequence());
        assertEquals(info.committedTokens() - 1, info.cachedTokens());
        assertTrue(info.savedBytes() > 0);
      }
    }
    assertEquals(0, engine.info().sequencesInUse());
    assertEquals(6, engine.info().sessionsInUse());
    long saved = 0;
    for (int session : sessions) {
      assertArrayEquals(alone, emitted(session));
      saved += engine.sessionInfo(session).savedBytes();
    }
    assertEquals(saved, engine.info().savedBytes());
    for (int session : sessions) {
      engine.closeSession(session);
    }
    assertEquals(0, engine.info().savedBytes());
  }

  @Test
  void aSessionGoesOnWithTheKeysAndValuesOfAnother() {
    int[] alone = generateAlone(8);
    int first = engine.openResident(prompt, 8, true);
    prefill(first);
    int copied = engine.openResident(prompt, 8, true);
    engine.share(copied, first, prompt.size() - 1, false);
    int moved = engine.openSession(prompt, 8, true);
    engine.share(moved, first, prompt.size() - 2, true);
    assertEquals(0, engine.sessionInfo(moved).sequence());
    assertEquals(0, engine.sessionInfo(first).cachedTokens());
    Failures.expect(SledStatus.OFFSET, () -> engine.share(first, moved, prompt.size(), false));
    Failures.expect(SledStatus.NO_SEQUENCE, () -> engine.share(first, moved, 2, false));
    engine.attach(first, 3);
    assertTrue(engine.sessionInfo(first).resident());
    for (int session : new int[] {copied, moved, first}) {
      int cached = engine.sessionInfo(session).cachedTokens();
      int committed = engine.sessionInfo(session).committedTokens();
      slots.set(0, session, cached, committed - cached, 0, 0);
      step(1);
      while (slots.finish(0) == SledNative.SLED_FINISH_NONE) {
        push(session);
      }
      assertArrayEquals(alone, emitted(session));
    }
  }

  @Test
  void theLargestLogitsOfEachRowGiveTheSameTokens() {
    int[] expected = generateAlone(20);
    assertEquals(ResultRows.WHOLE, engine.info().resultRows());
    engine.close();
    engine = VerifyEngine.open(model, PARAMS.withResultRows(ResultRows.LARGEST));
    assertEquals(ResultRows.LARGEST, engine.info().resultRows());
    assertArrayEquals(expected, generateAlone(20));
  }

  @Test
  void anEngineWithUnifiedKeysAndValuesIsFast() {
    EngineParams unified = PARAMS.withKvLayout(KvLayout.UNIFIED);
    Failures.expect(
        SledStatus.UNSUPPORTED,
        () -> VerifyEngine.open(model, unified.withNumerics(Numerics.EXACT)));
    assertEquals(KvLayout.SPLIT, engine.info().kvLayout());
    engine.close();
    engine = VerifyEngine.open(model, unified.withPinThreads(true));
    assertEquals(KvLayout.UNIFIED, engine.info().kvLayout());
    assertEquals(Numerics.FAST, engine.info().numerics());
    // Unequal rows on sequences with a gap: one pass.
    int[] sessions = new int[3];
    for (int i = 0; i < 3; i++) {
      sessions[i] = engine.openResident(prompt, 8, true);
    }
    slots.set(0, sessions[0], 0, 2, 0, 0);
    slots.set(1, sessions[2], 0, prompt.size(), 0, 0);
    step(2);
    assertEquals(1, stats.passes());
    assertEquals(stats.usefulRows(), stats.rows());
    assertEquals(prompt.size() + 1, slots.committed(1));
    engine.share(sessions[1], sessions[2], prompt.size() - 1, false);
    slots.set(0, sessions[1], prompt.size() - 1, 1, 0, 0);
    int first = slots.nextToken(1);
    step(1);
    assertEquals(first, slots.nextToken(0));
  }

  @Test
  void aStepIsArrangedByTheCostOfAPass() {
    Failures.expect(SledStatus.ARGUMENT, () -> engine.tune(-1));
    for (int i = 0; i < 3; i++) {
      engine.openResident(prompt, 8, true);
    }
    for (int cost : new int[] {100, 1}) {
      engine.tune(cost);
      assertEquals(cost, engine.info().passCostRows());
      int cached = engine.sessionInfo(0).cachedTokens();
      slots.set(0, 0, cached, 2, 0, 0);
      slots.set(1, 2, cached, 2, 0, 0);
      step(2);
      assertEquals(cost == 1 ? 2 : 1, stats.passes());
      assertEquals(cost == 1 ? 4 : 6, stats.rows());
      assertEquals(4, stats.usefulRows());
    }
    engine.tune(0);
    assertTrue(engine.info().passCostRows() > 1);
  }

  @Test
  void aWrongSlotDoesNotDisturbTheOthers() {
    int good = engine.openResident(prompt, 4, true);
    int bad = engine.openResident(prompt, 4, true);
    slots.set(0, good, 0, prompt.size(), 0, 0);
    slots.set(1, bad, 5, 1, 0, 0);
    slots.set(2, 3, 0, 1, 0, 0);
    step(3);
    assertEquals(SledStatus.OK.code(), slots.status(0));
    assertEquals(SledStatus.OFFSET.code(), slots.status(1));
    assertEquals(SledStatus.SESSION.code(), slots.status(2));
    assertEquals(prompt.size() + 1, slots.committed(0));
    assertEquals(1, stats.slots());
    assertTrue(stats.passes() >= 1 && stats.rows() >= stats.usefulRows());
    assertTrue(stats.totalNanos() >= stats.decodeNanos());
  }

  @Test
  void mistakesAreNamed() {
    Failures.expect(SledStatus.SESSION, () -> engine.closeSession(2));
    Failures.expect(SledStatus.SESSION, () -> engine.sessionInfo(2));
    Failures.expect(SledStatus.SESSION, () -> engine.attach(2, 0));
    Failures.expect(SledStatus.SESSION, () -> engine.detach(2, true));
    Failures.expect(SledStatus.ARGUMENT, () -> engine.step(slots, 5, stats));
    try (TokenBuffer wrong = new TokenBuffer(1)) {
      wrong.add(-1);
      Failures.expect(SledStatus.TOKEN, () -> engine.openSession(wrong, 0, false));
      wrong.clear();
      for (int i = 0; i < 300; i++) {
        wrong.add(prompt.get(0));
      }
      Failures.expect(SledStatus.CONTEXT_FULL, () -> engine.openSession(wrong, 0, false));
    }
    for (int i = 0; i < 4; i++) {
      assertEquals(i, engine.openResident(prompt, 0, false));
    }
    Failures.expect(SledStatus.NO_SEQUENCE, () -> engine.openResident(prompt, 0, false));
    engine.close();
    Failures.expect(SledStatus.HANDLE, () -> engine.step(slots, 1, stats));
    Failures.expect(SledStatus.HANDLE, engine::info);
  }

  @Test
  void aStepAllocatesNothing() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    int session = engine.openResident(prompt, 200, true);
    prefill(session);
    for (int i = 0; i < 50; i++) {
      push(session);
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    long measuring = threads.getCurrentThreadAllocatedBytes() - before;
    // The JVM itself allocates now and then for this thread, when it compiles what it runs.
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 3; round++) {
      before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 45; i++) {
        push(session);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before - measuring);
    }
    assertEquals(0, least);
  }

  private void prefill(int session) {
    slots.set(0, session, 0, prompt.size(), 0, 0);
    step(1);
  }

  private void push(int session) {
    slots.set(0, session, slots.committed(0) - 1, 1, 0, 0);
    engine.step(slots, 1, stats);
  }

  private void step(int count) {
    engine.step(slots, count, stats);
  }

  private int[] generateAlone(int count) {
    int session = engine.openResident(prompt, count, true);
    prefill(session);
    while (slots.finish(0) == SledNative.SLED_FINISH_NONE) {
      push(session);
    }
    int[] tokens = emitted(session);
    engine.closeSession(session);
    return tokens;
  }

  private int[] emitted(int session) {
    int committed = engine.sessionInfo(session).committedTokens();
    try (TokenBuffer tokens = new TokenBuffer(1)) {
      engine.tokens(session, prompt.size(), committed - prompt.size(), tokens);
      return tokens.toArray();
    }
  }

  private int wrong(int[] alone, int index) {
    int right = index < alone.length ? alone[index] : 0;
    return right == 0 ? 1 : right - 1;
  }
}
