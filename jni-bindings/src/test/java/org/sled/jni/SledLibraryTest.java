package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SledLibraryTest {
  @TempDir Path directory;

  @Test
  void loadsAndChecksEveryStructSize() {
    SledLibrary.load();
    assertEquals(
        Path.of(System.getProperty("sled.native.dir")).normalize(), SledLibrary.directory());
  }

  @Test
  void saysWhatWasBuiltAndWhatComputes() {
    assertTrue(SledLibrary.buildInfo().contains("llama"), SledLibrary.buildInfo());
    assertTrue(SledLibrary.buildProperties().containsKey("llama.cpp"));
    assertTrue(
        SledLibrary.devices().stream()
            .anyMatch(
                device ->
                    device.type() == DeviceInfo.Type.CPU
                        && device.memoryTotalBytes() > 0
                        && device.backend().contains("cpu")),
        SledLibrary.devices().toString());
  }

  @Test
  void anExplicitDirectoryIsTheOnlyOneTried() {
    Path missing = directory.resolve("missing");
    SledException failure =
        Failures.expect(SledStatus.IO, () -> SledLibrary.find(missing.toString()));
    assertTrue(failure.getMessage().contains(missing + " (-Dsled.native.dir): no such directory"));
    assertTrue(failure.getMessage().contains("./sled build"));
  }

  @Test
  void anIncompleteDirectoryIsNamedWithWhatItLacks() throws IOException {
    Files.createFile(directory.resolve("libggml-base.so"));
    SledException failure =
        Failures.expect(SledStatus.IO, () -> SledLibrary.find(directory.toString()));
    assertTrue(failure.getMessage().contains(directory + " (-Dsled.native.dir): libggml.so"));
  }

  @Test
  void withoutADirectoryEveryPlaceIsListed() {
    String before = System.getProperty("java.library.path");
    System.setProperty("java.library.path", directory + ":" + directory.resolve("none"));
    try {
      SledException failure = Failures.expect(SledStatus.IO, () -> SledLibrary.find(null));
      String text = failure.getMessage();
      assertTrue(text.contains(directory + " (java.library.path): libggml-base.so"), text);
      assertTrue(text.contains("none (java.library.path): no such directory"), text);
      assertTrue(text.contains("class path: no /org/sled/native/"), text);
    } finally {
      System.setProperty("java.library.path", before);
    }
  }

  @Test
  void theLibraryPathIsSearched() {
    String before = System.getProperty("java.library.path");
    String libraries = System.getProperty("sled.native.dir");
    System.setProperty("java.library.path", directory + ":" + libraries);
    try {
      assertEquals(Path.of(libraries).normalize(), SledLibrary.find(null));
    } finally {
      System.setProperty("java.library.path", before);
    }
  }
}
