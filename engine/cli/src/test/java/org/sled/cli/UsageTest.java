package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.cli.command.ExitCodes;

/** What goes wrong before anything is loaded: codes, and texts that say what to do. */
public final class UsageTest {
  @Test
  void versionAndHelpAreResults() {
    assertTrue(CliRun.of("--version").expect(0).out().startsWith("sled "));
    CliRun help = CliRun.of("--help").expect(0);
    for (String command : new String[] {"demo", "serve", "generate", "fit", "models", "doctor"}) {
      assertTrue(help.out().contains("  " + command), help::out);
    }
    assertEquals("", help.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "serve", "generate", "fit", "models", "doctor"})
  void everyCommandHasHelpWithExamples(String command) {
    CliRun help = CliRun.of(command, "--help").expect(0);
    assertTrue(help.out().contains("Example"), help::out);
    assertTrue(help.out().contains("sled " + command), help::out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "serve", "generate"})
  void helpShowsSampling(String command) {
    CliRun help = CliRun.of(command, "--help").expect(0);
    assertTrue(help.out().contains("--temperature 0.8"), help::out);
  }

  @Test
  void mistakesAreUsageErrorsOnStderr() {
    for (String[] args :
        new String[][] {
          {},
          {"nonsense"},
          {"serve"},
          {"generate"},
          {"generate", "--prompt", "a", "--prompt-file", "b"},
          {"generate", "--prompt", "a", "--draft-tokens", "four"},
          {"generate", "--prompt", "a", "--draft-tokens", "-1"},
          {"generate", "--prompt", "a", "--server", "host:port"},
          {"generate", "--prompt", "a", "--server", "::1:7411"},
          {"generate", "--prompt", "a", "--local", "--server", "host"},
          {"generate", "--prompt", "a", "--raw", "--system", "b"},
          {"generate", "--prompt", ""},
          {"generate", "prompt"},
          {"demo", "--devices", "0"},
          {"models", "grow"},
          {"models", "grow", "--model", "demo:target", "out.gguf"},
          {"models", "grow", "--model", "demo:target", "--parameters", "12M"},
          {"models", "grow", "--model", "demo:target", "--parameters", "400X", "out.gguf"},
          {"models", "grow", "--model", "demo:target", "--parameters", "1.5", "out.gguf"},
          {"models", "grow", "--model", "demo:target", "--parameters", "-1M", "out.gguf"},
          {"models", "grow", "--model", "demo:target", "--parameters", "9999T", "out.gguf"},
          {"serve", "--model", "demo:nothing"},
          {"serve", "--model", "demo:target", "--kv-type", "f7"},
          {"serve", "--model", "demo:target", "--max-draft-tokens", "63"}
        }) {
      CliRun run = CliRun.of(args).expect(ExitCodes.USAGE);
      assertEquals("", run.out());
      assertFalse(run.err().isBlank());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--temperature    | -0.5",
        "--temperature    | NaN",
        "--temperature    | Infinity",
        "--temperature    | warm",
        "--top-k          | -1",
        "--top-k          | 1.5",
        "--top-p          | 1.5",
        "--min-p          | -0.1",
        "--repeat-penalty | 0",
        "--presence-penalty  | 1001",
        "--frequency-penalty | -1001",
        "--penalty-last-n | -2",
        "--logit-bias     | 5",
        "--logit-bias     | 5=",
        "--logit-bias     | =5",
        "--logit-bias     | 5=x",
        "--logit-bias     | 5=1001",
        "--seed           | 18446744073709551616",
        "--seed           | -9223372036854775809",
        "--seed           | 0x7",
        "--stop           | ''",
        "--stop           | a\\x",
        "--stop           | a\\",
        "--numerics       | precise",
      })
  void samplingMistakesNameTheOption(String option, String value) {
    CliRun run = CliRun.of("generate", "--prompt", "a", option, value).expect(ExitCodes.USAGE);
    assertTrue(run.err().lines().count() <= 3, run::err); // not a page of options
    assertEquals("", run.out());
    assertTrue(run.err().contains(option), run::err);
  }

  @Test
  void listeningForOthersIsInsistedOn() {
    CliRun run = CliRun.of("serve", "--model", "demo:target", "--listen", "0.0.0.0:0").expect(2);
    assertTrue(run.err().contains("--listen-without-authentication"), run::err);
  }

  @Test
  void aMissingModelIsNamed() {
    CliRun run = CliRun.of("serve", "--model", "/no/such.gguf").expect(ExitCodes.FAILED);
    assertTrue(run.err().contains("/no/such.gguf"), run::err);
    assertTrue(run.err().contains("demo:target"), run::err);
  }

