package org.sled.net.channel;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntConsumer;
import org.sled.net.protocol.ServerTimes;

/**
 * A bounded queue of frames that wait to be written, each with the time from which its overhead
 * counts. Any thread may offer and poll; neither blocks, neither allocates.
 *
 * <p>The algorithm is Dmitry Vyukov's bounded queue: every slot has a sequence number that says
 * whose turn it is, so that frame and time can stand in plain arrays beside it. A queue of objects
 * would need an object per entry to carry both.
 */
final class OutboundQueue {
  /** Marks a frame without a time to stamp. */
  static final long NO_STAMP = Long.MIN_VALUE;

  private final int mask;
  private final AtomicLongArray sequences;
  private final ByteBuf[] frames;
  private final long[] decodedNanos;
  private final AtomicLong tail = new AtomicLong();
  private final AtomicLong head = new AtomicLong();
  private final IntConsumer overheads;

  /**
   * Creates a queue.
   *
   * @param capacity frames that fit at least; rounded up to a power of two
   * @param overheads is told each overhead that is stamped, µs, by the thread that polls
   */
  OutboundQueue(int capacity, IntConsumer overheads) {
    this.overheads = overheads;
    int slots = Integer.highestOneBit(Math.max(2, capacity) - 1) << 1;
    mask = slots - 1;
    sequences = new AtomicLongArray(slots);
    for (int i = 0; i < slots; i++) {
      sequences.set(i, i);
    }
    frames = new ByteBuf[slots];
    decodedNanos = new long[slots];
  }

  /** How many frames fit. */
  int capacity() {
    return mask + 1;
  }

  /** Appends a frame, or returns false when the queue is full. */
  boolean offer(ByteBuf frame, long frameDecodedNanos) {
    while (true) {
      long position = tail.get();
      int slot = (int) position & mask;
      long turn = sequences.get(slot) - position;
      if (turn < 0) {
        return false;
      }
      if (turn == 0 && tail.compareAndSet(position, position + 1)) {
        frames[slot] = frame;
        decodedNanos[slot] = frameDecodedNanos;
        sequences.set(slot, position + 1);
        return true;
      }
    }
  }

  /** Takes the oldest frame and stamps its overhead, or returns null when there is none. */
  ByteBuf poll() {
    while (true) {
      long position = head.get();
      int slot = (int) position & mask;
      long turn = sequences.get(slot) - (position + 1);
      if (turn < 0) {
        return null;
      }
      if (turn == 0 && head.compareAndSet(position, position + 1)) {
        ByteBuf frame = frames[slot];
        long from = decodedNanos[slot];
        frames[slot] = null;
        sequences.set(slot, position + mask + 1);
        if (from != NO_STAMP) {
          overheads.accept(ServerTimes.stampOverhead(frame, from, System.nanoTime()));
        }
        return frame;
      }
    }
  }
}
