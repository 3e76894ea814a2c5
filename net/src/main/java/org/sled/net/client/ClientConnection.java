package org.sled.net.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.sled.net.channel.FrameChannel;
import org.sled.net.channel.PeerWatch;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.Welcome;

/** A connection to a server after its handshake. Any thread may use it. */
public final class ClientConnection implements AutoCloseable {
  private final FrameChannel frames;
  private final PeerWatch watch;
  private final Welcome welcome;

  ClientConnection(FrameChannel frames, PeerWatch watch, Welcome welcome) {
    this.frames = frames;
    this.watch = watch;
    this.welcome = welcome;
  }

  /** What the server said of itself. */
  public Welcome welcome() {
    return welcome;
  }

  /** Where to get buffers for frames: pooled and direct. */
  public ByteBufAllocator allocator() {
    return frames.allocator();
  }

  /**
   * Opens a session: sends the whole prompt, in chunks where one frame does not hold it.
   *
   * @return false if the connection is closed
   * @throws IllegalArgumentException if the server's frames have no room for tokens beside the
   *     logit bias
   */
  public boolean open(Open open) {
    int limit = welcome.limits().maxFrameBytes();
    int chunk = requireRoom(Open.promptTokensPerFrame(open.sampling(), limit), open.sampling());
    int count = open.prompt().count();
    int from = 0;
    while (count - from > chunk) {
      if (!frames.send(open.part(from, from + chunk, true))) {
        return false;
      }
      from += chunk;
    }
    return frames.send(open.part(from, count, false));
  }

  /**
   * Goes on with a stream: sends all tokens that the message has, in chunks where one frame does
   * not hold them, or one frame if it has none.
   *
   * @return false if the connection is closed
   * @throws IllegalArgumentException if the server's frames have no room for tokens beside the
   *     logit bias
   */
  public boolean resume(Resume resume) {
    Sampling sampling = resume.open().sampling();
    int limit = welcome.limits().maxFrameBytes();
    int chunk = requireRoom(Resume.tokensPerFrame(sampling, limit), sampling);
    int count = resume.open().prompt().count();
    int from = 0;
    while (count - from > chunk) {
      if (!frames.send(resume.part(from, from + chunk, true))) {
        return false;
      }
      from += chunk;
    }
    return frames.send(resume.part(from, count, false));
  }

  private int requireRoom(int tokens, Sampling sampling) {
    if (tokens == 0) {
      throw new IllegalArgumentException(
          "a logit bias of "
              + sampling.logitBias().size()
              + " entries does not fit into the server's frames of "
              + welcome.limits().maxFrameBytes()
              + " bytes");
    }
    return tokens;
  }

  /** Encodes and sends a PUSH, CANCEL, CLOSE or VOCABULARY; false if the connection is closed. */
  public boolean send(Message message) {
    return frames.send(message);
  }

  /**
   * Sends a frame, such as a DRAFT, and takes ownership of it; see {@link
   * FrameChannel#send(ByteBuf)}.
   */
  public boolean send(ByteBuf frame) {
    return frames.send(frame);
  }

  /** Whether the connection is closed or about to be. */
  public boolean isClosed() {
    return frames.isClosed();
  }

  /** Why the connection was closed, or null while it is open. */
  public String closeReason() {
    return frames.closeReason();
  }

  /** The round trip: the least of the newest three measured, ns, or -1 before the first. */
  public long roundTripNanos() {
    return watch.roundTripNanos();
  }

  /** Measures the round trip once more, by a PING. */
  public void measure() {
    watch.measure();
  }

  /** Bytes read so far. */
  public long bytesIn() {
    return frames.bytesIn();
  }

  /** Bytes written so far. */
  public long bytesOut() {
    return frames.bytesOut();
  }

  /** Closes the connection, and with it its sessions; idempotent. */
  @Override
  public void close() {
    frames.close("closed by this client");
  }
}
