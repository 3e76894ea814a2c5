package org.sled.server.session;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenIds;

/**
 * What an event loop hands to the verifier thread. Made by event loops, so that the verifier thread
 * itself allocates nothing per round.
 */
public sealed interface Command {
  /** Whom it concerns. */
  ServerSession session();

  /** Bytes of the prompt that it brings. */
  default long promptBytes() {
    return 0;
  }

  /** Open this session with the whole prompt. */
  record OpenSession(ServerSession session, Open open, TokenIds prompt, long decodedNanos)
      implements Command {
    @Override
    public long promptBytes() {
      return (long) prompt.count() * Protocol.TOKEN_BYTES;
    }
  }

  /** Open this session with tokens that another one has, if there is one. */
  record ResumeSession(ServerSession session, Resume resume, long decodedNanos)
      implements Command {}

  /** Verify this block; the verifier releases the frame. */
  record VerifyBlock(ServerSession session, ByteBuf draft, long decodedNanos) implements Command {}

  /** Go on alone. */
  record PushTokens(ServerSession session, Push push, long decodedNanos) implements Command {}

  /** Drop what waits in this session. */
  record CancelSession(ServerSession session, int epoch) implements Command {}

  /** Free this session and answer CLOSED. */
  record CloseSession(ServerSession session) implements Command {}
}
