package org.sled.cli.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.sled.bench.peers.ServerCommand;
import org.sled.bench.peers.ServerProcess;
import org.sled.cli.options.ServerAddress;

/** A {@code sled serve} of our own, in a process of its own. */
final class OwnDaemon implements BenchServer {
  /** Loading a large model from a slow disk takes minutes. */
  private static final Duration STARTUP = Duration.ofMinutes(10);

  /** Properties that say where things are and how libraries behave. */
  private static final List<String> OURS =
      List.of("sled.", "org.bytedeco.javacpp.", "jna.", "io.netty.leakDetection");

  private static final Pattern LISTENING = Pattern.compile("^listening on (\\S+)");

  /** On no port that a daemon of the user's own might have. */
  private static final List<String> OWN_ARGUMENTS = List.of("--listen=127.0.0.1:0", "--admin=off");

  private final ServerProcess process;
  private final ServerAddress address;
  private final List<String> arguments;

  private OwnDaemon(ServerProcess process, ServerAddress address, List<String> arguments) {
    this.process = process;
    this.address = address;
    this.arguments = arguments;
  }

  /**
   * Starts it as operators do, with the Java and the flags of this process, and waits until it
   * listens.
   *
   * @param arguments behind {@code serve}
   * @throws org.sled.bench.peers.PeerException if it ends or does not come up; the text holds what
   *     it said
   */
  static OwnDaemon start(List<String> arguments) throws InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      // What belongs to this process alone: a debugger's port, an agent's file.
      if (!flag.startsWith("-agentlib") && !flag.startsWith("-javaagent")) {
        command.add(flag);
      }
    }
    for (String name : System.getProperties().stringPropertyNames()) {
      // Set by other means than a flag.
      String flag = "-D" + name + "=" + System.getProperty(name);
      if (OURS.stream().anyMatch(name::startsWith) && !command.contains(flag)) {
        command.add(flag);
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add("org.sled.cli.Sled");
    command.add("serve");
    command.addAll(OWN_ARGUMENTS);
    command.addAll(arguments);
    List<String> shown = new ArrayList<>(List.of("sled", "serve"));
    shown.addAll(OWN_ARGUMENTS);
    shown.addAll(arguments);
    ServerProcess process = ServerProcess.start(ServerCommand.of("sled serve", command));
    boolean listening = false;
    try {
      ServerAddress address = ServerAddress.parse(process.awaitLine(LISTENING, STARTUP).group(1));
      listening = true;
      return new OwnDaemon(process, address, shown);
    } finally {
      if (!listening) {
        process.close();
      }
    }
  }

  @Override
  public ServerAddress address() {
    return address;
  }

  @Override
  public double cpuSeconds() {
    return process.cpuSeconds();
  }

  @Override
  public List<String> command() {
    return arguments;
  }

  @Override
  public void close() {
    process.close();
  }
}
