package org.sled.net.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Pong;

class PeerWatchTest {
  private static final int NEVER_MILLIS = 3_600_000;

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final FrameChannel frames =
      new FrameChannel(channel, new ByteCounter(), 64 * 1024, overheadMicros -> {});
  private final PeerWatch watch = new PeerWatch(frames, channel.eventLoop(), NEVER_MILLIS);

  @Test
  void theFirstRoundTripIsMeasuredAgainAtOnceAndTheLeastOfThreeCounts() {
    long handshakeNanos = TimeUnit.HOURS.toNanos(1);
    watch.start(handshakeNanos);
    assertEquals(1, pings());
    assertEquals(handshakeNanos, watch.roundTripNanos());
    pong(TimeUnit.SECONDS.toNanos(30));
    pong(TimeUnit.SECONDS.toNanos(10));
    pong(TimeUnit.SECONDS.toNanos(20));
    assertEquals(2, pings(), "three, and each waits for the one before");
    assertSeconds(10);
    pong(TimeUnit.SECONDS.toNanos(40));
    assertSeconds(10);
    pong(TimeUnit.SECONDS.toNanos(50));
    assertSeconds(20);
    watch.stop();
  }

  @Test
  void measuresAgainWhenAsked() {
    watch.start();
    watch.measure();
    assertEquals(1, pings());
    watch.stop();
  }

  private void pong(long roundTripNanos) {
    watch.onPong(new Pong(1, System.nanoTime() - roundTripNanos));
  }

  private void assertSeconds(long seconds) {
    assertEquals(seconds, TimeUnit.NANOSECONDS.toSeconds(watch.roundTripNanos()));
  }

  private int pings() {
    channel.runPendingTasks();
    int count = 0;
    for (ByteBuf frame = channel.readOutbound(); frame != null; frame = channel.readOutbound()) {
      assertEquals(FrameType.PING.number(), FrameHeader.typeNumber(frame));
      frame.release();
      count++;
    }
    return count;
  }
}
