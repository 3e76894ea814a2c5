package org.sled.cli.fit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.sled.bench.cost.CostMeasurement;
import org.sled.bench.cost.CostTable;
import org.sled.bench.cost.RowLine;
import org.sled.bench.energy.EnergyMeters;
import org.sled.bench.energy.EnergyReport;
import org.sled.bench.energy.EnergySession;
import org.sled.bench.fit.FitResult;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.PairRecorder;
import org.sled.bench.trace.TraceRecorder;
import org.sled.bench.trace.TraceStream;
import org.sled.bridge.Fingerprints;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.ServerAddress;
import org.sled.cli.output.Progress;
import org.sled.device.Generation;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.RoundTimes;
import org.sled.device.ServerInfo;
import org.sled.device.SledClient;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.DraftTokens;
import org.sled.device.draft.Drafting;
import org.sled.jni.ChatMessage;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SharedTokens;
import org.sled.net.limit.Quoted;
import org.sled.net.protocol.TokenIds;

/**
 * The target is a running server's: texts are what it says, and its steps take what its verdicts
 * say. The draft model is a file here. The server should have nothing else to do.
 */
final class ServedPair implements FitSubject {
  /** Blocks that the server's step times are looked for with, drafts. */
  private static final int[] BLOCKS = {1, 2, 3, 4, 6, 8, 12, 16, 32};

  /** Rounds for each length at most; the median counts. */
  private static final int ROUNDS = 5;

  /** New tokens of such a text at most. */
  private static final int MOST_TOKENS = 96;

  /** New tokens for a step of one row. */
  private static final int ALONE_TOKENS = 16;

  /** Of the time for recording the part in which texts are generated; then they are drafted. */
  private static final double GENERATED = 0.5;

  private static final int BLOCK_DRAFTS = 4;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double MICROS_PER_SECOND = 1e6;

  private final FitRun run;
  private final String draftName;
  private final Model draft;
  private final SledClient client;
  private EnergyReport energy;
  private double draftsPerSecond;
  private int shapesMeasured;

  /**
   * Connects, and opens the draft model.
   *
   * @param targetName a file of the target, which is to be the server's; null: whatever that has
   * @throws CommandFailure if it is not
   * @throws org.sled.device.SledClientException if there is no server, or the pair does not fit
   */
  ServedPair(
      FitRun run, ServerAddress address, String authToken, String targetName, String draftName)
      throws InterruptedException {
    this.run = run;
    this.draftName = draftName;
    ModelFiles files = new ModelFiles(run.context().home());
    Model opened = run.open(files, files.find(draftName), ModelParams.DEFAULT);
    SledClient connected = null;
    boolean fits = false;
    try {
      connected =
          SledClient.builder()
              .server(address.host(), address.port())
              .authToken(authToken)
              .clientName("sled-fit")
              .draftModel(opened)
              .draftThreads(run.options().threads())
              .drafting(Drafting.of(DraftPolicy.FIXED))
              .connect();
      if (targetName != null) {
        requireTarget(connected.server(), files, targetName);
      }
      fits = true;
    } finally {
      if (!fits) {
        if (connected != null) {
          connected.close();
        }
        opened.close();
      }
    }
    draft = opened;
    client = connected;
    if (client.server().sessionsInUse() > 0) {
      run.notes().add("the server has other sessions: its step times are those beside them");
    }
  }

  private void requireTarget(ServerInfo server, ModelFiles files, String targetName) {
    Path file = files.find(targetName);
    ModelParams vocabulary =
        run.options().trust().apply(ModelParams.DEFAULT.withVocabularyOnly(true), files, file);
    try (Model target = Model.open(file, vocabulary)) {
      boolean same =
          Fingerprints.of(target.info()).matches(server.fingerprint())
              && target.name().equals(server.modelName());
      if (!same) {
        throw new CommandFailure(
            "the server at "
                + server.address()
                + " serves another target, "
                + Quoted.of(server.modelName())
                + ", than "
                + targetName
                + " ("
                + Quoted.of(target.name())
                + "): leave TARGET out to ask about the server's");
      }
    }
  }

