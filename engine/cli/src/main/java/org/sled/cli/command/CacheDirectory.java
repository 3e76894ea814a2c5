package org.sled.cli.command;

import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Where SLED keeps what it can make or fetch again. */
public final class CacheDirectory {
  private CacheDirectory() {}

  /**
   * {@code $XDG_CACHE_HOME/sled}, else {@code ~/.cache/sled}; null without a home, as for a
   * service.
   *
   * @param environment the value of a variable, or null
   */
  public static Path of(UnaryOperator<String> environment) {
    String cache = environment.apply("XDG_CACHE_HOME");
    if (cache != null && !cache.isEmpty()) {
      return Path.of(cache, "sled");
    }
    String home = environment.apply("HOME");
    return home == null || home.isEmpty() ? null : Path.of(home, ".cache", "sled");
  }
}
