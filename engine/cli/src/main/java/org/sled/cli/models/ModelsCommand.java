package org.sled.cli.models;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sled.bridge.Fingerprints;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.files.FitVocabularies;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.LogOptions;
import org.sled.cli.output.Reasons;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SharedTokens;
import org.sled.jni.SledException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code sled models}: what is in a GGUF file. */
@Command(
    name = "models",
    versionProvider = Version.class,
    description = "Describes the bundled demo pair, or the given models.",
    footer = {
      "",
      "Each is opened as 'sled serve' opens it. A file that cannot be used is named",
      "with the reason, the others are described all the same, and the exit code is 1.",
      "",
      "Examples:",
      "  sled models",
      "  sled models target.gguf draft.gguf     also says whether they can work together",
      "  sled models /srv/models                all *.gguf files there",
      "  sled models pull USER/REPO[:QUANT]     fetches a model; see its --help",
      "  sled models grow --help                a target that costs like a large one"
    })
public final class ModelsCommand implements Callable<Integer> {
  /** A part of a split model; the first one stands for all. */
  private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  private final CommandContext context;

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE",
      description = "GGUF files, or folders with such files.")
  private String[] files = {};

  @Mixin private LogOptions log;

  private boolean complete = true;

  public ModelsCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    ModelFiles models = ModelFiles.of(context);
    if (files.length == 0) {
      for (Map.Entry<String, Path> demo : models.demoPair().entrySet()) {
        if (Files.isReadable(demo.getValue())) {
          describe(models, demo.getKey(), demo.getValue());
        } else {
          failed(demo.getKey(), "missing: " + demo.getValue());
        }
      }
    }
    String firstName = null;
    Path firstFile = null;
    Model.Info first = null;
    for (String name : files) {
      for (Path file : expand(models, name)) {
        boolean single = !Files.isDirectory(Path.of(name));
        Model.Info info = describe(models, single ? name : file.toString(), file);
        if (first != null && info != null) {
          context
              .out()
              .printf(
                  "  %s%n",
                  Fingerprints.of(first).matches(Fingerprints.of(info))
                      ? "shares the vocabulary of " + firstName
                      : compared(firstName, firstFile, file));
        }
        if (first == null && info != null) {
          first = info;
          firstFile = file;
          firstName = single ? name : file.toString();
        }
      }
    }
    context.out().flush();
    return complete ? ExitCodes.DONE : ExitCodes.FAILED;
  }

  /** The file of this name, or those in a folder of this name. */
  private List<Path> expand(ModelFiles models, String name) throws IOException {
    if (!name.startsWith("demo:") && Files.isDirectory(Path.of(name))) {
      List<Path> found = inFolder(Path.of(name));
      if (found.isEmpty()) {
        failed(name, "has no *.gguf files");
      }
      return found;
    }
    try {
      return List.of(models.find(name));
    } catch (CommandFailure e) {
      failed(name, e.getMessage());
      return List.of();
    }
  }

  private static List<Path> inFolder(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "*.gguf")) {
      for (Path entry : entries) {
        if (!Files.isDirectory(entry) && !isLaterPart(folder, entry)) {
          found.add(entry);
        }
      }
    }
    found.sort(null);
    return found;
  }

  /** Whether it is described with its first part. */
  private static boolean isLaterPart(Path folder, Path entry) {
    Matcher part = PART.matcher(entry.getFileName().toString());
    return part.matches()
        && !part.group(2).equals("00001")
        && Files.exists(folder.resolve(part.group(1) + "-00001-of-" + part.group(3) + ".gguf"));
  }

  /** Null if it cannot be opened. */
  private Model.Info describe(ModelFiles models, String name, Path path) throws IOException {
    try {
      return ModelDescription.print(context.out(), name, path, models.params(path));
    } catch (SledException e) {
      context.out().printf("  cannot be used: %s%n", Reasons.of(e));
      complete = false;
      return null;
    }
  }

  private void failed(String name, String why) {
    context.out().printf("%s%n  %s%n", name, why);
    complete = false;
  }

  /** Whether a model with another vocabulary can draft for the first one. */
  private static String compared(String firstName, Path firstFile, Path file) {
    // Both were opened just now.
    ModelParams vocabularyOnly = ModelParams.DEFAULT.withVocabularyOnly(true).withTrusted(true);
    try (Model target = Model.open(firstFile, vocabularyOnly);
        Model draft = Model.open(file, vocabularyOnly)) {
      SharedTokens shared = SharedTokens.of(target, draft);
      return String.format(
          Locale.ROOT,
          "has %,d of the %,d tokens of %s: %s",
          shared.count(),
          shared.targetTokens(),
          firstName,
          DraftTokens.areEnough(shared)
              ? "it can draft for it"
              : "less than nine tenths, they cannot work together; "
                  + FitVocabularies.proposal(target));
    }
  }
}
