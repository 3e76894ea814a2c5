package org.sled.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
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
      "Examples:",
      "  sled models",
      "  sled models target.gguf draft.gguf     also says whether they can work together",
      "  sled models grow --help                a target that costs like a large one"
    })
final class ModelsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(arity = "0..*", paramLabel = "FILE", description = "GGUF files.")
  private String[] files = {};

  @Mixin private LogOptions log;

  ModelsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    ModelFiles models = new ModelFiles(surroundings.home());
    boolean complete = true;
    if (files.length == 0) {
      for (Map.Entry<String, Path> demo : models.demoPair().entrySet()) {
        if (Files.isReadable(demo.getValue())) {
          describe(demo.getKey(), demo.getValue());
        } else {
          surroundings.out().printf("%s%n  missing: %s%n", demo.getKey(), demo.getValue());
          complete = false;
        }
      }
    }
    Model.Info first = null;
    for (String file : files) {
      Model.Info info = describe(file, models.find(file));
      if (first != null) {
        surroundings
            .out()
            .printf(
                "  %s%n",
                sharesVocabulary(first, info)
                    ? "shares the vocabulary of " + files[0]
                    : "has another vocabulary than " + files[0] + ": they cannot work together");
      }
      first = first == null ? info : first;
    }
    surroundings.out().flush();
    return complete ? ExitCodes.DONE : ExitCodes.FAILED;
  }

  private Model.Info describe(String name, Path path) throws Exception {
    // Mapped and never computed with: even a large file costs next to nothing.
    try (Model model = Model.open(path, ModelParams.DEFAULT.withGpuLayers(0))) {
      Model.Info info = model.info();
      PrintStream out = surroundings.out();
      out.println(name);
      out.printf("  path        %s%n", path);
      out.printf(Locale.ROOT, "  size        %s%n", Sizes.bytes(Files.size(path)));
      out.printf("  type        %s, %s%n", model.architecture(), model.weightType());
      out.printf(Locale.ROOT, "  parameters  %,d%n", info.parameterCount());
      out.printf(
          Locale.ROOT,
          "  vocabulary  %,d tokens%s%n",
          info.vocabularyTokens(),
          info.hasChatTemplate() ? ", with a chat template" : ", no chat template");
      out.printf(Locale.ROOT, "  context     %,d tokens%n", info.contextTrainTokens());
      if (info.recurrent() || info.encoder()) {
        out.println("  cannot be served: its state cannot be rolled back by position");
      }
      return info;
    }
  }

  private static boolean sharesVocabulary(Model.Info one, Model.Info other) {
    return one.vocabularyTokens() == other.vocabularyTokens()
        && one.tokensHash() == other.tokensHash()
        && one.mergesHash() == other.mergesHash()
        && one.specialsHash() == other.specialsHash()
        && one.pretokenizerHash() == other.pretokenizerHash();
  }
}
