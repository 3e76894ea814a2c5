package org.sled.net.protocol;

import io.netty.buffer.ByteBuf;

/**
 * The 16 bytes that every frame begins with, little-endian.
 *
 * <pre>
 *  0        4     5      6         8         12        16
 *  +--------+-----+------+---------+---------+---------+
 *  | length |type |flags |reserved | session | round   | body …
 *  |  u32   | u8  |  u8  |   u16   |  u32    |  u32    |
 *  +--------+-----+------+---------+---------+---------+
 * </pre>
 *
 * <p>The length is that of the whole frame in bytes, header and padding included, and a multiple of
 * {@link Protocol#ALIGNMENT_BYTES}. Flags and reserved are sent as 0 and ignored. The static
 * methods read from a frame's reader index, allocate nothing, and may be called by any thread that
 * holds the frame.
 */
public final class FrameHeader {
  /** Length of the whole frame in bytes, u32. */
  public static final int LENGTH_OFFSET = 0;

  /** {@link FrameType#number}, u8. */
  public static final int TYPE_OFFSET = 4;

  /** Reserved, u8. */
  public static final int FLAGS_OFFSET = 5;

  /** Reserved, u16. */
  public static final int RESERVED_OFFSET = 6;

  /** Session id, u32, 0 where a frame concerns the connection. */
  public static final int SESSION_OFFSET = 8;

  /** Round, u32, 0 where a frame concerns none. */
  public static final int ROUND_OFFSET = 12;

  /** Bytes of the header; the body starts here. */
  public static final int BYTES = 16;

  private FrameHeader() {}

  /** The type byte, 0 to 255. */
  public static int typeNumber(ByteBuf frame) {
    return frame.getUnsignedByte(frame.readerIndex() + TYPE_OFFSET);
  }

  /** The session id; all 32 bits count, so it may look negative. */
  public static int session(ByteBuf frame) {
    return frame.getIntLE(frame.readerIndex() + SESSION_OFFSET);
  }

  /** The round. */
  public static int round(ByteBuf frame) {
    return frame.getIntLE(frame.readerIndex() + ROUND_OFFSET);
  }

  /** Appends a header; {@code lengthBytes} is that of the whole frame, padding included. */
  public static void write(ByteBuf out, int lengthBytes, FrameType type, int session, int round) {
    out.writeIntLE(lengthBytes);
    out.writeByte(type.number());
    out.writeByte(0);
    out.writeShortLE(0);
    out.writeIntLE(session);
    out.writeIntLE(round);
  }
}
