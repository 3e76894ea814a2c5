package org.sled.net.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

final class FrameChannelTest {
  /** Room for four verdicts. */
  private static final int QUEUE_BYTES = 4 * (VerdictFrame.BYTES + 128);

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final FrameChannel frames =
      new FrameChannel(channel, new ByteCounter(), QUEUE_BYTES, overheadMicros -> {});

  private static ByteBuf verdict(int queueMicros, int computeMicros) {
    ByteBuf out = Unpooled.directBuffer(VerdictFrame.BYTES);
    VerdictFrame.write(
        out,
        1,
        1,
        1,
        0f,
        0f,
        0,
        queueMicros,
        computeMicros,
        VerdictStatus.VERIFIED,
        FinishReason.NONE,
        1,
        0,
        0,
        1,
        2);
    return out;
  }

  @Test
  void stampsTheOverheadWhenTheFrameLeaves() {
    long decodedNanos = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(500);
    assertTrue(frames.sendStamped(verdict(100_000, 250_000), decodedNanos));
    channel.runPendingTasks();
    ByteBuf sent = channel.readOutbound();
    int overhead = new VerdictFrame().wrap(sent).overheadMicros();
    assertTrue(overhead >= 150_000 && overhead < 1_150_000, () -> "overhead " + overhead);
    assertEquals(VerdictFrame.BYTES, frames.bytesOut());
    sent.release();
  }

  @Test
  void overheadIsNeverNegative() {
    assertTrue(frames.sendStamped(verdict(1_000, 1_000_000), System.nanoTime()));
    channel.runPendingTasks();
    ByteBuf sent = channel.readOutbound();
    assertEquals(0, new VerdictFrame().wrap(sent).overheadMicros());
    sent.release();
  }

  @Test
  void aPeerThatDoesNotReadIsClosed() {
    channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(0, 1));
    channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
    ByteBuf frame = verdict(0, 0);
    for (int i = 0; i < 4; i++) {
      assertTrue(frames.send(frame.retain()));
    }
    channel.runPendingTasks();
    assertNull(channel.readOutbound(), "waits until the channel is writable");
    assertFalse(frames.send(frame.retain()));
    assertTrue(frames.closeReason().contains("does not read"), frames.closeReason());
    assertFalse(channel.isOpen());
    frames.onInactive();
    assertFalse(frames.send(frame.retain()));
    assertEquals(1, frame.refCnt(), "every other reference is released");
    frame.release();
  }

  @Test
  void theErrorIsTheLastFrame() {
    frames.send(verdict(0, 0));
    frames.closeWithError(ErrorMessage.fatal(ErrorCode.INTERNAL, "x"));
    frames.closeWithError(ErrorMessage.fatal(ErrorCode.BUSY, "y"));
    frames.send(verdict(0, 0));
    channel.runPendingTasks();
    ByteBuf first = channel.readOutbound();
    ByteBuf second = channel.readOutbound();
    assertEquals(FrameType.VERDICT.number(), FrameHeader.typeNumber(first));
    assertEquals(FrameType.ERROR.number(), FrameHeader.typeNumber(second));
    assertNull(channel.readOutbound());
    assertFalse(channel.isOpen());
    assertEquals("INTERNAL: x", frames.closeReason());
    first.release();
    second.release();
  }
}
