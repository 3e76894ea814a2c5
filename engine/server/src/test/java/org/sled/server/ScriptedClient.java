package org.sled.server;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.sled.net.codec.FrameException;
import org.sled.net.codec.FrameReader;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.server.EmbeddedConnection;
import org.sled.server.ingress.FrameRouter;

/**
 * A client of one session, without a thread or a clock: says by a seed what a device may say,
 * checks what comes back against the text of a {@link ScriptedTarget}, and shows whether it waits
 * for the server.
 */
final class ScriptedClient {
  private static final int MOST_DRAFTS = 6;
  private static final int MOST_CREDIT = 40;

  private final EmbeddedConnection link;
  private final FrameRouter router;
  private final Random random;
  private final int session;
  private final List<Integer> prompt;
  private final List<Integer> text; // all of it, prompt included
  private final int window;
  private final boolean mayFail;

  private final List<Integer> tokens; // as far as the server has said
  private final Map<Integer, int[]> inFlight =
      new HashMap<>(); // by round: position, parent, drafts
  private int round;
  private int nextPosition; // of the parent of the next block of a chain
  private int predecessor;
  private boolean chainBroken;
  private int pushCredit;
  private boolean takingBack;
  private boolean opened;
  private boolean closing;
  private boolean done;
  private boolean struck;

  /**
   * Creates a client that has not said anything yet.
   *
   * @param newTokens of its text
   * @param mayFail whether the session may end with INTERNAL
   */
  ScriptedClient(
      EmbeddedConnection link,
      FrameRouter router,
      Random random,
      int session,
      List<Integer> prompt,
      int newTokens,
      boolean mayFail) {
    this.link = link;
    this.router = router;
    this.random = random;
    this.session = session;
    this.prompt = prompt;
    this.mayFail = mayFail;
    text = ScriptedTarget.stream(prompt, newTokens);
    tokens = new ArrayList<>(prompt);
    window = 1 + random.nextInt(4);
  }

  int session() {
    return session;
  }

  EmbeddedConnection link() {
    return link;
  }

  /** Whether all of its text is there, or its session has ended otherwise. */
  boolean isDone() {
    return done;
  }

  /** Whether it has its whole text. */
  boolean isComplete() {
    return tokens.size() == text.size();
  }

  /** Whether its session may end before its text does: a fault has befallen it. */
  boolean mayBeCut() {
    return struck;
  }

  /** Whether the server owes it something. */
  boolean waits() {
    return !done && (!opened || closing || takingBack || pushCredit > 0 || !inFlight.isEmpty());
  }

  // ---------------------------------------------------------------- what it says

  void open() {
    int[] ids = prompt.stream().mapToInt(Integer::intValue).toArray();
    int newTokens = text.size() - prompt.size();
    router.onOpen(
        link.connection(),
        Open.of(session, 1, newTokens, Sampling.GREEDY, TokenIds.of(ids)),
        System.nanoTime());
  }

  /** Says the next thing, if there is one to say. */
  void act() {
    if (done || !opened || closing || takingBack) {
      return;
    }
    if (isComplete() && inFlight.isEmpty()) {
      leave();
    } else if (pushCredit > 0) {
      if (random.nextInt(20) == 0) {
        push(random.nextBoolean() ? 0 : 1 + random.nextInt(MOST_CREDIT));
      }
    } else if (inFlight.isEmpty() && random.nextInt(3) == 0) {
      push(1 + random.nextInt(MOST_CREDIT));
    } else if (inFlight.size() < window) {
      draft();
    }
  }

  private void push(int credit) {
    takingBack = credit == 0;
    pushCredit += credit;
    router.onPush(
        link.connection(), new Push(session, 1, tokens.size() - 1, credit), System.nanoTime());
  }

