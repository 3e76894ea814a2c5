package org.sled.cli.fit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.sled.bench.cost.CostMeasurement;
import org.sled.bench.cost.CostTable;
import org.sled.bench.energy.EnergyMeters;
import org.sled.bench.energy.EnergyReport;
import org.sled.bench.energy.EnergySession;
import org.sled.bench.fit.FitResult;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.PairRecorder;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.files.FitVocabularies;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.output.Progress;
import org.sled.device.draft.DraftTokens;
import org.sled.device.text.Prompts;
import org.sled.jni.ChatMessage;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.VerifyEngine;

/** Target and draft model are files here; the target's steps are measured on this machine. */
final class LocalPair implements FitSubject {
  /** Share of the time at which recording ends, whatever is missing. */
  private static final double LATEST = 0.65;

  /** Room beside the longest text: proposals, and what the engine keeps free. */
  private static final int MORE_CONTEXT_TOKENS = 64;

  private final FitRun run;
  private final String targetName;
  private final String draftName;
  private final Path targetFile;
  private final Model target;
  private final Model draft;
  private final FitResult.Vocabulary vocabulary;
  private final DraftTokens draftTokens; // null: all of the target's
  private VerifyEngine engine; // null before texts are recorded
  private int sequences; // of the engine
  private EnergyReport energy;
  private double draftsPerSecond;
  private int shapesMeasured;

  /**
   * Opens both.
   *
   * @throws CommandFailure if they cannot work together
   */
  LocalPair(FitRun run, String targetName, String draftName) throws IOException {
    this.run = run;
    this.targetName = targetName;
    this.draftName = draftName;
    ModelFiles files = new ModelFiles(run.context().home());
    targetFile = files.find(targetName);
    Path draftFile = files.find(draftName);
    FitVocabularies compared =
        FitVocabularies.compare(run.options().trust(), files, targetFile, draftFile);
    vocabulary = compared.vocabulary();
    Model openedTarget =
        run.open(
            files,
            targetFile,
            ModelParams.DEFAULT.forNumerics(run.options().engineParams().numerics()));
    Model openedDraft = null;
    try {
      openedDraft = run.open(files, draftFile, ModelParams.DEFAULT);
    } finally {
      if (openedDraft == null) {
        openedTarget.close();
      }
    }
    target = openedTarget;
    draft = openedDraft;
    draftTokens =
        vocabulary.same()
            ? null
            : new DraftTokens(
                compared.shared()::contains, Math.max(0, draft.info().newlineToken()));
    run.notes().pair(target, draft, Files.isSameFile(targetFile, draftFile));
  }

  @Override
  public FitResult.ModelFacts target() {
    return facts(targetName, target);
  }

  @Override
  public FitResult.ModelFacts draft() {
    return facts(draftName, draft);
  }

  static FitResult.ModelFacts facts(String name, Model model) {
    return new FitResult.ModelFacts(
        name,
        model.name(),
        model.architecture(),
        model.info().parameterCount(),
        model.info().vocabularyTokens());
  }

  @Override
  public FitResult.Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public String server() {
    return null;
  }

  @Override
  public FitPrompts prompts() throws IOException {
    boolean raw = run.isRaw(target.chatTemplate());
    SamplingOptions.check(run.sampling(), target);
    return FitPrompts.of(
        run.options(),
        raw,
        run.sampling(),
        new FitPrompts.Tokenizer() {
          @Override
          public int[] raw(String text) {
            return Prompts.raw(target, text);
          }

          @Override
          public int[] chat(List<ChatMessage> messages) {
            return Prompts.chat(target, target.chatTemplate(), messages);
          }
        },
        target.info().contextTrainTokens());
  }

