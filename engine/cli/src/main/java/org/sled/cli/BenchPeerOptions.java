package org.sled.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What our daemon is to be compared with. */
final class BenchPeerOptions {
  /** A peer. */
  enum Peer {
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
    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Option(
      names = "--peers",
      paramLabel = "PEER[,PEER]",
      split = ",",
      converter = PeerConverter.class,
      description = {
        "Compare with: central (our daemon alone), llama-server, llama-server-draft (with the"
            + " draft model on the server), batched-bench (the native floor), java-llama; or all."
            + " All get the same target, prompts, threads, sampling and link. Peers of llama.cpp"
            + " are built by './sled build peers'; what is not there is skipped with a message.",
        "The devices are replayed: without --replay the drafts are recorded first."
      })
  private List<List<Peer>> peers;

  /** A name, or all. */
  static final class PeerConverter implements ITypeConverter<List<Peer>> {
    @Override
    public List<Peer> convert(String value) {
      if (value.equals("all")) {
        return List.of(Peer.values());
      }
      for (Peer peer : Peer.values()) {
        if (peer.word().equals(value)) {
          return List.of(peer);
        }
      }
      List<String> words = new ArrayList<>();
      for (Peer peer : Peer.values()) {
        words.add(peer.word());
      }
      throw new TypeConversionException(
          "'" + value + "' is no peer; there are " + String.join(", ", words) + ", and all");
    }
  }

  /** Whether there is anything to compare with. */
  boolean isComparison() {
    return peers != null;
  }

  /** Those that were asked for, each once. */
  List<Peer> peers() {
    return peers.stream().flatMap(List::stream).distinct().toList();
  }
}