  @Override
  public FitResult.ModelFacts target() {
    ServerInfo info = client.server();
    return new FitResult.ModelFacts(
        Quoted.of(info.modelName()) + " at " + info.address(),
        info.modelName(),
        "",
        0,
        info.vocabularySize());
  }

  @Override
  public FitResult.ModelFacts draft() {
    return LocalPair.facts(draftName, draft);
  }

  @Override
  public FitResult.Vocabulary vocabulary() {
    int tokens = client.server().vocabularySize();
    DraftTokens known = client.draftTokens();
    if (known == null) {
      return new FitResult.Vocabulary(true, tokens, tokens, -1);
    }
    SharedTokens shared = SharedTokens.of(client.tokenizer(), draft);
    return new FitResult.Vocabulary(
        false, shared.count(), shared.targetTokens(), shared.firstDifference());
  }

  @Override
  public String server() {
    return client.server().address();
  }

  @Override
  public FitPrompts prompts() throws IOException {
    boolean raw = run.isRaw(client.server().chatTemplate());
    return FitPrompts.of(
        run.options(),
        raw,
        run.sampling(),
        new FitPrompts.Tokenizer() {
          @Override
          public int[] raw(String text) {
            return client.tokenize(text);
          }

          @Override
          public int[] chat(List<ChatMessage> messages) {
            return client.tokenizeChat(messages);
          }
        },
        Math.min(
            client.server().maxPromptTokens() + 1,
            client.server().contextTokens() - run.options().maxTokens()));
  }

  @Override
  public DraftTrace record(FitPrompts prompts, long endNanos) throws InterruptedException {
    long generatedNanos =
        System.nanoTime() + (long) (GENERATED * Math.max(0, endNanos - System.nanoTime()));
    TraceRecorder recorder = new TraceRecorder(PairRecorder.DEPTH);
    Progress.Counter counter = new Progress.Counter("recording texts");
    Progress progress = Progress.of(run.context(), counter);
    int all = prompts.requests().size();
    int done = 0;
    try (progress;
        EnergyMeters meters = EnergyMeters.discover();
        EnergySession session = EnergySession.start(meters)) {
      for (BenchRequest request : prompts.requests()) {
        if (done > 0 && FitTime.isOver(generatedNanos)) {
          break;
        }
        GenerationListener listener = recorder.begin(request);
        GenerationStats unused = generate(request, BLOCK_DRAFTS, listener);
        recorder.done(request, listener, true);
        counter.at(++done, all, "texts");
      }
      DraftTrace trace =
          recorder.finish(
              draft,
              client.draftTokens(),
              draftName,
              run.options().threads(),
              1,
              client.server(),
              (position, positions) -> counter.at(position, positions, "positions"));
      energy = session.stop();
      draftsPerSecond = rate(trace);
      if (done < all) {
        run.time().cut(String.format(Locale.ROOT, "%d of %d texts were recorded", done, all));
      }
      return trace;
    }
  }

  /** Of the first drafts behind each token: they take as long as the others, and each has one. */
  private static double rate(DraftTrace trace) {
    double micros = 0;
    long drafts = 0;
    for (TraceStream stream : trace.streams()) {
      for (int one : stream.firstMicros()) {
        micros += one;
        drafts++;
      }
    }
    return drafts * MICROS_PER_SECOND / micros;
  }

  private GenerationStats generate(
      BenchRequest request, int draftTokens, GenerationListener listener)
      throws InterruptedException {
    GenerationRequest wanted =
        GenerationRequest.of(request.prompt().toArray())
            .withMaxTokens(request.maxTokens())
            .withDraftTokens(draftTokens)
            .withIgnoreEnd(request.ignoreEnd())
            .withSampling(request.sampling());
    try (Generation generation = client.start(wanted, listener)) {
      while (generation.next() != Generation.END) {
        // Tokens go to the listener.
      }
      return generation.stats();
    }
  }

