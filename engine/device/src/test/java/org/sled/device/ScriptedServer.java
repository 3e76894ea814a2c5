package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.Welcome;
import org.sled.net.round.CommittedAnswer;
import org.sled.net.round.RoundDecision;
import org.sled.net.round.RoundRules;
import org.sled.net.round.SessionView;
import org.sled.net.server.Connection;
import org.sled.net.server.ConnectionListener;
import org.sled.net.server.ServerOptions;
import org.sled.net.server.ServerTransport;

/**
 * A server on a real socket with {@link ScriptedText} as its target: keeps the protocol's rules,
 * but for the mischief that a test asks for. Everything happens on the connection's event loop.
 */
final class ScriptedServer implements ConnectionListener, AutoCloseable {
  static final TokenizerFingerprint FINGERPRINT =
      new TokenizerFingerprint(ScriptedText.VOCABULARY, 1, 2, 3, 4);

  /** What verdicts say of the load, s. */
  volatile float price;

  volatile float alone;

  /** What a test does instead of a right answer to a block. */
  interface Mischief {
    /** Whether the block is dealt with. */
    boolean onBlock(
        ScriptedServer server, Connection connection, Session session, DraftFrame block);
  }

  /** One session. */
  static final class Session implements SessionView {
    final Connection connection;
    final int id;
    final Open open;
    final List<Integer> tokens = new ArrayList<>();
    int lastRound;
    int blocks;
    FinishReason finish = FinishReason.NONE;

    Session(Connection connection, Open open) {
      this.connection = connection;
      id = open.session();
      this.open = open;
    }

    @Override
    public int epoch() {
      return open.epoch();
    }

    @Override
    public int committedLength() {
      return tokens.size();
    }

    @Override
    public int committedToken(int position) {
      return tokens.get(position);
    }

    @Override
    public FinishReason finishReason() {
      return finish;
    }

    @Override
    public int lastRound() {
      return lastRound;
    }
  }

  private final ServerTransport transport;
  private final Map<Integer, Session> sessions = new HashMap<>();
  private final Map<Integer, List<Integer>> prompts = new HashMap<>();
  private final RoundRules rules;
  private final CommittedAnswer repeated = new CommittedAnswer();
  private final DraftFrame block = new DraftFrame();

  final AtomicInteger blocks = new AtomicInteger();
  final AtomicInteger drafts = new AtomicInteger();
  final AtomicInteger pushes = new AtomicInteger();
  final AtomicInteger closes = new AtomicInteger();
  volatile int contextTokens = 4096;
  volatile int welcomeFlags;
  volatile int maxDraftTokens = 62;
  volatile int maxFrameBytes = Limits.DEFAULT_FRAME_BYTES;

  /** Tokens of a session at which the target ends it. */
  volatile int endAt = -1;

  /** The OPEN of the newest session. */
  volatile Open lastOpen;

  /** OPENs that are answered BUSY from now on. */
  final AtomicInteger busyOpens = new AtomicInteger();

  volatile Mischief mischief = (server, connection, session, draft) -> false;

  /** Whether PUSH is ignored from the second on. */
  volatile boolean pushDies;

  ScriptedServer() throws IOException {
    transport = ServerTransport.start(ServerOptions.of("127.0.0.1", 0), this);
    rules = new RoundRules(ScriptedText.VOCABULARY, 4096, 62);
  }

  int port() {
    return transport.address().getPort();
  }

