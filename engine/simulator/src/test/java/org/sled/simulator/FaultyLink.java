package org.sled.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.sled.device.ConnectionLostException;
import org.sled.device.ServerFaultException;
import org.sled.device.ServerInfo;
import org.sled.device.link.ServerLink;
import org.sled.device.link.SessionLink;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;

/**
 * A session's way to servers that come and go, in virtual time and by a seed: frames are late, come
 * twice, and are lost with their connection; the next one may be to a server that knows nothing.
 * After a while that stops, but for the delays, and the session has to end by a deadline.
 */
final class FaultyLink implements SessionLink {
  private static final long LONGEST_DELAY = TimeUnit.MILLISECONDS.toNanos(80);
  private static final long LONGEST_CONNECTION = TimeUnit.SECONDS.toNanos(3);
  private static final long LONGEST_OUTAGE = TimeUnit.SECONDS.toNanos(2);
  private static final int PERCENT_TWICE = 10;

  /** No connection breaks after that, and nothing comes twice. */
  private static final long FAULTS_END = TimeUnit.SECONDS.toNanos(60);

  /**
   * Behind the faults: 400 tokens, one by one, each with two delays, the slowest step and the
   * slowest drafts, take half of it.
   */
  private static final long DEADLINE = FAULTS_END + TimeUnit.SECONDS.toNanos(240);

  private final VirtualClock clock;
  private final Random random;
  private final VirtualServing serving;
  private final KnownText text;
  private final int contextTokens;
  private final Deque<VirtualConnection.Timed> arrived = new ArrayDeque<>(); // at the device

  private VirtualServer server; // of this connection; null: none yet
  private VirtualConnection connection; // to it
  private boolean connected;
  private long connectedNanos; // when it is, or was
  private long brokenNanos; // when it breaks
  private long newestUp; // frames keep their order
  private long newestDown;
  private int session;
  private int epoch;
  private long arrivalNanos; // of the answer that was taken last
  int connections;
  int resumesWithTokens;

  FaultyLink(
      VirtualClock clock, long seed, VirtualServing serving, KnownText text, int contextTokens) {
    this.clock = clock;
    random = new Random(seed);
    this.serving = serving;
    this.text = text;
    this.contextTokens = contextTokens;
  }

  ServerInfo info() {
    return new ServerInfo(
        "virtual:" + connections,
        "virtual",
        "scripted",
        "",
        true,
        0,
        new TokenizerFingerprint(KnownText.VOCABULARY, 0, 0, 0, 0),
        contextTokens,
        contextTokens - 1,
        VirtualServer.MAX_DRAFT_TOKENS,
        1,
        1,
        null);
  }

  @Override
  public long nanoTime() {
    return clock.nanoTime();
  }

  private void requireInTime() {
    if (clock.nanoTime() > DEADLINE) {
      throw new AssertionError("the stream has not ended by the deadline");
    }
  }

  private boolean faultsAreOver(long nanos) {
    return nanos >= FAULTS_END;
  }

  private long upTo(long nanos) {
    return (long) (random.nextDouble() * nanos);
  }

  @Override
  public void connect() {
    drop();
    connected = false;
    // The first one is there already, as when a client has connected.
    connectedNanos = clock.nanoTime() + (connections == 0 ? 0 : upTo(LONGEST_OUTAGE));
  }

  @Override
  public ServerInfo attach(long mostNanos) {
    clock.advanceTo(Math.max(clock.nanoTime(), connectedNanos));
    connected = true;
    connections++;
    brokenNanos = clock.nanoTime() + upTo(LONGEST_CONNECTION);
    if (faultsAreOver(brokenNanos)) {
      brokenNanos = Long.MAX_VALUE;
    }
    server = new VirtualServer(serving, 1, KnownText.VOCABULARY);
    server.expect(text.prompt(), text.tokens());
    connection = server.connect();
    session = connection.listen();
    newestUp = 0;
    newestDown = 0;
    return info();
  }

  @Override
  public long roundTripNanos() {
    return -1;
  }

  @Override
  public void measure() {
    // Not known, as before the first PONG.
  }

  @Override
  public void avoid() {
    throw new IllegalStateException("no server leaves");
  }

  @Override
  public int servers() {
    return 1;
  }

  @Override
  public void leaveFull(long nanos) {
    // There is no other one.
  }

  @Override
  public boolean isRedirected() {
    return false;
  }

  @Override
  public int session() {
    return session;
  }

  @Override
  public void open(Open open) {
    epoch = open.epoch();
    send(open);
  }

  @Override
  public void resume(Resume resume) {
    epoch = resume.open().epoch();
    if (!resume.isWithoutTokens()) {
      resumesWithTokens++;
      requireText(resume.open());
      send(resume.open());
    } else if (random.nextBoolean()) {
      send(withTokens(resume.open())); // still known there
    } else {
      arrive(
          clock.nanoTime() + upTo(2 * LONGEST_DELAY),
          ErrorMessage.ofSession(session, 0, ErrorCode.RESUME_TOKENS, "who is that?"));
    }
  }

