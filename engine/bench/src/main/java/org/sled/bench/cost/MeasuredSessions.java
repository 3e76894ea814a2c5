package org.sled.bench.cost;

import java.util.ArrayList;
import java.util.List;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.TokenBuffer;
import org.sled.jni.VerifyEngine;
import org.sled.jni.VerifySlots;

/**
 * Sessions of equal length, of which steps of any shape are computed. Every step adds a token to
 * its sessions at least; those that grew far are taken back to where they began. One thread.
 */
final class MeasuredSessions implements AutoCloseable {
  /** Rows of a step that computes a context. */
  static final int PREFILL_ROWS = 32;

  private final VerifyEngine engine;
  private final int vocabularySize;
  private final int mostTokens; // of a session
  private final VerifySlots slots;
  private final StepStats stats = new StepStats();
  private final TokenBuffer drafts = new TokenBuffer(VerifyEngine.MAX_SEQUENCES);
  private final TokenBuffer prompt = new TokenBuffer(1);
  private final List<Integer> sessions = new ArrayList<>();
  private int steps;

  /**
   * Without any session.
   *
   * @param engine stays the caller's; it must have room for one session more
   * @param most sessions
   */
  MeasuredSessions(VerifyEngine engine, int vocabularySize, int most) {
    this.engine = engine;
    this.vocabularySize = vocabularySize;
    mostTokens = engine.info().contextTokens();
    slots = new VerifySlots(most);
  }

  /**
   * Opens sessions and computes their contexts, until there are so many; those that are there keep
   * theirs.
   *
   * @param context tokens of each new one, at least 1
   */
  void open(int count, int context) {
    prompt.clear();
    for (int i = 0; i < context; i++) {
      prompt.add((i * 7 + 5) % vocabularySize);
    }
    int first = sessions.size();
    while (sessions.size() < count) {
      sessions.add(engine.openResident(prompt, 0, true));
    }
    int computed = 0;
    while (count > first && computed < context - 1) {
      int lead = Math.min(PREFILL_ROWS, context - 1 - computed);
      for (int i = first; i < count; i++) {
        slots.set(i - first, sessions.get(i), computed, lead, 0, 0);
      }
      step(count - first);
      computed += lead;
    }
  }

  /**
   * One step over the first of the sessions, each with a block of wrong drafts.
   *
   * @param rows of each session, at least 1
   * @return what it took, ns
   */
  long step(int count, int rows) {
    drafts.clear();
    for (int i = 1; i < rows; i++) {
      // Whatever comes is unlikely to be what is drafted.
      drafts.add((steps * 131 + i * 17 + 3) % vocabularySize);
    }
    steps++;
    for (int i = 0; i < count; i++) {
      VerifyEngine.SessionInfo info = engine.sessionInfo(sessions.get(i));
      if (info.committedTokens() + rows >= mostTokens) {
        info = begin(i, info);
      }
      slots.set(
          i,
          info.session(),
          info.cachedTokens(),
          info.committedTokens() - info.cachedTokens(),
          rows - 1,
          rows > 1 ? drafts.addressOf(0) : 0);
    }
    step(count);
    return stats.totalNanos();
  }

  /**
   * One step over rows of a prompt, in the first of the sessions: without results.
   *
   * @param rows fewer than its context has tokens
   * @return what it took, ns
   */
  long prompt(int rows) {
    VerifyEngine.SessionInfo info = engine.sessionInfo(sessions.get(0));
    int from = info.committedTokens() - 1 - rows;
    engine.evict(info.session(), from);
    slots.set(0, info.session(), from, rows, 0, 0);
    step(1);
    return stats.totalNanos();
  }

  /** Begins a session anew, with the K/V of its prompt. */
  private VerifyEngine.SessionInfo begin(int index, VerifyEngine.SessionInfo old) {
    prompt.clear();
    engine.tokens(old.session(), 0, old.promptTokens(), prompt);
    int fresh = engine.openSession(prompt, 0, true);
    if (old.promptTokens() > 1) {
      engine.share(fresh, old.session(), old.promptTokens() - 1, true);
    } else {
      engine.detach(old.session(), false);
      engine.attach(fresh, VerifyEngine.ANY_SEQUENCE);
    }
    engine.closeSession(old.session());
    sessions.set(index, fresh);
    return engine.sessionInfo(fresh);
  }

  private void step(int count) {
    engine.step(slots, count, stats);
    for (int i = 0; i < count; i++) {
      if (slots.status(i) != SledStatus.OK.code()) {
        throw new SledException(
            SledStatus.of(slots.status(i)), "the engine refused a block of the measurement");
      }
    }
  }

  /** Closes the sessions; the engine is as it was. */
  @Override
  public void close() {
    sessions.forEach(engine::closeSession);
    slots.close();
    stats.close();
    drafts.close();
    prompt.close();
  }
}
