package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong before anything is loaded: codes, and texts that say what to do. */
final class UsageTest {
  @Test
  void versionAndHelpAreResults() {
    assertTrue(CliRun.of("--version").expect(0).out().startsWith("sled "));
    CliRun help = CliRun.of("--help").expect(0);
    for (String command : new String[] {"demo", "serve", "generate", "models", "doctor"}) {
      assertTrue(help.out().contains("  " + command), help::out);
    }
    assertEquals("", help.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "serve", "generate", "models", "doctor"})
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
