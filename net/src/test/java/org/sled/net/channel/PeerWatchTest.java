package org.sled.net.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
      new FrameChannel(channel, new ByteCounter(), 4, overheadMicros -> {});
  private final PeerWatch watch = new PeerWatch(frames, channel.eventLoop(), NEVER_MILLIS);

  @Test
  void theFirstRoundTripIsMeasuredAgainAtOnce() {
    long handshakeNanos = TimeUnit.HOURS.toNanos(1);
    watch.start(handshakeNanos);
    channel.runPendingTasks();
    assertEquals(handshakeNanos, watch.roundTripNanos());
    ByteBuf ping = channel.readOutbound();
    assertEquals(FrameType.PING.number(), FrameHeader.typeNumber(ping));
    ping.release();
    watch.onPong(new Pong(1, System.nanoTime()));
    assertTrue(watch.roundTripNanos() < handshakeNanos);
    watch.stop();
  }
}
