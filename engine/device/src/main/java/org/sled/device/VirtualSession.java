package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import org.sled.core.WorkKind;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Open;
import org.sled.net.round.RoundDecision;
import org.sled.net.round.RoundRules;
import org.sled.net.round.SessionView;

/** A session of a {@link VirtualServer}, with the text that it will have. Belongs to it. */
final class VirtualSession implements SessionView {
  final int number;
  final DraftFrame block = new DraftFrame();
  final Deque<VirtualServer.Timed> waiting = new ArrayDeque<>(); // blocks
  ByteBuf blockFrame;
  int cached; // tokens with K/V
  int pushCredit;
  long pushNanos; // when its newest credit came, or its newest token
  WorkKind wants; // null: nothing
  long wantedNanos; // since when

  private final int[] prompt;
  private final int[] text;
  private final RoundRules rules;
  private final Deque<VirtualServer.Timed> answers = new ArrayDeque<>();
  private boolean abandoned;
  private Open open;
  private int committedLength;
  private FinishReason finishReason = FinishReason.NONE;
  private int lastRound;

  VirtualSession(int number, int vocabularySize, int contextTokens, int[] prompt, int[] text) {
    this.number = number;
    this.prompt = prompt;
    this.text = text;
    rules = new RoundRules(vocabularySize, contextTokens, VirtualServer.MAX_DRAFT_TOKENS);
  }

  /** It begins; more than the prompt is there already if it is a RESUME's. */
  void open(Open newOpen) {
    open = newOpen;
    committedLength = newOpen.promptTokensTotal();
  }

  /** Its number on the connection. */
  int id() {
    return open.session();
  }

  @Override
  public int epoch() {
    return open.epoch();
  }

  @Override
  public int committedLength() {
    return committedLength;
  }

  @Override
  public int committedToken(int position) {
    return position < prompt.length ? prompt[position] : text[position - prompt.length];
  }

  @Override
  public FinishReason finishReason() {
    return finishReason;
  }

  @Override
  public int lastRound() {
    return lastRound;
  }

  boolean isFinished() {
    return finishReason != FinishReason.NONE;
  }

  /** What its block means. */
  RoundDecision decide() {
    return rules.decide(this, block);
  }

  /** A round was answered. */
  void answered(int round) {
    lastRound = Math.max(lastRound, round);
  }

  /** Adds the target's next token. */
  int commit() {
    int token = text[committedLength - prompt.length];
    committedLength++;
    int given = committedLength - open.promptTokensTotal();
    if (open.maxTokens() > 0 && given >= open.maxTokens()) {
      finishReason = FinishReason.LENGTH;
    } else if (committedLength - prompt.length == text.length) {
      finishReason = FinishReason.STOP;
    }
    return token;
  }

  /** What was said and nobody took yet, with the time at which it was sent. */
  Deque<VirtualServer.Timed> answers() {
    return answers;
  }

  /** Says something, unless nobody listens. */
  void say(VirtualServer.Timed answer) {
    if (abandoned) {
      VirtualServer.release(answer.what());
    } else {
      answers.add(answer);
    }
  }

  /** Nobody listens any more. */
  void abandon() {
    abandoned = true;
    answers.forEach(answer -> VirtualServer.release(answer.what()));
    answers.clear();
  }

  /** Frees the blocks that are not answered. */
  void release() {
    waiting.forEach(arrival -> VirtualServer.release(arrival.what()));
    waiting.clear();
    if (wants == WorkKind.BLOCK) {
      blockFrame.release();
      wants = null;
    }
  }
}
