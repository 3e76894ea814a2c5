package org.sled.core;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Prompts of 1,500 tokens at 30 % of what the server computes when it has nothing else to do,
 * beside devices that ask again and again, under a virtual clock. What steps take is made up;
 * scheduler, book and cost model are the real ones.
 */
class LongPromptsTest {
  private static final double MS = 1e6;
  private static final int PROMPT_TOKENS = 1500;
  private static final double LOAD = 0.3;
  private static final double SECONDS = 400;

  /** Times as long as without long prompts. */
  private static final double MOST_ROUNDS = 1.5;

  /** Times as long as on an idle server. */
  private static final double MOST_FIRST_TOKEN = 2.5;

  @ParameterizedTest
  @CsvSource({
    "small model,      4, 10, 0.95, 0.00113",
    "small model,      8, 10, 0.95, 0.00113",
    "slow processor,   4, 40, 11,   0.003",
    "slow processor,   8, 40, 11,   0.003",
    "GPU,              4, 8,  0.05, 0.00005",
    "GPU,              8, 8,  0.05, 0.00005",
  })
  void roundsAndFirstTokensAreDelayedWithinBounds(
      String name, int devices, double passMillis, double rowMillis, double tokenMillis) {
    Costs costs = new Costs(passMillis * MS, rowMillis * MS, tokenMillis * MS);
    double alone = mean(run(costs, 0, 1 / 60.0).firstTokens);
    Server without = run(costs, devices, 0);
    Server beside = run(costs, devices, LOAD / (alone / 1e9));

    double firstToken = mean(beside.firstTokens) / alone;
    double rounds = percentile(beside.rounds, 0.99) / percentile(without.rounds, 0.99);
    String what =
        String.format(
            "%s, %d devices: rounds' p50 %.0f and %.0f, p99 %.0f and %.0f ms, %.2f times as long;"
                + " first tokens %.2f times as late",
            name,
            devices,
            percentile(without.rounds, 0.5) / MS,
            percentile(beside.rounds, 0.5) / MS,
            percentile(without.rounds, 0.99) / MS,
            percentile(beside.rounds, 0.99) / MS,
            rounds,
            firstToken);
    System.out.println(what);
    assertTrue(rounds <= MOST_ROUNDS && firstToken <= MOST_FIRST_TOKEN, what);
  }

