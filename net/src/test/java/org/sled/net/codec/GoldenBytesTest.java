package org.sled.net.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FrameType;

/** The frames in PROTOCOL.md are, byte for byte, what the encoder writes. */
final class GoldenBytesTest {
  private static final Pattern EXAMPLE =
      Pattern.compile("<!-- golden ([A-Z_]+(?: [a-z ]+)?) -->\\s*```\\s*([0-9a-f\\s]+?)\\s*```");

  @Test
  void documentAndEncoderAgree() throws IOException {
    Map<String, String> documented = new TreeMap<>();
    Matcher matcher = EXAMPLE.matcher(Files.readString(Path.of("PROTOCOL.md")));
    while (matcher.find()) {
      documented.put(matcher.group(1), matcher.group(2).replaceAll("\\s+", ""));
    }
    Map<String, String> encoded = new TreeMap<>();
    Map<String, byte[]> examples = new TreeMap<>(Samples.frames());
    examples.putAll(Samples.variants());
    examples.forEach((name, bytes) -> encoded.put(name, HexFormat.of().formatHex(bytes)));
    assertEquals(encoded, documented);
  }

  @Test
  void everyTypeHasAnExample() {
    Set<String> expected = new TreeSet<>();
    EnumSet.allOf(FrameType.class).forEach(type -> expected.add(type.name()));
    assertEquals(expected, new TreeSet<>(Samples.frames().keySet()));
  }

  @Test
  void documentListsEveryTypeAndCode() throws IOException {
    String document = Files.readString(Path.of("PROTOCOL.md"));
    for (FrameType type : FrameType.values()) {
      String row = String.format("| 0x%02x | %s |", type.number(), type);
      assertTrue(document.contains(row), () -> "missing: " + row);
    }
    for (ErrorCode code : ErrorCode.values()) {
      String row = String.format("| %d | %s |", code.number(), code);
      assertTrue(document.contains(row), () -> "missing: " + row);
      assertEquals(code, ErrorCode.byNumber(code.number()));
    }
  }
}
