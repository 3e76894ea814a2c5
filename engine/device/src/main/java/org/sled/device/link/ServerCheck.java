package org.sled.device.link;

import org.sled.device.RefusedException;
import org.sled.device.SledClientException;
import org.sled.device.TokenizerMismatchException;
import org.sled.net.client.ClientConnection;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;

/** Whether a server, the first one or a later one, is one for this client. Any thread. */
public final class ServerCheck {
  private final boolean exactDrafts;
  private TokenizerFingerprint fingerprint; // null: any will do

  /**
   * Creates it.
   *
   * @param fingerprint that a server must have; null: any until {@link #keepTo}
   * @param exactDrafts whether the client wants exact numerics
   */
  public ServerCheck(TokenizerFingerprint fingerprint, boolean exactDrafts) {
    this.fingerprint = fingerprint;
    this.exactDrafts = exactDrafts;
  }

  /** From now on all servers must have this one's tokenizer. */
  public synchronized void keepTo(Welcome welcome) {
    fingerprint = welcome.fingerprint();
  }

  /**
   * Closes a connection to a server that is not.
   *
   * @throws SledClientException why
   */
  public synchronized void require(ClientConnection connection) {
    Welcome welcome = connection.welcome();
    if (exactDrafts && !welcome.hasExactNumerics()) {
      connection.close();
      throw new RefusedException(
          ErrorCode.UNSUPPORTED,
          "the server computes with fast numerics, so exact drafts make no sense; start the"
              + " server with exact numerics, or do not ask for exact drafts");
    }
    if (fingerprint != null && !fingerprint.matches(welcome.fingerprint())) {
      connection.close();
      throw new TokenizerMismatchException(
          "the server's tokenizer differs: "
              + fingerprint.describeDifference(welcome.fingerprint())
              + ". Use servers of the same target",
          welcome.modelName());
    }
  }
}
