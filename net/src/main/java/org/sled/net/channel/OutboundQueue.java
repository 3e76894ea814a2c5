package org.sled.net.channel;

import io.netty.buffer.ByteBuf;
import java.util.function.IntConsumer;
import org.sled.net.protocol.ServerTimes;

/**
 * A queue of frames that wait to be written, each with the time from which its overhead counts;
 * bounded in bytes. Any thread may offer and poll.
 *
 * <p>A lock, held for the few instructions of a ring's put or take, keeps frame and time together
 * and lets the ring grow to what a burst needs. In steady state nothing is allocated.
 */
final class OutboundQueue {
  /** Marks a frame without a time to stamp. */
  static final long NO_STAMP = Long.MIN_VALUE;

  /** Slots of a queue that is at rest; a power of two. */
  private static final int LEAST_SLOTS = 64;

  /** What a frame counts beside its bytes: its slot, its buffer's object and rounding. */
  private static final int FRAME_OVERHEAD_BYTES = 128;

  private final IntConsumer overheads;

  private ByteBuf[] frames = new ByteBuf[LEAST_SLOTS];
  private long[] decodedNanos = new long[LEAST_SLOTS];
  private int first;
  private int count;
  private long bytes;
  private long limitBytes;

  /**
   * Creates a queue.
   *
   * @param limitBytes of the frames that wait, with {@link #FRAME_OVERHEAD_BYTES} for each
   * @param overheads is told each overhead that is stamped, µs, by the thread that polls
   */
  OutboundQueue(long limitBytes, IntConsumer overheads) {
    this.limitBytes = limitBytes;
    this.overheads = overheads;
  }

  synchronized void setLimitBytes(long newLimitBytes) {
    limitBytes = newLimitBytes;
  }

  /** Bytes of the frames that wait, with their overhead. */
  synchronized long bytes() {
    return bytes;
  }

  /** Appends a frame, or returns false when there is no room; a first one always fits. */
  synchronized boolean offer(ByteBuf frame, long frameDecodedNanos) {
    int cost = cost(frame);
    if (count > 0 && bytes + cost > limitBytes) {
      return false;
    }
    if (count == frames.length) {
      resize(2 * frames.length);
    }
    int slot = (first + count) & (frames.length - 1);
    frames[slot] = frame;
    decodedNanos[slot] = frameDecodedNanos;
    count++;
    bytes += cost;
    return true;
  }

  /** Takes the oldest frame and stamps its overhead, or returns null when there is none. */
  ByteBuf poll() {
    ByteBuf frame;
    long from;
    synchronized (this) {
      if (count == 0) {
        return null;
      }
      frame = frames[first];
      from = decodedNanos[first];
      frames[first] = null;
      first = (first + 1) & (frames.length - 1);
      count--;
      bytes -= cost(frame);
      if (count == 0 && frames.length > LEAST_SLOTS) {
        resize(LEAST_SLOTS); // a burst's memory does not stay
      }
    }
    if (from != NO_STAMP) {
      overheads.accept(ServerTimes.stampOverhead(frame, from, System.nanoTime()));
    }
    return frame;
  }

  private static int cost(ByteBuf frame) {
    return frame.readableBytes() + FRAME_OVERHEAD_BYTES;
  }

  private void resize(int slots) {
    ByteBuf[] newFrames = new ByteBuf[slots];
    long[] newNanos = new long[slots];
    for (int i = 0; i < count; i++) {
      int slot = (first + i) & (frames.length - 1);
      newFrames[i] = frames[slot];
      newNanos[i] = decodedNanos[slot];
    }
    frames = newFrames;
    decodedNanos = newNanos;
    first = 0;
  }
}