  private void draft() {
    if (inFlight.isEmpty()) {
      nextPosition = tokens.size() - 1;
      predecessor = 0;
      chainBroken = false;
    } else if (chainBroken) {
      return; // what builds on a wrong guess is withdrawn: nothing is added to it
    }
    int room = text.size() - nextPosition - 1;
    if (room < 1) {
      return;
    }
    int count = random.nextInt(Math.min(MOST_DRAFTS, room));
    int[] block = new int[2 + count];
    block[0] = nextPosition;
    for (int i = 0; i <= count; i++) {
      block[1 + i] = text.get(nextPosition + i);
      if (i > 0 && random.nextInt(4) == 0) {
        block[1 + i] = 1 + random.nextInt(ScriptedTarget.VOCABULARY - 2);
      }
    }
    round++;
    inFlight.put(round, block);
    ByteBuf frame = link.connection().allocator().directBuffer(DraftFrame.lengthBytes(count));
    DraftFrame.writeHead(frame, session, round, 1, nextPosition, predecessor, 0, count, block[1]);
    for (int i = 0; i < count; i++) {
      frame.writeIntLE(block[2 + i]);
    }
    predecessor = round;
    nextPosition += count + 1; // the guess for the server's own token is right: it is the text's
    router.onDraft(link.connection(), frame, System.nanoTime());
  }

  /** Drops what waits; the session remains. */
  void cancel() {
    if (opened && !done && !closing && !takingBack) {
      router.onCancel(link.connection(), new Cancel(session, 1));
      inFlight.clear();
      pushCredit = 0;
    }
  }

  /** Ends the session before its end. */
  void leave() {
    if (!done && !closing) {
      closing = true;
      struck |= !isComplete();
      router.onClose(link.connection(), new Close(session, 1));
    }
  }

  /** Its connection is gone. */
  void gone() {
    struck = true;
    done = true;
  }

  // ---------------------------------------------------------------- what it hears

  /** Takes one frame; the caller releases it. */
  void receive(ByteBuf frame) throws FrameException {
    FrameType type = FrameType.byNumber(FrameHeader.typeNumber(frame));
    if (done) {
      return;
    }
    switch (type) {
      case VERDICT -> onVerdict(new VerdictFrame().wrap(frame));
      case TOKENS -> onTokens(new TokensFrame().wrap(frame));
      default -> onMessage(FrameReader.read(type, frame));
    }
    require(tokens.size() <= text.size() && tokens.equals(text.subList(0, tokens.size())), "text");
    if (isComplete() && !closing && inFlight.isEmpty()) {
      leave();
    }
  }

  private void onMessage(Message message) {
    if (message instanceof Opened first) {
      opened = true;
      tokens.add(first.firstToken());
      require(first.committedLength() == tokens.size(), first);
    } else if (message instanceof Closed) {
      require(closing, message);
      done = true;
    } else if (message instanceof ErrorMessage error) {
      require(mayFail && error.code() == ErrorCode.INTERNAL, error);
      struck = true;
      done = true;
    } else {
      throw new AssertionError("session " + session + " got " + message);
    }
  }

  private void onVerdict(VerdictFrame verdict) {
    int[] block = inFlight.remove(verdict.round());
    require(block != null, verdict.round());
    if (verdict.status() == VerdictStatus.STALE) {
      return;
    }
    require(verdict.status() == VerdictStatus.VERIFIED, verdict.status());
    require(block[0] == tokens.size() - 1, block[0]);
    for (int i = 0; i < verdict.accepted(); i++) {
      tokens.add(block[2 + i]);
    }
    tokens.add(verdict.nextToken());
    require(verdict.committedLength() == tokens.size(), verdict.committedLength());
    int drafts = block.length - 2;
    chainBroken |= verdict.accepted() < drafts;
    require((verdict.finishReason() == FinishReason.NONE) != isComplete(), verdict.finishReason());
  }

  private void onTokens(TokensFrame frame) {
    if (frame.count() == 0) {
      require(takingBack, "an empty TOKENS");
      takingBack = false;
      pushCredit = 0;
    }
    for (int i = 0; i < frame.count(); i++) {
      tokens.add(frame.token(i));
      pushCredit--;
    }
    if (isComplete()) {
      pushCredit = 0;
      require(frame.finishReason() != FinishReason.NONE, frame.finishReason());
    }
  }

  private void require(boolean holds, Object what) {
    if (!holds) {
      throw new AssertionError("session " + session + ": unexpected " + what + "; " + this);
    }
  }

  @Override
  public String toString() {
    return String.format(
        "session %d has %d of %d tokens%s%s%s, %d blocks in flight, credit for %d",
        session,
        tokens.size(),
        text.size(),
        opened ? "" : ", is not open",
        closing ? ", is closing" : "",
        takingBack ? ", takes back" : "",
        inFlight.size(),
        pushCredit);
  }
}
