package org.sled.net.client;

import io.netty.buffer.ByteBuf;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.Waiting;

/**
 * What a device does with the server's frames. Every method is called on the connection's event
 * loop, one at a time, in the order of the frames, and must not block. {@code receivedNanos} is the
 * {@link System#nanoTime} at which the frame was complete.
 */
public interface ClientListener {
  /** A session is open. */
  void onOpened(Opened opened, long receivedNanos);

  /**
   * A verdict.
   *
   * @param session the session that it is for
   * @param verdict the whole frame, see {@code VerdictFrame}; the listener owns it now and releases
   *     it, on whatever thread
   */
  void onVerdict(int session, ByteBuf verdict, long receivedNanos);

  /**
   * Tokens that the server made alone.
   *
   * @param session the session that they are for
   * @param tokens the whole frame, see {@code TokensFrame}; the listener owns it now and releases
   *     it, on whatever thread
   */
  void onTokens(int session, ByteBuf tokens, long receivedNanos);

  /** A session is freed. */
  void onClosed(Closed closed);

  /** A session that was to be opened waits for room. */
  default void onWaiting(Waiting waiting) {}

  /** Something went wrong in a session, or, with session 0, on the connection. */
  void onError(ErrorMessage error);

  /** The server is about to leave. */
  void onGoAway(GoAway goAway);

  /** The server wants its sessions to go on elsewhere. */
  default void onRedirect(Redirect redirect) {}

  /** A part of the vocabulary, as asked for. */
  default void onVocabularyPart(VocabularyPart part) {}

  /**
   * The connection is gone, with all its sessions; the last callback, and only after a connection
   * was made.
   *
   * @param reason for people
   */
  void onDisconnected(String reason);
}
