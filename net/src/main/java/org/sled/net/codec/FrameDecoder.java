package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Protocol;

/**
 * Cuts the byte stream of one connection into frames, on its event loop.
 *
 * <p>Passed on are, in stream order:
 *
 * <ul>
 *   <li>a {@link Message} for each cold frame,
 *   <li>a {@link ByteBuf} for each hot frame (DRAFT, VERDICT, TOKENS), from the header's first byte
 *       to the frame's end, direct, with a memory address that is a multiple of 4; whoever receives
 *       it releases it. It is a copy: a frame that waits must not hold the read buffer around it,
 *       which may be hundreds of times as large,
 *   <li>one {@link FrameFault}, after which all further bytes are dropped.
 * </ul>
 *
 * <p>A frame's length is checked against the bound of its type as soon as its header is there,
 * before any more of it is buffered. Frames of unknown types from {@link FrameType#FIRST_OPTIONAL}
 * on are skipped without being buffered.
 */
public final class FrameDecoder extends ByteToMessageDecoder {
  /** Which side of the connection reads. */
  public enum Side {
    /** Reads what clients send; the first frame must be HELLO. */
    SERVER,
    /** Reads what servers send. */
    CLIENT
  }

  private final Side side;
  private final PartialFrames partial; // null: bounded by the limits alone
  private FrameLimits limits;
  private int bytesToSkip;
  private boolean sawFrame;
  private boolean faulty;

  private long framesRead;
  private long heldBytes; // of the budget
  private Future<?> lateness; // null: no frame is timed

  /** Creates a decoder with the bounds of the handshake, for a side that has few connections. */
  public FrameDecoder(Side side) {
    this(side, null);
  }

  /**
   * Creates a decoder with the bounds of the handshake.
   *
   * @param partial bounds on what has come in part, shared with other connections
   */
  public FrameDecoder(Side side, PartialFrames partial) {
    this.side = side;
    this.partial = partial;
    this.limits = FrameLimits.beforeWelcome(side);
  }

  /** Sets the bounds for the frames after WELCOME; on the event loop only. */
  public void setLimits(FrameLimits newLimits) {
    limits = newLimits;
  }

  /** Frames that have come whole, skipped ones too; on the event loop only. */
  public long framesRead() {
    return framesRead;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object read) throws Exception {
    super.channelRead(ctx, read);
    if (partial != null && !faulty) {
      holdPartialFrame(ctx);
    }
  }

  /** Accounts for what has come of a frame that is not whole, and starts its time. */
  private void holdPartialFrame(ChannelHandlerContext ctx) {
    long bytes = actualReadableBytes() == 0 ? 0 : internalBuffer().capacity();
    long wanted = Math.max(0, bytes - PartialFrames.FREE_BYTES);
    if (wanted <= heldBytes) {
      partial.budget().giveBack(heldBytes - wanted);
    } else if (!partial.budget().take(wanted - heldBytes)) {
      fail(
          ctx,
          ErrorCode.BUSY,
          "frames that came in part hold all of the "
              + partial.budget().limitBytes()
              + " bytes that there are for them");
      return;
    }
    heldBytes = wanted;
    if (bytes > 0 && lateness == null) {
      long frame = framesRead;
      long millis = partial.slowestPeer().millisFor(announcedBytes());
      lateness =
          ctx.executor()
              .schedule(() -> checkTime(ctx, frame, millis), millis, TimeUnit.MILLISECONDS);
    }
  }

  /** Bytes of the frame that has begun to come. */
  private int announcedBytes() {
    ByteBuf in = internalBuffer();
    return in.readableBytes() < FrameHeader.BYTES
        ? FrameHeader.BYTES
        : in.getIntLE(in.readerIndex() + FrameHeader.LENGTH_OFFSET);
  }

  private void checkTime(ChannelHandlerContext ctx, long frame, long millis) {
    lateness = null;
    if (faulty || actualReadableBytes() == 0) {
      return;
    }
    if (framesRead == frame && ctx.channel().config().isAutoRead()) {
      fail(ctx, ErrorCode.IDLE_TIMEOUT, "a frame did not come whole within " + millis + " ms");
    } else {
      holdPartialFrame(ctx); // a later frame, or we did not read: its time begins here
    }
  }

