package org.sled.net.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sled.net.protocol.Limits;

/** Feeds bytes to a decoder, and fails when a buffer is left over. */
final class Decoding implements AutoCloseable {
  /** Frames of 64 KiB, blocks of 16 drafts. */
  static final Limits LIMITS = new Limits(8, 10_000, 20_000, 16, 64 * 1024);

  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  final FrameDecoder decoder;
  private final EmbeddedChannel channel;
  private final List<Object> received = new ArrayList<>();

  Decoding(FrameDecoder.Side side) {
    this(new FrameDecoder(side));
  }

  private Decoding(FrameDecoder decoder) {
    this.decoder = decoder;
    channel = new EmbeddedChannel(decoder);
    channel.config().setAllocator(allocator);
    channel.freezeTime();
  }

  /** A decoder that has seen a HELLO, which is not among what it received. */
  static Decoding afterHello() {
    return afterHello(null);
  }

  /** The same with bounds on frames that come in part. */
  static Decoding afterHello(PartialFrames partial) {
    Decoding decoding = new Decoding(new FrameDecoder(FrameDecoder.Side.SERVER, partial));
    decoding.feed(Samples.bytes(Samples.HELLO));
    decoding.decoder.setLimits(FrameLimits.after(LIMITS));
    decoding.received.clear();
    return decoding;
  }

  Decoding feed(byte[] bytes) {
    return feed(bytes, bytes.length);
  }

  /** Feeds the bytes as reads of {@code step} bytes each. */
  Decoding feed(byte[] bytes, int step) {
    for (int from = 0; from < bytes.length; from += step) {
      int length = Math.min(step, bytes.length - from);
      channel.writeInbound(allocator.directBuffer(length).writeBytes(bytes, from, length));
    }
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      received.add(next);
    }
    return this;
  }

  /** Lets so many ms pass. */
  void passTime(int millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      received.add(next);
    }
  }

  void feed(ByteBuf read) {
    channel.writeInbound(read);
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      received.add(next);
    }
  }

  List<Object> received() {
    return received;
  }

  Object only() {
    assertEquals(1, received.size(), () -> "received " + received);
    return received.get(0);
  }

  /** What was received, with hot frames as hex, so that it can be compared. */
  List<Object> comparable() {
    List<Object> result = new ArrayList<>();
    for (Object next : received) {
      result.add(next instanceof ByteBuf frame ? ByteBufUtil.hexDump(frame) : next);
    }
    return result;
  }

  @Override
  public void close() {
    received.forEach(ReferenceCountUtil::release);
    channel.finishAndReleaseAll();
    assertEquals(0, allocator.metric().usedDirectMemory(), "direct memory left over");
    assertEquals(0, allocator.metric().usedHeapMemory(), "heap buffers left over");
  }
}
