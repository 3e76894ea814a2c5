package org.sled.cli.hub;

import java.util.Locale;
import java.util.regex.Pattern;
import org.sled.net.limit.Quoted;

/**
 * What a model is called on a hub: {@code USER/REPO} or {@code USER/REPO:QUANT}.
 *
 * @param repo {@code USER/REPO}
 * @param quant such as {@code Q4_K_M}, or the name of a GGUF file in the repository; empty if the
 *     user leaves the choice to us
 */
public record HubName(String repo, String quant) {
  /** As the hub has it; two dots and two dashes have a meaning of their own in the cache. */
  private static final Pattern REPO =
      Pattern.compile("(?!.*(\\.\\.|--))[\\w.-]{0,95}[\\w]/[\\w][\\w.-]{0,95}");

  private static final int MOST_REPO_CHARS = 96;
  private static final Pattern QUANT = Pattern.compile("[A-Za-z0-9][\\w.-]{0,63}");

  /**
   * Reads a name.
   *
   * @throws HubException if it is none
   */
  public static HubName parse(String text) {
    int colon = text.indexOf(':');
    String repo = colon < 0 ? text : text.substring(0, colon);
    String quant = colon < 0 ? "" : text.substring(colon + 1);
    if (text.contains("://")) {
      throw usage(text + " is an address", "leave out the part before USER/REPO");
    }
    if (repo.length() > MOST_REPO_CHARS
        || !REPO.matcher(repo).matches()
        || ".-".indexOf(repo.charAt(0)) >= 0
        || ".-".indexOf(repo.charAt(repo.length() - 1)) >= 0) {
      throw usage(text, "write USER/REPO[:QUANT], such as Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF");
    }
    if (colon >= 0 && !isQuant(quant)) {
      throw usage(text, "behind the colon stands a quantisation, such as Q4_K_M");
    }
    return new HubName(repo, quant);
  }

  private static boolean isQuant(String quant) {
    return isFile(quant) ? SafePath.isSafe(quant) : QUANT.matcher(quant).matches();
  }

  private static boolean isFile(String quant) {
    return quant.toLowerCase(Locale.ROOT).endsWith(".gguf");
  }

  /** Whether a file is named, and not a quantisation. */
  boolean namesFile() {
    return isFile(quant);
  }

  private static HubException usage(String text, String remedy) {
    return new HubException(
        HubException.Kind.USAGE, Quoted.of(text) + " is no model's name on a hub: " + remedy);
  }

  @Override
  public String toString() {
    return quant.isEmpty() ? repo : repo + ":" + quant;
  }
}
