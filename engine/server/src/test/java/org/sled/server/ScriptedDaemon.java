package org.sled.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Starts daemons on any free port of this machine, with a {@link ScriptedTarget}. */
public final class ScriptedDaemon {
  private ScriptedDaemon() {}

  static Daemon start(ScriptedTarget target) throws IOException {
    return start(target, config -> config);
  }

  /** With options beside the usual ones. */
  static Daemon start(ScriptedTarget target, UnaryOperator<ServerConfig.Builder> options)
      throws IOException {
    return Daemon.start(options.apply(config()).conclude(), target.description(), target);
  }

  public static ServerConfig.Builder config() {
    return ServerConfig.of(Path.of("scripted")).listen("127.0.0.1", 0);
  }
}