  @Test
  void optionsBeatTheEnvironmentAndThatTheDefaults() {
    String[] noFile = {"generate", "--prompt", "a"};
    Map<String, String> environment = Map.of("SLED_MODEL", "/of/environment.gguf");
    assertTrue(CliRun.with(environment, "", noFile).expect(1).err().contains("/of/environment"));
    CliRun run =
        CliRun.with(environment, "", "generate", "--prompt", "a", "--model", "/of/option.gguf");
    assertTrue(run.expect(1).err().contains("/of/option"), run::err);
    Map<String, String> both =
        Map.of("SLED_MODEL", "/of/all.gguf", "SLED_GENERATE_MODEL", "/of/generate.gguf");
    assertTrue(CliRun.with(both, "", noFile).expect(1).err().contains("/of/generate"));
    assertTrue(
        CliRun.with(Map.of("SLED_DRAFT_TOKENS", "x"), "", noFile)
            .expect(2)
            .err()
            .contains("--draft-tokens"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "serve --modle demo:target             | did you mean '--model'?",
        "serve demo:target                     | did you mean '--model demo:target'?",
        "serve /srv/target.gguf                | did you mean '--model /srv/target.gguf'?",
        "bench demo:target                     | did you mean '--target demo:target'?",
        "serve -m demo:target 127.0.0.1:7500   | did you mean '--listen 127.0.0.1:7500'?",
        "generate -p a edge:7411 x             | did you mean '--server edge:7411'?",
        "generate -p a x                       | 'x' is one argument too many",
        "generate draft.gguf                   | named behind --model",
        "serve -hf some                        | write USER/REPO[:QUANT]",
        "generate -hf some/model/x -p a        | write USER/REPO[:QUANT]",
        "serve -hf some/model -m a.gguf        | give one of them",
        "serve -m a.gguf -hff b.gguf           | -hf USER/REPO:FILE.gguf",
        "serve -m a.gguf -hfd some/model       | devices bring the draft model",
        "generate -p a -hfd some/model         | use -hf",
        "generate -p a -hft x                  | set HF_TOKEN",
        "serve -mu http://a/b.gguf             | -hf USER/REPO[:QUANT]",
        "bench -hf some/model                  | in 'sled generate'",
        "models pull                           | USER/REPO[:QUANT]",
        "models pull some                      | write USER/REPO[:QUANT]",
        "serve -hx                             | '-hx' is no option",
        "-Vx                                   | '-Vx' is no option",
        "serve -m demo:target --ctx-size 4096  | use --context",
        "serve -m demo:target -np 4            | use --sessions",
        "serve -m demo:target --parallel=4     | use --sessions",
        "serve -m demo:target --host 0.0.0.0   | use --listen HOST:PORT",
        "serve -m demo:target --port 8080      | use --listen HOST:PORT",
        "serve -m demo:target --draft-max 8    | use --max-draft-tokens",
        "serve -m demo:target -md draft.gguf   | 'sled generate --model FILE'",
        "serve -m demo:target -ngld 99         | 'sled generate --model FILE'",
        "serve -m demo:target --temp 0.8       | 'sled generate --temperature'",
        "generate -p a --draft-max 8           | use --draft-tokens",
        "generate -p a -md draft.gguf          | use --model",
        "generate -p a -ngld 99                | use --gpu-layers",
        "generate -p a --host edge             | use --server HOST:PORT",
        "generate -p a --n-gpu-layers 9        | use --gpu-layers",
        "demo --ctx-size 512                   | in 'sled generate', use --context",
        "chat                                  | 'sled generate'",
        "run                                   | 'sled generate'",
        "server                                | 'sled serve'",
        "pull                                  | sled models pull USER/REPO[:QUANT]",
        "stop                                  | SIGTERM",
        "sevre                                 | did you mean 'serve'?",
        "model.gguf                            | serve --model model.gguf",
        "--model demo:target serve             | write it behind a command",
        "generate -p a --server http://edge:7411/v1 | as in edge:7411",
        "generate -p a --server edge:0         | nothing listens on port 0",
        "serve -m demo:target --drain-to a:0   | nothing listens on port 0",
        "generate -p a -n 1e3                  | '--max-tokens': '1e3' is no whole number",
        "generate -p a -n -1                   | '--max-tokens': -1 is below 0",
        "generate -p a -n 99999999999          | '--max-tokens': 99999999999 is not within",
        "generate -p a --timeout 0             | '--timeout'",
        "generate -p a --outage-timeout 0      | '--outage-timeout'",
        "generate -p a --outage-timeout x      | '--outage-timeout'",
        "demo --devices 0                      | '--devices'",
        "demo --seconds 1e9                    | '--seconds'",
      })
  void whatIsMeantIsNamed(String line, String meant) {
    CliRun run = CliRun.of(line.split(" +")).expect(ExitCodes.USAGE);
    assertTrue(run.err().contains(meant), run::err);
    assertTrue(run.err().lines().count() <= 2, run::err);
    assertEquals("", run.out());
  }

  @Test
  void valuesAreNoOptionsOfOthers() {
    // Behind an option that takes a value, and behind "--", nothing else is looked for.
    CliRun value =
        CliRun.of("generate", "--local", "-m", "/no/x.gguf", "--system", "-hf", "-p", "-np");
    assertTrue(value.expect(ExitCodes.FAILED).err().contains("/no/x.gguf"), value::err);
    CliRun same = CliRun.of("generate", "--local", "-m", "/no/x.gguf", "--temp", "1", "-p", "a");
    assertTrue(same.expect(ExitCodes.FAILED).err().contains("/no/x.gguf"), same::err);
    CliRun gpu = CliRun.of("serve", "-m", "/no/x.gguf", "-ngl", "99");
    assertTrue(gpu.expect(ExitCodes.FAILED).err().contains("/no/x.gguf"), gpu::err);
  }

  @Test
  void helpAndVersionAreCommandsToo() {
    assertEquals(CliRun.of("--help").expect(0).out(), CliRun.of("help").expect(0).out());
    assertEquals(
        CliRun.of("models", "grow", "--help").expect(0).out(),
        CliRun.of("help", "models", "grow").expect(0).out());
    assertEquals(CliRun.of("--version").expect(0).out(), CliRun.of("version").expect(0).out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "serve",
        "generate",
        "bench",
        "simulate",
        "models",
        "models grow",
        "doctor"
      })
  void helpIsReplacedAndFits(String command) {
    String help = CliRun.of((command + " --help").strip().split(" ")).expect(0).out();
    assertFalse(help.contains("${"), help);
    assertFalse(help.contains("null"), help);
    help.lines().forEach(line -> assertTrue(line.length() <= 80, line));
  }

  @Test
  void textsAreTakenAsTheyAreWritten(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("words.txt"), "/of/the/file.gguf");
    CliRun at = CliRun.of("generate", "--local", "-p", "a", "--model", "@" + file);
    assertTrue(at.expect(ExitCodes.FAILED).err().contains("file @" + file), at::err);
    for (String text : new String[] {"/${sys:user.home}/x", "/$${HOME}/x", "/${x:-y}$$"}) {
      CliRun run = CliRun.with(Map.of("SLED_MODEL", text), "", "generate", "--local", "-p", "a");
      assertTrue(run.expect(ExitCodes.FAILED).err().contains("file " + text + ";"), run::err);
    }
  }

