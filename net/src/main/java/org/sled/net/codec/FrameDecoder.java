package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Protocol;

/**
 * Cuts the byte stream of one connection into frames, on its event loop.
 *
 * <p>Passed on are, in stream order:
 *
 * <ul>
 *   <li>a {@link Message} for each cold frame,
 *   <li>a {@link ByteBuf} for each hot frame (DRAFT, VERDICT, TOKENS): a retained slice of the read
 *       buffer, from the header's first byte to the frame's end, direct, with a memory address that
 *       is a multiple of 4; whoever receives it releases it,
 *   <li>one {@link FrameFault}, after which all further bytes are dropped.
 * </ul>
 *
 * <p>A frame's length is checked as soon as its header is there, before any more of it is buffered.
 * Frames of unknown types from {@link FrameType#FIRST_OPTIONAL} on are skipped without being
 * buffered. Since every frame length is a multiple of 4, and read buffers start aligned, slices are
 * aligned however the stream was split.
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
  private int maxFrameBytes;
  private int bytesToSkip;
  private boolean sawFrame;
  private boolean faulty;

  /** Creates a decoder with the bound of the handshake. */
  public FrameDecoder(Side side) {
    this.side = side;
    this.maxFrameBytes =
        side == Side.SERVER ? Limits.HANDSHAKE_FRAME_BYTES : Limits.WELCOME_FRAME_BYTES;
  }

  /** Sets the bound for the frames after WELCOME; on the event loop only. */
  public void setMaxFrameBytes(int bytes) {
    maxFrameBytes = bytes;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (faulty) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (bytesToSkip > 0) {
      int skipped = Math.min(bytesToSkip, in.readableBytes());
      in.skipBytes(skipped);
      bytesToSkip -= skipped;
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
      out.add(new FrameFault(e.code(), e.getMessage()));
    }
  }

  private void decodeFrame(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws FrameException {
    int typeNumber = FrameHeader.typeNumber(in);
    if (!sawFrame && side == Side.SERVER && typeNumber != FrameType.HELLO.number()) {
      throw new FrameException(ErrorCode.MAGIC, "not a SLED client: the first frame is no HELLO");
    }
    int length = checkLength(in.getIntLE(in.readerIndex() + FrameHeader.LENGTH_OFFSET));
    FrameType type = FrameType.byNumber(typeNumber);
    if (type == null) {
      if (typeNumber < FrameType.FIRST_OPTIONAL) {
        throw new FrameException(
            ErrorCode.UNKNOWN_TYPE, "frame type " + typeNumber + " is unknown and not optional");
      }
      sawFrame = true;
      bytesToSkip = length;
      return;
    }
    checkHeader(type, in);
    if (in.readableBytes() < length) {
      return;
    }
    sawFrame = true;
    switch (type) {
      case DRAFT, VERDICT, TOKENS -> {
        HotFrameChecks.check(type, in, length);
        out.add(sliceForNativeCode(ctx, in, length));
      }
      default -> out.add(FrameReader.read(type, in.readSlice(length)));
    }
  }

  private int checkLength(int length) throws FrameException {
    // A length with the top bit set is too large too, so it is compared unsigned.
    if (Integer.compareUnsigned(length, maxFrameBytes) > 0) {
      throw new FrameException(
          ErrorCode.FRAME_TOO_LARGE,
          "frame of " + Integer.toUnsignedString(length) + " bytes, above " + maxFrameBytes);
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

  /** A retained slice, or a direct copy where the read buffer has no usable memory address. */
  private static ByteBuf sliceForNativeCode(ChannelHandlerContext ctx, ByteBuf in, int length) {
    if (in.hasMemoryAddress()
        && (in.memoryAddress() + in.readerIndex()) % Protocol.ALIGNMENT_BYTES == 0) {
      return in.readRetainedSlice(length);
    }
    ByteBuf copy = ctx.alloc().directBuffer(length, length);
    in.readBytes(copy, length);
    return copy;
  }
}
