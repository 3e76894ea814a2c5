package org.sled.cli.command;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * What a command has around it; tests give it others.
 *
 * @param out results, UTF-8
 * @param err everything else, UTF-8
 * @param in what is piped in
 * @param environment the value of a variable, or null
 * @param home where SLED is installed: the directory that has {@code models/}
 * @param errIsTerminal whether somebody looks at {@code err}, so that lines may be drawn anew
 * @param signals how Ctrl-C is heard of
 */
public record CommandContext(
    ResultStream out,
    PrintStream err,
    InputStream in,
    UnaryOperator<String> environment,
    Path home,
    boolean errIsTerminal,
    Signals signals) {

  /** System property that the launcher sets. */
  static final String HOME_PROPERTY = "sled.home";

  /** The streams and signals of this process. */
  public static CommandContext ofProcess() {
    return new CommandContext(
        // Whatever the locale says: text is UTF-8, as the tokens' bytes are.
        new ResultStream(new FileOutputStream(FileDescriptor.out)),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        System.in,
        ProcessText::variable,
        Path.of(System.getProperty(HOME_PROPERTY, ".")).toAbsolutePath().normalize(),
        isTerminal(2),
        new ProcessSignals());
  }

  private static boolean isTerminal(int fileDescriptor) {
    if ("dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    try {
      // Java only tells about stdin and stdout together.
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fileDescriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
