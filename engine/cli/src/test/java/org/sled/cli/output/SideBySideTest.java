package org.sled.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SideBySideTest {
  @Test
  void wrapsAtBlanksAndWithinLongWords() {
    assertEquals(List.of("one two", "three"), SideBySide.wrap("one two three", 8));
    assertEquals(List.of("abcd", "ef g"), SideBySide.wrap("abcdef g", 4));
    assertEquals(List.of("a", "", "b"), SideBySide.wrap("a\n\nb\n", 4));
  }

  @Test
  void columnsOfUnequalLength() {
    List<String> lines = SideBySide.lines("left", "a b c", "right", "d", 3);
    assertEquals(List.of("left  |  right", "-----+-----", "a b  |  d", "c    |"), lines);
    assertTrue(lines.stream().allMatch(line -> line.equals(line.stripTrailing())));
  }
}