  private static Server run(Costs costs, int devices, double promptsPerSecond) {
    Server server = new Server(costs, devices, promptsPerSecond);
    server.run();
    return server;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private static double percentile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) (share * (sorted.length - 1))];
  }

  /** What it costs to read the weights, what a row does, and its attention to a token, ns. */
  private record Costs(double pass, double row, double token) {}

  /** A server with its devices. */
  private static final class Server {
    private static final int CAPACITY = 32;
    private static final int STEP_ROWS = 512;
    private static final int TEXT = 32;
    private static final int DRAFTS = 4;
    private static final double ACCEPTANCE = 0.7;
    private static final double DEVICE = 2 * MS;

    private final Random random;
    private final Costs costs;
    private final int devices;
    private final double promptsPerSecond;

    private final SessionBook book = new SessionBook(CAPACITY);
    private final StepCost cost = new StepCost();
    private final WorkQueue queue = new WorkQueue(CAPACITY);
    private final BatchPlan plan = new BatchPlan(CAPACITY);
    private final StepForecast forecast = new StepForecast(cost, CAPACITY, STEP_ROWS, true);
    private final DeadlineScheduler scheduler =
        new DeadlineScheduler(
            CAPACITY, new SchedulerLimits(STEP_ROWS, 63, true, 1.75, 0), book, cost);

    private final long[] nextNanos = new long[CAPACITY]; // when its block or prompt arrives
    private final long[] sinceNanos = new long[CAPACITY]; // when what it waits for was sent
    private final int[] cached = new int[CAPACITY];
    private final int[] textLeft = new int[CAPACITY];
    private final boolean[] isOpen = new boolean[CAPACITY];
    private long nowNanos;
    private long nextPromptNanos;
    private int passes; // of the last step
    private int computedRows;

    private final List<Double> rounds = new ArrayList<>();
    private final List<Double> firstTokens = new ArrayList<>();

    Server(Costs costs, int devices, double promptsPerSecond) {
      this.costs = costs;
      this.devices = devices;
      this.promptsPerSecond = promptsPerSecond;
      random = new Random(1);
      Arrays.fill(nextNanos, Long.MAX_VALUE);
      for (int i = 0; i < devices; i++) {
        nextNanos[i] = 0;
      }
      nextPromptNanos = promptsPerSecond == 0 ? Long.MAX_VALUE : 0;
    }

    void run() {
      while (nowNanos < SECONDS * 1e9) {
        arrive();
        int count = scheduler.plan(nowNanos, queue, plan);
        if (count > 0) {
          step();
        } else {
          long next = Math.min(Arrays.stream(nextNanos).min().getAsLong(), nextPromptNanos);
          nowNanos = Math.max(nowNanos + 1, Math.min(plan.wakeNanos(), next));
        }
      }
    }

    private void arrive() {
      for (int session = 0; session < CAPACITY; session++) {
        if (nextNanos[session] > nowNanos) {
          continue;
        }
        long at = nextNanos[session];
        nextNanos[session] = Long.MAX_VALUE;
        sinceNanos[session] = at;
        if (isOpen[session]) {
          book.arrived(session, at);
          queue.add(session, 0, WorkKind.BLOCK, DRAFTS + 1, cached[session], at);
        } else {
          open(session, 16 + random.nextInt(16), at);
        }
      }
      while (nextPromptNanos <= nowNanos) {
        for (int session = devices; session < CAPACITY; session++) {
          if (!isOpen[session]) {
            sinceNanos[session] = nextPromptNanos;
            open(session, PROMPT_TOKENS, nextPromptNanos);
            break;
          }
        }
        nextPromptNanos += (long) (1e9 / promptsPerSecond);
      }
    }

    private void open(int session, int tokens, long at) {
      isOpen[session] = true;
      cached[session] = 0;
      textLeft[session] = TEXT;
      book.opened(session);
      queue.add(session, 0, WorkKind.PREFILL, tokens, 0, at);
    }

    private void step() {
      forecast.clear();
      double attention = 0;
      int[] lengths = new int[plan.size()];
      for (int i = 0; i < plan.size(); i++) {
        int session = plan.session(i);
        lengths[i] = plan.rows(i);
        forecast.add(session, plan.kind(i), lengths[i], cached[session]);
        attention += lengths[i] * (cached[session] + lengths[i] / 2.0) * costs.token;
      }
      long nanos = (long) ((compute(lengths) + attention) * (1 + 0.05 * random.nextGaussian()));
      forecast.observe(passes, computedRows, nanos);
      nowNanos += nanos;
      int[] sessions = new int[plan.size()];
      boolean[] isPrompt = new boolean[plan.size()];
      boolean[] isWhole = new boolean[plan.size()];
      for (int i = 0; i < plan.size(); i++) {
        sessions[i] = plan.session(i);
        isPrompt[i] = plan.kind(i) == WorkKind.PREFILL;
        isWhole[i] = queue.rows(plan.queueIndex(i)) == lengths[i];
      }
      queue.take(plan);
      for (int i = 0; i < sessions.length; i++) {
        if (isPrompt[i]) {
          chunkIsDone(sessions[i], lengths[i], isWhole[i]);
        } else {
          blockIsDone(sessions[i], lengths[i]);
        }
      }
    }

    /** Time of the cheapest passes for sessions of these lengths, ns; shorter ones are padded. */
    private double compute(int[] lengths) {
      int[] sorted = Arrays.stream(lengths).sorted().toArray();
      int count = sorted.length;
      double[] best = new double[count + 1];
      int[] from = new int[count + 1];
      for (int end = 1; end <= count; end++) {
        best[end] = Double.MAX_VALUE;
        for (int begin = 0; begin < end; begin++) {
          int rows = (end - begin) * sorted[end - 1];
          double nanos = best[begin] + costs.pass + costs.row * Math.max(2, rows);
          if (nanos < best[end]) {
            best[end] = nanos;
            from[end] = begin;
          }
        }
      }
      passes = 0;
      computedRows = 0;
      for (int end = count; end > 0; end = from[end]) {
        passes++;
        computedRows += (end - from[end]) * sorted[end - 1];
      }
      return best[count];
    }

    private void chunkIsDone(int session, int rows, boolean isWhole) {
      cached[session] += rows;
      if (!isWhole) {
        return;
      }
      if (session < devices) {
        book.started(session, nowNanos);
        think(session);
      } else {
        firstTokens.add((double) (nowNanos - sinceNanos[session]));
        close(session);
      }
    }

    private void blockIsDone(int session, int rows) {
      int accepted = 0;
      while (accepted < rows - 1 && random.nextDouble() < ACCEPTANCE) {
        accepted++;
      }
      book.answered(session, rows, rows - 1, accepted, nowNanos);
      rounds.add((double) (nowNanos - sinceNanos[session]));
      cached[session] += accepted + 1;
      textLeft[session] -= accepted + 1;
      if (textLeft[session] <= 0) {
        close(session);
      }
      think(session);
    }

    private void close(int session) {
      isOpen[session] = false;
      book.forget(session);
    }

    private void think(int session) {
      if (session < devices) {
        nextNanos[session] = nowNanos + (long) (DEVICE * (0.7 + 0.6 * random.nextDouble()));
      }
    }
  }
}
