package org.sled.cli.models;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.output.Progress;
import org.sled.cli.output.Sizes;
import org.sled.jni.Model;
import org.sled.jni.ModelFile;
import org.sled.jni.ModelParams;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sled models grow}: a target that costs like a large one, out of a small one. */
@Command(
    name = "grow",
    versionProvider = Version.class,
    description = {
      "Makes a model that costs as much to run as a large one, and says exactly what the small one"
          + " says: neurons and layers are added that are computed and change nothing. For"
          + " benchmarks, where what a target costs matters and what it says does not.",
      "",
      "The FFNs become wider first, up to 8 neurons for each column of the embedding; then layers"
          + " are added, up to 32 or 4 times as many, because each takes K/V; then the FFNs become"
          + " wider still. The number of parameters comes within 2 %% where the model's shape"
          + " allows it.",
      "",
      "A small model's embedding is narrow, so that a large one becomes many thin layers. With"
          + " --width the embedding gets more columns first, then the FFNs up to 3.5 neurons for"
          + " each of them, and the model up to 80 layers: the proportions of real models, but for"
          + " the attention, which keeps its heads and with them a layer's size of K/V.",
      "",
      "Then the model is asked for tokens, as is the small one with the same weight type. It is"
          + " kept only if they are the same."
    },
    footer = {
      "",
      "Examples:",
      "  sled models grow --model demo:target --parameters 400M --type bf16 big.gguf",
      "  sled models grow --model small.gguf --parameters 1.5B big.gguf",
      "  sled models grow --model demo:target --parameters 8B --width 4096 target-8B.gguf",
      "  sled models grow --model demo:target --type bf16 same.gguf    converts only",
      "",
      "Exits with 1, and writes nothing, if the tokens differ."
    })
public final class GrowCommand implements Callable<Integer> {
  private static final String LINE = "  %-11s %s%n";

