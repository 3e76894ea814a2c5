package org.sled.device;

import org.sled.net.client.ClientConnection;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;

/** Whether a server, the first one or a later one, is one for this client. Any thread. */
final class ServerCheck {
  private final boolean exactDrafts;
  private TokenizerFingerprint fingerprint; // null: none is known yet

  /**
   * Creates it.
   *
   * @param fingerprint of the client's vocabulary; null if it has none: then the first server's is
   *     that of all
   * @param exactDrafts whether the client wants exact numerics
   */
  ServerCheck(TokenizerFingerprint fingerprint, boolean exactDrafts) {
    this.fingerprint = fingerprint;
    this.exactDrafts = exactDrafts;
  }

  /**
   * Closes a connection to a server that is not.
   *
   * @throws SledClientException why
   */
  synchronized void require(ClientConnection connection) {
    Welcome welcome = connection.welcome();
    if (exactDrafts && !welcome.hasExactNumerics()) {
      connection.close();
      throw new RefusedException(
          ErrorCode.UNSUPPORTED,
          "the server computes with fast numerics, so exact drafts make no sense; start the"
              + " server with exact numerics, or do not ask for exact drafts");
    }
    if (fingerprint == null) {
      fingerprint = welcome.fingerprint();
    } else if (!fingerprint.matches(welcome.fingerprint())) {
      connection.close();
      throw new TokenizerMismatchException(
          "the server's tokenizer differs: "
              + fingerprint.describeDifference(welcome.fingerprint())
              + ". Use servers of the same target");
    }
  }
}
