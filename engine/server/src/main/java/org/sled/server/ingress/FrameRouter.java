package org.sled.server.ingress;

import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.sled.net.limit.ByteBudget;
import org.sled.net.limit.SlowestPeer;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Welcome;
import org.sled.net.server.Connection;
import org.sled.net.server.ConnectionListener;
import org.sled.net.server.Drop;
import org.sled.server.observe.BusyKind;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;
import org.sled.server.target.TargetEngine;
import org.sled.server.verify.Admission;
import org.sled.server.verify.VerifierInbox;

/**
 * Finds the session of each frame and hands it to the verifier thread. Runs on the event loops; per
 * connection one callback at a time, so that a connection's table of sessions needs no lock.
 */
public final class FrameRouter implements ConnectionListener {
  /** When to try again after a full inbox: a few steps later. */
  private static final int INBOX_RETRY_MILLIS = 100;

  /** The chunk does not say where it starts. */
  private static final int NO_FIRST = -1;

  private final Supplier<Welcome> welcome;
  private final TargetEngine engine;
  private final VerifierInbox inbox;
  private final ByteBudget prompts; // of those that come in chunks
  private final ServerStats stats;
  private final Vocabulary vocabulary; // null: none
  private volatile boolean draining;

  /** The sessions of one connection, and the prompts that are still coming in. */
  private static final class Sessions {
    final Map<Integer, ServerSession> open = new HashMap<>();
    final Map<Integer, PromptAssembly> opening = new HashMap<>();
    final Welcome welcome;
    boolean isKnownToVerifier;

    Sessions(Welcome welcome) {
      this.welcome = welcome;
    }

    /** What came of a session's prompt is not wanted any more; false if nothing came. */
    boolean stopOpening(int session) {
      PromptAssembly assembly = opening.remove(session);
      if (assembly != null) {
        assembly.close();
      }
      return assembly != null;
    }
  }

  public FrameRouter(
      Supplier<Welcome> welcome,
      TargetEngine engine,
      VerifierInbox inbox,
      ByteBudget prompts,
      ServerStats stats,
      Vocabulary vocabulary) {
    this.welcome = welcome;
    this.engine = engine;
    this.inbox = inbox;
    this.prompts = prompts;
    this.stats = stats;
    this.vocabulary = vocabulary;
  }

  /** From now on no session is opened. Any thread. */
  public void drain() {
    draining = true;
  }

  @Override
  public HelloAnswer onHello(Connection connection, Hello hello) {
    if (draining) {
      return ErrorMessage.fatal(
          ErrorCode.SHUTTING_DOWN, "the server is leaving; connect elsewhere");
    }
    Welcome answer = welcome.get();
    if (hello.hasTokenizer() && !hello.fingerprint().matches(answer.fingerprint())) {
      return ErrorMessage.fatal(
          ErrorCode.TOKENIZER_MISMATCH,
          "the draft model's tokenizer is not the target's (draft vs target): "
              + hello.fingerprint().describeDifference(answer.fingerprint())
              + "; devices of a newer release compare the tokens themselves, and draft with what is"
              + " the same");
    }
    connection.setAttachment(new Sessions(answer));
    return answer;
  }

