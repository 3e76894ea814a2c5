package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.jni.Sampler;
import org.sled.jni.SamplingParams.TokenBias;

/** The tables in {@code native/SAMPLING.md}, section "Test vectors": twin and native give them. */
class SamplingVectorsTest {
  @Test
  void noise() throws IOException {
    for (List<String> row : table("| seed | t | x | v | u | g |", 8)) {
      long seed = bits(row.get(0));
      int position = Integer.parseInt(row.get(1));
      int token = Integer.parseInt(row.get(2));
      String text = row.toString();
      assertEquals(bits(row.get(3)), CoupledSampling.bits(seed, position, token), text);
      assertBits(row.get(4), CoupledSampling.uniform(seed, position, token), text);
      assertBits(row.get(5), CoupledSampling.noise(seed, position, token), text);
    }
  }

  @Test
  void lnAndExp() throws IOException {
    for (List<String> row : table("| x | Ln(x) |", 8)) {
      assertBits(row.get(1), SpecMath.ln(Double.longBitsToDouble(bits(row.get(0)))), row.get(0));
    }
    for (List<String> row : table("| d | Exp(d) |", 6)) {
      assertBits(row.get(1), SpecMath.exp(Double.longBitsToDouble(bits(row.get(0)))), row.get(0));
    }
  }

  @Test
  void choices() throws IOException {
    for (List<String> row : table("| logits | history | parameters | choice |", 6)) {
      List<String> numbers = words(row.get(0));
      float[] logits = new float[numbers.size()];
      for (int x = 0; x < logits.length; x++) {
        logits[x] = number(numbers.get(x));
      }
      int[] history = words(row.get(1)).stream().mapToInt(Integer::parseInt).toArray();
      Params params = params(row.get(2));
      int choice = row.get(3).equals("none") ? -1 : Integer.parseInt(row.get(3));
      assertEquals(choice, CoupledSampling.choose(logits, history, params.value()), row.toString());
      assertEquals(choice, Sampler.choose(logits, history, params.value()), row.toString());
    }
  }

  /** For example {@code T 0.8, top-k 3, penalties 1.25 0.5 0.25 64, bias 2:1.5, seed 7}. */
  private static Params params(String text) {
    Params params = Params.PLAIN;
    for (String part : text.split(", ", -1)) {
      List<String> words = words(part);
      String first = words.get(1);
      params =
          switch (words.get(0)) {
            case "T" -> params.temperature(number(first));
            case "top-k" -> params.topK(Integer.parseInt(first));
            case "top-p" -> params.topP(number(first));
            case "min-p" -> params.minP(number(first));
            case "penalties" ->
                params.penalties(
                    number(first),
                    number(words.get(2)),
                    number(words.get(3)),
                    Integer.parseInt(words.get(4)));
            case "bias" ->
                params.bias(
                    words.stream()
                        .skip(1)
                        .map(SamplingVectorsTest::bias)
                        .toArray(TokenBias[]::new));
            case "seed" -> params.seed(Long.parseUnsignedLong(first));
            default -> throw new AssertionError(part);
          };
    }
    return params;
  }

  private static TokenBias bias(String text) {
    int colon = text.indexOf(':');
    return new TokenBias(
        Integer.parseInt(text.substring(0, colon)), number(text.substring(colon + 1)));
  }

  private static float number(String text) {
    return switch (text) {
      case "NaN" -> Float.NaN;
      case "-∞" -> Float.NEGATIVE_INFINITY;
      case "+∞" -> Float.POSITIVE_INFINITY;
      default -> Float.parseFloat(text);
    };
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
  }

  private static long bits(String hex) {
    assertTrue(hex.startsWith("0x"), hex);
    return Long.parseUnsignedLong(hex.substring(2), 16);
  }

  private static void assertBits(String bits, double value, String text) {
    assertEquals(bits, String.format("0x%016x", Double.doubleToRawLongBits(value)), text);
  }

  /** The rows below a header, as cells. */
  private static List<List<String>> table(String header, int least) throws IOException {
    Path file = Path.of(System.getProperty("sled.home"), "native", "SAMPLING.md");
    List<String> lines = Files.readAllLines(file);
    int start = lines.indexOf(header);
    assertTrue(start > lines.indexOf("## Test vectors"), header);
    List<List<String>> rows = new ArrayList<>();
    for (String line : lines.subList(start + 2, lines.size())) {
      if (!line.startsWith("|")) {
        break;
      }
      String[] cells = line.substring(1, line.length() - 1).split("\\|", -1);
      rows.add(Arrays.stream(cells).map(String::strip).toList());
    }
    assertTrue(rows.size() >= least, () -> header + ": " + rows);
    return rows;
  }
}
