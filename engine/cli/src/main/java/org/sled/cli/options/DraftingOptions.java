package org.sled.cli.options;

import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.Drafting;
import picocli.CommandLine.Option;

/** How far devices draft. */
public final class DraftingOptions {
  private static final int FIXED_TOKENS = 4;
  private static final int MOST_TOKENS = 16;

  @Option(
      names = {"-k", "--draft-tokens"},
      paramLabel = "K",
      converter = IntegerWithin.DraftTokensOrNone.class,
      description =
          "Drafts per block, at most but for --draft-policy fixed; 0: the server generates alone."
              + " Default: 4 with fixed, else 16.")
  private Integer draftTokens;

  @Option(
      names = "--draft-policy",
      paramLabel = "fixed|threshold|optimal",
      description =
          "optimal: as many drafts as bring the most tokens per second by what was measured, and"
              + " none where the server alone is faster. threshold: until the draft model is less"
              + " sure than --draft-threshold, up to --draft-tokens. fixed: --draft-tokens. Both"
              + " leave the text to a server that is too busy to look at any. Default: optimal;"
              + " fixed if --draft-tokens is given, in the demo, and to record.")
  private DraftPolicy policy;

  @Option(
      names = "--draft-threshold",
      paramLabel = "P",
      description =
          "With --draft-policy threshold: the probability that the draft model must give a token,"
              + " 0 to 1. Default: "
              + Drafting.DEFAULT_THRESHOLD
              + ".")
  private Double threshold;

  @Option(
      names = "--window",
      paramLabel = "N",
      converter = IntegerWithin.Window.class,
      description =
          "Blocks that a device has in flight at most: over long links it sends further ones before"
              + " it knows what became of the first. Default: 1; with optimal as many as pay, up to "
              + Drafting.MAX_WINDOW
              + ".")
  private Integer window;

  /** How devices draft. */
  public Drafting drafting() {
    return drafting(DraftPolicy.OPTIMAL);
  }

  /** How devices draft, with this policy if no option says which. */
  public Drafting drafting(DraftPolicy otherwise) {
    Drafting drafting = Drafting.of(policy(otherwise));
    drafting = window == null ? drafting : drafting.withWindow(window);
    if (threshold == null) {
      return drafting;
    }
    try {
      return drafting.withThreshold(threshold);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.USAGE, "--draft-threshold: " + e.getMessage());
    }
  }

  private DraftPolicy policy(DraftPolicy otherwise) {
    if (policy != null) {
      return policy;
    }
    return draftTokens == null ? otherwise : DraftPolicy.FIXED;
  }

  /** Drafts per block at most; 0: none. */
  public int draftTokens() {
    return draftTokens(DraftPolicy.OPTIMAL);
  }

  /**
   * Drafts per block at most, if {@link #drafting(DraftPolicy)} uses this policy where nothing says
   * which.
   */
  public int draftTokens(DraftPolicy otherwise) {
    if (draftTokens == null) {
      return policy(otherwise) == DraftPolicy.FIXED ? FIXED_TOKENS : MOST_TOKENS;
    }
    return draftTokens;
  }
}
