package org.sled.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerAddressTest {
  @Test
  void hostsAndPorts() {
    assertEquals(new ServerAddress("edge", 7411), ServerAddress.parse("edge"));
    assertEquals(new ServerAddress("edge", 1), ServerAddress.parse("edge:1"));
    assertEquals(new ServerAddress("::1", 80), ServerAddress.parse("[::1]:80"));
    assertEquals(new ServerAddress("::1", 7411), ServerAddress.parse("[::1]"));
    assertEquals("[::1]:80", ServerAddress.parse("[::1]:80").toString());
    assertEquals("edge:1", ServerAddress.parse("edge:1").toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":7411",
        "edge:",
        "edge:x",
        "edge:65536",
        "edge:-1",
        "::1",
        "::1:80",
        "http://edge",
        "edge/x",
        "user@edge",
        "[::1]x",
        "[::1",
        "::1]",
        "edge: 7411",
        "edge:+1",
        "edge:00001234567",
        "7411",
        "https://",
        "[]:1"
      })
  void whatIsNone(String text) {
    assertThrows(IllegalArgumentException.class, () -> ServerAddress.parse(text));
  }
}
