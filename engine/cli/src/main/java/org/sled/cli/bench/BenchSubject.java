package org.sled.cli.bench;

import java.nio.file.Path;
import java.util.List;
import org.sled.cli.bench.options.BenchServerOptions;
import org.sled.cli.command.CommandContext;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.ServerAddress;
import org.sled.cli.output.Progress;
import picocli.CommandLine.Option;

/** What is measured: a server that runs, one of our own, or two results instead. */
final class BenchSubject {
  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      converter = ServerAddress.Converter.class,
      description = "A running server.")
  private ServerAddress server;

  @Option(
      names = "--target",
      paramLabel = "FILE",
      description =
          "Start a server of our own with this target, in a process of its own. Default:"
              + " demo:target.")
  private String target;

  @Option(
      names = "--compare",
      arity = "2",
      paramLabel = "RESULT",
      description = "Measure nothing: print the ratios of two result.json files, second to first.")
  private List<Path> compare;

  /** Two results, where nothing is to be measured; null otherwise. */
  List<Path> compare() {
    return compare;
  }

  /** Whether the server is one of our own. */
  boolean startsServer() {
    return server == null;
  }

  /** Our own server's target, as it was given. */
  String target() {
    return target == null ? ModelFiles.DEMO_TARGET : target;
  }

  /** Our own server's target. */
  Path targetFile(CommandContext context) {
    return ModelFiles.of(context).find(target());
  }

  /**
   * The server, which is started if it is to be one of our own.
   *
   * @param devices that connect at a time
   * @param undisturbed whether nothing else computes on this machine
   */
  BenchServer connect(
      CommandContext context, BenchServerOptions options, int devices, boolean undisturbed)
      throws InterruptedException {
    if (!startsServer()) {
      return BenchServer.running(server);
    }
    Path file = targetFile(context);
    context.err().println("starting a server with " + target() + " ...");
    Progress progress = Progress.of(context, "waiting until it listens");
    try (progress) {
      return OwnDaemon.start(options.arguments(file, devices, undisturbed));
    }
  }
}
