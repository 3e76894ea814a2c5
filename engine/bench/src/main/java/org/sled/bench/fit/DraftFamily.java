package org.sled.bench.fit;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A family of models with a vocabulary in common, and which of them are known to draft well for
 * larger ones.
 *
 * @param family its name
 * @param architectures as GGUF files name them
 * @param called what the models' names have, as a regular expression in small letters, with hyphens
 *     for spaces
 * @param needsName whether architecture and vocabulary are those of others, too
 * @param leastTokens of the vocabulary
 * @param mostTokens of the vocabulary, with padding rows
 * @param drafts names of small models, the best first
 * @param fact what is known of them, a sentence
 * @param source where that is from
 */
public record DraftFamily(
    String family,
    List<String> architectures,
    String called,
    boolean needsName,
    int leastTokens,
    int mostTokens,
    List<String> drafts,
    String fact,
    String source) {
  private static final String RESOURCE = "families.json";

  /** Longer names say nothing more. */
  private static final int MOST_NAME_CHARACTERS = 200;

  /** Copies the lists. */
  public DraftFamily {
    architectures = List.copyOf(architectures);
    drafts = List.copyOf(drafts);
  }

  /** All that are known; of those that share architecture and vocabulary the narrower first. */
  public static List<DraftFamily> all() {
    ObjectMapper mapper =
        new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
    try (InputStream in = DraftFamily.class.getResourceAsStream(RESOURCE)) {
      return mapper.readValue(in, new TypeReference<List<DraftFamily>>() {});
    } catch (IOException e) {
      throw new UncheckedIOException("the program's own table of families cannot be read", e);
    }
  }

  /**
   * The family of a model; null if it is not known.
   *
   * @param architecture as its file names it
   * @param modelName of its file's header, or the file's own name
   * @param tokens of its vocabulary
   */
  public static DraftFamily of(String architecture, String modelName, int tokens) {
    return all().stream()
        .filter(family -> family.has(architecture, modelName, tokens))
        .findFirst()
        .orElse(null);
  }

  private boolean has(String architecture, String modelName, int tokens) {
    return architectures.contains(architecture)
        && tokens >= leastTokens
        && tokens <= mostTokens
        && (!needsName || isCalled(modelName));
  }

  /**
   * The family of a model of which no more than the name is known; null if that says nothing.
   *
   * @param modelName may be empty
   */
  public static DraftFamily called(String modelName) {
    return all().stream().filter(family -> family.isCalled(modelName)).findFirst().orElse(null);
  }

  private boolean isCalled(String modelName) {
    return Pattern.compile(called).matcher(plain(modelName)).find();
  }

  private static String plain(String modelName) {
    return modelName
        .substring(0, Math.min(MOST_NAME_CHARACTERS, modelName.length()))
        .toLowerCase(Locale.ROOT)
        .replace(' ', '-')
        .replace('_', '-');
  }

  /** Which models to draft with, for people: the first words of a sentence that goes on. */
  public String proposal() {
    return "for " + family + " known draft models are " + String.join(", ", drafts);
  }
}
