package org.sled.bench.peers;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * What {@link JavaLlama} starts in a JVM of its own, with nothing but this class and
 * java-llama.cpp's jar on the class path: the command line of no user.
 */
final class JavaLlamaMain {
  /** Begins the line with the result, as JSON; llama.cpp logs around it. */
  static final String RESULT = "sled-peer-result ";

  private JavaLlamaMain() {}

  /**
   * Generates twice and reports the second time.
   *
   * @param args model, new tokens, threads, context, prompt
   */
  public static void main(String[] args) {
    int maxTokens = Integer.parseInt(args[1]);
    int threads = Integer.parseInt(args[2]);
    ModelParameters parameters =
        new ModelParameters()
            .setModel(args[0])
            .setThreads(threads)
            .setThreadsBatch(threads)
            .setCtxSize(Integer.parseInt(args[3]))
            .enableFlashAttn()
            .disableContextShift();
    // Never closed, and no end but this: closing it waits for ever (seen with 4.2.0).
    LlamaModel model = new LlamaModel(parameters);
    InferenceParameters request =
        new InferenceParameters(args[4])
            .setNPredict(maxTokens)
            .setTemperature(0)
            .setTopK(0)
            .setTopP(1)
            .setMinP(0)
            .setRepeatPenalty(1)
            .setIgnoreEos(true)
            .setCachePrompt(false);
    String unused = generate(model, request);
    String result = generate(model, request);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // What llama.cpp logged may have left its line open.
    out.println("\n" + RESULT + result);
    Runtime.getRuntime().halt(0);
  }

  private static String generate(LlamaModel model, InferenceParameters request) {
    StringBuilder text = new StringBuilder();
    int tokens = 0;
    long begun = System.nanoTime();
    long first = begun;
    long last = begun;
    for (LlamaOutput output : model.generate(request)) {
      if (output.text.isEmpty()) {
        continue; // the end, or a part of a character
      }
      last = System.nanoTime();
      if (tokens == 0) {
        first = last;
      }
      tokens++;
      text.append(output.text);
    }
    return "{\"first_token_s\":"
        + (first - begun) / 1e9
        + ",\"total_s\":"
        + (last - begun) / 1e9
        + ",\"tokens\":"
        + tokens
        + ",\"text\":\""
        + escaped(text)
        + "\"}";
  }

  /** The text of a JSON string: there is no library here. */
  private static String escaped(CharSequence text) {
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        escaped.append('\\').append(c);
      } else if (c < ' ') {
        escaped.append(String.format("\\u%04x", (int) c));
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }
}
