package org.sled.cli.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.peers.BatchedBench;
import org.sled.bench.peers.JavaLlama;
import org.sled.bench.peers.PeerFiles;
import org.sled.bench.report.PeerComparison;
import org.sled.cli.bench.options.BenchPeerOptions;
import org.sled.cli.command.CommandContext;
import org.sled.cli.output.Progress;

/** What is measured beside the servers, on a machine that does nothing else. */
final class BenchWithoutServer {
  private static final int FLOOR_PROMPT_TOKENS = 128;
  private static final int FLOOR_NEW_TOKENS = 32;

  private static final String SINGLE_STREAM_PROMPT = "Once upon a time there was a fox";
  private static final int SINGLE_STREAM_TOKENS = 128;

  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  private final CommandContext context;
  private final BenchPeers.Setup setup;
  private final WantedPeers wanted;

  BenchWithoutServer(CommandContext context, BenchPeers.Setup setup, WantedPeers wanted) {
    this.context = context;
    this.setup = setup;
    this.wanted = wanted;
  }

  /** The native floor, if it was asked for and can run. */
  List<PeerComparison.Floor> floor() throws InterruptedException {
    List<PeerComparison.Floor> floor = new ArrayList<>();
    wanted.use(
        BenchPeerOptions.Peer.BATCHED_BENCH,
        PeerFiles.find().batchedBench(),
        program -> {
          context.err().println("measuring the native floor ...");
          BatchedBench.Shapes shapes =
              new BatchedBench.Shapes(
                  List.of(FLOOR_PROMPT_TOKENS), List.of(FLOOR_NEW_TOKENS), setup.deviceCounts());
          List<BatchedBench.Result> results;
          Progress progress = Progress.of(context, "measuring the native floor");
          try (progress) {
            results = BatchedBench.run(program, setup.target(), setup.threads(), shapes, TIMEOUT);
          }
          for (BatchedBench.Result result : results) {
            floor.add(
                new PeerComparison.Floor(
                    result.sequences(), result.promptTokens(), result.newTokensPerSecond()));
          }
        });
    return floor;
  }

  /** java-llama.cpp beside our own target alone, if it was asked for and can run. */
  List<PeerComparison.SingleStream> singleStream() throws InterruptedException {
    List<PeerComparison.SingleStream> streams = new ArrayList<>();
    wanted.use(
        BenchPeerOptions.Peer.JAVA_LLAMA,
        PeerFiles.find().javaLlama(),
        jar -> {
          context.err().println("measuring a single stream without a server ...");
          JavaLlama.Options options =
              new JavaLlama.Options(
                  setup.target(),
                  SINGLE_STREAM_PROMPT,
                  SINGLE_STREAM_TOKENS,
                  setup.threads(),
                  setup.contextTokens());
          Progress progress = Progress.of(context, "measuring a single stream");
          try (progress) {
            JavaLlama.Result result = JavaLlama.run(jar, options, TIMEOUT);
            streams.add(
                new PeerComparison.SingleStream(
                    "java-llama.cpp", result.tokensPerSecond(), result.firstTokenSeconds() * 1e3));
            streams.add(
                LocalStream.measure(
                    setup.target(), SINGLE_STREAM_PROMPT, SINGLE_STREAM_TOKENS, setup.threads()));
          }
        });
    return streams;
  }
}
