package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;

/** A comparison that somebody interrupts keeps what it has measured. */
@Timeout(180)
final class PeersInterruptTest {
  @TempDir Path directory;

  /** Collects what is printed, and sends a signal once a text is there. */
  private static final class SignalAt extends ByteArrayOutputStream {
    private final String text;
    private boolean sent;

    SignalAt(String text) {
      this.text = text;
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      super.write(bytes, offset, length);
      if (!sent && toString(StandardCharsets.UTF_8).contains(text)) {
        sent = true;
        CliRun.SIGNALS.get().send(Signals.Kind.INTERRUPT);
      }
    }
  }

  @Test
  void whatWasMeasuredBeforeAnInterruptIsWritten() throws Exception {
    Path report = directory.resolve("out");
    SignalAt err = new SignalAt("RTT 0 ms, 2 devices, sled:");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int exitCode =
        CliRun.run(
            out,
            err,
            Map.of(),
            new byte[0],
            "bench",
            "--target=demo:target",
            "--peers=central",
            "--concurrency=1,2,64",
            "--rtt=0",
            "--duration=2",
            "--warmup=0",
            "--max-tokens=16",
            "--report=" + report);
    String said = err.toString(StandardCharsets.UTF_8);
    assertEquals(ExitCodes.INTERRUPTED, exitCode, said);
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("interrupted: "), said);
    JsonNode json = new ObjectMapper().readTree(report.resolve("comparison.json").toFile());
    List<String> cells = new ArrayList<>();
    for (JsonNode cell : json.path("cells")) {
      cells.add(cell.path("devices").asInt() + " " + cell.path("system").asText());
    }
    assertEquals(List.of("1 sled", "1 central", "2 sled"), cells);
    assertTrue(json.path("skipped").get(0).asText().startsWith("interrupted: "));
  }
}
