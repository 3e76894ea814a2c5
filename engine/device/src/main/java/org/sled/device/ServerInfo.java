package org.sled.device;

import org.sled.bridge.EndTokenIds;
import org.sled.jni.ChatOptions;
import org.sled.jni.PromptEnds;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;

/**
 * What the server said of itself when the client connected.
 *
 * @param address where it was reached, {@code host:port}
 * @param serverName its name
 * @param modelName the target's name
 * @param chatTemplate the target's chat template, Jinja source, may be empty
 * @param exactNumerics whether a row's bits do not depend on how many rows it computes with it
 * @param numericsId equal ids give equal bits
 * @param fingerprint of the target's tokenizer
 * @param contextTokens tokens of one session, prompt and new ones together
 * @param maxPromptTokens tokens of a prompt at most
 * @param maxDraftTokens drafts in one block at most
 * @param sessionsInUse sessions open on the server at that time
 * @param sessionsTotal sessions that it has room for
 * @param promptEnds what the target wants around a prompt; null if the server does not say
 */
public record ServerInfo(
    String address,
    String serverName,
    String modelName,
    String chatTemplate,
    boolean exactNumerics,
    long numericsId,
    TokenizerFingerprint fingerprint,
    int contextTokens,
    int maxPromptTokens,
    int maxDraftTokens,
    int sessionsInUse,
    int sessionsTotal,
    PromptEnds promptEnds) {

  /** Token ids are from 0 to below this. */
  public int vocabularySize() {
    return fingerprint.vocabularySize();
  }

  public static ServerInfo of(String address, Welcome welcome) {
    Limits limits = welcome.limits();
    return new ServerInfo(
        address,
        welcome.serverName(),
        welcome.modelName(),
        welcome.chatTemplate(),
        welcome.hasExactNumerics(),
        welcome.numericsId(),
        welcome.fingerprint(),
        limits.contextTokens(),
        limits.maxPromptTokens(),
        limits.maxDraftTokens(),
        welcome.sessionsInUse(),
        welcome.sessionsTotal(),
        EndTokenIds.promptEnds(welcome.endTokens()));
  }

  /** How conversations become prompts of the target; its template may be empty. */
  public ChatOptions chatOptions() {
    return ChatOptions.DEFAULT.withTemplate(chatTemplate).withEnds(promptEnds);
  }
}
