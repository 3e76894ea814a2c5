package org.sled.device.draft;

import org.sled.bridge.NativeSampling;
import org.sled.jni.DraftChoice;
import org.sled.jni.DraftContext;
import org.sled.jni.DraftParams;
import org.sled.jni.Model;
import org.sled.net.protocol.Sampling;

/** A draft model in llama.cpp. One thread at a time. */
public final class NativeDrafter implements Drafter {
  private final DraftContext context;
  private final DraftChoice choice = new DraftChoice();
  private final int contextTokens;
  private final int vocabularyRows;
  private final int eosToken;
  private final int eotToken;

  /**
   * Makes a context; its K/V memory is taken now.
   *
   * @param mostTokens tokens of a session at most: longer than the model was trained for makes no
   *     sense, longer than this makes none either
   * @param exact compute as an exact server does, at some cost
   * @throws org.sled.jni.SledException if it does not fit
   */
  public NativeDrafter(Model model, int mostTokens, int threads, boolean exact) {
    Model.Info info = model.info();
    contextTokens = Math.min(mostTokens, info.contextTrainTokens());
    vocabularyRows = info.vocabularyRows();
    eosToken = info.eosToken();
    eotToken = info.eotToken();
    context =
        DraftContext.open(
            model,
            DraftParams.DEFAULT
                .withContextTokens(contextTokens)
                .withThreads(threads)
                .withExact(exact));
  }

  @Override
  public int contextTokens() {
    return contextTokens;
  }

  @Override
  public int vocabularyRows() {
    return vocabularyRows;
  }

  @Override
  public void sample(Sampling sampling) {
    context.sample(NativeSampling.of(sampling));
  }

  @Override
  public int decode(int position, long tokensAddress, int tokenCount) {
    context.decode(position, tokensAddress, tokenCount, choice);
    return choice.token();
  }

  @Override
  public float probability() {
    return choice.probability();
  }

  @Override
  public boolean endsText(int token) {
    return token == eosToken || token == eotToken;
  }

  @Override
  public void close() {
    context.close();
    choice.close();
  }
}
