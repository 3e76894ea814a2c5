package org.sled.net.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class QuotedTest {
  @Test
  void keepsWordsOfAllScripts() {
    String text = "größer, 多い, ערב, 🙂 e\u0301";
    assertEquals('"' + text + '"', Quoted.of(text));
    assertSame(text, Quoted.line(text));
  }

  @Test
  void staysOneLineAndMovesNoCursor() {
    String forged = "x\r\n12:00:00 ERROR Verifier: gone\u001b[2J\u0007\u0085\u2028\u202e\ud800";
    assertEquals(
        "x\\u{d}\\n12:00:00 ERROR Verifier: gone\\u{1b}[2J\\u{7}\\u{85}\\u{2028}\\u{202e}\\u{d800}",
        Quoted.line(forged));
    assertEquals('"' + Quoted.line(forged) + '"', Quoted.of(forged));
  }

  @Test
  void cannotEndItsQuotationMarks() {
    assertEquals("\"a\\\" b\"", Quoted.of("a\" b"));
  }

  @Test
  void cutsBetweenCharacters() {
    assertEquals('"' + "x".repeat(200) + '"', Quoted.of("x".repeat(200)));
    assertEquals('"' + "x".repeat(200) + "…\"", Quoted.of("x".repeat(201)));
    String pairs = "x" + "🙂".repeat(200);
    assertTrue(Quoted.of(pairs).startsWith("\"x🙂"));
    assertTrue(Quoted.of(pairs).endsWith("🙂…\""));
  }
}
