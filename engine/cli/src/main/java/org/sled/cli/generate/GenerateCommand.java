package org.sled.cli.generate;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.sled.cli.command.CacheDirectory;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.GpuRequirement;
import org.sled.cli.command.Version;
import org.sled.cli.files.HubOptions;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.files.TrustOption;
import org.sled.cli.options.BusyOptions;
import org.sled.cli.options.DraftingOptions;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.LogOptions;
import org.sled.cli.options.OutageOptions;
import org.sled.cli.options.PromptOptions;
import org.sled.cli.options.SamplingOptions;
import org.sled.cli.options.ServerAddress;
import org.sled.cli.options.StopOptions;
import org.sled.device.SledClient;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;
import org.sled.jni.Numerics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sled generate}: one text, from a server or from the target alone. */
@Command(
    name = "generate",
    versionProvider = Version.class,
    sortOptions = false,
    description = "Generates a text: with a server and a draft model here, or the target alone.",
    footer = {
      "",
      "Examples:",
      "  sled generate --server edge:7411 --model draft.gguf --prompt \"Tell me a story\"",
      "  sled generate --server edge:7411 -hf USER/DRAFT-GGUF:Q4_K_M --prompt \"Hi\"",
      "  sled generate --model demo:draft --prompt-file question.txt --draft-tokens 6",
      "  sled generate --server edge:7411 --model none --prompt-file report.txt",
      "  echo \"Once upon a time\" | sled generate --model demo:draft --raw -",
      "  sled generate --local --model demo:target --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --top-p 0.95 --prompt \"Tell me a story\"",
      "  sled generate --temperature 0.8 --seed 7 --prompt \"Go on\" --stop \".\"",
      "  sled generate --messages a.json --template-args '{\"enable_thinking\":false}'",
      "  sled generate --prompt \"Tell me a story\" --show-prompt",
      "  sled generate --server edge1,edge2 --outage local --prompt \"Tell me a story\"",
      "",
      "With the same target both ways print the same text, whatever is drafted. With a",
      "temperature they do so for the same seed.",
      "",
      "The first Ctrl-C, SIGTERM or SIGHUP cancels the text, and ends the command within",
      "5 s whatever it is at; the second ends it at once."
    })
