package org.sled.cli.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.fit.DraftFamily;
import org.sled.jni.Model;

/** What somebody should know beside a result of {@code sled fit}. One thread. */
final class FitNotes {
  /** Smaller draft models than this part of the target are what makes sense. */
  private static final double LARGE_DRAFT = 0.5;

  private final List<String> notes = new ArrayList<>();

  void add(String note) {
    notes.add(note);
  }

  List<String> all() {
    return List.copyOf(notes);
  }

  /** What the two models say by themselves. */
  void pair(Model target, Model draft, boolean sameFile) {
    long targets = target.info().parameterCount();
    long drafts = draft.info().parameterCount();
    if (sameFile) {
      add(
          "target and draft model are one file: drafts are nearly always right, and a draft takes"
              + " as long as a token of the target");
    } else if (drafts > targets) {
      add(
          String.format(
              Locale.ROOT,
              "the draft model has more parameters than the target (%,d and %,d): they may have been"
                  + " given in the wrong order, TARGET comes first",
              drafts,
              targets));
    } else if (drafts > LARGE_DRAFT * targets) {
      DraftFamily family =
          DraftFamily.of(target.architecture(), target.name(), target.info().vocabularyTokens());
      add(
          "the draft model has more than half as many parameters as the target"
              + (family == null ? "" : "; " + family.proposal()));
    }
  }
}
