package org.sled.server;

import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.Welcome;
import org.sled.net.server.Connection;
import org.sled.net.server.ConnectionListener;

/**
 * Finds the session of each frame and hands it to the verifier thread. Runs on the event loops; per
 * connection one callback at a time, so that a connection's table of sessions needs no lock.
 */
final class FrameRouter implements ConnectionListener {
  /** When to try again after a full inbox: a few steps later. */
  private static final int INBOX_RETRY_MILLIS = 100;

  private final Supplier<Welcome> welcome;
  private final TargetEngine engine;
  private final VerifierInbox inbox;
  private final ServerStats stats;
  private volatile boolean draining;

  /** The sessions of one connection, and the prompts that are still coming in. */
  private static final class Sessions {
    final Map<Integer, ServerSession> open = new HashMap<>();
    final Map<Integer, PromptAssembly> opening = new HashMap<>();
    final Welcome welcome;

    Sessions(Welcome welcome) {
      this.welcome = welcome;
    }
  }

  FrameRouter(
      Supplier<Welcome> welcome, TargetEngine engine, VerifierInbox inbox, ServerStats stats) {
    this.welcome = welcome;
    this.engine = engine;
    this.inbox = inbox;
    this.stats = stats;
  }

  /** From now on no session is opened. Any thread. */
  void drain() {
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
          "the draft model does not share the target's vocabulary (draft vs target): "
              + hello.fingerprint().describeDifference(answer.fingerprint()));
    }
    connection.setAttachment(new Sessions(answer));
    return answer;
  }

  @Override
  public void onOpen(Connection connection, Open open, long decodedNanos) {
    Sessions sessions = (Sessions) connection.attachment();
    ErrorMessage refusal = refusal(sessions, open);
    if (refusal != null) {
      sessions.opening.remove(open.session());
      connection.send(refusal);
      return;
    }
    PromptAssembly assembly =
        sessions.opening.computeIfAbsent(
            open.session(), id -> new PromptAssembly(open.promptTokensTotal()));
    if (!assembly.add(open.prompt(), open.promptTokensTotal())
        || open.hasMorePrompt() == assembly.isComplete()) {
      sessions.opening.remove(open.session());
      connection.send(
          error(open, ErrorCode.MALFORMED, "the prompt's chunks do not add up to its total"));
      return;
    }
    if (!assembly.isComplete()) {
      return;
    }
    sessions.opening.remove(open.session());
    ServerSession session = new ServerSession(connection, open.session(), open.epoch(), engine);
    sessions.open.put(open.session(), session);
    if (!inbox.offer(new Command.OpenSession(session, open, assembly.prompt(), decodedNanos))) {
      sessions.open.remove(open.session());
      connection.send(busy(open.session(), 0));
    }
  }

  /** Why this OPEN is refused, or null. */
  private ErrorMessage refusal(Sessions sessions, Open open) {
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
    int longest = sessions.welcome.limits().maxPromptTokens();
    // Unsigned: a total beyond 2^31 is a long prompt as well.
    if (Integer.compareUnsigned(open.promptTokensTotal(), longest) > 0) {
      return error(
          open,
          ErrorCode.PROMPT_TOO_LONG,
          "the prompt has "
              + Integer.toUnsignedString(open.promptTokensTotal())
              + " tokens; this server takes "
              + longest);
    }
    if (open.promptTokensTotal() == 0) {
      return error(open, ErrorCode.MALFORMED, "the prompt is empty");
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
            "prompt token " + prompt.id(i) + " is not within 0 to " + (vocabulary - 1));
      }
    }
    int limit = sessions.welcome.limits().maxSessionsPerConnection();
    sessions.open.values().removeIf(ServerSession::isClosed);
    if (sessions.open.size() + sessions.opening.size() >= limit
        && !sessions.opening.containsKey(open.session())) {
      stats.busy();
      return new ErrorMessage(
          open.session(),
          0,
          ErrorCode.BUSY,
          false,
          Verifier.BUSY_RETRY_MILLIS,
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
    if (sessions.opening.remove(close.session()) != null) {
      connection.send(new Closed(close.session(), close.epoch(), 0)); // nothing was committed yet
      return;
    }
    ServerSession session = find(connection, close.session(), 0);
    if (session != null) {
      sessions.open.remove(close.session());
      mustOffer(connection, new Command.CloseSession(session));
    }
  }

  @Override
  public void onAnswered(int overheadMicros) {
    stats.overhead(overheadMicros);
  }

  @Override
  public void onDisconnected(Connection connection, String reason) {
    // Must not get lost, or the sequences would stay taken. The verifier thread always comes back
    // to its inbox, so this ends.
    Command disconnect = new Command.Disconnect(connection);
    while (!inbox.offer(disconnect) && !inbox.isAbandoned()) {
      Thread.onSpinWait();
    }
  }

  /** What frees something is never dropped: a connection for which there is no room is closed. */
  private void mustOffer(Connection connection, Command command) {
    if (!inbox.offer(command)) {
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
    stats.busy();
    return new ErrorMessage(
        session, round, ErrorCode.BUSY, false, INBOX_RETRY_MILLIS, "the server's inbox is full");
  }
}
