package org.sled.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.sled.core.draft.BlockAnswer;
import org.sled.core.draft.DraftLengthPolicy;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.server.SchedulerKind;
import org.sled.server.SchedulingConfig;

/**
 * Fake devices, each a {@link DraftLengthPolicy} with one block in flight, that ask a {@link
 * VirtualServer} for one text after another: many of them, over minutes of virtual time. What steps
 * take and which drafts are right is made up, with some noise. The same input gives the same
 * numbers. Once no texts begin any more, those that there are have to end by a deadline.
 */
final class PolicyFleet {
  private static final double MS = 1e6;
  private static final int CAPACITY = 64;
  private static final int VOCABULARY = 1000;
  private static final int MOST_DRAFTS = VirtualServer.MAX_DRAFT_TOKENS;
  private static final double LINK_NANOS = MS;
  private static final double DRAFT_NANOS = 0.15 * MS;
  private static final double STEP_NOISE = 0.05;

  /** Of the texts' drafts, and how far a text is from it at most. */
  private static final double MEAN_ACCEPTANCE = 0.82;

  private static final double ACCEPTANCE_SPREAD = 0.12;

  private static final int LEAST_TEXT_TOKENS = 24;
  private static final int MORE_TEXT_TOKENS = 72;

  private static final long NEVER = Long.MAX_VALUE;

  /** What it costs to read the weights once, what a row does, and its attention to a token, ns. */
  record Costs(double pass, double row, double token) {
    static Costs ofMillis(double pass, double row, double token) {
      return new Costs(pass * MS, row * MS, token * MS);
    }
  }

  /** What a fleet is made of; devices that the server generates for, unless said. */
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

