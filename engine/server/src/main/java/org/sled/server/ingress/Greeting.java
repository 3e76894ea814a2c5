package org.sled.server;

import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Welcome;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.TargetDescription;

/** Makes the WELCOME that a daemon answers a HELLO with. */
final class Greeting {
  private Greeting() {}

  /**
   * The WELCOME of now.
   *
   * @param vocabulary digest of the vocabulary file that is given out; {@link FileDigest#NONE}:
   *     none is
   */
  static Welcome of(
      ServerConfig config, TargetDescription target, ServerStats stats, FileDigest vocabulary) {
    return new Welcome(
        Protocol.MAX_VERSION,
        (target.exactNumerics() ? Welcome.EXACT_NUMERICS : 0)
            | (vocabulary.equals(FileDigest.NONE) ? 0 : Welcome.VOCABULARY),
        new Limits(
            target.sessions(),
            target.contextTokens() - 1,
            target.contextTokens(),
            config.maxDraftTokens(),
            Limits.DEFAULT_FRAME_BYTES),
        config.pingIntervalMillis(),
        stats.sessionsInUse(),
        target.sessions(),
        target.numericsId(),
        target.fingerprint(),
        config.serverName(),
        target.modelName(),
        target.chatTemplate(),
        vocabulary,
        target.endTokens());
  }
}
