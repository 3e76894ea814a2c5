package org.sled.cli.config;

import java.util.Set;

/** Finds {@code --config} among arguments that picocli has not parsed yet. */
public final class ConfigArgument {
  private static final String OPTION = "--config";

  /** Help and version are given even where the configuration file is broken. */
  private static final Set<String> NOTHING_ELSE = Set.of("-h", "--help", "-V", "--version");

  private ConfigArgument() {}

  /** Are these the arguments of {@code sled serve}, and do they ask for more than help? */
  public static boolean isServe(String... args) {
    if (args.length == 0 || !args[0].equals("serve")) {
      return false;
    }
    for (int i = 1; i < args.length && !args[i].equals("--"); i++) {
      if (NOTHING_ELSE.contains(args[i])) {
        return false;
      }
    }
    return true;
  }

  /** The file behind {@code --config}, or null. */
  public static String find(String... args) {
    for (int i = 1; i < args.length && !args[i].equals("--"); i++) {
      if (args[i].startsWith(OPTION + "=")) {
        return args[i].substring(OPTION.length() + 1);
      }
      if (args[i].equals(OPTION) && i + 1 < args.length) {
        return args[i + 1];
      }
    }
    return null;
  }
}
