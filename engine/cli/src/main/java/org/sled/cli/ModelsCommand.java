package org.sled.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sled.jni.Model;
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
      "  sled models grow --help                a target that costs like a large one"
    })
final class ModelsCommand implements Callable<Integer> {
  /** A part of a split model; the first one stands for all. */
  private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  private final Surroundings surroundings;

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE",
      description = "GGUF files, or folders with such files.")
  private String[] files = {};

  @Mixin private LogOptions log;

  private boolean complete = true;

  ModelsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    ModelFiles models = new ModelFiles(surroundings.home());
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
    Model.Info first = null;
    for (String name : files) {
      for (Path file : expand(models, name)) {
        boolean single = !Files.isDirectory(Path.of(name));
        Model.Info info = describe(models, single ? name : file.toString(), file);
        if (first != null && info != null) {
          surroundings
              .out()
              .printf(
                  "  %s%n",
                  sharesVocabulary(first, info)
                      ? "shares the vocabulary of " + firstName
                      : "has another vocabulary than " + firstName + ": they cannot work together");
        }
        if (first == null && info != null) {
          first = info;
          firstName = single ? name : file.toString();
        }
      }
    }
    surroundings.out().flush();
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
      return ModelDescription.print(surroundings.out(), name, path, models.params(path));
    } catch (SledException e) {
      surroundings.out().printf("  cannot be used: %s%n", Reasons.of(e));
      complete = false;
      return null;
    }
  }

  private void failed(String name, String why) {
    surroundings.out().printf("%s%n  %s%n", name, why);
    complete = false;
  }

  private static boolean sharesVocabulary(Model.Info one, Model.Info other) {
    return one.vocabularyTokens() == other.vocabularyTokens()
        && one.tokensHash() == other.tokensHash()
        && one.mergesHash() == other.mergesHash()
        && one.specialsHash() == other.specialsHash()
        && one.pretokenizerHash() == other.pretokenizerHash();
  }
}
