package org.sled.cli.files;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.sled.cli.command.CacheDirectory;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.hub.CoderPair;
import org.sled.jni.ModelParams;

/** Finds model files by what the user called them. */
public final class ModelFiles {
  private static final String DEMO = "demo:";
  public static final String DEMO_TARGET = DEMO + "target";
  public static final String DEMO_DRAFT = DEMO + "draft";

  private static final String PULL_CODER = "sled models pull " + CoderPair.NAME;

  /** A device without a model file; only where an option says so. */
  public static final String NONE = "none";

  private final Path home;
  private final Path cache;

  /** Without a directory for what was fetched. */
  public ModelFiles(Path home) {
    this(home, null);
  }

  /**
   * Files of an installation and a user.
   *
   * @param home where SLED is installed
   * @param cache see {@link CacheDirectory}; null for none
   */
  public ModelFiles(Path home, Path cache) {
    this.home = home;
    this.cache = cache;
  }

  /** Those that a command has around it. */
  public static ModelFiles of(CommandContext context) {
    return new ModelFiles(context.home(), CacheDirectory.of(context.environment()));
  }

  /** Whether somebody who writes this means a model. */
  public static boolean isModelName(String word) {
    return word.startsWith(DEMO) || word.toLowerCase(Locale.ROOT).endsWith(".gguf");
  }

  /** The demo pair by its names, whether the files are there or not. */
  public Map<String, Path> demoPair() {
    Map<String, Path> pair = new LinkedHashMap<>();
    pair.put(DEMO_TARGET, home.resolve("models/demo-target.gguf"));
    pair.put(DEMO_DRAFT, home.resolve("models/demo-draft.gguf"));
    return pair;
  }

  /** Whether this file came with the program. */
  boolean isDemo(Path file) {
    return demoPair().containsValue(file);
  }

  /** How a file of the pair, or another one, is opened: the pair is known to be sound. */
  public ModelParams params(Path file) {
    return params(file, ModelParams.DEFAULT);
  }

  /** How this file is opened where others are opened so. */
  public ModelParams params(Path file, ModelParams others) {
    return others.withTrusted(others.trusted() || isDemo(file));
  }

  /**
   * The file of a model.
   *
   * @param name {@code demo:target}, {@code demo:draft}, one of {@link CoderPair#models}, or a path
   * @throws CommandFailure if there is none
   */
  public Path find(String name) {
    if (CoderPair.models().contains(name)) {
      return findFetched(name);
    }
    Path demo = demoPair().get(name);
    if (demo == null && name.startsWith(DEMO)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          name
              + " is no demo model; there are "
              + demoPair().keySet()
              + ", and behind '"
              + PULL_CODER
              + "' "
              + CoderPair.models());
    }
    Path file = demo != null ? demo : Path.of(name);
    if (demo == null && name.indexOf('\uFFFD') >= 0 && !Files.exists(file)) {
      throw new CommandFailure(
          "the file name '"
              + name
              + "' has bytes that are no text in this system's encoding ("
              + System.getProperty("sun.jnu.encoding")
              + "), which Java cannot pass on: rename the file, or link to it under another name");
    }
    if (Files.isDirectory(file)) {
      throw new CommandFailure(file + " is a directory; name a GGUF file in it");
    }
    if (!Files.isReadable(file)) {
      throw new CommandFailure(
          demo != null
              ? name + " is missing: " + file + " cannot be read. 'sled doctor' says more"
              : "no readable file "
                  + file
                  + "; give a GGUF file, or "
                  + DEMO_TARGET
                  + " or "
                  + DEMO_DRAFT
                  + " for the bundled pair");
    }
    return file;
  }

  /** A model that the user may have fetched. */
  private Path findFetched(String name) {
    Path file = cache == null ? null : CoderPair.file(cache, name);
    if (file == null || !Files.isReadable(file)) {
      throw new CommandFailure(name + " is not here: '" + PULL_CODER + "' fetches it");
    }
    return file;
  }
}
