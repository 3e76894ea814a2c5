package org.sled.net.channel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Message;

/**
 * Sends frames over one connection.
 *
 * <p>{@link #send} may be called by any thread. It puts the frame into a bounded queue and, if no
 * flush is due yet, has the event loop run one preallocated task: in steady state no Java object is
 * created per frame. The task writes while the channel is below its high-water mark and stops
 * above; the channel's becoming writable goes on. So a peer that does not read fills first the
 * channel's buffer, then the queue; then the connection is closed.
 */
public final class FrameChannel {
  /** How long the last ERROR has to reach the peer before the socket is closed for good, ms. */
  private static final int LINGER_MILLIS = 1_000;

  /** How long the last ERROR may wait behind what a peer does not read, ms. */
  private static final int LAST_WRITE_MILLIS = 5_000;

  private final Channel channel;
  private final OutboundQueue queue;
  private final AtomicBoolean flushDue = new AtomicBoolean();
  private final AtomicReference<String> closeReason = new AtomicReference<>();
  private final ByteCounter bytesIn;
  private final AtomicLong bytesOut = new AtomicLong();
  private final Runnable flushTask = this::runFlushTask;
  private final ReadGate gate;
  private boolean ending; // event loop only

  /**
   * Creates the sender of one channel.
   *
   * @param channel the connection
   * @param bytesIn counts what it reads
   * @param queueBytes bytes of frames that may wait beside what the channel buffers
   * @param overheads is told each overhead that is stamped, µs, on the event loop
   */
  public FrameChannel(
      Channel channel, ByteCounter bytesIn, long queueBytes, IntConsumer overheads) {
    this.bytesIn = bytesIn;
    this.channel = channel;
    this.queue = new OutboundQueue(queueBytes, overheads);
    this.gate = new ReadGate(channel);
  }

  /** Whether the connection is read. */
  public ReadGate gate() {
    return gate;
  }

  /** Runs something on the event loop; any thread. */
  public void execute(Runnable action) {
    try {
      channel.eventLoop().execute(action);
    } catch (RejectedExecutionException e) {
      // The event loop has ended, and with it the connection.
    }
  }

  /** Runs something on the event loop later, even if the connection is closed by then. */
  public Future<?> schedule(Runnable action, long delayMillis) {
    return channel.eventLoop().schedule(action, delayMillis, TimeUnit.MILLISECONDS);
  }

  /** Sets how many bytes of frames may wait, once it is known what may be outstanding. */
  public void setQueueBytes(long bytes) {
    queue.setLimitBytes(bytes);
  }

  /** Bytes of frames that wait beside what the channel buffers; any thread. */
  public long waitingBytes() {
    return queue.bytes();
  }

  /** Where to get buffers for frames: pooled and direct. Any thread. */
  public ByteBufAllocator allocator() {
    return channel.alloc();
  }

  /**
   * Sends a frame; any thread. Takes ownership of it: the reader index stands at its header.
   *
   * @return false if the connection is closed or was closed now because the queue is full; the
   *     frame is released then
   */
  public boolean send(ByteBuf frame) {
    return enqueue(frame, OutboundQueue.NO_STAMP);
  }

  /**
   * Sends an OPENED, VERDICT or TOKENS, and just before it is written puts the overhead into it:
   * the time since {@code decodedNanos} less the queue and compute times in the frame. Any thread;
   * takes ownership as {@link #send(ByteBuf)} does.
   *
   * @param frame the frame
   * @param decodedNanos what the listener was given with the frame that this one answers, ns
   */
  public boolean sendStamped(ByteBuf frame, long decodedNanos) {
    return enqueue(frame, decodedNanos);
  }

  /** Encodes and sends a message; any thread. Allocates. */
  public boolean send(Message message) {
    return send(FrameEncoder.encode(allocator(), message));
  }

  /** Encodes and sends an OPENED with its overhead stamped; any thread. Allocates. */
  public boolean sendStamped(Message message, long decodedNanos) {
    return sendStamped(FrameEncoder.encode(allocator(), message), decodedNanos);
  }

  private boolean enqueue(ByteBuf frame, long decodedNanos) {
    if (isClosed()) {
      frame.release();
      return false;
    }
    if (!queue.offer(frame, decodedNanos)) {
      frame.release();
      close("the peer does not read: " + queue.bytes() + " bytes of answers wait");
      return false;
    }
    scheduleFlush();
    return true;
  }

