package org.sled.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * A server and its devices under a virtual clock, whose devices ask for one text after another.
 * What steps take and which drafts are right is made up, with some noise; scheduler, book, cost
 * model, price and policies are the real ones. One block of a device is in flight, a block's rows
 * are padded to those of the longest in its pass. The same input gives the same numbers. Once no
 * texts begin any more, those that there are have to end by a deadline.
 */
final class VirtualFleet {
  private static final double MS = 1e6;
  private static final int CAPACITY = 64;
  private static final int STEP_ROWS = 512;
  private static final int MOST_DRAFTS = 62;
  private static final double LINK_NANOS = MS;
  private static final double DRAFT_NANOS = 0.15 * MS;
  private static final double STEP_NOISE = 0.05;

  /** Of the texts' drafts, and how far a text is from it at most. */
  private static final double MEAN_ACCEPTANCE = 0.82;

  private static final double ACCEPTANCE_SPREAD = 0.12;

  private static final int LEAST_TEXT_TOKENS = 24;
  private static final int MORE_TEXT_TOKENS = 72;

  private static final int[] CALIBRATED_ROWS = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32};

  /** What it costs to read the weights once, what a row does, and its attention to a token, ns. */
  record Costs(double pass, double row, double token) {
    static Costs ofMillis(double pass, double row, double token) {
      return new Costs(pass * MS, row * MS, token * MS);
    }
  }

  /** Devices of a fleet. */
  private final class Device {
    private final int session;
    private final DraftLengthPolicy policy; // null: the server generates
    private final float[] probabilities = new float[MOST_DRAFTS + 1];
    private long wakeNanos; // when it sends what comes next; never: it waits
    private boolean isOpen;
    private int cached;
    private int textLeft;
    private int textTokens;
    private double acceptance; // of this text's drafts
    private int drafts; // of its block; 0: the server goes on alone
    private boolean pushing;
    private long sentNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;

    Device(int session, DraftLengthPolicy policy) {
      this.session = session;
      this.policy = policy;
      wakeNanos = (long) (20 * MS * random.nextDouble());
    }

    void send() {
      sentNanos = wakeNanos;
      wakeNanos = Long.MAX_VALUE;
      if (!isOpen) {
        isOpen = true;
        cached = 0;
        textTokens = 0;
        textLeft = LEAST_TEXT_TOKENS + random.nextInt(MORE_TEXT_TOKENS);
        acceptance = MEAN_ACCEPTANCE + ACCEPTANCE_SPREAD * (2 * random.nextDouble() - 1);
        book.opened(session);
        queue.add(session, 0, WorkKind.PREFILL, 18 + random.nextInt(14), 0, sentNanos);
      } else if (drafts > 0) {
        book.arrived(session, sentNanos);
        queue.add(session, 0, WorkKind.BLOCK, drafts + 1, cached, sentNanos);
      } else {
        book.forget(session);
        queue.add(session, 0, WorkKind.PUSH, 1, cached, sentNanos);
      }
    }

    void prompt(int rows, boolean isWhole) {
      cached += rows;
      if (isWhole) {
        book.started(session, nowNanos);
        firstTokenNanos = nowNanos;
        pushing = false;
        tokens(1);
        if (policy != null) {
          policy.link((long) LINK_NANOS);
          load();
        }
        next();
      }
    }

    void verdict(int granted, long stepBeginNanos) {
      int accepted = 0;
      while (accepted < granted && random.nextDouble() < probabilities[accepted]) {
        accepted++;
      }
      int verified = Math.min(granted, accepted + 1);
      book.answered(session, granted + 1, verified, accepted, nowNanos);
      round();
      cached += accepted + 1;
      pushing = false;
      tokens(accepted + 1);
      load();
      boolean wasCut = granted < drafts && accepted == granted;
      policy.answered(
          BlockAnswer.of(
              drafts,
              verified,
              accepted,
              wasCut,
              computedRows,
              (long) LINK_NANOS,
              nowNanos - sentNanos,
              stepBeginNanos - sentNanos),
          probabilities,
          0);
      next();
    }

    void pushed() {
      round();
      cached++;
      tokens(1);
      if (policy != null) {
        load();
        policy.pushed(1, pushing ? nowNanos - lastTokenNanos : 0);
        if (policy.wantsTrial()) {
          float probability = probability();
          policy.tried(random.nextDouble() < probability, probability);
        }
      }
      pushing = true;
      next();
    }

    private void round() {
      if (!isEnding) {
        rounds.add((double) (nowNanos - sentNanos));
      }
    }

    private void load() {
      policy.load(price.draftSeconds(), price.aloneSeconds(), price.commonDrafts());
    }

    private void tokens(int count) {
      int useful = Math.min(count, textLeft);
      textLeft -= useful;
      textTokens += useful;
      tokens += isMeasured() ? useful : 0;
      lastTokenNanos = nowNanos;
    }

    private void next() {
      if (textLeft == 0) {
        if (isMeasured()) {
          tokenNanos.add((double) (nowNanos - firstTokenNanos) / (textTokens - 1));
        }
        isOpen = false;
        book.forget(session);
        if (isEnding) {
          return;
        }
        wakeNanos = nowNanos + (long) (LINK_NANOS * (1 + 2 * random.nextDouble()));
        return;
      }
      drafts = policy == null || textLeft == 1 ? 0 : draft(Math.min(mostDrafts, textLeft - 1));
      if (drafts == 0) {
        wakeNanos = nowNanos;
        return;
      }
      if (pushing) {
        book.started(session, nowNanos);
      }
      double thinking = LINK_NANOS + drafts * DRAFT_NANOS + 0.3 * MS * random.nextDouble();
      wakeNanos = nowNanos + (long) thinking;
    }

    private int draft(int most) {
      for (int i = 0; i < probabilities.length; i++) {
        probabilities[i] = probability();
      }
      int ready = 0;
      int wanted = policy.next(probabilities, 0, 0, most);
      while (wanted > ready) {
        ready++;
        policy.drafted((long) DRAFT_NANOS, true);
        wanted = policy.next(probabilities, 0, ready, most);
      }
      return wanted;
    }

    /** Most drafts are a little better than the text's mean, the others much worse. */
    private float probability() {
      double noise = random.nextDouble() < 0.7 ? 0.1 : -0.25 + 0.1 * random.nextGaussian();
      return (float) Math.max(0.05, Math.min(0.99, acceptance + noise));
    }
  }

  private final Costs costs;
  private final Random random;
  private final double seconds;
  private final int mostDrafts;
  private final List<Device> devices = new ArrayList<>();

  private final SessionBook book = new SessionBook(CAPACITY);
  private final StepCost cost = new StepCost();
  private final WorkQueue queue = new WorkQueue(CAPACITY);
  private final BatchPlan plan = new BatchPlan(CAPACITY);
  private final StepForecast forecast =
      new StepForecast(cost, CAPACITY, STEP_ROWS, RowRule.NO_LONE_ROW);
  private final SpeculationPrice price = new SpeculationPrice(cost, STEP_ROWS, RowRule.NO_LONE_ROW);
  private final BatchScheduler scheduler;

  private final int promptTokens;
  private final long promptPeriodNanos;
  private long nextPromptNanos = Long.MAX_VALUE;
  private final long[] promptSinceNanos = new long[CAPACITY]; // of sessions with a long prompt
  private final int[] promptCached = new int[CAPACITY];

  private long nowNanos;
  private boolean isEnding; // no texts begin any more
  private int passes; // of the last step
  private int computedRows;

  private long tokens;
  private final List<Double> rounds = new ArrayList<>();
  private final List<Double> tokenNanos = new ArrayList<>();
  private final List<Double> firstTokens = new ArrayList<>();

  /**
   * Creates a fleet.
   *
   * @param seconds that it runs; the first tenth is not measured
   */
  private VirtualFleet(Builder builder, double seconds) {
    this.costs = builder.costs;
    this.seconds = seconds;
    random = new Random(builder.seed);
    mostDrafts = builder.mostDrafts;
    promptTokens = builder.promptTokens;
    promptPeriodNanos = (long) (1e9 / builder.promptsPerSecond);
    nextPromptNanos = builder.promptsPerSecond > 0 ? 0 : Long.MAX_VALUE;
    for (int i = 0; i < builder.devices; i++) {
      devices.add(new Device(i, builder.policy.get()));
    }
    SchedulerLimits limits =
        new SchedulerLimits(STEP_ROWS, MOST_DRAFTS + 1, RowRule.NO_LONE_ROW, 1.75, 0);
    scheduler =
        builder.isStatic
            ? new StaticScheduler(builder.devices, (long) (50 * MS))
            : new DeadlineScheduler(CAPACITY, limits, book, cost);
    for (int rows : CALIBRATED_ROWS) {
      cost.calibrate(rows, costs.pass + costs.row * Math.max(2, rows));
    }
    Arrays.fill(promptSinceNanos, -1);
  }

  /** What a fleet is made of; greedy devices that the server generates for, unless said. */
  static final class Builder {
    private final Costs costs;
    private final int devices;
    private Supplier<DraftLengthPolicy> policy = () -> null;
    private int mostDrafts = MOST_DRAFTS;
    private boolean isStatic;
    private int promptTokens;
    private double promptsPerSecond;
    private int seed = 1;

    Builder(Costs costs, int devices) {
      this.costs = costs;
      this.devices = devices;
    }

    /** Devices that draft so many tokens at most. */
    Builder drafting(Supplier<DraftLengthPolicy> newPolicy, int most) {
      policy = newPolicy;
      mostDrafts = most;
      return this;
    }

    /** Batches of as many blocks as devices, or 50 ms. */
    Builder inStaticBatches() {
      isStatic = true;
      return this;
    }

    /** Prompts of so many tokens beside the devices, in equal intervals. */
    Builder withPrompts(int length, double perSecond) {
      promptTokens = length;
      promptsPerSecond = perSecond;
      return this;
    }

    Builder withSeed(int newSeed) {
      seed = newSeed;
      return this;
    }

    VirtualFleet run(double seconds) {
      VirtualFleet fleet = new VirtualFleet(this, seconds);
      fleet.run();
      return fleet;
    }
  }

  /** Tokens of all devices per second. */
  double tokensPerSecond() {
    return tokens / (0.9 * seconds);
  }

  /** From a block to its verdict, or from one token of the server's own to the next, ms. */
  double roundMillis(double percentile) {
    return percentile(rounds, percentile) / MS;
  }

  /** Time per token of a text, ms. */
  double tokenMillis(double percentile) {
    return percentile(tokenNanos, percentile) / MS;
  }

  /** Mean time to the first token of the prompts beside the devices, ms. */
  double firstTokenMillis() {
    return firstTokens.stream().mapToDouble(Double::doubleValue).average().orElseThrow() / MS;
  }

  private static double percentile(List<Double> values, double percentile) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) (percentile / 100 * (sorted.length - 1))];
  }

  private boolean isMeasured() {
    return nowNanos > 0.1 * seconds * 1e9 && !isEnding;
  }

  private void run() {
    while (nowNanos < seconds * 1e9) {
      advance();
    }
    isEnding = true;
    nextPromptNanos = Long.MAX_VALUE;
    devices.stream()
        .filter(device -> !device.isOpen)
        .forEach(device -> device.wakeNanos = Long.MAX_VALUE);
    long deadlineNanos = nowNanos + longestTextNanos();
    while (devices.stream().anyMatch(device -> device.isOpen)) {
      if (nowNanos > deadlineNanos) {
        throw new AssertionError("a text has not ended by the deadline");
      }
      advance();
    }
  }

  private void advance() {
    long next = arrive();
    if (scheduler.plan(nowNanos, queue, plan) > 0) {
      step();
    } else {
      nowNanos = Math.max(nowNanos + 1, Math.min(plan.wakeNanos(), next));
    }
  }

  /** If each token of a text took a round as long as the longest that there was. */
  private long longestTextNanos() {
    double longest = rounds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    return (long) ((LEAST_TEXT_TOKENS + MORE_TEXT_TOKENS) * longest);
  }

  /** Takes what is there; returns when more will be. */
  private long arrive() {
    long next = Long.MAX_VALUE;
    for (Device device : devices) {
      if (device.wakeNanos <= nowNanos) {
        device.send();
      }
      next = Math.min(next, device.wakeNanos);
    }
    for (; nextPromptNanos <= nowNanos; nextPromptNanos += promptPeriodNanos) {
      int session = devices.size();
      while (promptSinceNanos[session] >= 0) {
        session++;
      }
      promptSinceNanos[session] = nextPromptNanos;
      promptCached[session] = 0;
      book.opened(session);
      queue.add(session, 0, WorkKind.PREFILL, promptTokens, 0, nextPromptNanos);
    }
    return Math.min(next, nextPromptNanos);
  }

  private void step() {
    int count = plan.size();
    int[] sessions = new int[count];
    int[] rows = new int[count];
    WorkKind[] kinds = new WorkKind[count];
    boolean[] isWhole = new boolean[count];
    forecast.clear();
    double attention = 0;
    for (int i = 0; i < count; i++) {
      sessions[i] = plan.session(i);
      rows[i] = plan.rows(i);
      kinds[i] = plan.kind(i);
      isWhole[i] = queue.rows(plan.queueIndex(i)) == rows[i];
      int cached = cached(sessions[i]);
      forecast.add(sessions[i], kinds[i], rows[i], cached);
      attention += rows[i] * (cached + rows[i] / 2.0) * costs.token;
    }
    double noise = 1 + STEP_NOISE * random.nextGaussian();
    long nanos = (long) ((compute(rows) + attention) * noise);
    long beginNanos = nowNanos;
    queue.take(plan);
    nowNanos += nanos;
    forecast.observe(passes, computedRows, nanos);
    int awaited = book.awaitedCount(beginNanos);
    int reading = forecast.textSessions() + queue.size() - queue.prompts() + awaited;
    price.observe(forecast, (double) nanos, reading);
    price.set(count + queue.size() + awaited, book.acceptance());
    for (int i = 0; i < count; i++) {
      if (sessions[i] >= devices.size()) {
        longPrompt(sessions[i], rows[i], isWhole[i]);
        continue;
      }
      Device device = devices.get(sessions[i]);
      switch (kinds[i]) {
        case PREFILL -> device.prompt(rows[i], isWhole[i]);
        case BLOCK -> device.verdict(rows[i] - 1, beginNanos);
        case PUSH -> device.pushed();
      }
    }
  }

  private int cached(int session) {
    return session < devices.size() ? devices.get(session).cached : promptCached[session];
  }

  private void longPrompt(int session, int rows, boolean isWhole) {
    promptCached[session] += rows;
    if (isWhole) {
      if (!isEnding) {
        firstTokens.add((double) (nowNanos - promptSinceNanos[session]));
      }
      promptSinceNanos[session] = -1;
      book.forget(session);
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
        int rows = Math.max(2, (end - begin) * sorted[end - 1]);
        double nanos = best[begin] + costs.pass + costs.row * rows;
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
      computedRows += Math.max(2, (end - from[end]) * sorted[end - 1]);
    }
    return best[count];
  }
}
