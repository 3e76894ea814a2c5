package org.sled.device.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.sled.device.GenerationRequest;
import org.sled.jni.Detokenizer;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;

final class TextCutterTest {
  /** What came out, piece by piece. */
  private static String cut(List<String> pieces, List<String> stops) {
    TextCutter cutter = new TextCutter(stops);
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      out.append(cutter.feed(piece));
    }
    return out.append(cutter.flush()).toString();
  }

  /** The end of the stop string that is complete first, or -1. */
  private static int naiveEnd(String text, List<String> stops) {
    return stops.stream()
        .filter(text::contains)
        .mapToInt(stop -> text.indexOf(stop) + stop.length())
        .min()
        .orElse(-1);
  }

  private static String naiveCut(String text, List<String> stops) {
    int end = naiveEnd(text, stops);
    if (end < 0) {
      return text;
    }
    String upToEnd = text.substring(0, end);
    int longest =
        stops.stream().filter(upToEnd::endsWith).mapToInt(String::length).max().orElseThrow();
    return text.substring(0, end - longest);
  }

  /** Few different characters, so that beginnings overlap all the time. */
  private static Arbitrary<String> texts() {
    return Arbitraries.of("a", "b", "é", "🦊", "🦋")
        .list()
        .ofMaxSize(6)
        .map(p -> String.join("", p));
  }

  @Provide
  static Arbitrary<List<String>> pieces() {
    return texts().list().ofMaxSize(12);
  }

  @Provide
  static Arbitrary<List<String>> stops() {
    return texts().filter(text -> !text.isEmpty()).list().ofMaxSize(4);
  }

  @Property(tries = 2000)
  void cutsWhereANaiveSearchOfTheWholeTextWould(
      @ForAll("pieces") List<String> pieces, @ForAll("stops") List<String> stops) {
    assertEquals(naiveCut(String.join("", pieces), stops), cut(pieces, stops));
  }

  @Property(tries = 1000)
  void stopsWithThePieceThatCompletesAndHoldsBackOnlyBeginnings(
      @ForAll("pieces") List<String> pieces, @ForAll("stops") List<String> stops) {
    TextCutter cutter = new TextCutter(stops);
    StringBuilder text = new StringBuilder();
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      text.append(piece);
      out.append(cutter.feed(piece));
      assertEquals(naiveEnd(text.toString(), stops) >= 0, cutter.isStopped());
      if (!cutter.isStopped()) {
        String held = text.substring(out.length());
        assertTrue(held.isEmpty() || stops.stream().anyMatch(stop -> stop.startsWith(held)), held);
      }
    }
  }

  @Test
  void beginningsThatComeTwiceAreNotMissed() {
    assertEquals("a", cut(List.of("a", "a", "a", "b", "x"), List.of("aab")));
    assertEquals("ab", cut(List.of("abababac"), List.of("ababac")));
    assertEquals("x", cut(List.of("xab", "cd"), List.of("bc", "abc")));
    assertEquals("xa", cut(List.of("xab", "cd"), List.of("bc", "abcd")));
  }

  @Test
  void whatMightBeAStopIsHeldBackUntilThatIsKnown() {
    TextCutter cutter = new TextCutter(List.of("\nUser:"));
    assertEquals("Hello", cutter.feed("Hello\n"));
    assertEquals("", cutter.feed("Us"));
    assertEquals("\nUsual", cutter.feed("ual"));
    assertEquals("", cutter.feed("\nUser"));
    assertFalse(cutter.isStopped());
    assertEquals("\nUser", cutter.flush());
    assertEquals("", cutter.flush());
    assertEquals("", cutter.feed(""));
  }

  @Test
  void nothingComesBehindAStop() {
    TextCutter cutter = new TextCutter(List.of("."));
    assertEquals("One", cutter.feed("One. Two."));
    assertTrue(cutter.isStopped());
    assertEquals("", cutter.feed("Three"));
    assertEquals("", cutter.flush());
  }

  @Test
  void withoutStopStringsAllTextPassesAtOnce() {
    TextCutter cutter = new TextCutter(List.of());
    assertEquals("abc", cutter.feed("abc"));
    assertEquals("", cutter.flush());
    assertFalse(cutter.isStopped());
  }

  @Test
  void charactersThatAreSplitOverTokensAreFound() {
    Path draft = Path.of(System.getProperty("sled.home"), "models", "demo-draft.gguf");
    try (Model model = Model.open(draft, ModelParams.DEFAULT.withVocabularyOnly(true))) {
      String text = "Grüße, 你好 🦊! Tschüß";
      int[] tokens = model.tokenize(text);
      assertTrue(tokens.length > text.length() / 2, "the fox has several tokens");
      Detokenizer detokenizer = new Detokenizer(model);
      TextCutter cutter = new TextCutter(List.of("🦊", "好!"));
      StringBuilder out = new StringBuilder();
      for (int token : tokens) {
        out.append(cutter.feed(detokenizer.feed(token)));
      }
      assertTrue(cutter.isStopped());
      assertEquals("Grüße, 你好 ", out.toString());
    }
  }

  @Test
  void listsThatAreTooLongAreRefused() {
    for (List<String> wrong :
        List.of(
            List.of(""),
            List.of("a".repeat(257)),
            List.of("🦊".substring(1)),
            Collections.nCopies(17, "a"))) {
      assertThrows(IllegalArgumentException.class, () -> new TextCutter(wrong));
      assertThrows(
          IllegalArgumentException.class, () -> GenerationRequest.of(1).withStopStrings(wrong));
    }
    assertEquals("", cut(List.of("🦊".repeat(256)), List.of("🦊".repeat(256))));
  }
}