  private void scheduleFlush() {
    if (flushDue.compareAndSet(false, true)) {
      try {
        channel.eventLoop().execute(flushTask);
      } catch (RejectedExecutionException e) {
        // The event loop has ended: nobody else will release what waits.
        close("the event loop has ended");
        releaseWaiting();
      }
    }
  }

  private void runFlushTask() {
    // Reset first: a frame offered from here on either is seen below or schedules another run.
    flushDue.set(false);
    flush();
  }

  /** Writes what waits, as far as the channel takes it; event loop only. */
  public void flush() {
    if (ending || !channel.isActive()) {
      if (ending || isClosed()) {
        releaseWaiting();
      }
      return;
    }
    boolean wrote = false;
    while (channel.isWritable()) {
      ByteBuf frame = queue.poll();
      if (frame == null) {
        break;
      }
      bytesOut.lazySet(bytesOut.get() + frame.readableBytes());
      var unused = channel.write(frame, channel.voidPromise());
      wrote = true;
    }
    if (wrote) {
      channel.flush();
    }
  }

  /** Closes the connection at once; any thread, idempotent. The first reason stands. */
  public void close(String reason) {
    if (closeReason.compareAndSet(null, reason)) {
      closeChannel();
    }
  }

  private void closeChannel() {
    var unused = channel.close();
  }

  /**
   * Sends what waits, then an ERROR, and closes once the peer has had time to read it; any thread,
   * idempotent.
   */
  public void closeWithError(ErrorMessage error) {
    String reason = error.code() + ": " + error.text();
    if (channel.eventLoop().inEventLoop()) {
      end(error, reason);
    } else {
      try {
        channel.eventLoop().execute(() -> end(error, reason));
      } catch (RejectedExecutionException e) {
        close(reason);
      }
    }
  }

  private void end(ErrorMessage error, String reason) {
    if (ending || !channel.isActive() || !closeReason.compareAndSet(null, reason)) {
      return;
    }
    flush();
    ending = true;
    releaseWaiting();
    // A peer that has stopped to read would keep the ERROR, and so the connection, for ever.
    var limit =
        channel.eventLoop().schedule(this::closeChannel, LAST_WRITE_MILLIS, TimeUnit.MILLISECONDS);
    var unusedLimit = channel.closeFuture().addListener(closed -> limit.cancel(false));
    var unused =
        channel
            .writeAndFlush(FrameEncoder.encode(allocator(), error))
            .addListener(
                (ChannelFutureListener)
                    written -> {
                      if (written.isSuccess() && channel instanceof SocketChannel socket) {
                        linger(socket);
                      } else {
                        closeChannel();
                      }
                    });
  }

  /**
   * A close while the peer is still sending makes the kernel throw away what the peer has not read
   * yet, the ERROR too. So only our half is closed, and the peer answers by closing its own.
   */
  private void linger(SocketChannel socket) {
    var unusedShutdown = socket.shutdownOutput();
    var timer =
        socket.eventLoop().schedule(this::closeChannel, LINGER_MILLIS, TimeUnit.MILLISECONDS);
    var unused = socket.closeFuture().addListener(closed -> timer.cancel(false));
  }

  /** To be called when the channel is inactive, on the event loop: releases what waits. */
  public void onInactive() {
    closeReason.compareAndSet(null, "the peer closed the connection");
    releaseWaiting();
  }

  private void releaseWaiting() {
    for (ByteBuf frame = queue.poll(); frame != null; frame = queue.poll()) {
      frame.release();
    }
  }

  /** Bytes read so far; any thread. */
  public long bytesIn() {
    return bytesIn.bytes();
  }

  /** Bytes of frames written so far; any thread. */
  public long bytesOut() {
    return bytesOut.get();
  }

  /** Whether the connection is closed or about to be; any thread. */
  public boolean isClosed() {
    return closeReason.get() != null;
  }

  /** Why the connection was closed, or null while it is open; any thread. */
  public String closeReason() {
    return closeReason.get();
  }

  /** The peer's address, or null if it was never connected; any thread. */
  public SocketAddress remoteAddress() {
    return channel.remoteAddress();
  }
}
