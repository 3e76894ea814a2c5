package org.sled.simulator;

import java.util.ArrayList;
import java.util.List;
import org.agrona.UnsafeApi;
import org.sled.core.cost.RowRule;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.StepStats;
import org.sled.jni.VerifySlots;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.server.target.TargetEngine;

/**
 * A target whose texts are known beforehand, and whose steps take no time but the one that is said:
 * a {@link ServerClock} goes on by it. K/V is counted, not computed; to save, restore and share it
 * takes no time. One thread.
 */
final class TracedTarget implements TargetEngine {
  private static final int NO_TOKEN = -1;

  /** Of K/V in host memory, which nothing is too much for here. */
  private static final int BYTES_PER_TOKEN = 1;

  /** A prompt and what the target says behind it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, nor a key
  private record Text(int[] prompt, int[] tokens) {
    int token(int position) {
      return position < prompt.length ? prompt[position] : tokens[position - prompt.length];
    }

    int length() {
      return prompt.length + tokens.length;
    }

    boolean beginsWith(TokenIds other) {
      if (other.count() >= length()) {
        return false;
      }
      for (int i = 0; i < other.count(); i++) {
        if (other.id(i) != token(i)) {
          return false;
        }
      }
      return true;
    }
  }

  private static final class Session {
    final Text text;
    final int limit; // tokens at most; 0: as many as there are
    int committed;
    int cached;
    int saved; // tokens whose K/V is in host memory
    FinishReason finish = FinishReason.NONE;

    Session(Text text, int promptTokens, int maxNewTokens) {
      this.text = text;
      committed = promptTokens;
      limit = maxNewTokens == 0 ? 0 : promptTokens + maxNewTokens;
    }

    int next() {
      int token = text.token(committed);
      committed++;
      if (committed == limit) {
        finish = FinishReason.LENGTH;
      } else if (committed == text.length()) {
        finish = FinishReason.STOP;
      }
      return token;
    }
  }

  /** What a step takes. */
  @FunctionalInterface
  interface StepTime {
    /** Reading contexts costs nothing: what cost tables know of. */
    StepTime OF_PASSES = (passNanos, contextTokens) -> passNanos;

    /**
     * Its time, ns.
     *
     * @param passNanos of its passes over the weights
     * @param contextTokens that its rows attend to, summed over the rows
     */
    long nanos(long passNanos, double contextTokens);
  }

  private final VirtualServing serving;
  private final StepTime stepTime;
  private final ServerClock clock;
  private final VirtualPasses passes;
  private final Session[] sessions;
  private final List<Text> expected = new ArrayList<>();

  /**
   * Creates it.
   *
   * @param numbers of sessions
   * @param sequences sessions in a step at most
   */
  TracedTarget(
      VirtualServing serving,
      StepTime stepTime,
      ServerClock clock,
      RowRule rowRule,
      int passRows,
      int numbers,
      int sequences) {
    this.serving = serving;
    this.stepTime = stepTime;
    this.clock = clock;
    passes = new VirtualPasses(serving, rowRule, passRows, sequences);
    sessions = new Session[numbers];
  }

  /**
   * The next session that begins with this prompt, or with a part of the text behind it, has it.
   */
  void expect(int[] prompt, int[] text) {
    expected.add(new Text(prompt, text));
  }

  @Override
  public int openSession(TokenIds prompt, int maxNewTokens, boolean ignoreEnd, Sampling sampling) {
    for (int number = 0; number < sessions.length; number++) {
      if (sessions[number] == null) {
        sessions[number] = new Session(take(prompt), prompt.count(), maxNewTokens);
        return number;
      }
    }
    throw new SledException(SledStatus.NO_SEQUENCE, "all sessions are taken");
  }

  private Text take(TokenIds prompt) {
    for (int i = 0; i < expected.size(); i++) {
      if (expected.get(i).beginsWith(prompt)) {
        return expected.remove(i);
      }
    }
    throw new IllegalStateException("no text is known that begins with the " + prompt);
  }

  @Override
  public void closeSession(int session) {
    sessions[session] = null;
  }

  @Override
  public void attach(int session, int sequence) {
    sessions[session].cached = sessions[session].saved;
    sessions[session].saved = 0;
  }

  @Override
  public long detach(int session, boolean keep) {
    sessions[session].saved = keep ? sessions[session].cached : 0;
    sessions[session].cached = 0;
    return (long) sessions[session].saved * BYTES_PER_TOKEN;
  }

  @Override
  public void share(int to, int from, int tokens, boolean move) {
    sessions[to].cached = tokens;
    if (move) {
      sessions[from].cached = 0;
    }
  }

  @Override
  public int committedToken(int session, int position) {
    return sessions[session].text.token(position);
  }

  @Override
  public int[] committedTokens(int session, int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = sessions[session].text.token(i);
    }
    return tokens;
  }

  @Override
  public int cachedTokens(int session) {
    return sessions[session].cached;
  }

  @Override
  public void tune(int rows) {
    // Its passes are arranged by what they take.
  }

  @Override
  public void step(VerifySlots slots, int slotCount, StepStats stats) {
    passes.clear();
    int rows = 0;
    double contextTokens = 0;
    for (int slot = 0; slot < slotCount; slot++) {
      int drafts = slots.draftCount(slot);
      int slotRows = slots.leadCount(slot) + drafts;
      rows += slotRows;
      contextTokens += slotRows * (slots.kvOffset(slot) + slotRows / 2.0);
      passes.add(slotRows, drafts + 1); // of a prompt's rows, the last one has a result
      compute(slots, slot);
    }
    passes.arrange();
    long nanos = stepTime.nanos(passes.nanos(), contextTokens);
    clock.advance(serving.overheadNanos() / 2 + nanos);
    stats.script(passes.count(), passes.rows(), rows, slotCount, nanos);
  }

  private void compute(VerifySlots slots, int slot) {
    Session session = sessions[slots.session(slot)];
    int leadEnd = slots.kvOffset(slot) + slots.leadCount(slot);
    if (leadEnd < session.committed) { // a chunk of the prompt
      session.cached = leadEnd;
      slots.script(slot, 0, 0, NO_TOKEN, session.committed, 0);
      return;
    }
    int accepted = 0;
    int token = session.next();
    while (accepted < slots.draftCount(slot)
        && draft(slots, slot, accepted) == token
        && session.finish == FinishReason.NONE) {
      accepted++;
      token = session.next();
    }
    boolean wrong = accepted < slots.draftCount(slot) && draft(slots, slot, accepted) != token;
    session.cached = session.committed - 1;
    slots.script(
        slot,
        accepted + (wrong ? 1 : 0),
        accepted,
        token,
        session.committed,
        session.finish.number());
  }

  private static int draft(VerifySlots slots, int slot, int index) {
    return UnsafeApi.getInt(slots.tokensAddress(slot) + (long) Protocol.TOKEN_BYTES * index);
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
