package org.sled.bench.energy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Reads the kernel's one-value files below a root, with errors that say what to do. Any thread.
 *
 * @param root where sysfs is mounted, normally /sys
 * @param reader how a file's text is read, normally {@link Files#readString(Path)}
 */
record Sysfs(Path root, Reader reader) {
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** Reads a whole file. */
  @FunctionalInterface
  interface Reader {
    String read(Path file) throws IOException;
  }

  static Sysfs at(Path root) {
    return new Sysfs(root, Files::readString);
  }

  /**
   * The entries of a directory below the root whose names match a glob, in the order in which
   * people count: hwmon2 before hwmon10. Empty if there is no such directory.
   */
  List<Path> list(String directory, String glob) {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(root.resolve(directory), glob)) {
      stream.forEach(entries::add);
    } catch (IOException | DirectoryIteratorException e) {
      return List.of(); // nothing there, which the caller reports
    }
    entries.sort(Comparator.comparing(Sysfs::countingName));
    return entries;
  }

  /** The name with its numbers padded, so that they sort by value. */
  private static String countingName(Path path) {
    return NUMBER
        .matcher(path.getFileName().toString())
        .replaceAll(number -> String.format(Locale.ROOT, "%09d", Long.valueOf(number.group())));
  }

  boolean exists(Path file) {
    return Files.exists(file);
  }

  /**
   * A file's text without the white space around it.
   *
   * @throws IOException whose message says why it cannot be read, and what would help
   */
  String text(Path file) throws IOException {
    try {
      return reader.read(file).strip();
    } catch (AccessDeniedException e) {
      throw new IOException(
          file.getFileName() + " cannot be read: needs root or `chmod o+r " + file + "`", e);
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new IOException(file + " is not there", e);
    } catch (IOException e) {
      throw new IOException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** A file's text, or another one if there is no such file. */
  String textOr(Path file, String otherwise) {
    try {
      return text(file);
    } catch (IOException e) {
      return otherwise;
    }
  }

  /**
   * A file's number.
   *
   * @throws IOException as {@link #text}, and if it is not a whole number
   */
  long number(Path file) throws IOException {
    String text = text(file);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException(file + " should hold a number, not '" + text + "'", e);
    }
  }
}