  @Override
  public EnergyReport energy() {
    return energy;
  }

  @Override
  public double draftsPerSecond() {
    return draftsPerSecond;
  }

  /** Rounds of one block length: how long the server computed. */
  private static final class Rounds implements GenerationListener {
    private final List<RoundTimes> times = new ArrayList<>();

    @Override
    public void tokens(long nanos, int... tokens) {
      // Only times are wanted.
    }

    @Override
    public void round(RoundTimes one) {
      times.add(one);
    }
  }

  @Override
  public CostTable costs(DraftTrace trace, long endNanos) throws InterruptedException {
    RowLine known = new RowLine();
    TraceStream stream = trace.streams().get(0);
    Progress.Counter counter = new Progress.Counter("asking the server what a step costs");
    Progress progress = Progress.of(run.context(), counter);
    try (progress) {
      known.add(1, aloneMillis(stream));
      int asked = 0;
      for (int drafts : BLOCKS) {
        if (FitTime.isOver(endNanos)) {
          run.time()
              .cut(
                  String.format(
                      Locale.ROOT,
                      "%d of %d block lengths were sent to learn what steps cost",
                      asked,
                      BLOCKS.length));
          break;
        }
        if (drafts <= client.server().maxDraftTokens()) {
          add(known, stream, drafts);
        }
        counter.at(++asked, BLOCKS.length, "block lengths");
      }
    }
    shapesMeasured = known.size();
    run.notes()
        .add(
            String.format(
                Locale.ROOT,
                "steps at the server were seen with up to %d rows; what more rows take, and those of"
                    + " several sessions, is estimated from those",
                known.mostRows()));
    return known.table(
        client.server().modelName(),
        client.server().address(),
        client.server().exactNumerics(),
        trace.meanContextTokens(),
        CostMeasurement.sequenceCounts(
            run.options().sessions().get(run.options().sessions().size() - 1)),
        FitRun.stepRows());
  }

  /** A step for one token of the server's own. */
  private double aloneMillis(TraceStream stream) throws InterruptedException {
    GenerationStats stats = generate(request(stream, ALONE_TOKENS), 0, new Rounds());
    long roundTripNanos = Math.max(0, client.roundTripNanos()); // until the first of them is asked
    long nanos = stats.elapsedNanos() - stats.timeToFirstTokenNanos() - roundTripNanos;
    return Math.max(1, nanos) / NANOS_PER_MILLI / Math.max(1, stats.tokens() - 1);
  }

  private void add(RowLine known, TraceStream stream, int drafts) throws InterruptedException {
    Rounds rounds = new Rounds();
    GenerationStats unused = generate(request(stream, ROUNDS * (drafts + 1)), drafts, rounds);
    for (int rows : rounds.times.stream().mapToInt(RoundTimes::batchRows).distinct().toArray()) {
      long[] micros =
          rounds.times.stream()
              .filter(one -> one.batchRows() == rows && one.computeMicros() > 0)
              .mapToLong(RoundTimes::computeMicros)
              .sorted()
              .toArray();
      if (rows > 0 && micros.length > 0) {
        known.add(rows, TimeUnit.MICROSECONDS.toNanos(micros[micros.length / 2]) / NANOS_PER_MILLI);
      }
    }
  }

  private static BenchRequest request(TraceStream stream, int tokens) {
    return new BenchRequest(
        0,
        stream.promptNumber(),
        TokenIds.of(stream.prompt()),
        Math.min(tokens, MOST_TOKENS),
        true,
        stream.sampling());
  }

  @Override
  public int shapesMeasured() {
    return shapesMeasured;
  }

  @Override
  public void close() {
    client.close();
    draft.close();
  }
}