  @Override
  public HelloAnswer onHello(Connection connection, Hello hello) {
    if (hello.hasTokenizer() && !hello.fingerprint().matches(FINGERPRINT)) {
      return ErrorMessage.fatal(
          ErrorCode.TOKENIZER_MISMATCH,
          "draft vs target: " + hello.fingerprint().describeDifference(FINGERPRINT));
    }
    return new Welcome(
        Protocol.MAX_VERSION,
        welcomeFlags,
        new Limits(64, contextTokens - 1, contextTokens, maxDraftTokens, maxFrameBytes),
        Protocol.DEFAULT_PING_INTERVAL_MILLIS,
        0,
        64,
        0x1234L,
        FINGERPRINT,
        "scripted",
        "text",
        "");
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {
    if (busyOpens.getAndDecrement() > 0) {
      connection.send(
          new ErrorMessage(
              open.session(), 0, ErrorCode.BUSY, false, 250, "all sessions are taken"));
      return;
    }
    List<Integer> prompt = prompts.computeIfAbsent(open.session(), id -> new ArrayList<>());
    for (int i = 0; i < open.prompt().count(); i++) {
      prompt.add(open.prompt().id(i));
    }
    if (open.hasMorePrompt()) {
      return;
    }
    Session session = new Session(connection, open);
    session.tokens.addAll(prompts.remove(open.session()));
    sessions.put(open.session(), session);
    lastOpen = open;
    int first = commit(session);
    connection.sendStamped(
        new Opened(
            session.id,
            session.epoch(),
            price,
            alone,
            1,
            2,
            0,
            session.tokens.size(),
            first,
            session.finish),
        decodedNanos);
  }

  /** Adds the target's next token. */
  private int commit(Session session) {
    int token = ScriptedText.next(session.tokens, endAt);
    session.tokens.add(token);
    int emitted = session.tokens.size() - session.open.promptTokensTotal();
    if (token == ScriptedText.END && !session.open.ignoresEndOfGeneration()) {
      session.finish = FinishReason.STOP;
    } else if (session.open.maxTokens() > 0 && emitted >= session.open.maxTokens()) {
      session.finish = FinishReason.LENGTH;
    } else if (session.tokens.size() >= contextTokens) {
      session.finish = FinishReason.CONTEXT_FULL;
    }
    return token;
  }

  @Override
  public void onDraft(Connection connection, ByteBuf draft, long decodedNanos) {
    try {
      block.wrap(draft);
      Session session = sessions.get(block.session());
      if (session == null) {
        return;
      }
      session.blocks++;
      blocks.incrementAndGet();
      drafts.addAndGet(block.draftCount());
      if (!mischief.onBlock(this, connection, session, block)) {
        answer(connection, session, block);
      }
    } finally {
      draft.release();
    }
  }

  /** Answers as the protocol wants. */
  void answer(Connection connection, Session session, DraftFrame draft) {
    RoundDecision decision = rules.decide(session, draft);
    switch (decision) {
      case VERIFY -> verify(connection, session, draft);
      case ANSWER_AGAIN -> {
        repeated.compute(session, draft);
        send(
            connection,
            session,
            draft.round(),
            VerdictStatus.REPEATED,
            repeated.finishReason(),
            repeated.verified(),
            repeated.accepted(),
            repeated.nextToken(),
            repeated.committedLength());
      }
      case STALE, FINISHED -> stale(connection, session, draft);
      default ->
          connection.send(
              ErrorMessage.ofSession(
                  session.id, draft.round(), decision.errorCode(), String.valueOf(decision)));
    }
  }

  void stale(Connection connection, Session session, DraftFrame draft) {
    send(
        connection,
        session,
        draft.round(),
        VerdictStatus.STALE,
        session.finish,
        0,
        0,
        Protocol.NO_TOKEN,
        session.tokens.size());
  }

  /** Commits what follows without answering; as when the verdict got lost. */
  void verify(Connection connection, Session session, DraftFrame draft) {
    int accepted = 0;
    boolean wrong = false;
    int token;
    while (true) {
      token = commit(session);
      boolean drafted = accepted < draft.draftCount();
      boolean right = drafted && draft.draft(accepted) == token;
      if (!right || session.finish != FinishReason.NONE) {
        wrong = drafted && !right;
        break;
      }
      accepted++;
    }
    if (connection != null) {
      send(
          connection,
          session,
          draft.round(),
          VerdictStatus.VERIFIED,
          session.finish,
          accepted + (wrong ? 1 : 0),
          accepted,
          token,
          session.tokens.size());
    }
  }

  void send(
      Connection connection,
      Session session,
      int round,
      VerdictStatus status,
      FinishReason finish,
      int verified,
      int accepted,
      int next,
      int committed) {
    session.lastRound = Math.max(session.lastRound, round);
    ByteBuf frame = connection.allocator().directBuffer(VerdictFrame.BYTES);
    VerdictFrame.write(
        frame,
        session.id,
        round,
        session.epoch(),
        price,
        alone,
        1,
        2,
        status,
        finish,
        1,
        verified,
        accepted,
        next,
        committed);
    connection.send(frame);
  }

  @Override
  public void onPush(Connection connection, Push push, long decodedNanos) {
    pushes.incrementAndGet();
    Session session = sessions.get(push.session());
    if (session == null || (pushDies && pushes.get() > 1)) {
      return;
    }
    for (int i = 0; i < push.credit() && session.finish == FinishReason.NONE; ) {
      int first = session.tokens.size();
      int count = 0;
      // Several in a frame, since a server may.
      ByteBuf frame = connection.allocator().directBuffer();
      List<Integer> ids = new ArrayList<>();
      while (count < 3 && i < push.credit() && session.finish == FinishReason.NONE) {
        ids.add(commit(session));
        count++;
        i++;
      }
      TokensFrame.writeHead(
          frame, session.id, session.epoch(), price, alone, 1, 2, session.finish, 1, first, count);
      ids.forEach(frame::writeIntLE);
      connection.send(frame);
    }
  }

  @Override
  public void onCancel(Connection connection, Cancel cancel) {}

  @Override
  public void onClose(Connection connection, Close close) {
    Session session = sessions.get(close.session());
    closes.incrementAndGet();
    // A client that comes late with it may have a successor with the same number.
    if (session != null && session.connection == connection) {
      sessions.remove(close.session());
      connection.send(new Closed(session.id, session.epoch(), session.tokens.size()));
    }
  }

  @Override
  public void onDisconnected(Connection connection, String reason) {}

  @Override
  public void close() {
    transport.close();
  }
}
