package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.ResultStream;
import org.sled.cli.config.ConfigFile;
import picocli.CommandLine.Model.OptionSpec;

/** {@code sled serve --config}: layers, mistakes, and the two commands that look at it. */
final class ServeConfigTest {
  private static final Path SAMPLE = CliRun.HOME.resolve("engine/cli/src/main/dist/config");

  @TempDir Path directory;

  private String file(String yaml) throws IOException {
    return Files.writeString(directory.resolve("server.yaml"), yaml).toString();
  }

  private static Map<String, String> printed(Map<String, String> environment, String... more) {
    String[] args = new String[more.length + 2];
    args[0] = "serve";
    args[1] = "--print-config";
    System.arraycopy(more, 0, args, 2, more.length);
    return lines(CliRun.with(environment, "", args).expect(0).out());
  }

  /** Key to "value # origin". */
  private static Map<String, String> lines(String yaml) {
    Map<String, String> lines = new HashMap<>();
    for (String line : yaml.split("\n", -1)) {
      int colon = line.indexOf(": ");
      if (colon > 0 && !line.startsWith("#")) {
        lines.put(line.substring(0, colon), line.substring(colon + 2).replaceAll(" +# ", " # "));
      }
    }
    return lines;
  }

  private static String withoutOrigins(String yaml) {
    return yaml.replaceAll(" +# .*", "");
  }

  @Test
  void flagsBeatTheEnvironmentThatTheFileAndThatTheDefaults() throws IOException {
    String file =
        file("model: demo:target\nsessions: 3\ncontext: 300\nthreads: 2\nkv-type: bf16\n");
    Map<String, String> environment =
        Map.of("SLED_CONTEXT", "400", "SLED_SERVE_THREADS", "4", "SLED_THREADS", "9");
    Map<String, String> printed = printed(environment, "--config", file, "-t", "5");
    assertEquals("demo:target # " + file + ":1", printed.get("model"));
    assertEquals("3 # " + file + ":2", printed.get("sessions"));
    assertEquals("400 # SLED_CONTEXT", printed.get("context"));
    assertEquals("5 # flag", printed.get("threads"));
    assertEquals("bf16 # " + file + ":5", printed.get("kv-type"));
    assertEquals("10 # default", printed.get("drain-seconds"));
    assertEquals("4 # SLED_SERVE_THREADS", printed(environment, "--config", file).get("threads"));
  }

  @Test
  void theFileIsFoundInEveryWayOfSayingIt() throws IOException {
    String file = file("model: demo:target\nsessions: 3\n");
    String expected = "3 # " + file + ":2";
    assertEquals(expected, printed(Map.of(), "--config=" + file).get("sessions"));
    assertEquals(expected, printed(Map.of("SLED_CONFIG", file)).get("sessions"));
    assertEquals(expected, printed(Map.of("SLED_SERVE_CONFIG", file)).get("sessions"));
    Map<String, String> broken = Map.of("SLED_CONFIG", "/no/such.yaml");
    assertEquals(expected, printed(broken, "--config", file).get("sessions"));
    // Other commands do not read it, and help is given whatever it is like.
    CliRun.with(broken, "", "models").expect(0);
    CliRun.with(broken, "", "serve", "--help").expect(0);
    CliRun.with(broken, "", "serve", "--model", "demo:target").expect(ExitCodes.USAGE);
  }

  @Test
  void whereMetricsAreComesFromEverywhere() throws IOException {
    assertEquals(
        "127.0.0.1:7412 # default", printed(Map.of(), "--model", "demo:target").get("admin"));
    String file = file("model: demo:target\nadmin: off\n");
    assertEquals("off # " + file + ":2", printed(Map.of(), "--config", file).get("admin"));
    Map<String, String> environment = Map.of("SLED_ADMIN", "localhost");
    assertEquals(
        "localhost:7412 # SLED_ADMIN", printed(environment, "--config", file).get("admin"));
    assertEquals(
        "\"[::1]:80\" # flag", printed(environment, "--admin", "[::1]:80", "-m", "a").get("admin"));
  }

