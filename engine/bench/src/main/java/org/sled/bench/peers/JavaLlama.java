package org.sled.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * java-llama.cpp ({@code de.kherud:llama}), the usual way to a local model from Java: one stream,
 * one thread of callers. It brings a llama.cpp of its own, which must not meet ours in one process,
 * so it runs in a JVM of its own.
 */
public final class JavaLlama {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JavaLlama() {}

  /**
   * What to generate, always the most likely tokens.
   *
   * @param model the target, GGUF
   * @param prompt as text: its API takes no token ids
   * @param maxTokens new tokens, also beyond the text's end
   * @param threads of the computation
   * @param contextTokens prompt and answer together
   */
  public record Options(Path model, String prompt, int maxTokens, int threads, int contextTokens) {}

  /**
   * What came of it, after one request to warm up.
   *
   * @param firstTokenSeconds from the request to the first token
   * @param seconds from the request to the last token
   * @param tokens pieces that it streamed; a character of several tokens is one
   * @param text the answer
   */
  public record Result(double firstTokenSeconds, double seconds, int tokens, String text) {
    /** After the first token. */
    public double tokensPerSecond() {
      return (tokens - 1) / (seconds - firstTokenSeconds);
    }
  }

  /**
   * Measures.
   *
   * @param jar see {@link PeerFiles#javaLlama}
   * @throws PeerException if it does not work, with what it said: an old C library, a model that it
   *     is too old for, an instruction that this processor lacks
   */
  public static Result run(Path jar, Options options, Duration timeout)
      throws InterruptedException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            ownClasses() + File.pathSeparator + jar,
            JavaLlamaMain.class.getName(),
            options.model().toString(),
            Integer.toString(options.maxTokens()),
            Integer.toString(options.threads()),
            Integer.toString(options.contextTokens()),
            options.prompt());
    try (ServerProcess process = ServerProcess.start(ServerCommand.of("java-llama.cpp", command))) {
      return parse(process.awaitEnd(timeout));
    }
  }

  /** Our jar, or directory of classes. */
  private static Path ownClasses() {
    try {
      return Path.of(JavaLlama.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("classes come from a file or a directory", e);
    }
  }

  /** Finds the result among what llama.cpp logs. */
  static Result parse(List<String> output) {
    for (String line : output) {
      if (line.startsWith(JavaLlamaMain.RESULT)) {
        try {
          JsonNode json = JSON.readTree(line.substring(JavaLlamaMain.RESULT.length()));
          return new Result(
              json.required("first_token_s").asDouble(),
              json.required("total_s").asDouble(),
              json.required("tokens").asInt(),
              json.required("text").asText());
        } catch (JsonProcessingException | IllegalArgumentException e) {
          throw new PeerException("java-llama.cpp's result cannot be read: " + line, e);
        }
      }
    }
    throw new PeerException(
        "java-llama.cpp gave no result. Its last output:\n  " + String.join("\n  ", output));
  }
}
