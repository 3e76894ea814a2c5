package org.sled.device.draft;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.sled.core.draft.DraftExperience;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What clients learnt about pairs of a draft model and a target, a small text file for each. What
 * cannot be read counts as nothing, and what cannot be written is not kept: neither is worth
 * failing for. Any thread, and several processes at a time: the last one to close has its say.
 */
public final class ExperienceCache {
  /** Files kept; those written longest ago go first. */
  private static final int MOST_FILES = 64;

  private static final int MOST_BYTES = 4_096;
  private static final String SUFFIX = ".properties";

  private static final Logger LOG = LoggerFactory.getLogger(ExperienceCache.class);

  private final Path directory; // null: nothing is kept

  public ExperienceCache(Path directory) {
    this.directory = directory;
  }

  /**
   * What earlier clients of a pair learnt.
   *
   * @param pair a name for it, of letters, digits and dashes
   */
  public DraftExperience read(String pair) {
    if (directory == null) {
      return DraftExperience.NONE;
    }
    Path file = directory.resolve(pair + SUFFIX);
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
        return DraftExperience.NONE;
      }
      Properties values = new Properties();
      try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        values.load(reader);
      }
      return new DraftExperience(
          number(values, "drafts"), number(values, "acceptance"), number(values, "draft-nanos"));
    } catch (IOException | IllegalArgumentException e) {
      LOG.debug("{} is of no use: {}", file, e.toString());
      return DraftExperience.NONE;
    }
  }

  private static double number(Properties values, String name) {
    String text = values.getProperty(name);
    if (text == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return Double.parseDouble(text);
  }

  /** Keeps what a client learnt; for the next ones. */
  public void write(String pair, DraftExperience experience) {
    if (directory == null) {
      return;
    }
    String text =
        "drafts="
            + experience.drafts()
            + "\nacceptance="
            + experience.acceptance()
            + "\ndraft-nanos="
            + experience.draftNanos()
            + "\n";
    try {
      Files.createDirectories(directory);
      Path part = Files.createTempFile(directory, pair, ".part");
      try {
        Files.writeString(part, text, StandardCharsets.UTF_8);
        Files.move(
            part,
            directory.resolve(pair + SUFFIX),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
      removeOldest();
    } catch (IOException e) {
      LOG.debug("what was learnt is not kept: {}", e.toString());
    }
  }

  private void removeOldest() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.filter(file -> file.toString().endsWith(SUFFIX)).toList();
    }
    if (files.size() > MOST_FILES) {
      List<Path> byAge =
          files.stream()
              .sorted(Comparator.comparing(file -> file.toFile().lastModified()))
              .toList();
      for (Path file : byAge.subList(0, files.size() - MOST_FILES)) {
        Files.deleteIfExists(file);
      }
    }
  }
}
