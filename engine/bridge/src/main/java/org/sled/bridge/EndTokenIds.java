package org.sled.bridge;

import org.sled.jni.Model;
import org.sled.jni.PromptEnds;
import org.sled.net.protocol.EndTokens;

/** What a model wants around a prompt, in the wire's form and back. */
public final class EndTokenIds {
  private EndTokenIds() {}

  /** The end tokens of this model. */
  public static EndTokens of(Model model) {
    PromptEnds ends = PromptEnds.of(model);
    return new EndTokens(
        ends.beginToken(),
        ends.endToken(),
        (ends.addsBegin() ? EndTokens.ADDS_BEGIN : 0) | (ends.addsEnd() ? EndTokens.ADDS_END : 0));
  }

  /** Those that a server said; null if it said none. */
  public static PromptEnds promptEnds(EndTokens tokens) {
    return tokens.areKnown()
        ? new PromptEnds(
            tokens.beginToken(),
            tokens.endToken(),
            (tokens.flags() & EndTokens.ADDS_BEGIN) != 0,
            (tokens.flags() & EndTokens.ADDS_END) != 0)
        : null;
  }
}
