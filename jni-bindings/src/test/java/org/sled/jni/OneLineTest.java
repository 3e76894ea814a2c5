package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

final class OneLineTest {
  @Test
  void whatAFileBringsStaysOneLineAndMovesNoCursor() {
    String name = "größe 多い 🙂";
    assertSame(name, OneLine.of(name));
    assertEquals("a\\u{a}ERROR b\\u{1b}[2J\\u{202e}", OneLine.of("a\nERROR b\u001b[2J\u202e"));
  }
}
