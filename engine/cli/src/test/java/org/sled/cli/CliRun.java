package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ResultStream;

/** One run of the command in this process, with what it printed. */
public record CliRun(int exitCode, String out, String err) {
  /** Where the models are: surefire sets the property. */
  public static final Path HOME = Path.of(System.getProperty("sled.home", "../.."));

  /** How the current run, or the last one, is sent signals. */
  static final AtomicReference<FakeSignals> SIGNALS = new AtomicReference<>(new FakeSignals());

  public static CliRun of(String... args) {
    return with(Map.of(), "", args);
  }

  public static CliRun with(Map<String, String> environment, String in, String... args) {
    return with(environment, in.getBytes(StandardCharsets.UTF_8), args);
  }

  public static CliRun with(Map<String, String> environment, byte[] in, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CliRun run = to(out, environment, in, args);
    return new CliRun(run.exitCode, out.toString(StandardCharsets.UTF_8), run.err);
  }

  /** With a stdout of the caller's; {@link #out} is empty then. */
  public static CliRun to(
      OutputStream out, Map<String, String> environment, byte[] in, String... args) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode = run(out, err, environment, in, args);
    return new CliRun(exitCode, "", err.toString(StandardCharsets.UTF_8));
  }

  /** With streams of the caller's; what the process would have exited with. */
  static int run(
      OutputStream out,
      OutputStream err,
      Map<String, String> environment,
      byte[] in,
      String... args) {
    FakeSignals signals = new FakeSignals();
    SIGNALS.set(signals);
    CommandContext context =
        new CommandContext(
            new ResultStream(out),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new ByteArrayInputStream(in),
            environment::get,
            HOME.toAbsolutePath().normalize(),
            false,
            signals);
    int exitCode = Sled.run(context, args);
    context.out().flush();
    return exitCode;
  }

  public CliRun expect(int code) {
    assertEquals(code, exitCode, () -> "stdout:\n" + out + "\nstderr:\n" + err);
    return this;
  }

  /** The last line of stdout as JSON. */
  public JsonNode json() {
    String[] lines = out.stripTrailing().split("\n", -1);
    try {
      return new ObjectMapper().readTree(lines[lines.length - 1]);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + out, e);
    }
  }
}