    PolicyFleet run(double seconds) {
      PolicyFleet fleet = new PolicyFleet(this, seconds);
      try {
        fleet.run();
      } finally {
        fleet.server.close();
      }
      return fleet;
    }
  }

  private final Random random;
  private final double seconds;
  private final int mostDrafts;
  private final VirtualServer server;
  private final List<Device> devices = new ArrayList<>();
  private final List<LongPrompt> prompts = new ArrayList<>(); // that wait for their first token

  private final int promptTokens;
  private final long promptPeriodNanos;
  private long nextPromptNanos;

  private long nowNanos;
  private boolean isEnding; // no texts begin any more

  private long tokens;
  private final List<Double> rounds = new ArrayList<>();
  private final List<Double> tokenNanos = new ArrayList<>();
  private final List<Double> firstTokens = new ArrayList<>();

  private PolicyFleet(Builder builder, double seconds) {
    this.seconds = seconds;
    random = new Random(builder.seed);
    mostDrafts = builder.mostDrafts;
    promptTokens = builder.promptTokens;
    promptPeriodNanos = (long) (1e9 / builder.promptsPerSecond);
    nextPromptNanos = builder.promptsPerSecond > 0 ? 0 : NEVER;
    Costs costs = builder.costs;
    VirtualServing serving =
        new VirtualServing(
            0,
            (sessions, rows) -> (long) (costs.pass() + costs.row() * Math.max(2, sessions * rows)),
            1,
            2,
            0);
    SchedulingConfig usual = SchedulingConfig.DEFAULT;
    SchedulingConfig config =
        new SchedulingConfig(
            builder.isStatic ? SchedulerKind.STATIC : usual.kind(),
            Math.max(1, builder.devices),
            50,
            MOST_DRAFTS + 1,
            usual.prefillShare(),
            usual.tokenMillis(),
            0,
            false);
    server =
        new VirtualServer(
            serving,
            CAPACITY,
            VOCABULARY,
            config,
            (passNanos, contextTokens) ->
                (long)
                    ((passNanos + contextTokens * costs.token())
                        * (1 + STEP_NOISE * random.nextGaussian())));
    for (int i = 0; i < builder.devices; i++) {
      devices.add(new Device(builder.policy.get()));
    }
  }

  /** Who sends something at a time, or waits for an answer. */
  private abstract class Peer {
    VirtualConnection connection = server.connect();
    int session;
    long wakeNanos; // when it sends what comes next; NEVER: it waits
    long sentNanos;

    /** When it goes on. */
    long nextNanos() {
      VirtualConnection.Timed answer = connection.answers().peek();
      return answer == null ? wakeNanos : Math.min(wakeNanos, answer.nanos());
    }

    void send(Object what) {
      sentNanos = nowNanos;
      wakeNanos = NEVER;
      server.receive(nowNanos, connection, what);
    }

    void open(int[] prompt, int[] text) {
      session = connection.listen();
      server.expect(prompt, text);
      send(Open.of(session, 1, text.length, Sampling.GREEDY, TokenIds.of(prompt)));
    }

    /** The next text comes over a connection of its own: nobody is known to come back soon. */
    void close() {
      server.disconnect(nowNanos, connection);
      connection = server.connect();
    }

    /** Its time has come. */
    final void goOn() {
      if (wakeNanos <= nowNanos) {
        send();
        return;
      }
      Object answer = connection.answers().poll().what();
      try {
        hear(answer);
      } finally {
        ReferenceCountUtil.release(answer);
      }
    }

    abstract void send();

    abstract void hear(Object answer);
  }

  /** A prompt whose first token is waited for. */
  private final class LongPrompt extends Peer {
    @Override
    void send() {
      open(randomTokens(promptTokens), randomTokens(1));
    }

    @Override
    void hear(Object answer) {
      if (!isEnding) {
        firstTokens.add((double) (nowNanos - sentNanos));
      }
      close();
      prompts.remove(this);
    }
  }

  /** A device. */
  private final class Device extends Peer {
    private final DraftLengthPolicy policy; // null: the server generates
    private final float[] probabilities = new float[MOST_DRAFTS + 1];
    private boolean isOpen;
    private int[] prompt;
    private int[] text;
    private int committed; // tokens of prompt and text
    private double acceptance; // of this text's drafts
    private int round;
    private int drafts; // of its block; 0: the server goes on alone
    private boolean pushing;
    private long firstTokenNanos;
    private long lastTokenNanos;

    Device(DraftLengthPolicy policy) {
      this.policy = policy;
      wakeNanos = (long) (20 * MS * random.nextDouble());
    }

    private int textLeft() {
      return prompt.length + text.length - committed;
    }

    private int token(int position) {
      return position < prompt.length ? prompt[position] : text[position - prompt.length];
    }

    @Override
    void send() {
      if (!isOpen) {
        isOpen = true;
        acceptance = MEAN_ACCEPTANCE + ACCEPTANCE_SPREAD * (2 * random.nextDouble() - 1);
        prompt = randomTokens(18 + random.nextInt(14));
        text = randomTokens(LEAST_TEXT_TOKENS + random.nextInt(MORE_TEXT_TOKENS));
        committed = prompt.length;
        round = 0;
        open(prompt, text);
      } else if (drafts > 0) {
        send(block());
      } else {
        send(new Push(session, 1, committed - 1, 1));
      }
    }

    private ByteBuf block() {
      ByteBuf frame = ByteBufAllocator.DEFAULT.directBuffer(DraftFrame.lengthBytes(drafts));
      round++;
      DraftFrame.writeHead(
          frame, session, round, 1, committed - 1, round - 1, 0, drafts, token(committed - 1));
      for (int i = 0; i < drafts; i++) {
        int right = token(committed + i);
        boolean isRight = random.nextDouble() < probabilities[i];
        frame.writeIntLE(isRight ? right : (right + 1) % VOCABULARY);
      }
      return frame;
    }

    @Override
    void hear(Object answer) {
      if (answer instanceof Opened opened) {
        firstTokenNanos = nowNanos;
        pushing = false;
        commit(1);
        if (policy != null) {
          policy.link((long) LINK_NANOS);
          policy.load(opened.price(), opened.alone(), opened.commonDrafts());
        }
      } else if (answer instanceof ByteBuf frame) {
        boolean isVerdict = FrameHeader.typeNumber(frame) == FrameType.VERDICT.number();
        TokensFrame tokensFrame = isVerdict ? null : new TokensFrame().wrap(frame);
        if (!isVerdict && tokensFrame.count() == 0) {
          return; // the credit is taken back, and the device drafts already
        }
        noteRound();
        if (isVerdict) {
          onVerdict(new VerdictFrame().wrap(frame));
        } else {
          onTokens(tokensFrame);
        }
      } else {
        throw new AssertionError("the server says " + answer);
      }
      next();
    }

    private void onVerdict(VerdictFrame verdict) {
      pushing = false;
      commit(verdict.accepted() + 1);
      policy.load(verdict.price(), verdict.alone(), verdict.commonDrafts());
      policy.answered(
          BlockAnswer.of(
              drafts,
              verdict.verified(),
              verdict.accepted(),
              verdict.accepted() == verdict.verified() && verdict.verified() < drafts,
              verdict.batchRows(),
              (long) LINK_NANOS,
              nowNanos - sentNanos,
              verdict.queueMicros() * 1_000L),
          probabilities,
          0);
    }

    private void onTokens(TokensFrame answer) {
      if (policy != null) {
        policy.load(answer.price(), answer.alone(), answer.commonDrafts());
        policy.pushed(1, pushing ? nowNanos - lastTokenNanos : -1);
        if (policy.wantsTrial()) {
          policy.drafted((long) DRAFT_NANOS, true);
          float probability = probability();
          policy.tried(random.nextDouble() < probability, probability);
        }
      }
      commit(1);
      pushing = true;
    }

    private void noteRound() {
      if (!isEnding) {
        rounds.add((double) (nowNanos - sentNanos));
      }
    }

    private void commit(int count) {
      committed += count;
      tokens += isMeasured() ? count : 0;
      lastTokenNanos = nowNanos;
    }

    private void next() {
      if (textLeft() == 0) {
        if (isMeasured()) {
          tokenNanos.add((double) (nowNanos - firstTokenNanos) / (text.length - 1));
        }
        close();
        isOpen = false;
        wakeNanos =
            isEnding ? NEVER : nowNanos + (long) (LINK_NANOS * (1 + 2 * random.nextDouble()));
        return;
      }
      drafts = policy == null || textLeft() == 1 ? 0 : draft(Math.min(mostDrafts, textLeft() - 1));
      if (drafts > 0 && pushing) {
        server.receive(nowNanos, connection, new Push(session, 1, committed - 1, 0));
      }
      double thinking = LINK_NANOS + drafts * DRAFT_NANOS + 0.3 * MS * random.nextDouble();
      wakeNanos = drafts == 0 ? nowNanos : nowNanos + (long) thinking;
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

  private int[] randomTokens(int count) {
    return random.ints(count, 0, VOCABULARY).toArray();
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

  /** The first tenth is not. */
  private boolean isMeasured() {
    return nowNanos > 0.1 * seconds * 1e9 && !isEnding;
  }

  private void run() {
    while (nowNanos < seconds * 1e9) {
      advance();
    }
    isEnding = true;
    nextPromptNanos = NEVER;
    devices.stream().filter(device -> !device.isOpen).forEach(device -> device.wakeNanos = NEVER);
    long deadlineNanos = nowNanos + longestTextNanos();
    while (devices.stream().anyMatch(device -> device.isOpen)) {
      if (nowNanos > deadlineNanos) {
        throw new AssertionError("a text has not ended by the deadline");
      }
      advance();
    }
  }

  /** If each token of a text took a round as long as the longest that there was. */
  private long longestTextNanos() {
    double longest = rounds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    return (long) ((LEAST_TEXT_TOKENS + MORE_TEXT_TOKENS) * longest);
  }

  /** Lets the next thing happen, at the server or at whoever is next. */
  private void advance() {
    Peer next = null;
    for (Peer device : devices) {
      next = next == null || device.nextNanos() < next.nextNanos() ? device : next;
    }
    for (Peer prompt : prompts) {
      next = next == null || prompt.nextNanos() < next.nextNanos() ? prompt : next;
    }
    long nextNanos = Math.min(nextPromptNanos, next == null ? NEVER : next.nextNanos());
    // At the same time devices come first: what a device without drafts asks for, token by token,
    // is
    // there for the next step, as with the credit for many tokens that real devices give.
    if (server.advance(nextNanos == NEVER ? NEVER : nextNanos - 1)) {
      return; // whose answer may be the next thing
    }
    if (nextNanos == NEVER) {
      throw new AssertionError("nothing will ever happen again");
    }
    nowNanos = nextNanos;
    if (nextPromptNanos <= nowNanos) {
      nextPromptNanos += promptPeriodNanos;
      LongPrompt prompt = new LongPrompt();
      prompts.add(prompt);
      prompt.send();
    } else {
      next.goOn();
    }
  }
}
