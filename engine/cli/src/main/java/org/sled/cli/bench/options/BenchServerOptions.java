package org.sled.cli.bench.options;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.files.TrustOption;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.NumericsWish;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;
import org.sled.jni.SledLibrary;
import org.sled.server.ServerConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The server that a bench starts; what is not said is as {@code sled serve} has it. */
public final class BenchServerOptions {
  @Option(
      names = "--server-threads",
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "With --target: threads of the server. Default: all cores, less one where real devices"
              + " draft on the same machine.")
  private Integer threads;

  @Option(
      names = "--server-sessions",
      paramLabel = "N",
      converter = IntegerWithin.OpenSessions.class,
      description = "With --target: sessions at a time. Default: as many as there are devices.")
  private Integer sessions;

  @Option(
      names = "--server-context",
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      description = "With --target: tokens of each session. Default: as sled serve.")
  private Integer context;

  @Option(
      names = "--numerics",
      paramLabel = "auto|exact|fast",
      defaultValue = "AUTO",
      description = "With --target: as for sled serve. Default: exact where possible.")
  private NumericsWish numerics;

  @Option(
      names = "--server-options",
      paramLabel = "TEXT",
      description =
          "With --target: further options of sled serve, such as \"--kv-type q8_0\". Unless it says"
              + " so, prompts' beginnings are not shared: a bench's prompts come round again and"
              + " again.")
  private String more;

  @Mixin private TrustOption trust;

  /** How a model file is opened for what is measured without a server. */
  public ModelParams modelParams(ModelFiles models, Path file) {
    return trust.apply(ModelParams.DEFAULT, models, file);
  }

  /** Threads that the server gets. */
  public int threads(boolean undisturbed) {
    int cores = SledLibrary.cpuLimits().defaultThreads();
    return threads != null ? threads : undisturbed ? cores : Math.max(1, cores - 1);
  }

  /** How the engine computes, for what is measured without a server. */
  public EngineParams engineParams(boolean undisturbed) {
    return EngineParams.DEFAULT.withThreads(threads(undisturbed)).withNumerics(numerics.numerics());
  }

  /**
   * Arguments for {@code sled serve}.
   *
   * @param undisturbed whether nothing else computes on this machine
   */
  public List<String> arguments(Path target, int devices, boolean undisturbed) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--model=" + target);
    arguments.add("--threads=" + threads(undisturbed));
    arguments.add("--numerics=" + numerics.name().toLowerCase(Locale.ROOT));
    int most = Math.min(devices, ServerConfig.MAX_SESSIONS);
    arguments.add("--sessions=" + (sessions == null ? most : sessions));
    if (trust.trusted()) {
      arguments.add("--trust-model");
    }
    if (context != null) {
      arguments.add("--context=" + context);
    }
    if (more == null || !more.contains("--prefix-sharing")) {
      arguments.add("--prefix-sharing=false"); // the prompts come round again and again
    }
    if (more != null && !more.isBlank()) {
      arguments.addAll(List.of(more.strip().split("\\s+")));
    }
    return arguments;
  }
}
