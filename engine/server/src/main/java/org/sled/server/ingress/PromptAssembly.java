package org.sled.server.ingress;

import io.netty.util.concurrent.Future;
import java.util.Arrays;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.TokenIds;

/**
 * A prompt, or the tokens of a stream, that come in chunks. Takes memory for what has come, never
 * for what was announced. Event loop of its connection only.
 */
final class PromptAssembly {
  /** What became of a chunk. */
  enum Added {
    /** It is in; more are to come. */
    MORE,
    /** It was the last one. */
    WHOLE,
    /** It does not fit into what was announced. */
    WRONG,
    /** Half-sent prompts hold all the memory that there is for them. */
    NO_ROOM
  }

  private final FrameType type;
  private final int total;
  private final ByteBudget budget;
  private int[] tokens = {};
  private int filled;
  private Future<?> timer;

  /**
   * Expects a prompt.
   *
   * @param type of the frames that bring it: OPEN or RESUME
   * @param total tokens of the whole prompt, checked by the caller against its limit
   * @param budget what all half-sent prompts may hold
   */
  PromptAssembly(FrameType type, int total, ByteBudget budget) {
    this.type = type;
    this.total = total;
    this.budget = budget;
  }

  /** What ends the wait for further chunks. */
  void expireBy(Future<?> newTimer) {
    timer = newTimer;
  }

  /**
   * Appends a chunk.
   *
   * @param chunkTotal what it says of the whole prompt
   * @param more whether it says that others follow
   */
  Added add(FrameType chunkType, TokenIds chunk, int chunkTotal, boolean more) {
    if (chunkType != type
        || chunkTotal != total
        || chunk.count() > total - filled
        || more == (filled + chunk.count() == total)) {
      return Added.WRONG;
    }
    if (!reserve(filled + chunk.count())) {
      return Added.NO_ROOM;
    }
    for (int i = 0; i < chunk.count(); i++) {
      tokens[filled++] = chunk.id(i);
    }
    return more ? Added.MORE : Added.WHOLE;
  }

  private boolean reserve(int count) {
    if (count <= tokens.length) {
      return true;
    }
    int capacity = (int) Math.min(total, Math.max(count, 2L * tokens.length));
    if (!budget.take((long) (capacity - tokens.length) * Protocol.TOKEN_BYTES)) {
      return false;
    }
    tokens = Arrays.copyOf(tokens, capacity);
    return true;
  }

  /** Tokens that came so far. */
  int size() {
    return filled;
  }

  TokenIds prompt() {
    return TokenIds.of(tokens);
  }

  /** Gives its memory back; it is not used after that. */
  void close() {
    budget.giveBack((long) tokens.length * Protocol.TOKEN_BYTES);
    tokens = new int[0];
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
