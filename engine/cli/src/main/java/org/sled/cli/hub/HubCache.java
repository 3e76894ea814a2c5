package org.sled.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.sled.net.limit.Quoted;

/**
 * The cache of models, laid out as huggingface_hub does it, which may use it at the same time:
 *
 * <pre>
 * models--USER--REPO/blobs/SUM                        a file's bytes
 * models--USER--REPO/blobs/SUM.incomplete             what came of it so far
 * models--USER--REPO/refs/REVISION                    the commit of a branch, without a line break
 * models--USER--REPO/snapshots/COMMIT/PATH            a relative link to ../../blobs/SUM
 * .locks/models--USER--REPO/SUM.lock                  taken while SUM is fetched
 * </pre>
 *
 * Any thread.
 */
final class HubCache {
  private static final Pattern REVISION = Pattern.compile("[\\w.-]{1,200}(/[\\w.-]{1,200}){0,8}");
  private static final int MOST_REF_BYTES = 200;
  private static final int MOST_DEPTH = 8;
  private static final int MOST_FILES = 10_000;

  /** Of the standard for directories that backups leave out. */
  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file marks a cache of model files, which can be fetched again.
      """;

  private final Path root;

  HubCache(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  /**
   * Checks the name of a branch, tag or commit.
   *
   * @throws HubException if it is none
   */
  static void checkRevision(String revision) {
    if (!REVISION.matcher(revision).matches()
        || !SafePath.isSafe(revision)
        || revision.contains("..")) {
      throw new HubException(
          HubException.Kind.USAGE,
          Quoted.of(revision) + " is no revision: write a branch, a tag or a commit, such as main");
    }
  }

  private static String folder(String repo) {
    return "models--" + repo.replace("/", "--");
  }

  private Path of(String repo) {
    return root.resolve(folder(repo));
  }

  Path blob(String repo, String sum) {
    return of(repo).resolve("blobs").resolve(sum);
  }

  Path incomplete(String repo, String sum) {
    return of(repo).resolve("blobs").resolve(sum + ".incomplete");
  }

  Path lock(String repo, String sum) {
    return root.resolve(".locks").resolve(folder(repo)).resolve(sum + ".lock");
  }

  Path snapshot(String repo, String commit, String path) {
    return of(repo).resolve("snapshots").resolve(commit).resolve(path);
  }

  /**
   * A model that is here as a whole.
   *
   * @return its file, or the first of its files; null if it is not here
   */
  Path find(HubName name, String revision) {
    String commit = commit(name.repo(), revision);
    if (commit == null) {
      return null;
    }
    String first = GgufChoice.find(files(name.repo(), commit), name);
    if (first == null) {
      return null;
    }
    for (String part : GgufChoice.parts(first)) {
      if (!Files.isReadable(snapshot(name.repo(), commit, part))) {
        return null;
      }
    }
    return snapshot(name.repo(), commit, first);
  }

  /** The path within its repository of a file that {@link #find} gave. */
  String path(HubName name, Path found) {
    // models--USER--REPO/snapshots/COMMIT/PATH
    Path within = of(name.repo()).resolve("snapshots").relativize(found);
    return within.subpath(1, within.getNameCount()).toString();
  }

  /** The commit that a revision was when something of it was fetched; null if nothing was. */
  String commit(String repo, String revision) {
    if (RepoFile.isSha1(revision)) {
      return revision;
    }
    try (InputStream in = Files.newInputStream(of(repo).resolve("refs").resolve(revision))) {
      String commit = new String(in.readNBytes(MOST_REF_BYTES), StandardCharsets.US_ASCII).strip();
      return RepoFile.isSha1(commit) ? commit : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** GGUF files that are here, in the hub's order. */
  List<String> files(String repo, String commit) {
    Path snapshot = of(repo).resolve("snapshots").resolve(commit);
    List<String> files = new ArrayList<>();
    if (!Files.isDirectory(snapshot)) {
      return files;
    }
    try (Stream<Path> all = Files.walk(snapshot, MOST_DEPTH)) {
      all.limit(MOST_FILES)
          .filter(path -> path.toString().toLowerCase(Locale.ROOT).endsWith(".gguf"))
          .filter(Files::isRegularFile)
          .map(path -> snapshot.relativize(path).toString())
          .sorted()
          .forEach(files::add);
    } catch (IOException | java.io.UncheckedIOException e) {
      files.clear(); // as if nothing were here
    }
    return files;
  }

  /** Makes the directories for a file of this repository. */
  void prepare(String repo) throws IOException {
    Files.createDirectories(of(repo).resolve("blobs"));
    Path tag = root.resolve("CACHEDIR.TAG");
    if (!Files.exists(tag)) {
      try {
        Path unused = Files.writeString(tag, TAG);
      } catch (IOException e) {
        // It is a courtesy to backups.
      }
    }
  }

  /** Gives a file of a commit its name: a relative link to its bytes. */
  Path link(String repo, String commit, RepoFile file) throws IOException {
    Path link = snapshot(repo, commit, file.path());
    Path blob = blob(repo, file.sum());
    Files.createDirectories(link.getParent());
    if (Files.exists(link) && Files.isSameFile(link, blob)) {
      return link;
    }
    Path fresh = link.resolveSibling("." + UUID.randomUUID() + ".tmp");
    try {
      Path unused =
          Files.createSymbolicLink(fresh, link.getParent().toAbsolutePath().relativize(blob));
    } catch (UnsupportedOperationException | FileSystemException e) {
      if (e instanceof FileAlreadyExistsException already) {
        throw already;
      }
      // A file system without links: the bytes get the name, as huggingface_hub does it.
      Path unused = Files.move(blob, link, StandardCopyOption.REPLACE_EXISTING);
      return link;
    }
    Path unused = Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE);
    return link;
  }

  /** Notes which commit a branch or tag is. */
  void refer(String repo, String revision, String commit) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path ref = of(repo).resolve("refs").resolve(revision);
    if (commit.equals(commit(repo, revision))) {
      return;
    }
    Files.createDirectories(ref.getParent());
    Path fresh = ref.resolveSibling(ref.getFileName() + "." + UUID.randomUUID() + ".tmp");
    Path written = Files.writeString(fresh, commit);
    Path unused = Files.move(written, ref, StandardCopyOption.ATOMIC_MOVE);
  }
}
