package org.sled.cli.options;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** How much the log says; it goes to stderr. */
public final class LogOptions {
  @Option(
      names = {"-v", "--verbose"},
      split = ",", // so that the environment and a configuration file can say it twice
      description = "Log more to stderr; twice for everything, llama.cpp's own log included.")
  private boolean[] verbose = {};

  /** How often -v was given. */
  public int level() {
    return level(verbose);
  }

  /** How often a flag that counts was given. */
  public static int level(boolean[] flags) {
    int level = 0;
    for (boolean once : flags) {
      level += once ? 1 : 0;
    }
    return level;
  }

  /** Sets the root logger; the default in logback.xml is WARN. */
  public void apply() {
    if (level() > 0
        && LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME) instanceof Logger root) {
      root.setLevel(level() == 1 ? Level.INFO : Level.DEBUG);
      set("org.sled.native.llama", level() == 1 ? Level.WARN : Level.DEBUG);
      set("io.netty", Level.INFO);
    }
  }

  private static void set(String name, Level level) {
    if (LoggerFactory.getLogger(name) instanceof Logger logger) {
      logger.setLevel(level);
    }
  }
}
