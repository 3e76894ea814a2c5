package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackagedLibrariesTest {
  private static final String PLATFORM = "linux-test";

  @TempDir Path directory;

  @Test
  void extractsOnceIntoADirectoryOfItsContent() throws IOException {
    Path destination = extract(pack("first"));
    assertEquals("first 1", Files.readString(destination.resolve("lib1.so")));
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(destination.getParent())));

    assertTrue(Files.isExecutable(destination.resolve("sled-probe")));

    Path marked = Files.createFile(destination.resolve("untouched"));
    assertEquals(destination, extract(pack("first")));
    assertTrue(Files.exists(marked));

    Path upgraded = extract(pack("second"));
    assertEquals("second 0", Files.readString(upgraded.resolve("lib0.so")));
    assertEquals("first 0", Files.readString(destination.resolve("lib0.so")));
    assertEquals(List.of(), leftOvers());
  }

  @Test
  void withoutLibrariesForThePlatformThereIsNothing() throws IOException {
    try (URLClassLoader empty = new URLClassLoader(new URL[0], null)) {
      assertNull(PackagedLibraries.extract(empty, PLATFORM, directory.resolve("cache")));
    }
  }

  @Test
  void damagedOrForeignEntriesAreRefused() throws IOException {
    Path damaged = pack("damaged");
    Files.writeString(damaged.resolve(root() + "lib1.so"), "changed");
    assertTrue(
        assertThrows(IOException.class, () -> extract(damaged)).getMessage().contains("hash"));

    Path escaping = pack("escaping");
    Files.writeString(
        escaping.resolve(root() + PackagedLibraries.INDEX), "0".repeat(64) + "  ../x");
    assertTrue(
        assertThrows(IOException.class, () -> extract(escaping)).getMessage().contains("broken"));
    assertEquals(List.of(), leftOvers());
  }

  @Test
  void aDirectoryThatOthersCanWriteToIsRefused() throws IOException {
    Path parent = Files.createDirectories(directory.resolve("cache").resolve("native"));
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path packed = pack("any");
    assertTrue(
        assertThrows(IOException.class, () -> extract(packed)).getMessage().contains("chmod 700"));
  }

  @Test
  void extractorsAtTheSameTimeAgree() throws Exception {
    Path packed = pack("shared");
    int count = 8;
    ExecutorService threads = Executors.newFixedThreadPool(count);
    try {
      CountDownLatch start = new CountDownLatch(count);
      List<Future<Path>> results = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        results.add(
            threads.submit(
                () -> {
                  start.countDown();
                  start.await();
                  return extract(packed);
                }));
      }
      for (Future<Path> result : results) {
        assertArrayEquals(
            "shared 2".getBytes(StandardCharsets.UTF_8),
            Files.readAllBytes(result.get().resolve("lib2.so")));
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(List.of(), leftOvers());
  }

  @Test
  void whatAKilledExtractorLeftIsDeletedOnceItIsOld() throws IOException {
    Path parent = extract(pack("first")).getParent();
    Path old = Files.createDirectory(parent.resolve("extract-killed"));
    Files.writeString(old.resolve("lib0.so"), "half");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    Path young = Files.createDirectory(parent.resolve("extract-working"));
    Path whole = extract(pack("second"));
    assertEquals("second 0", Files.readString(whole.resolve("lib0.so")));
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young));
  }

  @Test
  void programsCanBeStartedAndLibrariesNeedNot() throws IOException {
    Path packed = pack("any");
    Path libraries = packed.resolve(root());
    byte[] program = "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8);
    Files.write(libraries.resolve("sled-something"), program);
    Files.writeString(
        libraries.resolve(PackagedLibraries.INDEX),
        PackagedLibraries.sha256(program) + "  sled-something\n",
        StandardOpenOption.APPEND);
    Path destination = extract(packed);
    assertTrue(Files.isExecutable(destination.resolve("sled-something")));
  }

  private Path extract(Path packed) throws IOException {
    try (URLClassLoader classes = new URLClassLoader(new URL[] {packed.toUri().toURL()}, null)) {
      return PackagedLibraries.extract(classes, PLATFORM, directory.resolve("cache"));
    }
  }

  private static String root() {
    return PackagedLibraries.resourceRoot(PLATFORM);
  }

  /** A class path entry with three "libraries". */
  private Path pack(String content) throws IOException {
    Path entry = directory.resolve("jar-" + content);
    Path libraries = Files.createDirectories(entry.resolve(root()));
    StringBuilder index = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      byte[] bytes = (content + " " + i).getBytes(StandardCharsets.UTF_8);
      Files.write(libraries.resolve("lib" + i + ".so"), bytes);
      index.append(PackagedLibraries.sha256(bytes)).append("  lib").append(i).append(".so\n");
    }
    byte[] program = content.getBytes(StandardCharsets.UTF_8);
    Files.write(libraries.resolve("sled-probe"), program);
    index.append(PackagedLibraries.sha256(program)).append("  sled-probe\n");
    Files.writeString(libraries.resolve(PackagedLibraries.INDEX), index);
    return entry;
  }

  private List<String> leftOvers() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("cache").resolve("native"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("extract-") || name.startsWith("owner-"))
          .toList();
    }
  }
}
