package org.sled.net.server;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.HelloAnswer;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.VocabularyRequest;

/**
 * What the daemon does with connections and their frames.
 *
 * <p>Every method is called on the connection's event loop and must not block. The callbacks of one
 * connection come one at a time, in the order of its frames, from onHello to onDisconnected. An
 * exception ends the connection with an INTERNAL error, and no other.
 *
 * <p>{@code decodedNanos} is the {@link System#nanoTime} at which the frame was complete; it goes
 * back to {@link Connection#sendStamped} with the answer.
 */
public interface ConnectionListener {
  /**
   * A client with a protocol version in common says hello.
   *
   * @return a WELCOME, whose limits and ping interval hold from now on, or an ERROR, after which
   *     the connection is closed
   */
  HelloAnswer onHello(Connection connection, Hello hello);

  /** A session is to be opened, or a further chunk of its prompt is there. */
  void onOpen(Connection connection, Open open, long decodedNanos);

  /**
   * A stream is to go on, or a further chunk of its tokens is there. Who has no use for that leaves
   * it refused, as a server did before RESUME had a layout.
   */
  default void onResume(Connection connection, Resume resume, long decodedNanos) {
    connection.send(
        ErrorMessage.ofSession(
            resume.session(), 0, ErrorCode.UNSUPPORTED, "this server resumes no sessions"));
  }

  /**
   * A block is to be verified.
   *
   * @param draft the whole frame, see {@code DraftFrame}; direct, with a memory address; the
   *     listener owns it now and releases it, on whatever thread
   */
  void onDraft(Connection connection, ByteBuf draft, long decodedNanos);

  /** The server may go on alone. */
  void onPush(Connection connection, Push push, long decodedNanos);

  /** What waits in a session is to be dropped. */
  void onCancel(Connection connection, Cancel cancel);

  /** A session is to be freed, and CLOSED to be answered. */
  void onClose(Connection connection, Close close);

  /** A part of the target's vocabulary is wanted. Who has none leaves it refused. */
  default void onVocabulary(Connection connection, VocabularyRequest request) {
    connection.send(
        ErrorMessage.ofSession(
            0, 0, ErrorCode.UNSUPPORTED, "this server has no vocabulary to give"));
  }

  /**
   * An answer that was sent with {@link Connection#sendStamped} is being written.
   *
   * @param overheadMicros what was stamped into it, µs
   */
  default void onAnswered(int overheadMicros) {}

  /** The transport turned a client away by itself; on any event loop, without a connection. */
  default void onDropped(Drop why) {}

  /**
   * The connection is gone, with all its sessions. Called once for each connection for which
   * onHello was called, as the last callback.
   *
   * @param reason for people
   */
  void onDisconnected(Connection connection, String reason);
}
