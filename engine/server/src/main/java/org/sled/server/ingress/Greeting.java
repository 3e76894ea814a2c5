package org.sled.server.ingress;

import java.util.function.Supplier;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Protocol;
import org.sled.net.protocol.Welcome;
import org.sled.server.observe.ServerStats;
import org.sled.server.target.TargetDescription;

/**
 * Makes the WELCOME that a server answers a HELLO with.
 *
 * @param maxDraftTokens of a block
 * @param pingMillis silence after which either side sends a PING
 * @param serverName for logs and metrics
 * @param stats says how many sessions are in use when somebody comes
 * @param vocabulary digest of the vocabulary file that is given out; {@link FileDigest#NONE}: none
 *     is
 */
public record Greeting(
    TargetDescription target,
    int maxDraftTokens,
    int pingMillis,
    String serverName,
    ServerStats stats,
    FileDigest vocabulary)
    implements Supplier<Welcome> {
  @Override
  public Welcome get() {
    return new Welcome(
        Protocol.MAX_VERSION,
        (target.exactNumerics() ? Welcome.EXACT_NUMERICS : 0)
            | (vocabulary.equals(FileDigest.NONE) ? 0 : Welcome.VOCABULARY),
        new Limits(
            target.sessions(),
            target.contextTokens() - 1,
            target.contextTokens(),
            maxDraftTokens,
            Limits.DEFAULT_FRAME_BYTES),
        pingMillis,
        stats.sessionsInUse(),
        target.sessions(),
        target.numericsId(),
        target.fingerprint(),
        serverName,
        target.modelName(),
        target.chatTemplate(),
        vocabulary,
        target.endTokens());
  }
}
