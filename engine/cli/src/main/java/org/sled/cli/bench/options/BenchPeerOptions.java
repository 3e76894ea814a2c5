package org.sled.cli.bench.options;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import picocli.CommandLine.Option;

/** What our daemon is to be compared with. */
public final class BenchPeerOptions {
  /** A peer. */
  public enum Peer {
    /** Our daemon, generating alone. */
    CENTRAL,
    /** llama.cpp's server. */
    LLAMA_SERVER,
    /** llama.cpp's server with the draft model beside the target. */
    LLAMA_SERVER_DRAFT,
    /** llama.cpp's benchmark of batched decoding: the native floor. */
    BATCHED_BENCH,
    /** java-llama.cpp, a single stream in one process. */
    JAVA_LLAMA;

    /** As it is written. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether it is llama.cpp's server, whoever drafts. */
    public boolean isLlamaServer() {
      return this == LLAMA_SERVER || this == LLAMA_SERVER_DRAFT;
    }
  }

  @Option(
      names = "--peers",
      paramLabel = "PEER[,PEER]",
      split = ",",
      description = {
        "Compare with: central (our daemon alone), llama-server, llama-server-draft (with the"
            + " draft model on the server), batched-bench (the native floor), java-llama; or all."
            + " All get the same target, prompts, threads, sampling and link. Peers of llama.cpp"
            + " are built by './sled build peers'; what is not there is skipped with a message.",
        "The devices are replayed: without --replay the drafts are recorded first."
      })
  private List<String> names;

  /** Whether there is anything to compare with. */
  public boolean isComparison() {
    return names != null;
  }

  /**
   * Those that were asked for, each once.
   *
   * @throws CommandFailure if one is unknown
   */
  public List<Peer> peers() {
    List<Peer> known = List.of(Peer.values());
    if (names.contains("all")) {
      return known;
    }
    List<Peer> peers = new ArrayList<>();
    for (String name : names) {
      Peer peer =
          known.stream()
              .filter(one -> one.word().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new CommandFailure(
                          ExitCodes.USAGE,
                          "--peers: '"
                              + name
                              + "' is no peer; there are "
                              + String.join(", ", known.stream().map(Peer::word).toList())
                              + ", and all"));
      if (!peers.contains(peer)) {
        peers.add(peer);
      }
    }
    return peers;
  }
}
