package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.ServerTimes;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/**
 * Checks a hot frame once, so that its flyweight can trust counts, codes and signs. Whether a block
 * fits its session is not decided here but in {@code RoundRules}. Allocates only when it throws.
 */
final class HotFrameChecks {
  private HotFrameChecks() {}

  /** Checks the frame of {@code length} bytes at the reader index, all of which are there. */
  static void check(FrameType type, ByteBuf in, int length) throws FrameException {
    switch (type) {
      case DRAFT -> checkDraft(in, length);
      case VERDICT -> checkVerdict(in, length);
      case TOKENS -> checkTokens(in, length);
      default -> throw new IllegalArgumentException(type + " is no hot frame");
    }
  }

  private static void checkDraft(ByteBuf in, int length) throws FrameException {
    requireLength(FrameType.DRAFT, length, DraftFrame.DRAFT_IDS_OFFSET);
    if (FrameHeader.round(in) == 0) {
      throw new FrameException(ErrorCode.ROUND, "DRAFT has round 0");
    }
    requireNumber(in, DraftFrame.EPOCH_OFFSET, "epoch");
    requireNumber(in, DraftFrame.KV_OFFSET_OFFSET, "KV offset");
    requireNumber(in, DraftFrame.PREDECESSOR_ROUND_OFFSET, "predecessor round");
    requireNumber(in, DraftFrame.PLAYBACK_SLACK_MICROS_OFFSET, "playback slack");
    requireTokens(in, length, DraftFrame.DRAFT_COUNT_OFFSET, DraftFrame.DRAFT_IDS_OFFSET);
  }

  private static void checkVerdict(ByteBuf in, int length) throws FrameException {
    requireLength(FrameType.VERDICT, length, VerdictFrame.BYTES);
    requireTimes(in);
    int status = in.getUnsignedByte(in.readerIndex() + VerdictFrame.STATUS_OFFSET);
    if (!VerdictStatus.isKnown(status)) {
      throw new FrameException(ErrorCode.MALFORMED, "verdict status " + status + " is unknown");
    }
    requireFinishReason(in, VerdictFrame.FINISH_REASON_OFFSET);
    requireNumber(in, VerdictFrame.COMMITTED_LENGTH_OFFSET, "committed length");
  }

  private static void checkTokens(ByteBuf in, int length) throws FrameException {
    requireLength(FrameType.TOKENS, length, TokensFrame.IDS_OFFSET);
    requireTimes(in);
    requireFinishReason(in, TokensFrame.FINISH_REASON_OFFSET);
    requireNumber(in, TokensFrame.FIRST_POSITION_OFFSET, "first position");
    requireTokens(in, length, TokensFrame.COUNT_OFFSET, TokensFrame.IDS_OFFSET);
  }

  private static void requireTimes(ByteBuf in) throws FrameException {
    requireNumber(in, ServerTimes.EPOCH_OFFSET, "epoch");
    requireNumber(in, ServerTimes.QUEUE_MICROS_OFFSET, "queue time");
    requireNumber(in, ServerTimes.COMPUTE_MICROS_OFFSET, "compute time");
  }

  private static void requireLength(FrameType type, int length, int least) throws FrameException {
    if (length < least) {
      throw new FrameException(
          ErrorCode.MALFORMED, type + " has " + length + " bytes, below " + least);
    }
  }

  private static void requireTokens(ByteBuf in, int length, int countOffset, int idsOffset)
      throws FrameException {
    int count = requireNumber(in, countOffset, "token count");
    if (count > (length - idsOffset) / Protocol.TOKEN_BYTES) {
      throw new FrameException(
          ErrorCode.MALFORMED, "the frame announces " + count + " tokens, more than it holds");
    }
  }

  private static void requireFinishReason(ByteBuf in, int offset) throws FrameException {
    int finish = in.getUnsignedByte(in.readerIndex() + offset);
    if (!FinishReason.isKnown(finish)) {
      throw new FrameException(ErrorCode.MALFORMED, "finish reason " + finish + " is unknown");
    }
  }

  private static int requireNumber(ByteBuf in, int offset, String name) throws FrameException {
    int value = in.getIntLE(in.readerIndex() + offset);
    if (value < 0) {
      throw new FrameException(
          ErrorCode.MALFORMED,
          name + " " + Integer.toUnsignedString(value) + " is above 2147483647");
    }
    return value;
  }
}