  @Test
  void errorsAreJsonWhereJsonIsWanted() throws IOException {
    for (String form : new String[] {"--json", "--events"}) {
      CliRun usage = CliRun.of("generate", "-p", "a", form, "--max-tokens", "x");
      usage.expect(ExitCodes.USAGE);
      assertEquals("usage", usage.json().at("/error/code").asText());
      assertEquals(2, usage.json().at("/error/exit_code").asInt());
      assertTrue(usage.json().at("/error/message").asText().contains("--max-tokens"));
      assertTrue(usage.err().contains("--max-tokens"), "people read it, too");
      CliRun file = CliRun.of("generate", "-p", "a", form, "-m", "/no/such.gguf");
      assertEquals("failed", file.expect(1).json().at("/error/code").asText());
      CliRun server = CliRun.of("generate", "-p", "a", form, "--server", "127.0.0.1:" + freePort());
      assertEquals("unreachable", server.expect(3).json().at("/error/code").asText());
      assertEquals(1, server.out().lines().count(), server::out);
    }
    CliRun variable =
        CliRun.with(Map.of("SLED_JSON", "true"), "", "demo", "--model", "/no/such.gguf");
    assertEquals("failed", variable.expect(1).json().at("/error/code").asText());
    CliRun compared = CliRun.of("bench", "--json", "--target", "/no/such.gguf", "--replay", "/no");
    assertEquals("failed", compared.expect(1).json().at("/error/code").asText());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void anUnreachableServerHasItsOwnCode() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    CliRun run =
        CliRun.of("generate", "--server", "127.0.0.1:" + port, "--prompt", "secret words")
            .expect(ExitCodes.UNREACHABLE);
    assertEquals("", run.out());
    assertTrue(run.err().contains("check that the server runs"), run::err);
    assertFalse(run.err().contains("secret"), "prompts do not belong in logs");
  }
}
