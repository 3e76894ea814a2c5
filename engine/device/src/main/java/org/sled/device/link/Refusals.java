package org.sled.device.link;

import java.io.IOException;
import org.sled.device.BusyException;
import org.sled.device.RefusedException;
import org.sled.device.ServerFaultException;
import org.sled.device.SledClientException;
import org.sled.device.TokenizerMismatchException;
import org.sled.device.UnreachableException;
import org.sled.net.client.HandshakeRefusedException;
import org.sled.net.client.ServerUnreachableException;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;

/** Turns what a server refuses into an exception that says what to do. */
public final class Refusals {
  private Refusals() {}

  public static SledClientException of(HandshakeRefusedException refused) {
    return of(refused.code(), refused.getMessage(), refused.retryAfterMillis());
  }

  public static SledClientException of(ErrorMessage error) {
    return of(
        error.code(),
        "the server says " + error.code() + ": " + error.text(),
        error.retryAfterMillis());
  }

  /** There was no answer, or not that of a SLED server. */
  static SledClientException ofConnecting(IOException e) {
    if (e instanceof HandshakeRefusedException refused) {
      return of(refused);
    }
    return e instanceof ServerUnreachableException
        ? new UnreachableException(e.getMessage(), e)
        : new ServerFaultException(e.getMessage(), e);
  }

  private static SledClientException of(ErrorCode code, String text, int retryAfterMillis) {
    return switch (code) {
      case TOKENIZER_MISMATCH ->
          new TokenizerMismatchException(text + ". Use a draft model of the target's family", "");
      case BUSY ->
          new BusyException(
              retryAfterMillis > 0 ? text + "; try again in " + retryAfterMillis + " ms" : text,
              retryAfterMillis);
      case AUTH -> new RefusedException(code, text + ". Check the auth token");
      case VERSION -> new RefusedException(code, text + ". Use the same release on both sides");
      case PROMPT_TOO_LONG ->
          new RefusedException(
              code, text + ". Shorten the prompt, or give the server a larger context");
      case SHUTTING_DOWN -> new RefusedException(code, text + ". Try another server, or later");
      case INTERNAL -> new ServerFaultException(text + ". The server's log says more");
      default -> new RefusedException(code, text);
    };
  }
}
