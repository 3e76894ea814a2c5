package org.sled.device.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.core.draft.DraftExperience;

final class ExperienceCacheTest {
  private static final DraftExperience LEARNT = new DraftExperience(100.25, 0.8125, 3.5e7);

  @TempDir private Path directory;

  @Test
  void readsWhatWasWritten() {
    Path notThere = directory.resolve("a").resolve("b");
    ExperienceCache cache = new ExperienceCache(notThere);
    assertEquals(DraftExperience.NONE, cache.read("one"));
    cache.write("one", LEARNT);
    assertEquals(LEARNT, new ExperienceCache(notThere).read("one"));
    assertEquals(DraftExperience.NONE, cache.read("another"));
    DraftExperience later = new DraftExperience(1, 0, 5);
    cache.write("one", later);
    assertEquals(later, cache.read("one"));
  }

  @Test
  void keepsNothingWithoutADirectory() {
    ExperienceCache nowhere = new ExperienceCache(null);
    nowhere.write("one", LEARNT);
    assertEquals(DraftExperience.NONE, nowhere.read("one"));
  }

  @Test
  void whatCannotBeWrittenIsNotKept() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    ExperienceCache cache = new ExperienceCache(file);
    cache.write("one", LEARNT);
    assertEquals(DraftExperience.NONE, cache.read("one"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "drafts=1\nacceptance=0.5\n",
        "drafts=1\nacceptance=many\ndraft-nanos=1\n",
        "drafts=1\nacceptance=1.5\ndraft-nanos=1\n",
        "drafts=NaN\nacceptance=0.5\ndraft-nanos=1\n",
        "drafts=1\nacceptance=0.5\ndraft-nanos=-1\n",
        "drafts=\\u00zz\n"
      })
  void damagedFilesCountAsNothing(String text) throws IOException {
    Files.writeString(directory.resolve("one.properties"), text);
    assertEquals(DraftExperience.NONE, new ExperienceCache(directory).read("one"));
  }

  @Test
  void longFilesAreNotRead() throws IOException {
    ExperienceCache cache = new ExperienceCache(directory);
    cache.write("one", LEARNT);
    Path file = directory.resolve("one.properties");
    Files.writeString(file, Files.readString(file) + "#".repeat(5_000));
    assertEquals(DraftExperience.NONE, cache.read("one"));
  }

  @Test
  void keepsThoseWrittenLast() throws IOException {
    ExperienceCache cache = new ExperienceCache(directory);
    for (int i = 0; i < 70; i++) {
      cache.write("pair-" + i, LEARNT);
      Files.setLastModifiedTime(
          directory.resolve("pair-" + i + ".properties"), FileTime.fromMillis(1_000L * i));
    }
    cache.write("pair-70", LEARNT);
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(64, files.count());
    }
    assertFalse(Files.exists(directory.resolve("pair-0.properties")));
    assertTrue(Files.exists(directory.resolve("pair-70.properties")));
  }
}