  private final CommandContext context;
  private final AtomicBoolean interrupted = new AtomicBoolean();

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "FILE",
      description =
          "The small model: a GGUF file of a llama-like architecture, or demo:target, demo:draft.")
  private String model;

  @Option(
      names = "--parameters",
      paramLabel = "COUNT",
      defaultValue = "0",
      converter = ParameterCount.class,
      description = "Parameters wanted, such as 400M or 1.5B. Default: as many as it has.")
  private long parameters;

  @Option(
      names = "--width",
      paramLabel = "W",
      defaultValue = "0",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "Columns of the embedding: 4, 16, 64 ... times those that it has. Only for llama,"
              + " mistral3, granite and smollm3. Default: as they are.")
  private int width;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description =
          "Weight type, such as f32, f16, bf16, q8_0, q4_0 or q4_k_m. Default: as they are.")
  private String type;

  @Option(names = "--force", description = "Replace OUT if it exists.")
  private boolean force;

  @Option(names = "--no-check", description = "Do not compare the tokens of both models.")
  private boolean noCheck;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      defaultValue = "0",
      converter = IntegerWithin.CountOrAuto.class,
      description = "Threads for converting and comparing, 0 for all cores.")
  private int threads;

  @Parameters(paramLabel = "OUT", description = "The GGUF file to write.")
  private Path out;

  @Mixin private LogOptions log;

  public GrowCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    if (width > 0 && parameters == 0) {
      throw new CommandFailure(ExitCodes.USAGE, "--width needs --parameters, such as 8B");
    }
    if (parameters == 0 && type == null) {
      throw new CommandFailure(
          ExitCodes.USAGE, "nothing to do: give --parameters, such as 400M, or --type");
    }
    Path in = ModelFiles.of(context).find(model);
    checkOut();
    Path directory = workDirectory();
    context.signals().onInterrupt(() -> stop(directory));
    try {
      Path small = type == null ? in : convert(in, directory.resolve("small.gguf"));
      ModelFile.Growth growth = null;
      Path result = small;
      String kind = type == null ? "" : type.toUpperCase(Locale.ROOT);
      if (parameters > 0) {
        result = directory.resolve("grown.gguf");
        growth = grow(small, result);
        kind = kind(small);
        if (!noCheck) {
          check(small, result);
        }
      }
      Files.move(result, out, StandardCopyOption.ATOMIC_MOVE);
      describe(kind, growth);
      return ExitCodes.DONE;
    } finally {
      delete(directory);
    }
  }

  private void checkOut() {
    if (Files.isDirectory(out)) {
      throw new CommandFailure(out + " is a directory; name the file to write");
    }
    if (Files.exists(out) && !force) {
      throw new CommandFailure(out + " exists; --force replaces it");
    }
  }

  /** Beside the result, so that it only has to be renamed when it is right. */
  private Path workDirectory() {
    Path parent = out.toAbsolutePath().getParent();
    try {
      return Files.createTempDirectory(parent, ".sled-grow-");
    } catch (IOException e) {
      throw new CommandFailure("cannot write to " + parent + ": " + e);
    }
  }

  private Path convert(Path in, Path to) throws InterruptedException {
    say("converting " + in + " to " + type);
    Progress progress = Progress.of(context, "converting");
    try (progress) {
      ModelFile.quantize(in, to, type, threads, false);
    }
    stopIfInterrupted();
    return to;
  }

  private ModelFile.Growth grow(Path small, Path to) throws InterruptedException {
    ModelFile.Growth plan = ModelFile.planGrowth(small, parameters, width);
    say(
        String.format(
            Locale.ROOT,
            "growing it from %s to %s parameters, %s: %d layers (from %d), %,d FFN neurons (from"
                + " %,d)%s",
            ParameterCount.words(plan.parametersBefore()),
            ParameterCount.words(plan.parameters()),
            Sizes.bytes(plan.fileBytes()),
            plan.layers(),
            plan.layersBefore(),
            plan.feedForward(),
            plan.feedForwardBefore(),
            isWidened(plan)
                ? String.format(
                    Locale.ROOT,
                    ", %,d columns (from %,d)",
                    plan.embeddingWidth(),
                    plan.embeddingWidthBefore())
                : ""));
    Path part = to.resolveSibling(to.getFileName() + ".part");
    Progress progress = Progress.of(context, written(part, plan.fileBytes()));
    try (progress) {
      ModelFile.grow(small, to, parameters, width, false);
    }
    stopIfInterrupted();
    return plan;
  }

  private static Supplier<String> written(Path file, long bytes) {
    Progress.Counter counter = new Progress.Counter("growing");
    return () -> {
      counter.atBytes(file.toFile().length(), bytes); // 0 where there is none
      return counter.get();
    };
  }

  private void check(Path small, Path grown) throws InterruptedException {
    say("comparing what both say");
    SameTokens tokens = new SameTokens(threads, interrupted::get);
    String difference;
    Progress progress = Progress.of(context, "comparing");
    try (progress) {
      difference = tokens.difference(small, grown);
    }
    stopIfInterrupted();
    if (difference != null || tokens.compared() == 0) {
      throw new CommandFailure(
          "the grown model does not say what the small one says: "
              + (difference == null ? "no prompt fits into its context" : difference)
              + ". Nothing was written; --no-check keeps it all the same");
    }
    say(tokens.compared() + " tokens are the same");
  }

  /** Of the small model: the grown one may be more than this machine's memory takes. */
  private static String kind(Path small) {
    try (Model one = Model.open(small, ModelParams.DEFAULT.withGpuLayers(0))) {
      return one.architecture() + ", " + one.weightType();
    }
  }

  private void describe(String kind, ModelFile.Growth growth) throws IOException {
    PrintStream to = context.out();
    to.println(out);
    to.printf(LINE, "size", Sizes.bytes(Files.size(out)));
    to.printf(LINE, "type", kind);
    if (growth != null) {
      row("parameters", growth.parameters(), growth.parametersBefore());
      row("layers", growth.layers(), growth.layersBefore());
      row("FFN neurons", growth.feedForward(), growth.feedForwardBefore());
      if (isWidened(growth)) {
        row("columns", growth.embeddingWidth(), growth.embeddingWidthBefore());
      }
    }
    to.flush();
  }

  private static boolean isWidened(ModelFile.Growth growth) {
    return growth.embeddingWidth() != growth.embeddingWidthBefore();
  }

  private void row(String what, long now, long before) {
    context.out().printf(LINE, what, number(now) + ", grown from " + number(before));
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private void say(String line) {
    context.err().println(line);
  }

  /** At a signal. What native code goes on to write until the process ends has no name any more. */
  private void stop(Path directory) {
    interrupted.set(true);
    try {
      delete(directory);
    } catch (IOException e) {
      say(directory + " is left behind: " + e);
    }
  }

  /** Native calls cannot be interrupted: it is done behind them, or the process ends first. */
  private void stopIfInterrupted() throws InterruptedException {
    if (interrupted.get()) {
      throw new InterruptedException();
    }
  }

  /** Removes it, if it is still there. */
  private static synchronized void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }
}
