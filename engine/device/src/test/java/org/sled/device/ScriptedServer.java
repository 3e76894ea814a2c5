package org.sled.device;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import java.util.function.IntConsumer;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Waiting;
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
 * but for the mischief that a test asks for. Everything happens on the connections' event loops.
 */
final class ScriptedServer implements ConnectionListener, AutoCloseable {
  static final TokenizerFingerprint FINGERPRINT =
      new TokenizerFingerprint(ScriptedText.VOCABULARY, 1, 2, 3, 4);

  static final int VOCABULARY_PART_BYTES = 32;

  /** Given out in small parts. */
  volatile byte[] vocabulary = {};

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
    final StreamSecret secret =
        new StreamSecret(
            ThreadLocalRandom.current().nextLong(), ThreadLocalRandom.current().nextLong());
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
  private final Map<Key, Session> sessions = new ConcurrentHashMap<>();
  private final Map<Key, List<Integer>> prompts = new ConcurrentHashMap<>();
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  /** Sessions are numbered on each connection. */
  private record Key(Connection connection, int session) {}

  private final RoundRules rules;
  private final CommittedAnswer repeated = new CommittedAnswer();
  private final DraftFrame block = new DraftFrame();

  final AtomicInteger blocks = new AtomicInteger();
  final AtomicInteger drafts = new AtomicInteger();
  final AtomicInteger pushes = new AtomicInteger();
  final AtomicInteger takesBack = new AtomicInteger();

  /** Is told which PUSH comes, from 1. */
  volatile IntConsumer beforePush = push -> {};

  final AtomicInteger closes = new AtomicInteger();
  volatile int contextTokens = 4096;
  volatile int welcomeFlags;
  volatile int maxDraftTokens = 62;
  volatile int maxSessions;
  volatile int maxFrameBytes = Limits.DEFAULT_FRAME_BYTES;

  /** Tokens of a session at which the target ends it. */
  volatile int endAt = -1;

  /** The OPEN of the newest session. */
  volatile Open lastOpen;

  private volatile boolean leaving;
  volatile long numericsId = 0x1234L;
  volatile TokenizerFingerprint fingerprint = FINGERPRINT;

  /** RESUMEs of both forms. */
  final AtomicInteger resumes = new AtomicInteger();

  /** Whether RESUMEs without tokens are taken, as if the server still had them. */
  volatile boolean remembers;

  /** OPENs and RESUMEs that are answered BUSY from now on. */
  final AtomicInteger busyOpens = new AtomicInteger();

  /** How many are before the next one that asks for a session; each has to be let on. */
  final AtomicInteger line = new AtomicInteger();

  /** Those in the line, with what lets each of them in. */
  private final Map<Key, Waiter> waiters = new ConcurrentHashMap<>();

  private record Waiter(Open open, List<Integer> tokens, AtomicInteger place) {}

  /** What a test does with the RESUMEs and OPENs of a stream that goes on; true if it did. */
  volatile BiPredicate<Connection, Open> reopening = (connection, open) -> false;

  volatile Mischief mischief = (server, connection, session, draft) -> false;

  /** Whether PUSH is ignored from the second on. */
  volatile boolean pushDies;

  ScriptedServer() throws IOException {
    this(0);
  }

  /** On a port that another one had before. */
  ScriptedServer(int port) throws IOException {
    this(port, 64);
  }

  /** The same for connections of so many sessions. */
  ScriptedServer(int port, int maxSessions) throws IOException {
    this.maxSessions = maxSessions;
    transport = ServerTransport.start(ServerOptions.of("127.0.0.1", port), this);
    rules = new RoundRules(ScriptedText.VOCABULARY, 4096, 62);
  }

  int port() {
    return transport.address().getPort();
  }

