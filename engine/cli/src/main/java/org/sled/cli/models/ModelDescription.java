package org.sled.cli.models;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.sled.cli.output.Reasons;
import org.sled.cli.output.Sizes;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.jni.VerifyEngine;

/** What is in a model file, and what {@code sled serve} would make of it. */
final class ModelDescription {
  /** Exactness does not depend on it, and memory for more is not needed here. */
  private static final int TRIAL_CONTEXT_TOKENS = 256;

  private static final String LINE = "  %-11s %s%n";

  private ModelDescription() {}

  /**
   * Opens a file as {@code sled serve} does, and prints what it is.
   *
   * @return its vocabulary and the like
   * @throws SledException if it is no model that can be opened
   */
  static Model.Info print(PrintStream out, String name, Path path, ModelParams params)
      throws IOException {
    out.println(name);
    out.printf(LINE, "path", path);
    try (Model model = Model.open(path, params.forNumerics(null))) {
      Model.Info info = model.info();
      out.printf(LINE, "size", Sizes.bytes(Files.size(path)));
      out.printf(LINE, "type", model.architecture() + ", " + model.weightType());
      out.printf(LINE, "parameters", String.format(Locale.ROOT, "%,d", info.parameterCount()));
      out.printf(
          LINE,
          "vocabulary",
          String.format(
              Locale.ROOT,
              "%,d tokens%s",
              info.vocabularyTokens(),
              info.hasChatTemplate() ? ", with a chat template" : ", no chat template"));
      out.printf(
          LINE, "context", String.format(Locale.ROOT, "%,d tokens", info.contextTrainTokens()));
      String serving;
      try {
        serving = "exact" + exactWay(model, Numerics.EXACT);
      } catch (SledException inexact) {
        try {
          exactWay(model, Numerics.FAST);
        } catch (SledException e) {
          out.printf(LINE, "serve", "cannot be served: " + reason(e));
          return info;
        }
        serving = "fast, not exact: " + reason(inexact);
      }
      out.printf(LINE, "serve", serving);
      out.printf(LINE, "session", memory(model));
      return info;
    }
  }

  /** What an engine with these numerics does to be exact; fails if none can be made. */
  private static String exactWay(Model model, Numerics numerics) {
    int context = Math.min(TRIAL_CONTEXT_TOKENS, model.info().contextTrainTokens());
    EngineParams params =
        EngineParams.DEFAULT.withSequenceCount(2).withContextTokens(context).withNumerics(numerics);
    try (VerifyEngine engine = VerifyEngine.open(model, params)) {
      return engine.info().exactWay();
    }
  }

  private static String reason(SledException e) {
    if (e.status() == SledStatus.UNSUPPORTED || e.status() == SledStatus.MEMORY) {
      return Reasons.of(e);
    }
    throw e;
  }

  private static String memory(Model model) {
    VerifyEngine.MemoryPlan plan =
        VerifyEngine.plan(model, EngineParams.DEFAULT.withSequenceCount(1));
    return Sizes.bytes(plan.kvBytes()) + " of K/V with the default context";
  }
}
