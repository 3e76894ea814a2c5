package org.sled.cli.serve;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.util.Locale;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.options.ServerAddress;
import org.sled.cli.output.Sizes;
import org.sled.jni.EngineParams;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.server.ServerConfig;

/**
 * What can be found out about a configuration without serving: the file is a language model that
 * can be read, and this machine has the address. The weights are not loaded, so a check takes no
 * memory beside a running daemon.
 */
final class ConfigCheck {
  private ConfigCheck() {}

  /**
   * Checks, and says what was found.
   *
   * @param source the configuration file, or null
   * @throws CommandFailure if the daemon could not start with it
   */
  static void run(ServerConfig config, String source, PrintStream out) throws IOException {
    requireAddress(new ServerAddress(config.host(), config.port()), "--listen");
    ServerConfig.Admin admin = config.admin();
    ServerAddress pages = admin == null ? null : new ServerAddress(admin.host(), admin.port());
    if (pages != null) {
      requireAddress(pages, "--admin");
    }
    ModelParams metadata = config.modelParams().withGpuLayers(0).withVocabularyOnly(true);
    try (Model model = Model.open(config.modelPath(), metadata)) {
      EngineParams engine = config.engineParams();
      out.println("configuration OK");
      line(out, "file", source == null ? "none; flags and environment only" : source);
      line(
          out,
          "model",
          String.format(
              Locale.ROOT,
              "%s (%s, %,d tokens of vocabulary, %s)",
              config.modelPath(),
              model.architecture(),
              model.info().vocabularyTokens(),
              Sizes.bytes(Files.size(config.modelPath()))));
      line(out, "listen", new ServerAddress(config.host(), config.port()).toString());
      line(out, "admin", pages == null ? "off" : pages.toString());
      line(
          out,
          "sessions",
          Math.max(config.sessions(), engine.sequenceCount())
              + " of "
              + (engine.contextTokens() == 0
                  ? "as many tokens as the model suggests"
                  : engine.contextTokens() + " tokens"));
      line(out, "unchecked", "memory, weights, context and numerics: they need the model loaded");
    }
  }

  private static void line(PrintStream out, String what, String value) {
    out.printf("  %-10s%s%n", what, value);
  }

  /** With any port: the one that is configured may be taken by the daemon that runs already. */
  private static void requireAddress(ServerAddress address, String option) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(address.host(), 0));
    } catch (IOException e) {
      throw new CommandFailure(
          "cannot listen on "
              + address
              + ": "
              + e.getMessage()
              + "; choose an address of this machine with "
              + option);
    }
  }
}