  @Test
  void yesAndNoComeFromEverywhere() throws IOException {
    String file = file("model: demo:target\nmlock: true\nno-mmap: false\nverbose: 2\n");
    Map<String, String> printed = printed(Map.of(), "--config", file);
    assertTrue(printed.get("mlock").startsWith("true"), printed::toString);
    assertTrue(printed.get("no-mmap").startsWith("false"), printed::toString);
    assertTrue(printed.get("verbose").startsWith("2"), printed::toString);
    assertEquals("true # flag", printed(Map.of(), "--config", file, "--mlock").get("mlock"));
    assertEquals("false # flag", printed(Map.of(), "--config", file, "--mlock=false").get("mlock"));
    assertEquals(
        "false # SLED_MLOCK",
        printed(Map.of("SLED_MLOCK", "false"), "--config", file).get("mlock"));
    assertEquals("1 # flag", printed(Map.of(), "--config", file, "-v").get("verbose"));
    Map<String, String> quiet = Map.of("SLED_VERBOSE", "false", "SLED_MLOCK", "true");
    assertEquals("0 # SLED_VERBOSE", printed(quiet, "--config", file).get("verbose"));
    assertEquals("true # flag", printed(quiet, "--config", file, "--mlock").get("mlock"));
  }

  @Test
  void aRelativeModelLiesBesideTheFile() throws IOException {
    String beside = directory.resolve("a b.gguf").toString();
    String file = file("model: sub/../a b.gguf\n");
    assertEquals(
        '"' + beside + "\" # " + file + ":1", printed(Map.of(), "--config", file).get("model"));
    CliRun run = CliRun.of("serve", "--config", file).expect(ExitCodes.FAILED);
    assertTrue(run.err().contains(beside), run::err);
    assertTrue(run.err().contains("(set in " + file + ":1)"), run::err);
    // A flag's path begins where the command runs, here and when it is printed.
    Path here = Path.of("x.gguf").toAbsolutePath();
    assertEquals(here + " # flag", printed(Map.of(), "--model", "x.gguf").get("model"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "sesions: 3                    | 2 | did you mean 'sessions'?",
        "gpu_layers: 3                 | 2 | did you mean 'gpu-layers'?",
        "temperature: 1                | 2 | there are admin, admin-without-authentication,"
            + " batch-size",
        "print-config: true            | 2 | belongs on the command line",
        "config: other.yaml            | 2 | belongs on the command line",
        "sessions: many                | 2 | 'sessions': 'many' is no whole number",
        "sessions: 16.5                | 2 | 'sessions': '16.5' is no whole number",
        "sessions: 0                   | 2 | 'sessions': 0 is not within 1 to 32768",
        "sessions: 32769               | 2 | not within 1 to 32768",
        "context: -1                   | 2 | below 0",
        "threads: -1                   | 2 | below 0",
        "gpu-layers: -2                | 2 | below -1",
        "max-draft-tokens: 63          | 2 | not within 1 to 62",
        "drain-seconds: -1             | 2 | not within 0 to 86400",
        "listen: 7411                  | 2 | '7411' is a port without a host",
        "listen: edge:x                | 2 | is no port",
        "admin: 7412                   | 2 | '7412' is a port without a host",
        "admin: none:                  | 2 | no YAML",
        "admin: edge:x                 | 2 | is no port: 0 to 65535; or off",
        "step-timeout: 0               | 2 | not within 1 to 86400",
        "kv-type: f7                   | 2 | expected one of [F16, BF16",
        "numerics: precise             | 2 | expected one of [AUTO, EXACT, FAST]",
        "mlock: yes                    | 2 | write true or false",
        "mlock: 1                      | 2 | write true or false",
        "verbose: loud                 | 2 | write true or false",
        "sessions:                     | 2 | 'sessions' has no value",
        "sessions: ''                  | 2 | 'sessions' has no value",
        "sessions: [3]                 | 2 | 'sessions' holds a list",
        "sessions: {a: 3}              | 2 | 'sessions' holds further keys",
        "sessions: &a 3\\ncontext: *a  | 3 | 'context' refers to an anchor",
        "sessions: 3\\n\\nsessions: 3  | 4 | 'sessions' is set again, after line 2",
        "model: other                  | 2 | 'model' is set again, after line 1",
        "sessions:3                    | 2 | no YAML",
        "sessions: 3: 4                | 2 | no YAML",
        "\\tsessions: 3                | 2 | no YAML",
        "listen: \"edge                | 2 | no YAML",
        "sessions: 3\\n---\\na: b      | 4 | a second document",
      })
  void mistakesHaveALineAndAWayOut(String yaml, int line, String part) throws IOException {
    String file = file("model: demo:target\n" + yaml.replace("\\n", "\n").replace("\\t", "\t"));
    CliRun run = CliRun.of("serve", "--config", file).expect(ExitCodes.USAGE);
    assertEquals("", run.out());
    assertEquals(2, run.err().lines().count(), run::err);
    assertTrue(run.err().startsWith("sled: " + file + ":" + line + ": "), run::err);
    assertTrue(run.err().contains(part), run::err);
    assertTrue(run.err().contains("Try 'sled serve --help'"), run::err);
  }

  @Test
  void filesThatAreNoneAreNamed() throws IOException {
    Path latin = Files.write(directory.resolve("latin.yaml"), new byte[] {'a', (byte) 0xE4});
    Path large = Files.write(directory.resolve("large.yaml"), new byte[(1 << 20) + 1]);
    Map<String, String> texts = new HashMap<>();
    texts.put("/no/such.yaml", "there is no configuration file");
    texts.put(directory.toString(), "is a directory");
    texts.put(latin.toString(), "UTF-8");
    texts.put(large.toString(), "larger than 1 MiB");
    texts.put(file("# nothing but a comment\n"), "is empty");
    texts.put("", "name is empty");
    texts.forEach(
        (file, part) -> {
          CliRun run = CliRun.of("serve", "--config", file).expect(ExitCodes.USAGE);
          assertEquals(2, run.err().lines().count(), run::err);
          assertTrue(run.err().contains(part), run::err);
          assertTrue(run.err().contains(file), run::err);
        });
    for (String text : new String[] {"just a text", "- a list", "5"}) {
      CliRun run = CliRun.of("serve", "--config", file(text)).expect(ExitCodes.USAGE);
      assertTrue(run.err().contains("server.yaml:1: this is no 'key: value'"), run::err);
    }
    CliRun noFile = CliRun.of("serve", "--config").expect(ExitCodes.USAGE);
    assertTrue(noFile.err().contains("--config"), noFile::err);
    CliRun.of("serve", "--config", file("sessions: 3\n")).expect(ExitCodes.USAGE); // no model
  }

  @Test
  void aValueInTheFileIsCheckedEvenIfAFlagComesBefore() throws IOException {
    String file = file("model: demo:target\nsessions: many\n");
    CliRun.of("serve", "--config", file, "--sessions", "3", "--print-config")
        .expect(ExitCodes.USAGE);
  }

  @Test
  void whatIsPrintedIsTakenAgain() throws IOException {
    Map<String, String> environment = Map.of("SLED_KV_TYPE", "Q8_0", "SLED_VERBOSE", "2");
    String first =
        CliRun.with(
                environment,
                "",
                "serve",
                "--print-config",
                "--model",
                "with: colon #and \"quotes\".gguf",
                "--listen",
                "[::1]:80",
                "--numerics",
                "fast",
                "--mlock",
                "--admin",
                "off",
                "--step-timeout",
                "5",
                "--drain-seconds",
                "7")
            .expect(0)
            .out();
    String second = CliRun.of("serve", "--config", file(first), "--print-config").expect(0).out();
    assertEquals(withoutOrigins(first), withoutOrigins(second));
    Map<String, String> lines = lines(second);
    assertTrue(lines.get("numerics").startsWith("fast # "), second);
    assertTrue(lines.get("kv-type").startsWith("q8_0 # "), second);
    assertTrue(lines.get("admin").startsWith("off # "), second);
    assertTrue(lines.get("step-timeout").startsWith("5 # "), second);
    assertTrue(lines.get("listen").startsWith("\"[::1]:80\" # "), second);
    assertFalse(second.contains("# default"), second);
  }

  @Test
  void theSampleMentionsEveryOptionWithItsDefault() throws IOException {
    String sample = Files.readString(SAMPLE.resolve("server.yaml"), StandardCharsets.UTF_8);
    String active = CliRun.of("serve", "--config", file(sample), "--print-config").expect(0).out();
    String all = sample.replaceAll("(?m)^#([a-z-]+: )", "$1");
    String allActive = CliRun.of("serve", "--config", file(all), "--print-config").expect(0).out();
    assertEquals(withoutOrigins(active), withoutOrigins(allActive), "defaults in comments");
    CommandContext none =
        new CommandContext(
            new ResultStream(System.out),
            System.err,
            System.in,
            name -> null,
            CliRun.HOME,
            false,
            new FakeSignals());
    for (OptionSpec option :
        Sled.commandLine(none).getSubcommands().get("serve").getCommandSpec().options()) {
      if (ConfigFile.belongsIntoFile(option)) {
        String key = ConfigFile.keyOf(option);
        assertTrue(all.contains("\n" + key + ": "), "the sample lacks " + key);
      }
    }
    assertTrue(sample.contains("\nmodel: demo:target\n"));
    assertTrue(sample.contains("\nlisten: 127.0.0.1:7411\n"));
  }

  @Test
  void editorsOfEveryKind() throws IOException {
    String file = file("\uFEFFmodel: demo:target\r\nsessions: 3\r\n# a comment\r\n");
    assertEquals("3 # " + file + ":2", printed(Map.of(), "--config", file).get("sessions"));
    Map<String, String> wrong =
        Map.of(
            "model: demo:target\r\n\tsessions: 3\r\n", ":2: this is no YAML",
            "model: demo:target\nsessions: 3\nmodel: b\n", ":3: 'model' is set again");
    wrong.forEach(
        (text, why) -> {
          try {
            CliRun run = CliRun.of("serve", "--config", file(text)).expect(ExitCodes.USAGE);
            assertTrue(run.err().contains(why), run::err);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    Path latin = Files.write(directory.resolve("latin.yaml"), new byte[] {'a', ':', (byte) 0xfc});
    CliRun run = CliRun.of("serve", "--config", latin.toString()).expect(ExitCodes.USAGE);
    assertTrue(run.err().contains("byte 0xfc at offset 2"), run::err);
  }

  @Test
  void valuesAreTakenAsTheyAreWritten() throws IOException {
    String file = file("model: /srv/${sys:user.home}.gguf\ncost-directory: '@/a/${HOME}$$'\n");
    Map<String, String> printed = printed(Map.of(), "--config", file);
    assertEquals("\"/srv/${sys:user.home}.gguf\" # " + file + ":1", printed.get("model"));
    assertTrue(printed.get("cost-directory").startsWith("\"@/a/${HOME}$$\""), printed::toString);
  }

  @Test
  void aCheckNeedsNoFreePort() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      String listen = "127.0.0.1:" + taken.getLocalPort();
      String file = file("model: demo:target\nlisten: " + listen + "\nsessions: 3\n");
      CliRun run = CliRun.of("serve", "--config", file, "--check-config").expect(0);
      assertTrue(run.out().startsWith("configuration OK\n"), run::out);
      for (String part :
          new String[] {
            file, "demo-target.gguf", listen, "admin     127.0.0.1:7412", "3 of as many"
          }) {
        assertTrue(run.out().contains(part), run::out);
      }
      assertEquals("", run.err());
      String off = file("model: demo:target\nadmin: off\n");
      CliRun without = CliRun.of("serve", "--config", off, "--check-config").expect(0);
      assertTrue(without.out().contains("admin     off\n"), without::out);
    }
  }

  @Test
  void aCheckFindsWhatServeWouldStumbleOver() throws IOException {
    String noModel = file("just text");
    for (String[] wrong :
        new String[][] {
          {"1", "--model", "/no/such.gguf", "/no/such.gguf"},
          {"1", "--model", directory.toString(), "is a directory"},
          {"1", "--model", noModel, "not a GGUF file"},
          {"2", "--listen", "0.0.0.0:0", "--listen-without-authentication"},
          {"2", "--admin", "0.0.0.0:0", "--admin-without-authentication"},
          {"2", "--admin", "127.0.0.1:7411", "metrics and health need another"},
          {"1", "--admin", "no.such.host.invalid:1", "the host is unknown"},
          {"1", "--listen", "no.such.host.invalid:1", "the host is unknown"},
          {"2", "--model", "demo:nothing", "is no demo model"},
          {"2", "--print-config", "--model=demo:target", "one after the other"},
        }) {
      CliRun run =
          wrong[1].equals("--model")
              ? CliRun.of("serve", "--check-config", wrong[1], wrong[2])
              : CliRun.of(
                  "serve",
                  "--check-config",
                  wrong[1],
                  wrong[2],
                  wrong[1].matches("--listen|--admin") ? "--model=demo:target" : "--sessions=3");
      run.expect(Integer.parseInt(wrong[0]));
      assertEquals("", run.out());
      assertTrue(run.err().contains(wrong[3]), run::err);
    }
    for (String option : new String[] {"--listen", "--admin"}) {
      CliRun far =
          CliRun.of(
                  "serve",
                  "--check-config",
                  "--model=demo:target",
                  option + "-without-authentication",
                  option + "=192.0.2.1:7413") // kept for documentation, so nobody has it
              .expect(1);
      assertTrue(far.err().contains("address of this machine with " + option), far::err);
    }
  }
}
