package org.sled.server.kv;

import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import org.sled.net.protocol.StreamSecret;

/**
 * Finds the session whose stream is to be resumed, open or retired, by the secret that its owner
 * was told. Verifier thread only.
 *
 * <p>What tokens somebody names is looked at only behind the right secret: whoever guesses at other
 * people's streams gets the same answer, in the same time, whatever the guess.
 */
final class ResumeIndex {
  /** No session. */
  static final int NONE = -1;

  private final SecureRandom random = new SecureRandom();
  private final Map<StreamSecret, Integer> numbers = new HashMap<>();
  private final StreamSecret[] secrets; // by number; null: not there

  ResumeIndex(int sessionCount) {
    secrets = new StreamSecret[sessionCount];
  }

  /**
   * A session begins.
   *
   * @param shown what its owner showed, for a stream that goes on; none for a new one
   * @return the stream's secret: it stays the same for as long as the server has the stream, so
   *     that an answer that got lost does not matter
   */
  StreamSecret opened(int number, StreamSecret shown) {
    StreamSecret secret =
        shown.isNone() ? new StreamSecret(random.nextLong(), random.nextLong()) : shown;
    secrets[number] = secret;
    numbers.put(secret, number);
    return secret;
  }

  /** A session's tokens are not there any more. */
  void gone(int number) {
    numbers.remove(secrets[number], number); // a later one of the same stream may have its place
    secrets[number] = null;
  }

  /** The number of the newest session of a stream, or {@link #NONE}. */
  int find(StreamSecret secret) {
    return numbers.getOrDefault(secret, NONE);
  }
}
