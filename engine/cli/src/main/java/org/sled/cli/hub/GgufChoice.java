package org.sled.cli.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sled.net.limit.Quoted;

/**
 * Which file of a repository is meant, by the rules of llama.cpp: the one with the quantisation
 * that is asked for; else Q4_K_M, else Q8_0, else the first GGUF file. Projectors of images
 * (mmproj) and importance matrices are no models. A model in several files is known by its first
 * one.
 */
final class GgufChoice {
  private static final List<String> PREFERRED = List.of("Q4_K_M", "Q8_0");

  private static final Pattern PART =
      Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.CASE_INSENSITIVE);

  /** What quantisations look like in names of files. */
  private static final Pattern QUANT =
      Pattern.compile(
          "(?<![A-Za-z0-9])(I?Q\\d[A-Z0-9_]*|TQ\\d_\\d|MXFP4[A-Z0-9_]*|BF16|F16|F32)(?![A-Za-z0-9])",
          Pattern.CASE_INSENSITIVE);

  /** More than any model has. */
  private static final int MOST_PARTS = 1000;

  private static final int MOST_NAMED = 30;

  private GgufChoice() {}

  /** Whether this is a GGUF file that one can generate with, or a part of it. */
  static boolean isModel(String path) {
    String lower = path.toLowerCase(Locale.ROOT);
    return lower.endsWith(".gguf") && !lower.contains("mmproj") && !lower.contains("imatrix");
  }

  /**
   * The name that stands for a model: its file, or the first of its files.
   *
   * @param paths of the repository, in the hub's order
   * @return null if there is none with this quantisation
   */
  static String find(Collection<String> paths, HubName name) {
    List<String> models = new ArrayList<>();
    for (String path : paths) {
      if (isModel(path) && isFirst(path)) {
        models.add(path);
      }
    }
    if (name.namesFile()) {
      return models.contains(name.quant()) ? name.quant() : null;
    }
    if (!name.quant().isEmpty()) {
      return with(models, name.quant());
    }
    for (String quant : PREFERRED) {
      String found = with(models, quant);
      if (found != null) {
        return found;
      }
    }
    return models.isEmpty() ? null : models.get(0);
  }

  /** Whether a choice without a quantisation is one that no further file can change. */
  static boolean isMostPreferred(String path) {
    return with(List.of(path), PREFERRED.get(0)) != null;
  }

  private static String with(List<String> models, String quant) {
    Pattern pattern =
        Pattern.compile(
            "(?<![A-Za-z0-9])" + Pattern.quote(quant) + "(?=[./-])", Pattern.CASE_INSENSITIVE);
    for (String path : models) {
      if (pattern.matcher(path).find()) {
        return path;
      }
    }
    return null;
  }

  private static boolean isFirst(String path) {
    Matcher part = PART.matcher(path);
    return !part.matches() || Integer.parseInt(part.group(2)) == 1;
  }

  /**
   * All files of a model, in order.
   *
   * @param first what {@link #find} gave
   */
  static List<String> parts(String first) {
    Matcher part = PART.matcher(first);
    if (!part.matches()) {
      return List.of(first);
    }
    int count = Integer.parseInt(part.group(3));
    if (count < 1 || count > MOST_PARTS) {
      throw new HubException(
          HubException.Kind.REFUSED,
          Quoted.of(first) + " says that it is one of " + count + " parts: choose another file");
    }
    String extension = first.substring(first.length() - ".gguf".length());
    List<String> parts = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      parts.add(
          String.format(
              Locale.ROOT, "%s-%05d-of-%s%s", part.group(1), i, part.group(3), extension));
    }
    return parts;
  }

  /** The failure that says why nothing was found. */
  static HubException notFound(Collection<String> paths, HubName name, String where) {
    TreeSet<String> known = new TreeSet<>();
    for (String path : paths) {
      if (isModel(path) && isFirst(path)) {
        Matcher quant = QUANT.matcher(path);
        String last = null;
        while (quant.find()) {
          last = quant.group(1).toUpperCase(Locale.ROOT);
        }
        known.add(last != null ? last : Quoted.line(path));
      }
    }
    if (known.isEmpty()) {
      return new HubException(
          HubException.Kind.REFUSED,
          name.repo()
              + " has no GGUF file "
              + where
              + ": name a repository with GGUF files, which often ends in -GGUF");
    }
    String list = String.join(", ", known.stream().limit(MOST_NAMED).toList());
    return new HubException(
        HubException.Kind.REFUSED,
        name.repo()
            + " has no "
            + name.quant()
            + " "
            + where
            + "; there are "
            + list
            + (known.size() > MOST_NAMED ? " and others" : "")
            + ": write one of them behind the colon");
  }
}
