package org.sled.server.verify;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sled.server.CountingTarget.check;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.core.cost.WorkKind;
import org.sled.core.schedule.BatchPlan;
import org.sled.core.schedule.BatchScheduler;
import org.sled.core.schedule.Scheduling;
import org.sled.core.schedule.WorkQueue;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.round.RoundRules;
import org.sled.net.server.Connection;
import org.sled.server.CountingTarget;
import org.sled.server.SchedulerKind;
import org.sled.server.SchedulingConfig;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;
import org.sled.server.target.TargetDescription;

/**
 * Ten thousand sessions on one {@link Verifier} under a virtual clock, for many seeds ({@code
 * -Dsled.simulation.seeds} for another number). The verifier is the server's own; the network, the
 * clock and the target's arithmetic are not. Some sessions end before they are served; all others
 * are, by a deadline.
 */
class VerifierSimulationTest {
  private static final int SEEDS = Integer.getInteger("sled.simulation.seeds", 300);
  private static final int SESSIONS = 10_000;
  private static final int SEQUENCES = 256;
  private static final int CONNECTIONS = 50;
  private static final int CONTEXT = 256;
  private static final int STEP_ROWS = 512;
  private static final int SLOT_ROWS = 63;

  /** By then all sessions have ended, ns of virtual time. */
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(120);

