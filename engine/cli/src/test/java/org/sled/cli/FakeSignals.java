package org.sled.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.sled.cli.command.Signals;

/** Signals that a test sends; nothing ends the process. */
final class FakeSignals implements Signals {
  /** What the process would have ended with, had it gone on for too long. */
  final List<Integer> endings = new ArrayList<>();

  private Consumer<Kind> first = kind -> {};

  @Override
  public synchronized void onSignal(Consumer<Kind> newFirst, ToIntFunction<Kind> codeAtOnce) {
    first = newFirst;
  }

  @Override
  public synchronized void endWithin(Duration time, int exitCode) {
    endings.add(exitCode);
  }

  /** The first signal. */
  void send(Kind kind) {
    Consumer<Kind> to;
    synchronized (this) {
      to = first;
    }
    to.accept(kind);
  }
}
