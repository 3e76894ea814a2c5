package org.sled.bench.peers;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How a process is started.
 *
 * @param name what people know it by, for messages
 * @param command the program and its arguments
 * @param environment variables on top of our own
 * @param logFile gets all of its output; null for none; its directory exists
 */
public record ServerCommand(
    String name, List<String> command, Map<String, String> environment, Path logFile) {
  /** Copies the collections. */
  public ServerCommand {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /** A command with our environment and no log file. */
  public static ServerCommand of(String name, List<String> command) {
    return new ServerCommand(name, command, Map.of(), null);
  }

  /** A copy with more environment variables. */
  public ServerCommand withEnvironment(Map<String, String> variables) {
    return new ServerCommand(name, command, variables, logFile);
  }

  /** A copy with a log file; null for none. */
  public ServerCommand withLogFile(Path file) {
    return new ServerCommand(name, command, environment, file);
  }
}