  @Override
  public HelloAnswer onHello(Connection connection, Hello hello) {
    if (hello.hasTokenizer() && !hello.fingerprint().matches(fingerprint)) {
      return ErrorMessage.fatal(
          ErrorCode.TOKENIZER_MISMATCH,
          "draft vs target: " + hello.fingerprint().describeDifference(fingerprint));
    }
    if (leaving) {
      return ErrorMessage.fatal(ErrorCode.SHUTTING_DOWN, "the server is leaving");
    }
    connections.add(connection);
    return new Welcome(
        Protocol.MAX_VERSION,
        welcomeFlags,
        new Limits(maxSessions, contextTokens - 1, contextTokens, maxDraftTokens, maxFrameBytes),
        Protocol.DEFAULT_PING_INTERVAL_MILLIS,
        0,
        64,
        numericsId,
        fingerprint,
        "scripted",
        "text",
        "");
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {
    if (open.epoch() > 1 && reopening.test(connection, open)) {
      return;
    }
    if (isBusy(connection, open)) {
      return;
    }
    Key key = new Key(connection, open.session());
    List<Integer> prompt = prompts.computeIfAbsent(key, id -> new ArrayList<>());
    for (int i = 0; i < open.prompt().count(); i++) {
      prompt.add(open.prompt().id(i));
    }
    if (!open.hasMorePrompt()) {
      begin(connection, open, prompts.remove(key), decodedNanos);
    }
  }

  @Override
  public void onResume(Connection connection, Resume resume, long decodedNanos) {
    resumes.incrementAndGet();
    Open open = resume.open();
    if (resume.isWithoutTokens() && reopening.test(connection, open)) {
      return;
    }
    if (resume.isWithoutTokens() && !isBusy(connection, open)) {
      List<Integer> known = remembers ? find(resume) : null;
      if (known == null) {
        connection.send(
            ErrorMessage.ofSession(open.session(), 0, ErrorCode.RESUME_TOKENS, "who is that?"));
      } else {
        begin(connection, open, known, decodedNanos);
      }
    } else if (!resume.isWithoutTokens()) {
      onOpen(connection, open, decodedNanos);
    }
  }

  private List<Integer> find(Resume resume) {
    int length = resume.open().promptTokensTotal();
    for (Session session : sessions.values()) {
      if (session.secret.equals(resume.secret()) && session.tokens.size() >= length) {
        List<Integer> first = session.tokens.subList(0, length);
        int[] ids = first.stream().mapToInt(Integer::intValue).toArray();
        if (TokenDigest.of(TokenIds.of(ids)) == resume.digest()) {
          return List.copyOf(first);
        }
      }
    }
    return null;
  }

  private boolean isBusy(Connection connection, Open open) {
    if (busyOpens.getAndDecrement() <= 0) {
      return false;
    }
    connection.send(
        new ErrorMessage(open.session(), 0, ErrorCode.BUSY, false, 250, "all sessions are taken"));
    return true;
  }

  /** How many wait in the line. */
  int waiting() {
    return waiters.size();
  }

  /** Everybody in the line gets a place ahead; the first one gets a session. */
  void advanceLine() {
    waiters.forEach(
        (key, waiter) -> {
          int place = waiter.place().decrementAndGet();
          tellPlace(key.connection(), waiter.open(), place);
          if (place == 0) {
            waiters.remove(key);
            line.set(0);
            begin(key.connection(), waiter.open(), waiter.tokens(), System.nanoTime());
          }
        });
  }

  private static void tellPlace(Connection connection, Open open, int place) {
    connection.send(new Waiting(open.session(), open.epoch(), place, 100 * place));
  }

  private void begin(Connection connection, Open open, List<Integer> tokens, long decodedNanos) {
    int place = line.get();
    if (place > 0) {
      if (open.waits()) {
        waiters.put(
            new Key(connection, open.session()),
            new Waiter(open, List.copyOf(tokens), new AtomicInteger(place)));
        tellPlace(connection, open, place);
      } else {
        connection.send(
            new ErrorMessage(open.session(), 0, ErrorCode.BUSY, false, 250, "all are taken"));
      }
      return;
    }
    Session session = new Session(connection, open);
    session.tokens.addAll(tokens);
    sessions.put(new Key(connection, open.session()), session);
    lastOpen = open;
    int first = commit(session);
    connection.sendStamped(
        new Opened(
            session.id,
            session.epoch(),
            price,
            alone,
            0,
            1,
            2,
            0,
            session.tokens.size(),
            first,
            session.finish,
            session.secret),
        decodedNanos);
  }

  /** Says that it is about to leave, and takes nobody any more. */
  void goAway() {
    leaving = true;
    GoAway message = new GoAway(ErrorCode.SHUTTING_DOWN, 60_000, "until tomorrow");
    connections.forEach(connection -> connection.send(message));
  }

  /** Sends its clients to another server, and takes nobody any more. */
  void redirect(int port) {
    leaving = true;
    connections.forEach(connection -> connection.send(new Redirect("127.0.0.1", port)));
  }

  /** Ends all connections, as if the network had. */
  void cut() {
    connections.forEach(connection -> connection.close("cut"));
  }

  int connections() {
    return connections.size();
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
  public synchronized void onDraft(Connection connection, ByteBuf draft, long decodedNanos) {
    try {
      block.wrap(draft);
      Session session = sessions.get(new Key(connection, block.session()));
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
        0,
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
  public void onVocabulary(Connection connection, VocabularyRequest request) {
    int offset = request.offset();
    int count = Math.min(VOCABULARY_PART_BYTES, vocabulary.length - offset);
    connection.send(
        new VocabularyPart(
            vocabulary.length, offset, ByteBuffer.wrap(vocabulary, offset, count).slice()));
  }

  @Override
  public void onPush(Connection connection, Push push, long decodedNanos) {
    beforePush.accept(pushes.incrementAndGet());
    Session session = sessions.get(new Key(connection, push.session()));
    if (session == null || (pushDies && pushes.get() > 1)) {
      return;
    }
    if (push.credit() == 0) {
      takesBack.incrementAndGet();
      sendTokens(connection, session, session.tokens.size(), List.of());
      return;
    }
    for (int i = 0; i < push.credit() && session.finish == FinishReason.NONE; ) {
      int first = session.tokens.size();
      // Several in a frame, since a server may.
      List<Integer> ids = new ArrayList<>();
      while (ids.size() < 3 && i < push.credit() && session.finish == FinishReason.NONE) {
        ids.add(commit(session));
        i++;
      }
      sendTokens(connection, session, first, ids);
    }
  }

  private void sendTokens(Connection connection, Session session, int first, List<Integer> ids) {
    boolean computed = !ids.isEmpty();
    ByteBuf frame = connection.allocator().directBuffer();
    TokensFrame.writeHead(
        frame,
        session.id,
        session.epoch(),
        price,
        alone,
        0,
        computed ? 1 : 0,
        computed ? 2 : 0,
        session.finish,
        computed ? 1 : 0,
        first,
        ids.size());
    ids.forEach(frame::writeIntLE);
    connection.send(frame);
  }

  @Override
  public void onCancel(Connection connection, Cancel cancel) {}

  @Override
  public void onClose(Connection connection, Close close) {
    waiters.remove(new Key(connection, close.session()));
    Session session = sessions.remove(new Key(connection, close.session()));
    closes.incrementAndGet();
    if (session != null) {
      connection.send(new Closed(session.id, session.epoch(), session.tokens.size()));
    }
  }

  @Override
  public void onDisconnected(Connection connection, String reason) {
    connections.remove(connection);
  }

  @Override
  public void close() {
    transport.close();
  }
}
