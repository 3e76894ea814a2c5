package org.sled.jni;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Native libraries and programs inside a jar, and their way into a directory that the system can
 * load them from.
 *
 * <p>In the jar: {@code /org/sled/native/<platform>/} with the libraries and {@value #INDEX}, the
 * output of {@code sha256sum}. On disk: one directory per content under the user's own cache
 * directory. It appears by a rename when it is complete, so that processes that start at the same
 * time do not see halves of each other's work, and an upgrade never overwrites what runs.
 */
final class PackagedLibraries {
  static final String INDEX = "SHA256SUMS";

  private static final String WORK_PREFIX = "extract-";

  /** Extracting takes seconds. */
  private static final Duration OLD_WORK = Duration.ofHours(1);

  private static final int HASH_CHARS = 64;

  private PackagedLibraries() {}

  static String resourceRoot(String platform) {
    return "org/sled/native/" + platform + "/";
  }

  /**
   * The directory with the libraries, extracted if that is still to do.
   *
   * @return null when the class path has none for this platform
   * @throws IOException what is wrong, with the path
   */
  static Path extract(ClassLoader classes, String platform, Path cache) throws IOException {
    String root = resourceRoot(platform);
    byte[] index;
    try (InputStream in = classes.getResourceAsStream(root + INDEX)) {
      if (in == null) {
        return null;
      }
      index = in.readAllBytes();
    }
    Path parent = cache.resolve("native");
    createPrivate(parent);
    Path destination = parent.resolve(sha256(index).substring(0, 16));
    if (Files.isDirectory(destination)) {
      return destination;
    }
    deleteOldWork(parent);
    Path work = Files.createTempDirectory(parent, WORK_PREFIX);
    try {
      for (String line : new String(index, StandardCharsets.UTF_8).lines().toList()) {
        extractFile(classes, root, line, work);
      }
      publish(work, destination);
    } finally {
      deleteTree(work);
    }
    return destination;
  }

  private static void extractFile(ClassLoader classes, String root, String line, Path work)
      throws IOException {
    // "<hash>  <name>": a name with a slash would leave the directory.
    String name = line.length() > HASH_CHARS + 2 ? line.substring(HASH_CHARS + 2) : "";
    if (name.isEmpty() || name.contains("/")) {
      throw new IOException("broken line in " + root + INDEX + ": " + line);
    }
    byte[] bytes;
    try (InputStream in = classes.getResourceAsStream(root + name)) {
      if (in == null) {
        throw new IOException(root + name + " is missing in the jar");
      }
      bytes = in.readAllBytes();
    }
    if (!sha256(bytes).equals(line.substring(0, HASH_CHARS))) {
      throw new IOException(root + name + " in the jar is damaged: its hash is wrong");
    }
    Path file = work.resolve(name);
    Files.write(file, bytes);
    if (!name.endsWith(".so")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static void publish(Path work, Path destination) throws IOException {
    try {
      Files.move(work, destination, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw e;
    } catch (FileSystemException e) {
      // Another process was first: its directory has the same content.
      if (!Files.isDirectory(destination)) {
        throw e;
      }
    }
  }

  /** Creates it for this user alone, and refuses one into which others could put a library. */
  private static void createPrivate(Path directory) throws IOException {
    Files.createDirectories(directory.getParent());
    if (!Files.isDirectory(directory)) {
      try {
        Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileSystemException e) {
        if (!Files.isDirectory(directory)) {
          throw e;
        }
      }
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(directory + " can be written by other users; chmod 700 it");
    }
    Path probe = Files.createTempFile(directory, "owner-", "");
    try {
      if (!Files.getOwner(probe).equals(Files.getOwner(directory))) {
        throw new IOException(directory + " belongs to another user");
      }
    } finally {
      Files.delete(probe);
    }
  }

  /** What extractors left behind that were killed; those that are at work now are younger. */
  private static void deleteOldWork(Path parent) throws IOException {
    Instant old = Instant.now().minus(OLD_WORK);
    try (Stream<Path> entries = Files.list(parent)) {
      for (Path entry : entries.toList()) {
        if (entry.getFileName().toString().startsWith(WORK_PREFIX)
            && Files.getLastModifiedTime(entry).toInstant().isBefore(old)) {
          deleteTree(entry);
        }
      }
    } catch (NoSuchFileException | UncheckedIOException e) {
      // Another process deletes it, too.
    }
  }

  private static void deleteTree(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(
          file -> {
            try {
              Files.delete(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    Files.delete(directory);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
