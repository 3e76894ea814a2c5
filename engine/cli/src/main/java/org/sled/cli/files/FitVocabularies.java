package org.sled.cli.files;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.sled.bench.fit.DraftFamily;
import org.sled.bench.fit.FitResult;
import org.sled.bridge.Fingerprints;
import org.sled.cli.command.CommandFailure;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SharedTokens;
import org.sled.net.limit.Quoted;

/**
 * Two vocabularies, compared before the weights are loaded.
 *
 * @param vocabulary what they have in common
 * @param shared token by token; null where they are one
 */
public record FitVocabularies(FitResult.Vocabulary vocabulary, SharedTokens shared) {
  /**
   * Compares two files.
   *
   * @throws CommandFailure if they have too little in common; it names draft models that have more
   */
  public static FitVocabularies compare(
      TrustOption trust, ModelFiles files, Path target, Path draft) {
    try (Model targets = Model.open(target, vocabularyOf(trust, files, target));
        Model drafts = Model.open(draft, vocabularyOf(trust, files, draft))) {
      return compare(targets, drafts);
    }
  }

  private static ModelParams vocabularyOf(TrustOption trust, ModelFiles files, Path file) {
    return trust.apply(ModelParams.DEFAULT.withVocabularyOnly(true), files, file);
  }

  /** Compares the vocabularies of two models that are open. */
  public static FitVocabularies compare(Model target, Model draft) {
    int tokens = target.info().vocabularyTokens();
    if (Fingerprints.of(draft.info()).matches(Fingerprints.of(target.info()))) {
      return new FitVocabularies(new FitResult.Vocabulary(true, tokens, tokens, -1), null);
    }
    SharedTokens shared = SharedTokens.of(target, draft);
    if (!DraftTokens.areEnough(shared)) {
      throw new CommandFailure(
          String.format(
              Locale.ROOT,
              "the pair does not fit: only %,d of the target's %,d tokens are the same in the draft"
                  + " model, and at least nine tenths must be (the first that differs is %d, %s);"
                  + " %s",
              shared.count(),
              shared.targetTokens(),
              shared.firstDifference(),
              Quoted.of(
                  new String(
                      target.tokenBytes(shared.firstDifference(), true), StandardCharsets.UTF_8)),
              proposal(target)));
    }
    return new FitVocabularies(
        new FitResult.Vocabulary(false, shared.count(), tokens, shared.firstDifference()), shared);
  }

  /** Which draft models would fit, as far as is known. */
  public static String proposal(Model target) {
    String name = target.name().isEmpty() ? target.path().getFileName().toString() : target.name();
    DraftFamily family =
        DraftFamily.of(target.architecture(), name, target.info().vocabularyTokens());
    return family == null
        ? "use a draft model of the target's family"
            + (target.name().isEmpty() ? "" : ", " + Quoted.of(target.name()))
        : family.proposal();
  }
}
