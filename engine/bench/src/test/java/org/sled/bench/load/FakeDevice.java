package org.sled.bench.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.sled.device.GenerationListener;

/** A device without a server: gives tokens at a pace, and does what a test tells it. */
final class FakeDevice implements BenchDevice {
  final AtomicInteger finished = new AtomicInteger();
  final AtomicInteger interrupted = new AtomicInteger();

  private final int tokens;
  private final long tokenMillis;
  private final Fault fault;

  /** What goes wrong at the beginning of a request. */
  interface Fault {
    void strike() throws InterruptedException;
  }

  FakeDevice(int tokens, long tokenMillis, Fault fault) {
    this.tokens = tokens;
    this.tokenMillis = tokenMillis;
    this.fault = fault;
  }

  @Override
  public void run(BenchRequest request, GenerationListener listener) throws InterruptedException {
    try {
      fault.strike();
      for (int i = 0; i < tokens; i++) {
        TimeUnit.MILLISECONDS.sleep(tokenMillis);
        listener.tokens(System.nanoTime(), 5);
      }
      finished.incrementAndGet();
    } catch (InterruptedException e) {
      interrupted.incrementAndGet();
      throw e;
    }
  }

  @Override
  public long bytesUp() {
    return 0;
  }

  @Override
  public long bytesDown() {
    return 0;
  }

  @Override
  public void close() {}
}
