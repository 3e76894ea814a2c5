package org.sled.cli.command;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where results go, stdout, in UTF-8 whatever the locale says. A {@link PrintStream} hides what
 * goes wrong; here it is kept, so that a full disk or a reader that has gone is no success.
 */
public final class ResultStream extends PrintStream {
  private final Recorder recorder;

  public ResultStream(OutputStream out) {
    this(new Recorder(out));
  }

  private ResultStream(Recorder recorder) {
    super(recorder, false, StandardCharsets.UTF_8);
    this.recorder = recorder;
  }

  /** Keeps the first failure. */
  private static final class Recorder extends FilterOutputStream {
    private volatile IOException first;

    Recorder(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        first = first == null ? e : first;
        throw e;
      }
    }
  }

  /** Writes what is buffered; what went wrong so far, for people, or null. */
  public String problem() {
    if (!checkError()) {
      return null;
    }
    IOException first = recorder.first;
    return "cannot write to stdout" + (first == null ? "" : ": " + first.getMessage());
  }

  /**
   * Writes what is buffered. For results that come bit by bit: what follows would be for nobody.
   *
   * @throws CommandFailure if something could not be written
   */
  public void check() {
    String problem = problem();
    if (problem != null) {
      throw new CommandFailure(problem);
    }
  }
}
