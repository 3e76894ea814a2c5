package org.sled.net.round;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/** A session with committed tokens in an array, and builders for the frames around it. */
final class FakeSession implements SessionView {
  int epoch = 1;
  int[] committed;
  int length;
  int lastRound;
  FinishReason finishReason = FinishReason.NONE;

  FakeSession(int... tokens) {
    committed = Arrays.copyOf(tokens, tokens.length + 200);
    length = tokens.length;
  }

  @Override
  public int epoch() {
    return epoch;
  }

  @Override
  public int committedLength() {
    return length;
  }

  @Override
  public int committedToken(int position) {
    if (position >= length) {
      throw new IndexOutOfBoundsException("position " + position + " of " + length);
    }
    return committed[position];
  }

  @Override
  public FinishReason finishReason() {
    return finishReason;
  }

  @Override
  public int lastRound() {
    return lastRound;
  }

  static DraftFrame draft(
      int epoch, int round, int predecessor, int kvOffset, int parent, int... drafts) {
    ByteBuf out = Unpooled.buffer();
    DraftFrame.writeHead(out, 1, round, epoch, kvOffset, predecessor, 0, drafts.length, parent);
    for (int draft : drafts) {
      out.writeIntLE(draft);
    }
    return new DraftFrame().wrap(out);
  }

  static VerdictFrame verdict(
      int epoch,
      int round,
      VerdictStatus status,
      int verified,
      int accepted,
      int next,
      int committedLength,
      FinishReason finish) {
    ByteBuf out = Unpooled.buffer();
    VerdictFrame.write(
        out,
        1,
        round,
        epoch,
        0f,
        0f,
        0,
        0,
        0,
        status,
        finish,
        1,
        verified,
        accepted,
        next,
        committedLength);
    return new VerdictFrame().wrap(out);
  }
}
