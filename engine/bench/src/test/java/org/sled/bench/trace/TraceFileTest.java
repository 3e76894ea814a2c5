package org.sled.bench.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sled.bench.load.BenchRequest;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;

final class TraceFileTest {
  private static final Sampling DRAWN =
      new Sampling(
          0.8f, 40, 0.9f, 0.01f, 1.1f, 0.1f, 0.2f, 64, -7L, List.of(new TokenBias(3, -2f)));

  @TempDir Path directory;

  private static DraftTrace trace() {
    return new DraftTrace(
        new TraceHeader(
            TraceHeader.FORMAT,
            TraceHeader.VERSION,
            "/home/someone/draft",
            "target",
            "0123456789abcdef",
            new TokenizerFingerprint(100, -1, 2, Long.MIN_VALUE, 4),
            16,
            3),
        List.of(
            new TraceStream(
                4,
                new int[] {1, 2, 3},
                2,
                true,
                DRAWN,
                new int[] {7, 8},
                1500,
                new int[][] {{}, {8, 9}},
                new float[][] {{}, {0.5f, 0.25f}},
                new int[] {0, 300},
                new int[] {0, 200})));
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    Path file = directory.resolve("new/trace.gz");
    TraceFile.write(file, trace());
    DraftTrace read = TraceFile.read(file);
    assertEquals(trace().header(), read.header());
    assertEquals("draft", read.header().draftModel(), "without the directories of a machine");
    TraceStream stream = read.find(TokenIds.of(1, 2, 3), DRAWN);
    assertArrayEquals(new int[] {8, 9}, stream.drafts()[1]);
    assertArrayEquals(new float[] {0.5f, 0.25f}, stream.confidence()[1]);
    assertEquals(1500, stream.prefillMicros());
    assertNull(read.find(TokenIds.of(1, 2), DRAWN));
    assertNull(read.find(TokenIds.of(1, 2, 3), DRAWN.withSeed(8)));
    try (var files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList(), "nothing else is left there");
    }
  }

  @Test
  void theWorkloadIsWhatWasAsked() {
    BenchRequest request = trace().workload(0).request(5);
    assertEquals(5, request.number());
    assertEquals(4, request.promptNumber());
    assertEquals(2, request.maxTokens());
    assertTrue(request.ignoreEnd());
    assertEquals(DRAWN, request.sampling());
    assertEquals(1, trace().workload(1).request(0).maxTokens());
  }

  @Test
  void whatIsNoTraceIsRefusedByName() throws Exception {
    Path text = directory.resolve("text");
    Files.writeString(text, "hello", StandardCharsets.UTF_8);
    assertRefused(text, "is no draft trace");
    Path other = gzip("other", "{\"format\":\"something\",\"version\":1}\n");
    assertRefused(other, "is no draft trace");
    Path garbage = gzip("garbage", "{\"format\":");
    assertRefused(garbage, "is damaged");
    assertRefused(gzip("empty", ""), "is no draft trace");
    Path file = directory.resolve("whole");
    TraceFile.write(file, trace());
    byte[] whole = Files.readAllBytes(file);
    Path cut = directory.resolve("cut");
    Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
    assertThrows(IOException.class, () -> TraceFile.read(cut));
  }

  private Path gzip(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  private static void assertRefused(Path file, String part) {
    IOException e = assertThrows(IOException.class, () -> TraceFile.read(file));
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
  }
}
