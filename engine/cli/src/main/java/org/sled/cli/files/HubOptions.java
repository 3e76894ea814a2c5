package org.sled.cli.files;

import java.nio.file.Path;
import java.util.function.ToIntFunction;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.command.Signals;
import org.sled.cli.config.LayeredDefaults;
import org.sled.cli.hub.Hub;
import org.sled.cli.hub.HubException;
import org.sled.cli.hub.HubName;
import org.sled.cli.serve.ServeCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** A model by its name on a hub, where a file could be named instead. */
public final class HubOptions {
  private static final String MODEL = "--model";
  private static final String REPO = "--hf-repo";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-hf", REPO},
      paramLabel = "USER/REPO[:QUANT]",
      defaultValue = ModelFiles.NONE,
      description =
          "The model by its name on a hub, instead of --model: from the cache, or fetched as 'sled"
              + " models pull' does it. Default:"
              + " ${DEFAULT-VALUE}.")
  private String repo;

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      defaultValue = Hub.MAIN,
      description = "With --hf-repo: a branch, a tag or a commit. Default: ${DEFAULT-VALUE}.")
  private String revision;

  /**
   * Whether the model is named by this, and not by {@code --model}: whichever of the two stands
   * nearer to the user counts, a flag before the environment, that before a file.
   *
   * @throws ParameterException if both stand in the same place
   */
  public boolean isUsed() {
    if (repo.equals(ModelFiles.NONE)) {
      return false;
    }
    LayeredDefaults defaults = (LayeredDefaults) spec.defaultValueProvider();
    ParseResult parsed = spec.commandLine().getParseResult();
    int ours = defaults.layer(spec.findOption(REPO), parsed);
    int models = defaults.layer(spec.findOption(MODEL), parsed);
    if (ours == models) {
      throw new ParameterException(
          spec.commandLine(), "--model and --hf-repo both name a model: give one of them");
    }
    return ours < models;
  }

  /** The model's name, as the user gave it. */
  public String name() {
    return repo;
  }

  /**
   * The model's file, which is fetched if it is not here.
   *
   * @param origin where a wrong name was set, see {@link ServeCommand}; empty for a flag
   * @param codeOfSignal what the process exits with after a signal
   */
  public Path file(CommandContext context, String origin, ToIntFunction<Signals.Kind> codeOfSignal)
      throws InterruptedException {
    HubName name;
    try {
      name = HubName.parse(repo);
    } catch (HubException e) {
      throw new CommandFailure(ExitCodes.USAGE, e.getMessage() + origin);
    }
    return new HubModels(context, false, codeOfSignal).find(name, revision);
  }
}
