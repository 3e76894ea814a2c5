package org.sled.cli.doctor;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.GpuRequirement;
import org.sled.cli.command.Version;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.LogOptions;
import org.sled.cli.output.Sizes;
import org.sled.jni.CpuLimits;
import org.sled.jni.DeviceInfo;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;
import org.sled.jni.SledLibrary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code sled doctor}: what is here, what is missing, and how to mend it. */
@Command(
    name = "doctor",
    versionProvider = Version.class,
    description = "Says what this installation has, what is missing, and how to mend it.",
    footer = {
      "",
      "Example:",
      "  sled doctor",
      "",
      "Exits with 1 if something essential is missing."
    })
public final class DoctorCommand implements Callable<Integer> {
  private final CommandContext context;
  private final List<String> missing = new ArrayList<>();

  @Mixin private LogOptions log;

  public DoctorCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    log.apply();
    line("sled", Version.sled());
    line("home", context.home());
    line("java", System.getProperty("java.version") + ", " + System.getProperty("java.vm.name"));
    line(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + SledLibrary.platform()
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " cores");
    if (nativeLibraries()) {
      demoModels();
    }
    PrintStream out = context.out();
    if (missing.isEmpty()) {
      out.println("everything is here; try 'sled demo'");
    } else {
      missing.forEach(what -> out.println("MISSING  " + what));
    }
    out.flush();
    return missing.isEmpty() ? ExitCodes.DONE : ExitCodes.FAILED;
  }

  private void line(String name, Object value) {
    context.out().printf("%-12s %s%n", name, value);
  }

  private static String describe(CpuLimits limits) {
    String quota =
        limits.quotaMillicores() == 0
            ? "no CPU quota"
            : String.format(
                Locale.ROOT, "a CPU quota of %.2f cores", limits.quotaMillicores() / 1e3);
    return String.format(
        "%s usable, %s: %s by default",
        count(limits.cores(), "core"), quota, count(limits.defaultThreads(), "thread"));
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private boolean nativeLibraries() {
    try {
      line("libraries", SledLibrary.directory());
      line("  threads", describe(SledLibrary.cpuLimits()));
      SledLibrary.buildProperties().forEach((name, value) -> line("  " + name, value));
      for (DeviceInfo device : SledLibrary.devices()) {
        line(device.name(), device.description().isEmpty() ? "-" : device.description());
        line("  backend", device.backend());
        if (!device.features().isEmpty()) {
          line("  features", device.features());
        }
        line(
            "  memory",
            Sizes.bytes(device.memoryFreeBytes())
                + " free of "
                + Sizes.bytes(device.memoryTotalBytes()));
      }
      if (!GpuRequirement.hasGpu()) {
        List<String> problems = SledLibrary.backendProblems();
        line("GPU", problems.isEmpty() ? "none: this build computes on the CPU" : "none");
        problems.forEach(problem -> line("  because", problem));
      }
      return true;
    } catch (SledException | LinkageError e) {
      missing.add("native libraries: " + e.getMessage());
      return false;
    }
  }

  private void demoModels() {
    for (Map.Entry<String, Path> demo : ModelFiles.of(context).demoPair().entrySet()) {
      Path path = demo.getValue();
      if (!Files.isReadable(path)) {
        missing.add(
            demo.getKey()
                + ": "
                + path
                + " cannot be read. It comes with the source and the packages; models/README.md"
                + " says how to make it anew");
        continue;
      }
      try (Model model = Model.open(path, ModelParams.DEFAULT.withGpuLayers(0).withTrusted(true))) {
        line(demo.getKey(), model.architecture() + " " + model.weightType() + ", " + path);
      } catch (SledException e) {
        missing.add(demo.getKey() + ": " + e.getMessage());
      }
    }
  }
}
