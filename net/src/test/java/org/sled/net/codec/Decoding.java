package org.sled.net.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;

/** Feeds bytes to a decoder, and fails when a buffer is left over. */
final class Decoding implements AutoCloseable {
  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  final FrameDecoder decoder;
  private final EmbeddedChannel channel;
  private final List<Object> received = new ArrayList<>();

  Decoding(FrameDecoder.Side side) {
    decoder = new FrameDecoder(side);
    channel = new EmbeddedChannel(decoder);
    channel.config().setAllocator(allocator);
  }

  /** A decoder that has seen a HELLO, which is not among what it received. */
  static Decoding afterHello() {
    Decoding decoding = new Decoding(FrameDecoder.Side.SERVER);
    decoding.feed(Samples.bytes(Samples.HELLO));
    decoding.decoder.setMaxFrameBytes(64 * 1024);
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
