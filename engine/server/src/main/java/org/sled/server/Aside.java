package org.sled.server;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Work that a thread of its own does while the caller goes on with something else. It cannot be
 * stopped.
 */
final class Aside<T> {
  private final FutureTask<T> task;

  private Aside(FutureTask<T> task) {
    this.task = task;
  }

  /**
   * Begins it.
   *
   * @param thread what its thread is called; it does not keep the process alive
   */
  static <T> Aside<T> begin(String thread, Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread worker = new Thread(task, thread);
    worker.setDaemon(true);
    worker.start();
    return new Aside<>(task);
  }

  /**
   * Waits for the result, also while the caller is interrupted: whoever began it has to free what
   * it gave.
   *
   * @throws ExecutionException whose cause it failed with
   */
  T result() throws ExecutionException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