  @Test
  void invariantsHoldForManySeeds() {
    AtomicLong longest = new AtomicLong();
    long start = System.nanoTime();
    AtomicLong steps = new AtomicLong();
    AtomicLong swaps = new AtomicLong();
    AtomicLong shared = new AtomicLong();
    IntStream.range(0, SEEDS)
        .parallel()
        .forEach(
            seed -> {
              Simulation simulation = new Simulation(seed);
              simulation.run();
              steps.addAndGet(simulation.steps);
              swaps.addAndGet(simulation.stats.snapshot().swappedOut());
              shared.addAndGet(simulation.engine.sharedTokens);
              longest.accumulateAndGet(simulation.nowNanos, Math::max);
            });
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        "%d seeds of %d sessions: %d steps, %d swaps, %d shared tokens, %.1f s; the longest took %.1f"
            + " virtual s%n",
        SEEDS, SESSIONS, steps.get(), swaps.get(), shared.get(), seconds, longest.get() / 1e9);
    assertTrue(swaps.get() > 0 && shared.get() > 0, "not everything was put to the test");
  }

  /** One seed. */
  private static final class Simulation {
    private final Random random;
    private final SchedulingConfig config;
    private final CountingTarget engine;
    private final ServerStats stats = new ServerStats();
    private final VerifierInbox inbox = new VerifierInbox(2 * SESSIONS, new ByteBudget(1L << 30));
    private final Verifier verifier;
    private final Client[] clients = new Client[CONNECTIONS];

    /** Time in µs, and who sends something then, in one number. */
    private final PriorityQueue<Long> events = new PriorityQueue<>();

    // By session of this simulation, not of the engine.
    private final ServerSession[] sessions = new ServerSession[SESSIONS];
    private final int[] roundsLeft = new int[SESSIONS];
    private final int[] rounds = new int[SESSIONS];
    private final boolean[] pushes = new boolean[SESSIONS];

    private final int passCostRows;
    private long nowNanos;
    private int finished;
    private boolean lastWasPromptsAlone;
    private int stepsWithoutPrompt;
    private long steps;

    Simulation(int seed) {
      random = new Random(seed);
      passCostRows = 1 << random.nextInt(8);
      config =
          new SchedulingConfig(
              kind(seed),
              1 + random.nextInt(64),
              random.nextInt(20),
              seed % 4 == 0 ? 8 : SchedulingConfig.AUTO_CHUNK,
              0.2 + random.nextDouble(),
              seed % 5 == 0 ? 50 : 0,
              random.nextInt(3) * 20_000L,
              seed % 2 == 0);
      TargetDescription target =
          new TargetDescription(
              new TokenizerFingerprint(1000, 1, 2, 3, 4),
              CONTEXT,
              SESSIONS,
              SEQUENCES,
              STEP_ROWS,
              SLOT_ROWS,
              true,
              RowRule.NO_LONE_ROW,
              42,
              "counting",
              "",
              EndTokens.UNKNOWN);
      engine = new CountingTarget(target.sessionNumbers(), SEQUENCES);
      engine.refusesCopies = seed % 7 == 3;
      engine.random = random;
      engine.stepNanos = this::stepNanos;
      Scheduling scheduling = config.create(target);
      verifier =
          new Verifier(
              engine,
              target,
              0,
              inbox,
              new Scheduling(
                  checked(scheduling.scheduler()),
                  scheduling.book(),
                  scheduling.cost(),
                  scheduling.tokenNanos(),
                  scheduling.hostBytes(),
                  scheduling.sharesPrefixes()),
              new RoundRules(1000, CONTEXT, SLOT_ROWS - 1),
              stats,
              () -> nowNanos);
      for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = new Client(this);
      }
      for (int i = 0; i < SESSIONS; i++) {
        roundsLeft[i] = random.nextInt(3) == 0 ? 2 : 1;
        pushes[i] = random.nextInt(10) == 0;
        send(i, random.nextInt(100_000));
      }
    }

    /** Mostly the default one: the others compute prompts one by one, which takes many steps. */
    private static SchedulerKind kind(int seed) {
      return switch (seed % 200) {
        case 10 -> SchedulerKind.STATIC;
        case 20 -> SchedulerKind.CONTINUOUS;
        default -> SchedulerKind.DEADLINE;
      };
    }

    private long stepNanos(int rows) {
      steps++;
      long nanos = (long) ((passCostRows + rows) * 30_000 * (0.95 + 0.1 * random.nextDouble()));
      nowNanos += nanos;
      return nanos;
    }

    private void send(int session, long afterMicros) {
      events.add((nowNanos / 1000 + afterMicros) * SESSIONS + session);
    }

    void run() {
      while (finished < SESSIONS) {
        check(nowNanos < DEADLINE_NANOS, "all end in time; " + (SESSIONS - finished) + " have not");
        while (!events.isEmpty() && events.peek() / SESSIONS * 1000 <= nowNanos) {
          arrive((int) (events.poll() % SESSIONS));
        }
        if (verifier.doWork(nowNanos) == 0) {
          sleep();
        }
      }
      check(stats.sessionsInUse() == 0, "nobody is left");
      check(engine.openCount() <= SEQUENCES, "only K/V for others is left");
      verifier.close();
    }

    private void sleep() {
      long wake = verifier.wakeNanos();
      check(wake > nowNanos, "the clock goes on");
      check(wake != BatchPlan.NO_WAKE || !events.isEmpty(), "something will happen");
      long event = events.isEmpty() ? Long.MAX_VALUE : events.peek() / SESSIONS * 1000;
      nowNanos = Math.min(wake, Math.max(event, nowNanos + 1));
    }

    private void offer(Command command) {
      check(inbox.offer(command), "there is room for commands");
    }

    private void arrive(int id) {
      ServerSession session = sessions[id];
      if (session == null) {
        open(id);
      } else if (pushes[id]) {
        offer(
            new Command.PushTokens(
                session, new Push(id, 1, session.committedLength() - 1, 1), nowNanos));
      } else {
        offer(new Command.VerifyBlock(session, block(session, random.nextInt(5)), nowNanos));
      }
    }

    private ByteBuf block(ServerSession session, int drafts) {
      ByteBuf frame = PooledByteBufAllocator.DEFAULT.directBuffer(DraftFrame.lengthBytes(drafts));
      int position = session.committedLength() - 1;
      int round = ++rounds[session.id];
      DraftFrame.writeHead(
          frame,
          session.id,
          round,
          1,
          position,
          round - 1,
          0,
          drafts,
          session.committedToken(position));
      for (int i = 0; i < drafts; i++) {
        frame.writeIntLE(1);
      }
      return frame;
    }

    private void open(int id) {
      ServerSession session =
          new ServerSession(clients[random.nextInt(CONNECTIONS)], id, 1, engine);
      sessions[id] = session;
      // One of ten beginnings in common, and something of its own.
      int common = random.nextInt(10) == 0 ? 20 + random.nextInt(40) : 0;
      int[] prompt = new int[common + 1 + random.nextInt(8)];
      int beginning = random.nextInt(10);
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = i < common ? beginning * 50 + i : 500 + random.nextInt(500);
      }
      TokenIds tokens = TokenIds.of(prompt);
      Open frame = Open.of(id, 1, 0, Sampling.GREEDY, tokens);
      offer(new Command.OpenSession(session, frame, tokens, nowNanos));
      if (random.nextInt(200) == 0) {
        close(session); // wherever it waits: others may wait for it
      }
    }

    private void close(ServerSession session) {
      roundsLeft[session.id] = 0;
      check(inbox.offerFreeing(new Command.CloseSession(session)), "there is room to close");
    }

    private void hear(int id) {
      if (roundsLeft[id] == 0) {
        return; // it leaves
      }
      roundsLeft[id]--;
      if (roundsLeft[id] == 0) {
        close(sessions[id]);
      } else {
        send(id, pushes[id] ? 0 : 500 + random.nextInt(5_000));
      }
    }

    /** The scheduler, whose plans are looked at. */
    private BatchScheduler checked(BatchScheduler scheduler) {
      return (now, queue, plan) -> {
        int count = scheduler.plan(now, queue, plan);
        check(
            count > 0 || queue.size() == 0 || plan.wakeNanos() != BatchPlan.NO_WAKE,
            "who waits is not forgotten");
        if (count > 0) {
          checkPlan(queue, plan);
        }
        return count;
      };
    }

    private void checkPlan(WorkQueue queue, BatchPlan plan) {
      int blocks = 0;
      boolean prompts = false;
      boolean chunk = false;
      int planned = 0;
      for (int i = 0; i < queue.size(); i++) {
        boolean prompt = queue.kind(i) == WorkKind.PREFILL;
        prompts |= prompt;
        blocks += prompt ? 0 : 1;
        if (planned < plan.size() && plan.queueIndex(planned) == i) {
          int granted = plan.rows(planned);
          check(granted >= 1 && granted <= queue.rows(i), "no more than it wants");
          check(
              prompt || config.kind() == SchedulerKind.DEADLINE || granted == queue.rows(i), "cut");
          check(!prompt || granted <= SLOT_ROWS, "a chunk");
          chunk |= prompt;
          blocks -= prompt ? 0 : 1;
          planned++;
        }
      }
      check(planned == plan.size(), "places are ascending");
      check(
          plan.totalRows() <= Math.max(STEP_ROWS, SLOT_ROWS)
              || config.kind() == SchedulerKind.STATIC,
          "rows");
      boolean holdsBack = config.kind() == SchedulerKind.STATIC || config.tokenMillis() > 0;
      if (config.kind() == SchedulerKind.DEADLINE && !holdsBack) {
        boolean promptsAlone = blocks > 0;
        check(!promptsAlone || !lastWasPromptsAlone, "no block is passed over twice");
        lastWasPromptsAlone = promptsAlone;
      }
      stepsWithoutPrompt = chunk || !prompts ? 0 : stepsWithoutPrompt + 1;
      check(stepsWithoutPrompt <= 20, "prompts go on");
    }
  }

  /** A connection that hears what is said to its sessions. */
  private record Client(Simulation simulation) implements Connection {
    @Override
    public boolean send(Message message) {
      if (message instanceof Closed) {
        simulation.finished++;
      } else {
        check(false, "the server says " + message);
      }
      return true;
    }

    @Override
    public boolean send(ByteBuf frame) {
      int id = FrameHeader.session(frame);
      frame.release();
      simulation.hear(id);
      return true;
    }

    @Override
    public boolean sendStamped(ByteBuf frame, long decodedNanos) {
      return send(frame);
    }

    @Override
    public boolean sendStamped(Message message, long decodedNanos) {
      int id = ((Opened) message).session();
      if (simulation.roundsLeft[id] > 0) {
        simulation.send(id, simulation.pushes[id] ? 0 : 500 + simulation.random.nextInt(5_000));
      }
      return true;
    }

    @Override
    public ByteBufAllocator allocator() {
      return PooledByteBufAllocator.DEFAULT;
    }

    @Override
    public void closeWithError(ErrorMessage error) {
      check(false, "the server ends a connection: " + error);
    }

    @Override
    public void close(String reason) {
      check(false, "the server ends a connection: " + reason);
    }

    @Override
    public boolean isClosed() {
      return false;
    }

    @Override
    public SocketAddress remoteAddress() {
      return InetSocketAddress.createUnresolved("simulated", 1);
    }

    @Override
    public Future<?> schedule(Runnable action, long delayMillis) {
      throw new UnsupportedOperationException("prompts come whole");
    }

    @Override
    public void setSessions(int openSessions) {
      // Nobody is read too fast.
    }

    @Override
    public void handedOver() {
      // Nobody is read too fast.
    }

    @Override
    public void handled() {
      // Nobody is read too fast.
    }

    @Override
    public Object attachment() {
      return null;
    }

    @Override
    public void setAttachment(Object value) {
      throw new UnsupportedOperationException("commands come without a router");
    }
  }
}
