package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sled.server.CountingTarget.check;

import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.sled.core.BatchPlan;
import org.sled.core.KvLedger;
import org.sled.core.RowRule;
import org.sled.core.Scheduling;
import org.sled.core.WorkKind;
import org.sled.core.WorkQueue;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;

/**
 * Ten thousand sessions on one scripted engine under a virtual clock, a thousand times (well under
 * a minute on two cores; {@code -Dsled.simulation.seeds} for another number). Scheduler, cost
 * model, ledger and keeper are the server's own; the network, the clock and the target's arithmetic
 * are not. Some sessions end before they are served; all others are, by a deadline.
 */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("sled.simulation.seeds", 1000);
  private static final int SESSIONS = 10_000;
  private static final int SEQUENCES = 256;
  private static final int TENANTS = 50;
  private static final int CONTEXT = 256;
  private static final int STEP_ROWS = 512;

  /** By then all sessions have ended, ns of virtual time: the slowest of 1,000 seeds took 47 s. */
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(120);

  @Test
  void invariantsHoldForAThousandSeeds() {
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
    private final KvLedger ledger;
    private final ServerStats stats = new ServerStats();
    private final KvKeeper keeper;
    private final Scheduling scheduling;
    private final WorkQueue queue = new WorkQueue(SEQUENCES);
    private final BatchPlan plan = new BatchPlan(SEQUENCES);

    /** Time in µs, and who sends something then, in one number. */
    private final PriorityQueue<Long> events = new PriorityQueue<>();

    // By session of this simulation, not of the engine.
    private final ServerSession[] sessions = new ServerSession[SESSIONS];
    private final int[] roundsLeft = new int[SESSIONS];
    private final int[] draftCount = new int[SESSIONS];
    private final double[] acceptance = new double[SESSIONS];
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
              63,
              true,
              RowRule.NO_LONE_ROW,
              42,
              "counting",
              "",
              EndTokens.UNKNOWN);
      engine = new CountingTarget(target.sessionNumbers(), SEQUENCES);
      engine.refusesCopies = seed % 7 == 3;
      ledger = new KvLedger(target.sessionNumbers(), SEQUENCES, CONTEXT, config.swapBytes());
      keeper =
          new KvKeeper(engine, ledger, target.sessionNumbers(), config.sharesPrefixes(), stats);
      scheduling = config.create(target);
      for (int i = 0; i < SESSIONS; i++) {
        roundsLeft[i] = random.nextInt(3) == 0 ? 2 : 1;
        acceptance[i] = random.nextDouble();
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

    private void send(int session, long afterMicros) {
      events.add((nowNanos / 1000 + afterMicros) * SESSIONS + session);
    }

    void run() {
      while (finished < SESSIONS) {
        check(nowNanos < DEADLINE_NANOS, "all end in time; " + (SESSIONS - finished) + " have not");
        while (!events.isEmpty() && events.peek() / SESSIONS * 1000 <= nowNanos) {
          arrive((int) (events.poll() % SESSIONS));
        }
        if (keeper.isAnybodyWaiting()) {
          keeper.resume(this::enqueue);
        }
        if (scheduling.scheduler().plan(nowNanos, queue, plan) > 0) {
          step();
        } else {
          sleep();
        }
      }
      check(queue.size() == 0 && keeper.openCount() == 0, "nobody is left");
      keeper.dropRetired();
      check(ledger.cellsUsed() == 0 && ledger.savedBytes() == 0, "no cells are left");
      check(ledger.residents() == 0 && engine.openCount() == 0, "no sequence is left");
    }

    private void sleep() {
      long wake = plan.wakeNanos();
      check(queue.size() == 0 || wake != BatchPlan.NO_WAKE, "who waits is not forgotten");
      check(wake > nowNanos, "the clock goes on");
      check(wake != BatchPlan.NO_WAKE || !events.isEmpty(), "something will happen");
      long event = events.isEmpty() ? Long.MAX_VALUE : events.peek() / SESSIONS * 1000;
      nowNanos = Math.min(wake, Math.max(event, nowNanos + 1));
    }

    private void arrive(int id) {
      ServerSession session = sessions[id];
      if (session == null) {
        open(id);
        return;
      }
      if (pushes[id]) {
        want(session, ServerSession.Wants.PUSHED_TOKEN);
        return;
      }
      scheduling.book().arrived(session.number, nowNanos);
      draftCount[id] = random.nextInt(5);
      want(session, ServerSession.Wants.VERDICT);
    }

    private void open(int id) {
      ServerSession session = new ServerSession(null, id, 1, engine);
      session.tenant = random.nextInt(TENANTS);
      sessions[id] = session;
      // One of ten beginnings in common, and something of its own.
      int common = random.nextInt(10) == 0 ? 20 + random.nextInt(40) : 0;
      int[] prompt = new int[common + 1 + random.nextInt(8)];
      int beginning = random.nextInt(10);
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = i < common ? beginning * 50 + i : 500 + random.nextInt(500);
      }
      TokenIds tokens = TokenIds.of(prompt);
      Open frame = Open.of(id, 1, 10, Sampling.GREEDY, tokens);
      keeper.open(session, new Command.OpenSession(session, frame, tokens, nowNanos));
      scheduling.book().opened(session.number);
      want(session, ServerSession.Wants.FIRST_TOKEN);
      if (random.nextInt(200) == 0) {
        leave(session); // wherever it waits: others may wait for it
      }
    }

    private void leave(ServerSession session) {
      queue.remove(session.number);
      end(session);
    }

    private void end(ServerSession session) {
      scheduling.book().forget(session.number);
      keeper.close(session);
      session.closed();
      finished++;
    }

    private void want(ServerSession session, ServerSession.Wants wanted) {
      session.wants = wanted;
      if (keeper.secure(session)) {
        enqueue(session);
      }
    }

    private void enqueue(ServerSession session) {
      check(engine.isResident(session.number), "who waits for a step is resident");
      check(session.cached == engine.cached[session.number], "both know the same K/V");
      int missing = session.missingRows();
      WorkKind kind = WorkKind.PREFILL;
      int rows = missing;
      if (session.wants == ServerSession.Wants.FIRST_TOKEN) {
        rows = missing + 1;
      } else if (missing == 0) {
        boolean block = session.wants == ServerSession.Wants.VERDICT;
        kind = block ? WorkKind.BLOCK : WorkKind.PUSH;
        rows = block ? 1 + draftCount[session.id] : 1;
      }
      queue.add(session.number, session.tenant, kind, rows, session.cached, nowNanos);
    }

    private void step() {
      steps++;
      checkPlan();
      int count = plan.size();
      long rows = plan.totalRows();
      queue.take(plan);
      long nanos = (long) ((passCostRows + rows) * 30_000 * (0.95 + 0.1 * random.nextDouble()));
      nowNanos += nanos;
      scheduling.cost().observe(1, (int) rows, 50, (double) nanos);
      for (int i = 0; i < count; i++) {
        finish(keeper.session(plan.session(i)), plan.kind(i), plan.rows(i));
      }
      check(ledger.cellsUsed() <= ledger.cellsTotal(), "cells are enough");
      check(ledger.savedBytes() <= config.swapBytes() + CONTEXT * 10, "the swap is bounded");
    }

    private void checkPlan() {
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
          check(!prompt || granted <= 63, "a chunk");
          chunk |= prompt;
          blocks -= prompt ? 0 : 1;
          planned++;
        }
      }
      check(planned == plan.size(), "places are ascending");
      check(
          plan.totalRows() <= Math.max(STEP_ROWS, 63) || config.kind() == SchedulerKind.STATIC,
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

    private void finish(ServerSession session, WorkKind kind, int rows) {
      int number = session.number;
      if (kind == WorkKind.PREFILL) {
        session.cached += rows;
        if (session.cached < session.committedLength()) {
          engine.cached[number] = session.cached;
          keeper.cached(session);
          if (session.wants != ServerSession.Wants.FIRST_TOKEN && session.missingRows() == 0) {
            enqueue(session);
          }
          return;
        }
      }
      int accepted = 0;
      while (accepted < rows - 1
          && kind == WorkKind.BLOCK
          && random.nextDouble() < acceptance[session.id]) {
        accepted++;
      }
      int looked = kind == WorkKind.BLOCK ? Math.min(rows - 1, accepted + 1) : 0;
      session.commit(session.committedLength() + accepted + 1, 0, FinishReason.NONE);
      engine.committed[number] = session.committedLength();
      engine.cached[number] = session.cached;
      ServerSession.Wants wanted = session.wants;
      session.wants = ServerSession.Wants.NOTHING;
      keeper.cached(session);
      keeper.served(session, accepted + 1);
      if (wanted == ServerSession.Wants.VERDICT) {
        scheduling.book().answered(number, rows, looked, accepted, nowNanos);
      } else if (wanted == ServerSession.Wants.FIRST_TOKEN) {
        scheduling.book().started(number, nowNanos);
      }
      scheduling.book().delivered(number, accepted + 1, scheduling.tokenNanos(), nowNanos);
      keeper.rest(session);
      if (wanted != ServerSession.Wants.FIRST_TOKEN) {
        roundsLeft[session.id]--;
      }
      if (roundsLeft[session.id] == 0) {
        end(session);
        return;
      }
      send(session.id, pushes[session.id] ? 0 : 500 + random.nextInt(5_000));
    }
  }
}
