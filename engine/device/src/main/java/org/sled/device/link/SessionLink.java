package org.sled.device.link;

import org.sled.device.ConnectionLostException;
import org.sled.device.ServerFaultException;
import org.sled.device.ServerInfo;
import org.sled.device.SledClientException;
import org.sled.device.stream.CancelledException;
import org.sled.device.stream.TokenHistory;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Resume;

/**
 * A session's way to a server and back, over one connection after the other. Belongs to the draft
 * thread.
 *
 * <p>First {@link #connect} and {@link #attach}, then {@link #open} or {@link #resume}; where a
 * method throws {@link ConnectionLostException}, the same again.
 */
public interface SessionLink {
  /** Now, ns; from any origin. */
  long nanoTime();

  /**
   * Asks for a connection, in place of the one that it may have; {@link #hasNews} tells when there
   * is one.
   */
  void connect();

  /**
   * Waits for the connection that was asked for.
   *
   * @param mostNanos how long
   * @return what the server says of itself
   * @throws SledClientException if there is none in time, or servers refuse
   */
  ServerInfo attach(long mostNanos) throws InterruptedException, CancelledException;

  /** Round trip of the connection, as was measured beside the session, ns; below 0: not known. */
  long roundTripNanos();

  /** Measures it once more; what comes of it is not waited for. */
  void measure();

  /** This server takes no sessions: the next connection has to be another one. */
  void avoid();

  /** How many servers it could ask for a connection to. */
  int servers();

  /**
   * This server has no room for about so long: where there are others, the next connection goes to
   * one that may have some, or else to the preferred one.
   */
  void leaveFull(long nanos);

  /** Whether the connection was lost because the server sends its clients to another one. */
  boolean isRedirected();

  /** The session's number on each of its connections. */
  int session();

  /** Opens the session; what is sent from now on is of the epoch of this message. */
  void open(Open open);

  /** Goes on with the session, in the same way. */
  void resume(Resume resume);

  /**
   * Sends a block. Allocates no Java object.
   *
   * @param predecessor round that it builds on; 0 if it starts at the newest committed token
   * @param kvOffset where its parent stands, with its drafts behind it
   */
  void block(int round, int predecessor, TokenHistory history, int kvOffset, int draftCount);

  /** Lets the server go on alone for so many tokens more. */
  void push(int committedLength, int credit);

  /** Frees the session at the server; nothing is waited for. */
  void close();

  /** Whether something waits, be it only bad news. */
  boolean hasNews();

  /**
   * Waits for what the server says next; the caller releases a buffer.
   *
   * @param what is waited for, for the text of the exception
   * @throws ConnectionLostException if the connection ended
   * @throws ServerFaultException if nothing came in time
   */
  Object next(String what) throws InterruptedException, CancelledException;

  /**
   * When the event that was taken last came to this device, in ns of {@link #nanoTime}: the draft
   * thread may have been at work since then.
   */
  long arrivalNanos();

  /** Waits for the next event for as long as the caller says; null if nothing came in that time. */
  Object poll(long mostNanos) throws InterruptedException, CancelledException;

  /**
   * Waits until there is bad news, or so long and up to half as long again, at random: devices that
   * were told the same do not come back at one moment.
   */
  void pause(long nanos) throws InterruptedException;

  /** Ends the connection, since what the server says cannot be relied on any more. */
  ServerFaultException contradiction(String what);
}
