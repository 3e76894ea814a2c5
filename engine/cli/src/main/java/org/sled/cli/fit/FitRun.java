package org.sled.cli.fit;

import java.nio.file.Path;
import org.sled.cli.command.CommandContext;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.output.Progress;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.Sampling;

/**
 * One run of {@code sled fit}: what was asked for, and what is collected on the way.
 *
 * @param sampling of the target's tokens
 * @param time that it has, and what was cut short for want of it
 * @param notes for people, in the result
 */
record FitRun(
    CommandContext context, FitOptions options, Sampling sampling, FitTime time, FitNotes notes) {
  /** Rows of the steps in a table: blocks of 0 to 16 drafts, and a chunk of a prompt. */
  static int[] stepRows() {
    return new int[] {1, 2, 3, 4, 5, 7, 9, 17, 33};
  }

  /**
   * Opens a model and shows that; trusted if that was asked for.
   *
   * @throws org.sled.jni.SledException if it cannot be used
   */
  Model open(ModelFiles files, Path file, ModelParams params) {
    Progress progress = Progress.of(context, "loading " + file);
    try (progress) {
      return Model.open(file, options.trust().apply(params, files, file));
    }
  }

  /** Whether prompts are sent as they are; it is noted where nobody asked for that. */
  boolean isRaw(String chatTemplate) {
    if (chatTemplate.isEmpty() && !options.raw()) {
      notes.add("the target has no chat template: prompts are sent as they are");
    }
    return options.raw() || chatTemplate.isEmpty();
  }
}