  @Override
  public DraftTrace record(FitPrompts prompts, long endNanos) throws InterruptedException {
    openEngine(prompts);
    Progress.Counter counter = new Progress.Counter("recording texts");
    Progress progress = Progress.of(run.context(), counter);
    try (progress;
        EnergyMeters meters = EnergyMeters.discover();
        PairRecorder recorder =
            new PairRecorder(target, engine, draft, draftTokens, run.options().threads());
        EnergySession session = EnergySession.start(meters)) {
      int all = prompts.requests().size();
      int kinds = prompts.distinctKinds().size();
      int done = 0;
      long lastNanos = run.time().endNanos(LATEST);
      for (BenchRequest request : prompts.requests()) {
        if (done > 0 && FitTime.isOver(done < kinds ? lastNanos : endNanos)) {
          break;
        }
        // One text of each kind, even if it gets late; then as many as there is time for.
        long textEnd =
            done < kinds
                ? System.nanoTime() + (endNanos - System.nanoTime()) / (kinds - done)
                : endNanos;
        int tokens = recorder.record(request, new Stop(textEnd));
        done++;
        if (tokens == 0) {
          break;
        }
        counter.at(done, all, "texts");
      }
      energy = session.stop();
      draftsPerSecond = recorder.draftsPerSecond();
      DraftTrace trace = recorder.trace(draftName, targetName);
      if (trace.streams().size() < all) {
        run.time().cut(String.format("%d of %d texts were recorded", trace.streams().size(), all));
      }
      return trace;
    }
  }

  /** A text ends when it is time, but not before it has a few tokens. */
  private static final class Stop implements BooleanSupplier {
    private static final int LEAST_STEPS = 6;
    private final long endNanos;
    private int steps;

    Stop(long endNanos) {
      this.endNanos = endNanos;
    }

    @Override
    public boolean getAsBoolean() {
      return ++steps > LEAST_STEPS && FitTime.isOver(endNanos);
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

  @Override
  public CostTable costs(DraftTrace trace, long endNanos) throws InterruptedException {
    Progress.Counter counter = new Progress.Counter("measuring what a step costs");
    Progress progress = Progress.of(run.context(), counter);
    try (progress;
        CostMeasurement measurement =
            CostMeasurement.on(
                engine,
                target,
                targetName,
                run.options().engineParams(),
                sequences,
                trace.meanContextTokens())) {
      int[] rows = FitRun.stepRows();
      int[] counts = CostMeasurement.sequenceCounts(sequences);
      CostTable table =
          measurement.measureUntil(
              counts, rows, endNanos, (done, all) -> counter.at(done, all, "shapes"));
      shapesMeasured = measurement.shapesMeasured();
      if (table.isDisturbed()) {
        run.notes()
            .add(
                "some steps took much longer than others with more rows: something else computes on this"
                    + " machine, and what is expected here is worth little; try again when it is idle");
      }
      int all = counts.length * rows.length;
      if (shapesMeasured < all) {
        run.time()
            .cut(
                String.format(
                    Locale.ROOT,
                    "%d of %d shapes of steps were measured, the others are estimated from those",
                    shapesMeasured,
                    all));
      }
      return table;
    }
  }

  /** For as many sessions as there is memory for; what steps of more of them take is estimated. */
  private void openEngine(FitPrompts prompts) {
    int most = run.options().sessions().get(run.options().sessions().size() - 1);
    int contextTokens =
        Math.max(prompts.longest() + MORE_CONTEXT_TOKENS, 2 * CostMeasurement.ROOM_TOKENS);
    EngineParams params =
        run.options()
            .engineParams()
            .withContextTokens(Math.min(target.info().contextTrainTokens(), contextTokens));
    Progress progress = Progress.of(run.context(), "preparing the target's engine");
    try (progress) {
      sequences = most;
      while (engine == null) {
        try {
          // One more session, for those that begin anew.
          engine =
              VerifyEngine.open(
                  target, params.withSequenceCount(sequences).withSessionCount(sequences + 1));
        } catch (SledException e) {
          if (e.status() != SledStatus.MEMORY || sequences == 1) {
            throw e;
          }
          sequences /= 2;
        }
      }
    }
    if (sequences < most) {
      run.notes()
          .add(
              "memory is too short for steps of "
                  + most
                  + " sessions: what those of more than "
                  + sequences
                  + " take is estimated");
    }
  }

  @Override
  public int shapesMeasured() {
    return shapesMeasured;
  }

  @Override
  public void close() {
    if (engine != null) {
      engine.close();
    }
    draft.close();
    target.close();
  }
}