  @Override
  public void onVocabulary(Connection connection, VocabularyRequest request) {
    if (vocabulary == null) {
      ConnectionListener.super.onVocabulary(connection, request);
    } else {
      vocabulary.answer(connection, request);
    }
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {
    Sessions sessions = (Sessions) connection.attachment();
    int longest = sessions.welcome.limits().maxPromptTokens();
    ErrorMessage refusal = refusal(sessions, open, longest, ErrorCode.PROMPT_TOO_LONG);
    if (refusal != null) {
      sessions.stopOpening(open.session());
      connection.send(refusal);
      return;
    }
    TokenIds prompt = assemble(connection, FrameType.OPEN, open, NO_FIRST);
    if (prompt != null) {
      ServerSession session = begin(connection, open);
      offer(new Command.OpenSession(session, open, prompt, decodedNanos), session);
    }
  }

  @Override
  public void onResume(Connection connection, Resume resume, long decodedNanos) {
    Sessions sessions = (Sessions) connection.attachment();
    Open open = resume.open();
    // What was generated belongs to it, so that it may be longer than a prompt; the next token must
    // fit too.
    int longest = sessions.welcome.limits().contextTokens() - 1;
    ErrorMessage refusal = refusal(sessions, open, longest, ErrorCode.CONTEXT_FULL);
    if (refusal == null && open.epoch() == 0) {
      refusal = error(open, ErrorCode.MALFORMED, "RESUME has epoch 0");
    }
    if (refusal != null) {
      sessions.stopOpening(open.session());
      connection.send(refusal);
      return;
    }
    if (resume.isWithoutTokens() && !sessions.opening.containsKey(open.session())) {
      ServerSession session = begin(connection, open);
      offer(new Command.ResumeSession(session, resume, decodedNanos), session);
      return;
    }
    TokenIds tokens = assemble(connection, FrameType.RESUME, open, resume.first());
    if (tokens == null) {
      return;
    }
    if (TokenDigest.of(tokens) != resume.digest()) {
      connection.send(error(open, ErrorCode.MALFORMED, "the digest is not that of the " + tokens));
      return;
    }
    ServerSession session = begin(connection, open);
    offer(new Command.OpenSession(session, open, tokens, decodedNanos), session);
  }

  /**
   * Adds a chunk to a session's tokens.
   *
   * @param first where the chunk says that it starts, or {@link #NO_FIRST}
   * @return all tokens with the last chunk; null before it, and after an error
   */
  private TokenIds assemble(Connection connection, FrameType type, Open open, int first) {
    Sessions sessions = (Sessions) connection.attachment();
    PromptAssembly known = sessions.opening.get(open.session());
    PromptAssembly assembly =
        known != null ? known : new PromptAssembly(type, open.promptTokensTotal(), prompts);
    if (first != NO_FIRST && first != assembly.size()) {
      sessions.stopOpening(open.session());
      connection.send(chunksDiffer(open));
      return null;
    }
    boolean isAll = known == null && open.prompt().count() == open.promptTokensTotal();
    if (isAll && !open.hasMorePrompt()) {
      return open.prompt();
    }
    PromptAssembly.Added added =
        assembly.add(type, open.prompt(), open.promptTokensTotal(), open.hasMorePrompt());
    if (added == PromptAssembly.Added.MORE) {
      if (known == null) {
        sessions.opening.put(open.session(), assembly);
        expireLater(connection, open, assembly);
      }
      return null;
    }
    TokenIds prompt = added == PromptAssembly.Added.WHOLE ? assembly.prompt() : null;
    sessions.opening.remove(open.session());
    assembly.close();
    if (added == PromptAssembly.Added.NO_ROOM) {
      stats.busy(BusyKind.PROMPTS);
      connection.send(
          new ErrorMessage(
              open.session(),
              0,
              ErrorCode.BUSY,
              false,
              Admission.SHORTEST_RETRY_MILLIS,
              "half-sent prompts hold all of the "
                  + prompts.limitBytes()
                  + " bytes that there are for them"));
    } else if (added == PromptAssembly.Added.WRONG) {
      connection.send(chunksDiffer(open));
    }
    return prompt;
  }

  /** A device that is still there sends the next chunk as soon as its link takes it. */
  private static void expireLater(Connection connection, Open open, PromptAssembly assembly) {
    Sessions sessions = (Sessions) connection.attachment();
    long millis =
        SlowestPeer.DEFAULT.millisFor((long) open.promptTokensTotal() * Protocol.TOKEN_BYTES);
    assembly.expireBy(
        connection.schedule(
            () -> {
              if (sessions.opening.get(open.session()) == assembly) {
                int came = assembly.size();
                sessions.stopOpening(open.session());
                connection.send(
                    error(
                        open,
                        ErrorCode.IDLE_TIMEOUT,
                        "after "
                            + millis
                            + " ms "
                            + came
                            + " of "
                            + open.promptTokensTotal()
                            + " tokens have come"));
              }
            },
            millis));
  }

  private static ErrorMessage chunksDiffer(Open open) {
    return error(open, ErrorCode.MALFORMED, "the chunks of tokens do not add up to their total");
  }

  private ServerSession begin(Connection connection, Open open) {
    ServerSession session = new ServerSession(connection, open.session(), open.epoch(), engine);
    Sessions sessions = (Sessions) connection.attachment();
    sessions.open.put(open.session(), session);
    sessions.isKnownToVerifier = true;
    connection.setSessions(sessions.open.size());
    return session;
  }

  private void offer(Command command, ServerSession session) {
    if (!inbox.offer(command)) {
      ((Sessions) session.connection.attachment()).open.remove(session.id);
      session.connection.send(busy(session.id, 0));
    }
  }

  /**
   * Why this OPEN, or the RESUME that stands for it, is refused; null if it is not.
   *
   * @param longest tokens that it may bring
   * @param tooLong what it is answered with if there are more
   */
  private ErrorMessage refusal(Sessions sessions, Open open, int longest, ErrorCode tooLong) {
    if (draining) {
      return error(open, ErrorCode.SHUTTING_DOWN, "the server is leaving; open sessions elsewhere");
    }
    ServerSession known = sessions.open.get(open.session());
    if (known != null && !known.isClosed()) {
      return error(open, ErrorCode.SESSION_EXISTS, "session " + open.session() + " is open");
    }
    String problem = open.sampling().problem();
    if (problem != null) {
      return error(open, ErrorCode.MALFORMED, problem);
    }
    // Unsigned: a total beyond 2^31 is a long prompt as well.
    if (Integer.compareUnsigned(open.promptTokensTotal(), longest) > 0) {
      return error(
          open,
          tooLong,
          "the session begins with "
              + Integer.toUnsignedString(open.promptTokensTotal())
              + " tokens; this server takes "
              + longest);
    }
    if (open.promptTokensTotal() == 0) {
      return error(open, ErrorCode.MALFORMED, "the session begins with no tokens");
    }
    int vocabulary = sessions.welcome.fingerprint().vocabularySize();
    String biasProblem = open.sampling().biasProblem(vocabulary);
    if (biasProblem != null) {
      return error(open, ErrorCode.TOKEN_RANGE, biasProblem);
    }
    TokenIds prompt = open.prompt();
    for (int i = 0; i < prompt.count(); i++) {
      if (Integer.compareUnsigned(prompt.id(i), vocabulary) >= 0) {
        return error(
            open,
            ErrorCode.TOKEN_RANGE,
            "token " + prompt.id(i) + " is not within 0 to " + (vocabulary - 1));
      }
    }
    int limit = sessions.welcome.limits().maxSessionsPerConnection();
    sessions.open.values().removeIf(ServerSession::isClosed);
    if (sessions.open.size() + sessions.opening.size() >= limit
        && !sessions.opening.containsKey(open.session())) {
      stats.busy(BusyKind.CONNECTION);
      return new ErrorMessage(
          open.session(),
          0,
          ErrorCode.BUSY,
          false,
          Admission.SHORTEST_RETRY_MILLIS,
          "this connection has " + limit + " sessions open already");
    }
    return null;
  }

  @Override
  public void onDraft(Connection connection, ByteBuf draft, long decodedNanos) {
    int id = FrameHeader.session(draft);
    int round = FrameHeader.round(draft);
    ServerSession session = find(connection, id, round);
    if (session == null) {
      draft.release();
    } else if (!inbox.offer(new Command.VerifyBlock(session, draft, decodedNanos))) {
      draft.release();
      connection.send(busy(id, round));
    }
  }

  @Override
  public void onPush(Connection connection, Push push, long decodedNanos) {
    ServerSession session = find(connection, push.session(), 0);
    if (session != null && !inbox.offer(new Command.PushTokens(session, push, decodedNanos))) {
      connection.send(busy(push.session(), 0));
    }
  }

  @Override
  public void onCancel(Connection connection, Cancel cancel) {
    ServerSession session = find(connection, cancel.session(), 0);
    if (session != null) {
      mustOffer(connection, new Command.CancelSession(session, cancel.epoch()));
    }
  }

  @Override
  public void onClose(Connection connection, Close close) {
    Sessions sessions = (Sessions) connection.attachment();
    if (sessions.stopOpening(close.session())) {
      connection.send(new Closed(close.session(), close.epoch(), 0)); // nothing was committed yet
      return;
    }
    ServerSession session = find(connection, close.session(), 0);
    if (session != null) {
      sessions.open.remove(close.session());
      connection.setSessions(sessions.open.size());
      session.leaving();
      mustOffer(connection, new Command.CloseSession(session));
    }
  }

  @Override
  public void onAnswered(int overheadMicros) {
    stats.overhead(overheadMicros);
  }

  @Override
  public void onDisconnected(Connection connection, String reason) {
    Sessions sessions = (Sessions) connection.attachment();
    if (sessions == null) {
      return; // its HELLO was refused
    }
    sessions.opening.values().forEach(PromptAssembly::close);
    sessions.opening.clear();
    if (sessions.isKnownToVerifier) {
      inbox.disconnected(connection);
    }
  }

  @Override
  public void onDropped(Drop why) {
    stats.dropped(why);
  }

  /** What frees something is never dropped: a connection for which there is no room is closed. */
  private void mustOffer(Connection connection, Command command) {
    if (!inbox.offerFreeing(command)) {
      connection.closeWithError(
          ErrorMessage.fatal(ErrorCode.BUSY, "the server cannot keep up with its inbox"));
    }
  }

  private ServerSession find(Connection connection, int id, int round) {
    ServerSession session = ((Sessions) connection.attachment()).open.get(id);
    if (session == null) {
      connection.send(
          ErrorMessage.ofSession(
              id, round, ErrorCode.UNKNOWN_SESSION, "session " + id + " is not open"));
    }
    return session;
  }

  private static ErrorMessage error(Open open, ErrorCode code, String text) {
    return ErrorMessage.ofSession(open.session(), 0, code, text);
  }

  private ErrorMessage busy(int session, int round) {
    stats.busy(BusyKind.INBOX);
    return new ErrorMessage(
        session, round, ErrorCode.BUSY, false, INBOX_RETRY_MILLIS, "the server's inbox is full");
  }
}
