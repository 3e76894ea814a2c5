package org.sled.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.sled.core.cost.RowRule;
import org.sled.core.schedule.BatchPlan;
import org.sled.core.schedule.Scheduling;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.round.RoundRules;
import org.sled.server.SchedulingConfig;
import org.sled.server.ingress.FrameRouter;
import org.sled.server.ingress.Greeting;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.TargetDescription;
import org.sled.server.verify.Verifier;
import org.sled.server.verify.VerifierInbox;

/**
 * A server in virtual time: a daemon's own router and verifier over a {@link TracedTarget}. Each
 * session has a sequence of its own; prompts that begin alike share their K/V, as with a daemon.
 * One thread at a time.
 */
final class VirtualServer {
  static final int MAX_DRAFT_TOKENS = 62;

  /**
   * Of a pass, as a daemon has them by default; of a prompt as many, where row counts are exact.
   */
  private static final int PASS_ROWS = 512;

  /** Row counts that a daemon measures when it starts. */
  private static final int[] CALIBRATED_ROWS = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32};

  /** Texts end of themselves before. */
  private static final int CONTEXT_TOKENS = 1 << 24;

  private static final int INBOX_COMMANDS = 1 << 12;
  private static final long PROMPT_BYTES = 1L << 30;
  private static final int PING_MILLIS = 10_000;

  /** What is sent to it. */
  private record Arrival(long nanos, long number, VirtualConnection connection, Object what)
      implements Comparable<Arrival> {
    @Override
    public int compareTo(Arrival other) {
      int byTime = Long.compare(nanos, other.nanos);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  /** The device is gone. */
  private enum Gone {
    GONE
  }

  private final VirtualServing serving;
  private final ServerClock clock = new ServerClock();
  private final TracedTarget target;
  private final Verifier verifier;
  private final VerifierInbox inbox;
  private final FrameRouter router;
  private final List<VirtualConnection> connections = new ArrayList<>();
  private final PriorityQueue<Arrival> arrivals = new PriorityQueue<>();
  private long arrivalCount;
  private boolean idle = true; // nothing to do until something arrives, or until wakeNanos
  private long wakeNanos = BatchPlan.NO_WAKE;

  /**
   * Creates a server that shares its target as a daemon does by default.
   *
   * @param capacity sessions at a time, at least 1
   */
  VirtualServer(VirtualServing serving, int capacity, int vocabularySize) {
    this(
        serving,
        capacity,
        vocabularySize,
        SchedulingConfig.DEFAULT,
        TracedTarget.StepTime.OF_PASSES);
  }

  /** Creates a server that shares its target in this way, and whose steps take so long. */
  VirtualServer(
      VirtualServing serving,
      int capacity,
      int vocabularySize,
      SchedulingConfig config,
      TracedTarget.StepTime stepTime) {
    this.serving = serving;
    RowRule rowRule = new RowRule(serving.rowMultiple(), serving.rowLeast());
    TargetDescription description =
        new TargetDescription(
            new TokenizerFingerprint(vocabularySize, 0, 0, 0, 0),
            CONTEXT_TOKENS,
            capacity,
            capacity,
            PASS_ROWS,
            PASS_ROWS,
            true,
            rowRule,
            0,
            "trace",
            "",
            EndTokens.UNKNOWN);
    Scheduling scheduling = config.create(description);
    for (int rows : CALIBRATED_ROWS) {
      scheduling.cost().calibrate(rows, (double) serving.passTime().nanos(1, rows));
    }
    target =
        new TracedTarget(
            serving, stepTime, clock, rowRule, PASS_ROWS, description.sessionNumbers(), capacity);
    ByteBudget prompts = new ByteBudget(PROMPT_BYTES);
    inbox = new VerifierInbox(INBOX_COMMANDS * capacity, prompts);
    ServerStats stats = new ServerStats();
    verifier =
        new Verifier(
            target,
            description,
            0,
            inbox,
            scheduling,
            new RoundRules(vocabularySize, CONTEXT_TOKENS, MAX_DRAFT_TOKENS),
            stats,
            clock);
    Greeting greeting =
        new Greeting(description, MAX_DRAFT_TOKENS, PING_MILLIS, "virtual", stats, FileDigest.NONE);
    router = new FrameRouter(greeting, target, inbox, prompts, stats, null);
  }

  /** A connection, with its handshake done. */
  VirtualConnection connect() {
    VirtualConnection connection =
        new VirtualConnection(clock, serving.overheadNanos(), connections.size());
    connections.add(connection);
    router.onHello(connection, Hello.withoutTokenizer("", "virtual"));
    return connection;
  }

  /**
   * Says what the target will say.
   *
   * @param text behind the prompt; of the next session that begins with the prompt, or with the
   *     prompt and a part of the text
   */
  void expect(int[] prompt, int[] text) {
    target.expect(prompt, text);
  }

  /** A frame or a message arrives. */
  void receive(long nanos, VirtualConnection connection, Object what) {
    arrivals.add(new Arrival(nanos, arrivalCount++, connection, what));
  }

  /** The device will be gone then; nothing is answered any more. */
  void disconnect(long nanos, VirtualConnection connection) {
    connection.close("the device is gone");
    receive(nanos, connection, Gone.GONE);
  }

  /**
   * Lets the next thing happen, if it begins until then. What it leads to may lie behind that: a
   * step's answers are there at once, with the time of its end.
   *
   * @return whether something happened
   */
  boolean advance(long untilNanos) {
    long next = clock.nanoTime();
    if (idle) {
      long arrival = arrivals.isEmpty() ? Long.MAX_VALUE : arrivals.peek().nanos();
      long event = Math.min(wakeNanos, arrival);
      if (event == Long.MAX_VALUE) {
        return false;
      }
      next = Math.max(next, event);
    }
    if (next > untilNanos) {
      return false;
    }
    clock.advanceTo(next);
    while (!arrivals.isEmpty() && arrivals.peek().nanos() <= next) {
      deliver(arrivals.poll());
    }
    idle = verifier.doWork(next) == 0;
    wakeNanos = verifier.wakeNanos();
    return true;
  }

  private void deliver(Arrival arrival) {
    VirtualConnection connection = arrival.connection();
    long nanos = arrival.nanos();
    if (arrival.what() instanceof ByteBuf draft) {
      router.onDraft(connection, draft, nanos);
    } else if (arrival.what() instanceof Push push) {
      router.onPush(connection, push, nanos);
    } else if (arrival.what() instanceof Open open) {
      router.onOpen(connection, open, nanos);
    } else if (arrival.what() instanceof Close close) {
      router.onClose(connection, close);
    } else if (arrival.what() == Gone.GONE) {
      router.onDisconnected(connection, "gone");
    } else {
      throw new IllegalStateException("a simulated server does not know " + arrival.what());
    }
  }

  /** Ends all sessions, and frees what nobody took. */
  void close() {
    arrivals.forEach(arrival -> ReferenceCountUtil.release(arrival.what()));
    arrivals.clear();
    inbox.abandon();
    verifier.close();
    connections.forEach(connection -> connection.close("the server ends"));
  }
}
