package org.sled.jni;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;

/** Native memory with an address, freed at a known time. Any thread. */
final class NativeMemory {
  private static final AtomicLong ALLOCATED_BYTES = new AtomicLong();

  private NativeMemory() {}

  /** Zeroed, little-endian, aligned to 64 bytes. */
  static ByteBuffer allocate(int bytes) {
    if (bytes <= 0) {
      throw new SledException(SledStatus.ARGUMENT, "cannot allocate " + bytes + " bytes");
    }
    SledLibrary.load();
    ByteBuffer buffer = allocate0(bytes);
    if (buffer == null) {
      throw new SledException(SledStatus.MEMORY, "no native memory for " + bytes + " bytes");
    }
    ALLOCATED_BYTES.addAndGet(bytes);
    return buffer.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The buffer must not be touched afterwards, by anybody. */
  static void free(ByteBuffer buffer) {
    ALLOCATED_BYTES.addAndGet(-buffer.capacity());
    free0(address0(buffer));
  }

  static long address(ByteBuffer buffer) {
    return address0(buffer);
  }

  /** What is allocated and not freed yet, in bytes: tests watch it return to where it was. */
  static long allocatedBytes() {
    return ALLOCATED_BYTES.get();
  }

  private static native ByteBuffer allocate0(int bytes);

  private static native long address0(ByteBuffer buffer);

  private static native void free0(long address);
}
