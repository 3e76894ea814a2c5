package org.sled.jni;

import java.nio.ByteBuffer;

/**
 * A block of native memory that Java and native code read and write in place. One thread at a time;
 * closing it while native code uses it is the caller's mistake.
 */
abstract class NativeBlock implements AutoCloseable {
  private ByteBuffer buffer;
  private long address;

  NativeBlock(int bytes) {
    buffer = NativeMemory.allocate(bytes);
    address = NativeMemory.address(buffer);
  }

  /** Where the block starts, for natives. Stays the same until the block grows or is closed. */
  public final long address() {
    if (address == 0) {
      throw closed();
    }
    return address;
  }

  final ByteBuffer buffer() {
    if (address == 0) {
      throw closed();
    }
    return buffer;
  }

  /** Moves the contents into a larger block; the address changes. */
  final void grow(int bytes) {
    ByteBuffer larger = NativeMemory.allocate(bytes);
    larger.put(0, buffer(), 0, Math.min(bytes, buffer.capacity()));
    NativeMemory.free(buffer);
    buffer = larger;
    address = NativeMemory.address(larger);
  }

  /** Frees the memory at once. Closing again does nothing. */
  @Override
  public final void close() {
    if (address != 0) {
      address = 0;
      ByteBuffer freed = buffer;
      buffer = null;
      NativeMemory.free(freed);
    }
  }

  private SledException closed() {
    return new SledException(SledStatus.HANDLE, getClass().getSimpleName() + " is closed");
  }
}
