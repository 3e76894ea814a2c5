package org.sled.jni;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owner of a native handle. The native side never gives a handle out twice and checks each one, so
 * that even a race between use and close ends in an exception.
 */
abstract class NativeHandle implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NativeHandle.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final String name;
  private final AtomicLong handle;
  private final Cleaner.Cleanable leakReport;

  /**
   * @param name what it is, for messages
   */
  NativeHandle(String name, long handle) {
    this.name = name;
    AtomicLong state = new AtomicLong(handle);
    this.handle = state;
    // Reports only: the garbage collector's moment is the wrong one to free gigabytes, and hides a
    // bug. The lambda must not refer to this object, or it would never become unreachable.
    this.leakReport =
        CLEANER.register(
            this,
            () -> {
              if (state.get() != 0) {
                LOG.warn("{} was never closed; its native memory stays until exit", name);
              }
            });
  }

  /** The handle, for natives. */
  final long handle() {
    long value = handle.get();
    if (value == 0) {
      throw new SledException(SledStatus.HANDLE, name + " is closed");
    }
    return value;
  }

  /** The native that closes it; returns a status. */
  abstract int closeNative(long handle);

  public final boolean isClosed() {
    return handle.get() == 0;
  }

  /**
   * Frees the native side. Closing again does nothing.
   *
   * @throws SledException {@link SledStatus#BUSY} if it is in use; it then stays open
   */
  @Override
  public final void close() {
    long value = handle.getAndSet(0);
    if (value == 0) {
      return;
    }
    int status = closeNative(value);
    if (status == SledNative.SLED_ERR_BUSY) {
      handle.set(value);
    }
    NativeCall.check(status, "close " + name);
    leakReport.clean();
    NativeLog.drain();
  }

  @Override
  public String toString() {
    return isClosed() ? name + " (closed)" : name;
  }
}
