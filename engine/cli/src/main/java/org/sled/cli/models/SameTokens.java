package org.sled.cli.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.sled.cli.texts.DemoPrompts;
import org.sled.cli.texts.TargetAlone;
import org.sled.device.GenerationRequest;
import org.sled.device.text.Prompts;
import org.sled.jni.ChatMessage;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;

/** Compares what two models of one vocabulary choose, greedily, for a few prompts. One thread. */
final class SameTokens {
  /** Most of a prompt with its template and the tokens behind it; less if the model has less. */
  private static final int CONTEXT_TOKENS = 1024;

  private static final int NEW_TOKENS = 64;

  private static final List<String> TEXTS =
      List.of("Once upon a time", "The capital of France is", "for i in range(10):");
  private static final int QUESTIONS = 2;

  private final int threads;
  private final BooleanSupplier cancelled;
  private int compared;

  /**
   * A comparison.
   *
   * @param threads for computing; the same for both models, because bits can depend on it
   * @param cancelled is asked before each step whether to stop
   */
  SameTokens(int threads, BooleanSupplier cancelled) {
    this.threads = threads;
    this.cancelled = cancelled;
  }

  /** Tokens that were equal. */
  int compared() {
    return compared;
  }

  /**
   * The first difference, or null if there is none. Both models are loaded, one after the other.
   * What was cancelled has said nothing yet.
   */
  String difference(Path one, Path other) {
    List<int[]> truth = say(one);
    List<int[]> said = say(other);
    for (int i = 0; i < truth.size() && !cancelled.getAsBoolean(); i++) {
      int at = Arrays.mismatch(truth.get(i), said.get(i));
      if (at >= 0) {
        return "they differ at token " + at + " of prompt " + (i + 1);
      }
      compared += truth.get(i).length;
    }
    return null;
  }

  private List<int[]> say(Path path) {
    int contextTokens;
    try (Model model = Model.open(path, ModelParams.DEFAULT.withGpuLayers(0))) {
      contextTokens = Math.min(CONTEXT_TOKENS, model.info().contextTrainTokens());
    }
    List<int[]> said = new ArrayList<>();
    try (TargetAlone target =
        new TargetAlone(
            path,
            ModelParams.DEFAULT,
            EngineParams.DEFAULT.withContextTokens(contextTokens).withThreads(threads))) {
      for (int[] prompt : prompts(target.model())) {
        if (prompt.length == 0 || prompt.length >= contextTokens) {
          continue;
        }
        List<Integer> tokens = new ArrayList<>();
        target.generate(
            GenerationRequest.of(prompt).withMaxTokens(NEW_TOKENS).withIgnoreEnd(true),
            tokens::add,
            cancelled);
        said.add(tokens.stream().mapToInt(Integer::intValue).toArray());
      }
    }
    return said;
  }

  /** Texts that every model can go on with, and questions to those that take some. */
  private static List<int[]> prompts(Model model) {
    List<int[]> prompts = new ArrayList<>();
    for (String text : TEXTS) {
      prompts.add(Prompts.raw(model, text));
    }
    for (int i = 0; i < QUESTIONS && !model.chatTemplate().isEmpty(); i++) {
      try {
        prompts.add(
            Prompts.chat(
                model, model.chatTemplate(), List.of(new ChatMessage("user", DemoPrompts.get(i)))));
      } catch (SledException e) {
        break; // a template for something else
      }
    }
    return prompts;
  }
}
