package org.sled.bench.peers;

import java.nio.file.Path;

/**
 * Whether a peer can be measured here.
 *
 * @param peer its name in reports
 * @param file its program or jar; also where it was looked for when it is not there
 * @param whySkipped null if it is ready; otherwise why not, and what to do
 */
public record PeerStatus(String peer, Path file, String whySkipped) {
  /** Whether it can be measured. */
  public boolean isReady() {
    return whySkipped == null;
  }

  /**
   * Its program or jar.
   *
   * @throws PeerException with the reason if it is not ready
   */
  public Path require() {
    if (!isReady()) {
      throw new PeerException(whySkipped);
    }
    return file;
  }
}