  /** What a server does that still has the stream: it opens the session with what it knows. */
  private Open withTokens(Open open) {
    int count = open.promptTokensTotal();
    TokenIds tokens = TokenIds.of(IntStream.range(0, count).map(text::token).toArray());
    return new Open(
        open.session(),
        open.epoch(),
        open.maxTokens(),
        open.flags(),
        open.sampling(),
        count,
        tokens);
  }

  private void requireText(Open open) {
    for (int i = 0; i < open.promptTokensTotal(); i++) {
      if (open.prompt().id(i) != text.token(i)) {
        throw new AssertionError("the device takes another text for committed");
      }
    }
  }

  @Override
  public void block(
      int round, int predecessor, TokenHistory history, int kvOffset, int draftCount) {
    int times = comesTwice() ? 2 : 1;
    for (int i = 0; i < times; i++) {
      ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(DraftFrame.lengthBytes(draftCount));
      DraftFrame.writeHead(
          frame,
          session,
          round,
          epoch,
          kvOffset,
          predecessor,
          0,
          draftCount,
          history.get(kvOffset));
      history.copyTo(frame, kvOffset + 1, draftCount);
      send(frame);
    }
  }

  @Override
  public void push(int committedLength, int credit) {
    send(new Push(session, epoch, committedLength - 1, credit));
  }

  private boolean comesTwice() {
    return random.nextInt(100) < PERCENT_TWICE && !faultsAreOver(clock.nanoTime());
  }

  private void send(Object what) {
    requireInTime();
    pump(clock.nanoTime());
    newestUp = Math.max(newestUp, clock.nanoTime() + upTo(LONGEST_DELAY));
    if (newestUp < brokenNanos) {
      server.receive(newestUp, connection, what);
    } else {
      release(what); // lost with its connection
    }
  }

  /** Lets the server work up to a time, and its answers travel. */
  private void pump(long untilNanos) {
    boolean more = true;
    while (more) {
      more = server.advance(Math.min(untilNanos, brokenNanos));
      while (!connection.answers().isEmpty()) {
        VirtualConnection.Timed answer = connection.answers().poll();
        arrive(answer.nanos() + upTo(LONGEST_DELAY), answer.what());
      }
    }
  }

  private void arrive(long nanos, Object what) {
    newestDown = Math.max(newestDown, nanos);
    if (newestDown >= brokenNanos) {
      release(what);
      return;
    }
    boolean verdict = what instanceof ByteBuf frame && ServerLink.isVerdict(frame);
    if (verdict && comesTwice()) {
      arrived.add(new VirtualConnection.Timed(newestDown, ((ByteBuf) what).copy()));
    }
    arrived.add(new VirtualConnection.Timed(newestDown, what));
  }

  @Override
  public void close() {
    drop();
  }

  private void drop() {
    if (server != null) {
      server.close();
      server = null;
    }
    arrived.forEach(answer -> release(answer.what()));
    arrived.clear();
  }

  private static void release(Object what) {
    if (what instanceof ByteBuf frame) {
      frame.release();
    }
  }

  @Override
  public boolean hasNews() {
    long now = clock.nanoTime();
    if (!connected) {
      return now >= connectedNanos;
    }
    pump(now);
    return now >= brokenNanos || (!arrived.isEmpty() && arrived.peek().nanos() <= now);
  }

  @Override
  public Object next(String what) {
    // In small steps, for what the server does later may depend on nothing else.
    pump(clock.nanoTime());
    if (arrived.isEmpty()) {
      pump(brokenNanos);
    }
    requireInTime();
    if (arrived.isEmpty() && brokenNanos == Long.MAX_VALUE) {
      throw new AssertionError("nothing will ever come while the device waits for a " + what);
    }
    if (arrived.isEmpty()) {
      clock.advanceTo(Math.max(clock.nanoTime(), brokenNanos));
      throw new ConnectionLostException("the connection broke while waiting for a " + what);
    }
    VirtualConnection.Timed first = arrived.poll();
    arrivalNanos = first.nanos();
    clock.advanceTo(Math.max(clock.nanoTime(), arrivalNanos));
    return first.what();
  }

  @Override
  public long arrivalNanos() {
    return arrivalNanos;
  }

  @Override
  public Object poll(long mostNanos) {
    return next("answer");
  }

  @Override
  public void pause(long nanos) {
    requireInTime();
    clock.advanceTo(clock.nanoTime() + nanos);
  }

  @Override
  public ServerFaultException contradiction(String what) {
    return new ServerFaultException("the server contradicts itself: " + what);
  }
}
