package org.sled.cli.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.peers.PeerException;
import org.sled.bench.peers.PeerStatus;
import org.sled.cli.bench.options.BenchPeerOptions;
import org.sled.cli.command.CommandContext;

/** The peers that were asked for, and which of them are skipped for what reason. One thread. */
final class WantedPeers {
  private final CommandContext context;
  private final List<BenchPeerOptions.Peer> peers;
  private final List<String> skipped = new ArrayList<>();

  WantedPeers(CommandContext context, List<BenchPeerOptions.Peer> peers) {
    this.context = context;
    this.peers = List.copyOf(peers);
  }

  /** What is done with a peer. */
  @FunctionalInterface
  interface Use {
    /**
     * Starts or measures it.
     *
     * @throws PeerException if it cannot do what it should: then it is skipped
     */
    void with(Path program) throws InterruptedException;
  }

  /** In the order in which they were given. */
  List<BenchPeerOptions.Peer> peers() {
    return peers;
  }

  /** Makes use of a peer, if it was asked for. Says why one is skipped: not there, or broken. */
  void use(BenchPeerOptions.Peer peer, PeerStatus status, Use use) throws InterruptedException {
    if (!peers.contains(peer)) {
      return;
    }
    try {
      use.with(status.require());
    } catch (PeerException e) {
      context.err().println("skipped: " + e.getMessage());
      skip(e.getMessage());
    }
  }

  /** Something is missing in the result, for that reason. */
  void skip(String why) {
    skipped.add(why);
  }

  /** What was skipped, and why. */
  List<String> skipped() {
    return List.copyOf(skipped);
  }
}
