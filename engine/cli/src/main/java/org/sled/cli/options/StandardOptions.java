package org.sled.cli.options;

import picocli.CommandLine.Option;

/**
 * Help and version of every command. Picocli's own mixin names its options by variables, which are
 * off here.
 */
@SuppressWarnings("UnusedVariable") // picocli looks at them
public final class StandardOptions {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help message and exit.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print version information and exit.")
  private boolean version;
}
