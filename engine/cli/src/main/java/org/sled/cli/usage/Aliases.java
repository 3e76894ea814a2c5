package org.sled.cli.usage;

import java.util.HashMap;
import java.util.Map;

/**
 * What other programs of the field call their options and commands, and what is meant by it here.
 * Only a name that means the very same thing is an option of ours as well, such as {@code --temp}.
 */
public final class Aliases {
  private static final String OTHER_SOURCES =
      "models come from a hub by their names, -hf USER/REPO[:QUANT], or from a file, --model FILE";

  private static final String PULL = "'sled models pull USER/REPO[:QUANT]' fetches a model";

  private static final Map<String, String> COMMANDS = new HashMap<>();
  private static final Map<String, Meaning> OPTIONS = new HashMap<>();

  /** What is meant in {@code sled serve}, and in the other commands. */
  private record Meaning(String serve, String others) {}

  static {
    commands("'sled generate' prints one text", "run", "complete", "completion", "cli", "client");
    commands("'sled generate' prints one text", "ask", "prompt", "infer", "inference", "query");
    commands("'sled generate' prints one text; there is no conversation yet", "chat", "talk");
    commands("'sled serve' serves a model", "server", "start", "daemon", "listen", "up");
    commands("'sled models' describes models", "list", "ls", "show", "info", "inspect", "model");
    commands("'sled bench' measures", "benchmark", "perf", "load", "loadtest", "measure");
    commands("'sled doctor' looks for what is missing", "check", "status", "diagnose", "env");
    commands("'sled models grow' converts and grows models", "grow", "quantize", "convert");
    commands("'sled simulate' compares ways to draft", "sim", "simulation");
    commands(PULL, "pull", "download", "get", "fetch", "install");
    commands("end a server with Ctrl-C or SIGTERM", "stop", "kill", "shutdown", "down", "rm");

    String draftsElsewhere = "devices bring the draft model: 'sled generate --model FILE'";
    String client = "that is each client's choice: 'sled generate ";
    options(
        "use --context, the tokens of each session; llama.cpp's are those of all slots together",
        "use --context, with --local; a server's sessions have the server's --context",
        "-c",
        "--ctx-size");
    options("use --gpu-layers, -1 for all", "use --gpu-layers, -1 for all", "--n-gpu-layers");
    options(
        "use --sessions, and --sequences for those in the K/V cache at a time",
        "it belongs to 'sled serve', as --sessions; 'sled bench' has --concurrency",
        "-np",
        "--parallel");
    options("use --listen HOST:PORT", "use --server HOST:PORT", "--host", "--port");
    options(client + "--temperature'", "use --temperature", "--temp", "-temp");
    options(
        "use --max-draft-tokens, the most that a device may send",
        "use --draft-tokens, with --draft-policy fixed or threshold",
        "--draft-max",
        "--draft",
        "--draft-n");
    options(
        draftsElsewhere,
        "leave it out: --draft-policy optimal, the default, finds it out",
        "--draft-min",
        "--draft-n-min");
    options(
        draftsElsewhere,
        "use --draft-policy threshold with --draft-threshold P",
        "--draft-p-min",
        "--draft-p-split");
    options(
        draftsElsewhere,
        "use --model: the draft model, where a server has the target",
        "-md",
        "--model-draft",
        "--spec-draft-model");
    options(
        draftsElsewhere,
        "use --gpu-layers, which is about the model here",
        "-ngld",
        "--gpu-layers-draft",
        "--n-gpu-layers-draft");
    options(draftsElsewhere, "leave it out: it has the server's", "-cd", "--ctx-size-draft");
    options(draftsElsewhere, "use --threads", "-td", "--threads-draft");
    options("use --threads", "use --threads", "-tb", "--threads-batch");
    options(
        "leave it out: --scheduler decides what is computed together",
        "leave it out: the server decides what is computed together",
        "-b",
        "-ub",
        "--ubatch-size",
        "-cb",
        "--cont-batching",
        "-nocb");
    options("leave it out: it is on", "leave it out: it is on", "-fa", "--flash-attn");
    options(
        "use --kv-type TYPE, for both",
        "it belongs to 'sled serve', as --kv-type",
        "-ctk",
        "-ctv",
        "--cache-type-k",
        "--cache-type-v");
    options(
        "leave it out: the server has no authentication yet",
        "use --auth-token, or better SLED_AUTH_TOKEN",
        "--api-key",
        "--api-key-file");
    options(
        "use --admin HOST:PORT, on by default",
        "it belongs to 'sled serve', as --admin",
        "--metrics");
    options(
        "leave it out: the model's own chat template is used",
        "leave it out: the target's own chat template is used; --raw does without",
        "--jinja",
        "--no-jinja",
        "--chat-template",
        "--chat-template-file",
        "-cnv",
        "-no-cnv",
        "--conversation");
    options(
        client + "--max-tokens'",
        "use --max-tokens",
        "--n-predict",
        "--predict",
        "--max-new-tokens");
    options(client + "--prompt-file'", "use --prompt-file", "-f", "--file");
    options(client + "--system'", "use --system", "-sys", "--system-prompt");
    options(client + "--stop'", "use --stop", "-r", "--reverse-prompt");
    options(client + "--seed'", "use --seed", "-s");
    options(client + "--ignore-end'", "use --ignore-end", "--ignore-eos");
    options(client + "--penalty-last-n'", "use --penalty-last-n", "--repeat-last-n");
    options("use -hf", "use -hf", "-hf", "--hf-repo", "-hfr");
    String file = "write it behind the name: -hf USER/REPO:FILE.gguf";
    options(file, file, "-hff", "--hf-file");
    options(
        draftsElsewhere,
        "use -hf: the draft model, where a server has the target",
        "-hfd",
        "-hfrd",
        "--hf-repo-draft");
    String token = "set HF_TOKEN, which is seen in no list of processes";
    options(token, token, "-hft", "--hf-token");
    options(OTHER_SOURCES, OTHER_SOURCES, "-mu", "--model-url", "-dr", "--docker-repo");
  }

  private Aliases() {}

  private static void commands(String meaning, String... words) {
    for (String word : words) {
      COMMANDS.put(word, meaning);
    }
  }

  private static void options(String serve, String others, String... names) {
    for (String name : names) {
      OPTIONS.put(name, new Meaning(serve, others));
    }
  }

  /** What somebody means by a command that we do not have; null if that is unknown. */
  public static String command(String word) {
    return COMMANDS.get(word);
  }

  /** What somebody means by an option that this command does not have; null if unknown. */
  public static String option(String command, String name) {
    Meaning meaning = OPTIONS.get(name);
    if (meaning == null) {
      return null;
    }
    return switch (command) {
      case "serve" -> meaning.serve();
      case "generate" -> meaning.others();
      default ->
          meaning.others().equals(OTHER_SOURCES)
              ? OTHER_SOURCES
              : "in 'sled generate', " + meaning.others();
    };
  }
}
