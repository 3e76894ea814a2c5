package org.sled.net.channel;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Protocol;

/**
 * Notices a peer that is gone without having closed: pings it when it has been silent for one
 * interval, and closes with IDLE_TIMEOUT after {@link Protocol#SILENT_INTERVALS}. Event loop only,
 * except for {@link #measure} and {@link #roundTripNanos}.
 */
public final class PeerWatch {
  /**
   * The least of so many round trips counts: one may have waited for other work of either side, and
   * the first ones of a process do.
   */
  private static final int NEWEST_TRIPS = 3;

  private final FrameChannel frames;
  private final EventLoop eventLoop;
  private final long intervalNanos;
  private final AtomicLong nextNonce = new AtomicLong(1);
  private final long[] trips = new long[NEWEST_TRIPS]; // ns, by PONGs

  private long lastReadNanos;
  private int silentIntervals;
  private long bytesOutWhenSilent;
  private Future<?> timer;
  private int pongs;
  private volatile long roundTripNanos = -1;

  /**
   * Creates a watch that starts with {@link #start}.
   *
   * @param frames where pings go
   * @param eventLoop the connection's
   * @param intervalMillis silence before a ping
   */
  public PeerWatch(FrameChannel frames, EventLoop eventLoop, int intervalMillis) {
    this.frames = frames;
    this.eventLoop = eventLoop;
    this.intervalNanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
  }

  /** Starts to watch. */
  public void start() {
    lastReadNanos = System.nanoTime();
    schedule(intervalNanos);
  }

  /**
   * The same for who knows already how long an answer took. That was the first one, for which both
   * sides had much to load, so that pings, one after the other, measure it again at once.
   *
   * @param firstRoundTripNanos counts until a PONG has measured it
   */
  public void start(long firstRoundTripNanos) {
    roundTripNanos = firstRoundTripNanos;
    start();
    measure();
  }

  /** Measures the round trip once more, by a PING; any thread. */
  public void measure() {
    frames.send(new Ping(nextNonce.getAndIncrement(), System.nanoTime()));
  }

  /** Ends the watch. */
  public void stop() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  /** Something was read. */
  public void onRead(long nowNanos) {
    lastReadNanos = nowNanos;
    silentIntervals = 0;
  }

  /** The answer to a ping. */
  public void onPong(Pong pong) {
    trips[pongs % NEWEST_TRIPS] = Math.max(0, System.nanoTime() - pong.senderNanos());
    pongs++;
    long least = Long.MAX_VALUE;
    for (int i = 0; i < Math.min(pongs, NEWEST_TRIPS); i++) {
      least = Math.min(least, trips[i]);
    }
    roundTripNanos = least;
    if (pongs < NEWEST_TRIPS && !frames.isClosed()) {
      measure();
    }
  }

  /** The round trip: the least of the newest three, ns, or -1 before the first; any thread. */
  public long roundTripNanos() {
    return roundTripNanos;
  }

  private void schedule(long delayNanos) {
    timer = eventLoop.schedule(this::check, delayNanos, TimeUnit.NANOSECONDS);
  }

  private void check() {
    if (frames.isClosed()) {
      return;
    }
    if (isSilenceOurs()) {
      onRead(System.nanoTime());
    }
    long dueNanos = lastReadNanos + (silentIntervals + 1) * intervalNanos;
    long leftNanos = dueNanos - System.nanoTime();
    if (leftNanos > 0) {
      schedule(leftNanos);
      return;
    }
    silentIntervals++;
    if (silentIntervals >= Protocol.SILENT_INTERVALS) {
      long silentMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastReadNanos);
      frames.closeWithError(
          ErrorMessage.fatal(
              ErrorCode.IDLE_TIMEOUT, "nothing heard from the peer for " + silentMillis + " ms"));
      return;
    }
    measure();
    schedule(intervalNanos);
  }

  /**
   * While this side does not read, it hears nothing. A peer that is not read because it does not
   * take its answers has to take some, though.
   */
  private boolean isSilenceOurs() {
    long before = bytesOutWhenSilent;
    bytesOutWhenSilent = frames.bytesOut();
    return !frames.gate().isOpen()
        && (!frames.gate().isClosedFor(ReadGate.Reason.ANSWERS) || bytesOutWhenSilent != before);
  }
}
