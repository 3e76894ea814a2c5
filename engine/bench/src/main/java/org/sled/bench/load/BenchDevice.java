package org.sled.bench.load;

import org.sled.device.GenerationListener;

/**
 * One device of the load: a connection of its own to what is measured, over which it runs one
 * request after another. One thread at a time.
 */
public interface BenchDevice extends AutoCloseable {
  /**
   * Runs a request to its end, on the calling thread.
   *
   * @param listener is told of tokens and rounds as they come, by one thread at a time: the calling
   *     one or another, but never after this returned or threw
   * @throws BenchDeviceException if it failed
   * @throws InterruptedException if the thread was interrupted: the request is cancelled, also at
   *     the server
   */
  void run(BenchRequest request, GenerationListener listener) throws InterruptedException;

  /** Bytes of the application protocol that went to the server so far; any thread. */
  long bytesUp();

  /** Bytes of the application protocol that came from the server so far; any thread. */
  long bytesDown();

  @Override
  void close();
}
