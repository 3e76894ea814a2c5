package org.sled.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What takes long says where it stands. */
final class ProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  /** Says it three times and ends; nothing is said afterwards. */
  @SuppressWarnings("try") // its thread works while it is open
  private String said(boolean redraws, Supplier<String> line) throws Exception {
    CountDownLatch times = new CountDownLatch(4);
    Supplier<String> counted =
        () -> {
          times.countDown();
          return line.get();
        };
    try (Progress progress = new Progress(err, redraws, counted, Duration.ofMillis(5))) {
      assertTrue(times.await(60, TimeUnit.SECONDS));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void linesOrOneLine() throws Exception {
    Progress.Counter counter = new Progress.Counter("growing");
    assertTrue(said(false, counter).startsWith("growing: 0 s\ngrowing: 0 s\n"));
    bytes.reset();
    counter.at(3, 12, "layers");
    String drawn = said(true, counter);
    String clear = "\r\u001b[2K";
    assertTrue(drawn.startsWith(clear + "growing: 3 of 12 layers, 0 s"), drawn);
    assertTrue(drawn.endsWith(clear), "the line goes at the end");
    assertFalse(drawn.contains("\n"), drawn);
  }

  @Test
  void nothingIsSaidWhereThereIsNothingToSay() throws Exception {
    assertEquals("", said(false, () -> null));
    assertEquals("", said(true, () -> null));
  }
}