  private void fail(ChannelHandlerContext ctx, ErrorCode code, String text) {
    faulty = true;
    internalBuffer().skipBytes(actualReadableBytes());
    giveUp();
    ctx.fireChannelRead(new FrameFault(code, text));
  }

  private void giveUp() {
    if (partial != null) {
      partial.budget().giveBack(heldBytes);
      heldBytes = 0;
      if (lateness != null) {
        lateness.cancel(false);
        lateness = null;
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    giveUp();
    super.channelInactive(ctx);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext ctx) {
    giveUp();
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (faulty) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (bytesToSkip > 0) {
      skip(in);
      return;
    }
    if (in.readableBytes() < FrameHeader.BYTES) {
      return;
    }
    try {
      decodeFrame(ctx, in, out);
    } catch (FrameException e) {
      faulty = true;
      in.skipBytes(in.readableBytes());
      giveUp();
      out.add(new FrameFault(e.code(), e.getMessage()));
    }
  }

  private void decodeFrame(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws FrameException {
    int typeNumber = FrameHeader.typeNumber(in);
    if (!sawFrame && side == Side.SERVER && typeNumber != FrameType.HELLO.number()) {
      throw new FrameException(ErrorCode.MAGIC, "not a SLED client: the first frame is no HELLO");
    }
    int length = checkLength(typeNumber, in.getIntLE(in.readerIndex() + FrameHeader.LENGTH_OFFSET));
    FrameType type = FrameType.byNumber(typeNumber);
    if (type == null) {
      if (typeNumber < FrameType.FIRST_OPTIONAL) {
        throw new FrameException(
            ErrorCode.UNKNOWN_TYPE, "frame type " + typeNumber + " is unknown and not optional");
      }
      sawFrame = true;
      framesRead++;
      bytesToSkip = length;
      skip(in); // now: a call that takes nothing would end the decoding of this read
      return;
    }
    checkHeader(type, in);
    if (in.readableBytes() < length) {
      return;
    }
    sawFrame = true;
    framesRead++;
    switch (type) {
      case DRAFT, VERDICT, TOKENS -> {
        HotFrameChecks.check(type, in, length);
        out.add(ctx.alloc().directBuffer(length, length).writeBytes(in, length));
      }
      default -> out.add(FrameReader.read(type, in.readSlice(length)));
    }
  }

  private void skip(ByteBuf in) {
    int skipped = Math.min(bytesToSkip, in.readableBytes());
    in.skipBytes(skipped);
    bytesToSkip -= skipped;
  }

  private int checkLength(int typeNumber, int length) throws FrameException {
    int most = limits.bytes(typeNumber);
    // A length with the top bit set is too large too, so it is compared unsigned.
    if (Integer.compareUnsigned(length, most) > 0) {
      throw new FrameException(
          ErrorCode.FRAME_TOO_LARGE,
          "frame of type "
              + typeNumber
              + " and "
              + Integer.toUnsignedString(length)
              + " bytes, above "
              + most);
    }
    if (length < FrameHeader.BYTES || length % Protocol.ALIGNMENT_BYTES != 0) {
      throw new FrameException(
          ErrorCode.MALFORMED, "frame length " + length + " is below 16 or not a multiple of 4");
    }
    return length;
  }

  private void checkHeader(FrameType type, ByteBuf in) throws FrameException {
    if (!(side == Side.SERVER ? type.fromClient() : type.fromServer())) {
      throw new FrameException(ErrorCode.MALFORMED, type + " is not for this side");
    }
    if (type.needsSession() && FrameHeader.session(in) == 0) {
      throw new FrameException(ErrorCode.MALFORMED, type + " names no session");
    }
    int round = FrameHeader.round(in);
    if (round < 0) {
      throw new FrameException(
          ErrorCode.MALFORMED, "round " + Integer.toUnsignedString(round) + " is above 2147483647");
    }
  }
}