public final class GenerateCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      split = ",",
      converter = ServerAddress.Converter.class,
      description =
          "Where the server listens; 127.0.0.1:7411 if not said. Several with commas, or a name"
              + " with several addresses: each client prefers one of them, and turns to the others"
              + " when that one is gone.")
  private List<ServerAddress> servers;

  @Mixin private OutageOptions outage;

  @Mixin private BusyOptions busy;

  @Option(
      names = "--local",
      description = "No server: load the target here and let it generate alone.")
  private boolean local;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description =
          "The draft model; with --local the target. A GGUF file, demo:draft or demo:target. none:"
              + " no file here; the tokenizer comes from the server, and drafts are what followed"
              + " when the last tokens were said before. Default: demo:draft, or none where that is"
              + " not of the server's vocabulary; with --local demo:target.")
  private String model;

  @Mixin private HubOptions hub;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--show-prompt",
      description =
          "Generate nothing: print what the model would get, as text and as token ids, and which of"
              + " those are control tokens.")
  private boolean showPrompt;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "256",
      description =
          "New tokens at most, 0 for as many as the context holds. Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Mixin private DraftingOptions drafting;

  @Option(names = "--ignore-end", description = "Go on after end-of-generation tokens.")
  private boolean ignoreEnd;

  @Mixin private SamplingOptions samplingOptions;

  @Mixin private StopOptions stopOptions;

  @Option(
      names = "--numerics",
      paramLabel = "exact|fast",
      description = {
        "With --local, exact: a token's bits do not depend on what is computed with it, or refuse;"
            + " fast: whatever is quickest. Default: exact where possible.",
        "With a server it is about the drafts: exact computes them as an exact server does, and"
            + " refuses a server that is not; they are fast by default."
      })
  private Numerics numerics;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "Threads for the model here, 0 for all cores. Default: 1 for a draft model, all cores"
              + " with --local.")
  private Integer threads;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      defaultValue = "0",
      description = "With --local: tokens of the context, 0 for the model's, at most 4096.")
  private int contextTokens;

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAll.class,
      defaultValue = "-1",
      description = "Layers of the model on a GPU if there is one, -1 for all.")
  private int gpuLayers;

  @Mixin private GpuRequirement gpu;

  @Mixin private TrustOption trust;

  @Option(
      names = "--auth-token",
      paramLabel = "TOKEN",
      defaultValue = "",
      description = "What the server asks for; better given as SLED_AUTH_TOKEN.")
  private String authToken;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      converter = IntegerWithin.SomeSeconds.class,
      defaultValue = "10",
      description = "Time for connecting. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  @Option(
      names = "--json",
      description =
          "Print one JSON object as the last line of stdout, and no text as it comes; of an error,"
              + " too.")
  private boolean json;

  @Option(
      names = "--events",
      description =
          "Print what happens as it happens, one JSON object a line: verified and unverified"
              + " tokens, a revision of those, a lost connection, and where the text goes on. The"
              + " last line is that of --json.")
  private boolean events;

  @Mixin private LogOptions log;

  public GenerateCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    check();
    gpu.check(gpuLayers);
    if (hub.isUsed()) {
      model = hub.file(context, "", kind -> ExitCodes.INTERRUPTED).toString();
    }
    TextWish wish =
        new TextWish(
            prompt.input(context.in()),
            prompt,
            showPrompt,
            maxTokens,
            drafting.draftTokens(),
            ignoreEnd,
            samplingOptions.sampling(),
            stopOptions.strings(),
            numerics,
            ModelParams.DEFAULT.withGpuLayers(gpuLayers).withTrusted(trust.trusted()),
            form());
    if (local) {
      EngineParams engine =
          EngineParams.DEFAULT
              .withContextTokens(contextTokens)
              .withThreads(threads == null ? 0 : threads)
              .withNumerics(numerics);
      return new LocalText(context, wish)
          .generate(model == null ? ModelFiles.DEMO_TARGET : model, engine);
    }
    return new ServedText(context, wish, this::client).generate(model);
  }

  private TextWish.Form form() {
    return events ? TextWish.Form.EVENTS : json ? TextWish.Form.JSON : TextWish.Form.TEXT;
  }

  private void check() {
    if (events && (local || json)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--events is about a text from a server, and ends with the line of --json: leave out "
              + (local ? "--local" : "--json"));
    }
    if (local && servers != null) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--server and --local contradict each other: give one of them");
    }
    if (local && ModelFiles.NONE.equals(model)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--local generates with a model: --model none is for use with a server");
    }
  }

  /** A client without drafts so far. */
  private SledClient.Builder client() {
    Path cache = CacheDirectory.of(context.environment());
    return SledClient.builder()
        .servers(addresses())
        .outage(outage.outage())
        .outageTimeout(outage.timeout())
        .busy(busy.busy())
        .busyTimeout(busy.timeout())
        .drafting(drafting.drafting())
        .draftThreads(threads == null ? 1 : threads)
        .exactDrafts(numerics == Numerics.EXACT)
        .experienceDirectory(cache == null ? null : cache.resolve("pairs"))
        .authToken(authToken)
        .clientName("sled-cli")
        .connectTimeout(Duration.ofSeconds(timeoutSeconds));
  }

  private List<InetSocketAddress> addresses() {
    List<ServerAddress> all = servers == null ? List.of(ServerAddress.parse("127.0.0.1")) : servers;
    return all.stream()
        .map(server -> InetSocketAddress.createUnresolved(server.host(), server.port()))
        .toList();
  }
}
