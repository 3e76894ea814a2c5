package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import org.sled.net.channel.ByteCounter;
import org.sled.net.channel.FrameChannel;

/** A connection without a socket, for tests that play both sides of it on one thread. */
public final class EmbeddedConnection implements AutoCloseable {
  /** More frames than a test lets wait. */
  private static final int QUEUE_FRAMES = 4096;

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final FrameChannel frames =
      new FrameChannel(channel, new ByteCounter(), QUEUE_FRAMES, micros -> {});
  private final ChannelConnection connection = new ChannelConnection(frames);

  /** What the daemon sees. */
  public Connection connection() {
    return connection;
  }

  /** The next frame that was sent to the client, or null; the caller releases it. */
  public ByteBuf poll() {
    channel.runPendingTasks();
    frames.flush();
    return channel.readOutbound();
  }

  @Override
  public void close() {
    connection.close("the client is gone");
    channel.finishAndReleaseAll();
    frames.onInactive();
  }
}
