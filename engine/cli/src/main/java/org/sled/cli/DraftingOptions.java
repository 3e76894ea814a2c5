package org.sled.cli;

import org.sled.device.DraftPolicy;
import picocli.CommandLine.Option;

/** How far devices draft. */
final class DraftingOptions {
  private static final int FIXED_TOKENS = 4;
  private static final int MOST_TOKENS = 16;

  @Option(
      names = {"-k", "--draft-tokens"},
      paramLabel = "K",
      converter = IntegerWithin.DraftTokensOrNone.class,
      description =
          "Drafts per block, with --draft-policy optimal at most; 0: the server generates alone."
              + " Default: 4 with fixed, 16 with optimal.")
  private Integer draftTokens;

  @Option(
      names = "--draft-policy",
      paramLabel = "fixed|optimal",
      description =
          "optimal: as many drafts as bring the most tokens per second by what was measured, and"
              + " none where the server alone is faster. fixed: --draft-tokens, unless the server"
              + " is too busy to look at any. Default: optimal; fixed if --draft-tokens is given,"
              + " in the demo, to record, and to replay.")
  private DraftPolicy policy;

  DraftPolicy policy() {
    return policy(DraftPolicy.OPTIMAL);
  }

  /** How devices decide, if neither option says it. */
  DraftPolicy policy(DraftPolicy otherwise) {
    if (policy != null) {
      return policy;
    }
    return draftTokens == null ? otherwise : DraftPolicy.FIXED;
  }

  /** Drafts per block at most; 0: none. */
  int draftTokens() {
    return draftTokens(DraftPolicy.OPTIMAL);
  }

  /**
   * Drafts per block at most, if {@link #policy(DraftPolicy)} is this one where nothing says it.
   */
  int draftTokens(DraftPolicy otherwise) {
    if (draftTokens == null) {
      return policy(otherwise) == DraftPolicy.FIXED ? FIXED_TOKENS : MOST_TOKENS;
    }
    return draftTokens;
  }
}
