package org.sled.net.codec;

import java.util.Arrays;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Limits;

/**
 * How long a frame of each type may be, so that no more of it is buffered than its fields can fill.
 * Each bound leaves {@link #SPARE_BYTES} for fields that later versions append. Immutable; any
 * thread may use it.
 */
public final class FrameLimits {
  /**
   * Room in every frame for what later versions append. It is also the bound of frames whose fields
   * have a fixed length: the longest of those, OPENED, has 68 bytes now.
   */
  public static final int SPARE_BYTES = 1024;

  private static final int TYPE_NUMBERS = 256;

  private final int[] bytes = new int[TYPE_NUMBERS];

  private FrameLimits(int most) {
    Arrays.fill(bytes, most);
  }

  /** The bounds of the handshake: one for all, since only HELLO or its answer may come. */
  static FrameLimits beforeWelcome(FrameDecoder.Side side) {
    return new FrameLimits(
        side == FrameDecoder.Side.SERVER
            ? Limits.HANDSHAKE_FRAME_BYTES
            : Limits.WELCOME_FRAME_BYTES);
  }

  /** The bounds after a WELCOME with these limits. */
  public static FrameLimits after(Limits welcome) {
    FrameLimits limits = new FrameLimits(welcome.maxFrameBytes());
    for (FrameType type : FrameType.values()) {
      // No overflow: a block has at most 65535 drafts.
      limits.bytes[type.number()] = Math.min(welcome.maxFrameBytes(), longest(type, welcome));
    }
    return limits;
  }

  private static int longest(FrameType type, Limits welcome) {
    return switch (type) {
      case OPEN, RESUME -> welcome.maxFrameBytes(); // a chunk is cut to what a frame holds
      case DRAFT, TOKENS -> SPARE_BYTES + DraftFrame.lengthBytes(welcome.maxDraftTokens());
      case ERROR, GOAWAY -> SPARE_BYTES + Limits.TEXT_BYTES;
      case VOCABULARY_PART -> SPARE_BYTES + Limits.VOCABULARY_PART_BYTES;
      default -> SPARE_BYTES;
    };
  }

  /**
   * The bound of a frame.
   *
   * @param typeNumber 0 to 255. What is no type of this protocol has the frame limit: it is skipped
   *     or refused, and never buffered
   */
  int bytes(int typeNumber) {
    return bytes[typeNumber];
  }
}
