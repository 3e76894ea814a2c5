package org.sled.jni;

/**
 * The tokens around a prompt, of the model that it is for. Those of a draft model may be others.
 *
 * @param beginToken BOS, −1 for none
 * @param endToken EOS, −1 for none
 * @param addsBegin a prompt begins with it
 * @param addsEnd a prompt ends with it
 */
public record PromptEnds(int beginToken, int endToken, boolean addsBegin, boolean addsEnd) {
  /** Refuses to add what there is not. */
  public PromptEnds {
    if ((addsBegin && beginToken < 0) || (addsEnd && endToken < 0)) {
      throw new IllegalArgumentException(
          "a begin or end token is to be added, and there is none: "
              + beginToken
              + ", "
              + endToken);
    }
  }

  /** The ends of this model. */
  public static PromptEnds of(Model model) {
    Model.Info info = model.info();
    return new PromptEnds(info.bosToken(), info.eosToken(), info.addsBos(), info.addsEos());
  }

  /** The ids of a text with what belongs around them, also where the text has that already. */
  public int[] around(int... tokens) {
    int[] all = new int[tokens.length + (addsBegin ? 1 : 0) + (addsEnd ? 1 : 0)];
    System.arraycopy(tokens, 0, all, addsBegin ? 1 : 0, tokens.length);
    if (addsBegin) {
      all[0] = beginToken;
    }
    if (addsEnd) {
      all[all.length - 1] = endToken;
    }
    return all;
  }

  /** Whether a prompt begins with the begin token twice, which models do not know. */
  public boolean areTwiceBefore(int... prompt) {
    return beginToken >= 0
        && prompt.length > 1
        && prompt[0] == beginToken
        && prompt[1] == beginToken;
  }
}
