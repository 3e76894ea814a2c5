package org.sled.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.cli.ChildJvm;
import org.sled.cli.CliRun;
import org.sled.cli.generate.TextWish;

/** What cannot be written is no success. */
final class ResultStreamTest {
  /** A disk that is full after some bytes. */
  private static final class Full extends OutputStream {
    private int room;

    Full(int room) {
      this.room = room;
    }

    @Override
    public void write(int value) throws IOException {
      if (--room < 0) {
        throw new IOException("No space left on device");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "--version",
        "serve --help",
        "models",
        "doctor",
        "serve --model demo:target --print-config",
        "serve --model demo:target --check-config",
        "generate --local -t 1 -n 24 -p Hello",
        "generate --local -t 1 -n 24 -p Hello --json",
      })
  void aFullDiskIsAFailure(String line) {
    for (int room : new int[] {0, 20}) {
      CliRun run = CliRun.to(new Full(room), Map.of(), new byte[0], line.split(" "));
      if (line.equals("--version") && room == 20) {
        continue; // it fits
      }
      run.expect(ExitCodes.FAILED);
      assertTrue(run.err().contains("cannot write to stdout: No space left"), run::err);
    }
  }

  @Test
  void aFullDeviceIsAFailureOfTheProcess() throws Exception {
    Process process =
        ChildJvm.of(List.of("-XX:TieredStopAtLevel=1"), "org.sled.cli.Sled", "--version")
            .redirectOutput(new File("/dev/full"))
            .start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(ExitCodes.FAILED, process.exitValue(), err);
    assertTrue(err.contains("cannot write to stdout"), err);
  }

  @Test
  void whatCanBeWrittenIs() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ResultStream out = new ResultStream(bytes);
    out.print("Grüße");
    out.check();
    assertEquals("Grüße", bytes.toString(StandardCharsets.UTF_8));
    ResultStream full = new ResultStream(new Full(1));
    full.print("ab");
    assertThrows(CommandFailure.class, full::check);
  }

  @Test
  void whatIsNoNumberIsNull() {
    record Numbers(double a, Double b, double c, double d) {}

    assertEquals(
        "{\"a\":null,\"b\":null,\"c\":0.5,\"d\":3.0}",
        Json.line(new Numbers(Double.NaN, Double.POSITIVE_INFINITY, 0.5, 3)));
    assertEquals("0 tokens", TextWish.speed(0, Double.NaN));
    assertEquals("1 tokens", TextWish.speed(1, Double.POSITIVE_INFINITY));
    assertEquals("2 tokens, 0.5 tokens/s", TextWish.speed(2, 0.5));
  }
}
