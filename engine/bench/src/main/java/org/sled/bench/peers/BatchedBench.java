package org.sled.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * llama.cpp's own benchmark of batched decoding: sequences in lock step, no server, no network, no
 * sampling. What a server adds to its times is that server's own.
 */
public final class BatchedBench {
  private static final ObjectMapper JSON = new ObjectMapper();

  private BatchedBench() {}

  /**
   * What to measure: every combination of the lists.
   *
   * @param promptTokens tokens of each prompt
   * @param newTokens tokens that each sequence decodes after it
   * @param sequences how many decode at once, at most 256
   */
  public record Shapes(
      List<Integer> promptTokens, List<Integer> newTokens, List<Integer> sequences) {
    /** Copies the lists. */
    public Shapes {
      if (promptTokens.isEmpty() || newTokens.isEmpty() || sequences.isEmpty()) {
        throw new IllegalArgumentException("a benchmark needs a value of each kind at least");
      }
      promptTokens = List.copyOf(promptTokens);
      newTokens = List.copyOf(newTokens);
      sequences = List.copyOf(sequences);
    }

    /** The context that each sequence needs. */
    int tokensPerSequence() {
      return max(promptTokens) + max(newTokens);
    }

    int mostSequences() {
      return max(sequences);
    }

    private static int max(List<Integer> values) {
      return values.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }
  }

  /**
   * One combination.
   *
   * @param promptTokens tokens of each prompt
   * @param newTokens tokens that each sequence decoded
   * @param sequences how many decoded at once
   * @param promptSeconds for all prompts together
   * @param decodeSeconds for all new tokens
   */
  public record Result(
      int promptTokens, int newTokens, int sequences, double promptSeconds, double decodeSeconds) {
    /** Prompt tokens of all sequences per second. */
    public double promptTokensPerSecond() {
      return (double) promptTokens * sequences / promptSeconds;
    }

    /** New tokens of all sequences per second. */
    public double newTokensPerSecond() {
      return (double) newTokens * sequences / decodeSeconds;
    }

    /** One step: one token for each sequence. */
    public double stepSeconds() {
      return decodeSeconds / newTokens;
    }
  }

  /**
   * Measures, which takes a while.
   *
   * @param program see {@link PeerFiles#batchedBench}
   * @throws PeerException if it fails, or takes longer than {@code timeout}
   */
  public static List<Result> run(
      Path program, Path model, int threads, Shapes shapes, Duration timeout)
      throws InterruptedException {
    List<String> command = command(program, model, threads, shapes);
    try (ServerProcess process =
        ServerProcess.start(ServerCommand.of("llama-batched-bench", command))) {
      List<Result> results = parse(process.awaitEnd(timeout));
      if (results.isEmpty()) {
        throw new PeerException(
            "llama-batched-bench gave no result. Its last output:\n  "
                + String.join("\n  ", process.tail()));
      }
      return results;
    }
  }

  static List<String> command(Path program, Path model, int threads, Shapes shapes) {
    int context = Math.multiplyExact(shapes.tokensPerSequence(), shapes.mostSequences());
    return List.of(
        program.toString(),
        "--model",
        model.toString(),
        "--threads",
        Integer.toString(threads),
        "--threads-batch",
        Integer.toString(threads),
        "--ctx-size",
        Integer.toString(context),
        "--flash-attn",
        "on",
        "-npp",
        list(shapes.promptTokens()),
        "-ntg",
        list(shapes.newTokens()),
        "-npl",
        list(shapes.sequences()),
        "--output-format",
        "jsonl",
        "--verbosity",
        "1");
  }

  private static String list(List<Integer> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /** Takes the results out of its output, among which other lines may stand. */
  static List<Result> parse(List<String> output) {
    List<Result> results = new ArrayList<>();
    for (String line : output) {
      if (!line.startsWith("{")) {
        continue;
      }
      try {
        JsonNode json = JSON.readTree(line);
        results.add(
            new Result(
                json.required("pp").asInt(),
                json.required("tg").asInt(),
                json.required("pl").asInt(),
                json.required("t_pp").asDouble(),
                json.required("t_tg").asDouble()));
      } catch (JsonProcessingException | IllegalArgumentException e) {
        throw new PeerException(
            "llama-batched-bench wrote a result that cannot be read: " + line, e);
      }
    }
    return results;
  }
}
