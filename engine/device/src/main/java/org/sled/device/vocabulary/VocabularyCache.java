package org.sled.device.vocabulary;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.sled.bridge.Fingerprints;
import org.sled.device.RefusedException;
import org.sled.device.ServerFaultException;
import org.sled.device.SledClientException;
import org.sled.device.link.Uplink;
import org.sled.device.link.VocabularyDownload;
import org.sled.jni.Model;
import org.sled.jni.ModelParams;
import org.sled.jni.SledException;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The vocabularies of servers, kept as files by their SHA-256, so that each is fetched once.
 * Whatever lies there or comes from a server is opened only if it is, bit for bit, what WELCOME
 * names: a damaged file never gets to the parser, and what one server gave is never taken for
 * another one's. It is used only if its tokenizer has the fingerprint that it should have. Any
 * thread, and several processes at a time: files appear as a whole.
 */
public final class VocabularyCache {
  /** A directory of another's choice. */
  private static final String DIRECTORY_PROPERTY = "sled.vocabulary.cache";

  /** Files kept; those not used for longest go first. Few devices meet more tokenizers. */
  private static final int MOST_FILES = 16;

  /** A part of this age was left behind by a process that was killed. */
  private static final Duration OLD_PART = Duration.ofDays(1);

  private static final String SUFFIX = ".gguf";
  private static final String PART_SUFFIX = ".part";

  private static final Logger LOG = LoggerFactory.getLogger(VocabularyCache.class);

  private final Path directory; // null: nothing is kept

  /**
   * A cache.
   *
   * @param directory made when needed; null to keep nothing
   */
  public VocabularyCache(Path directory) {
    this.directory = directory;
  }

  /**
   * {@code -Dsled.vocabulary.cache}, else {@code $XDG_CACHE_HOME/sled/vocabularies} or {@code
   * ~/.cache/sled/vocabularies}; null: there is no home.
   */
  public static Path defaultDirectory() {
    String explicit = System.getProperty(DIRECTORY_PROPERTY);
    if (explicit != null && !explicit.isEmpty()) {
      return Path.of(explicit);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    String home = System.getProperty("user.home");
    if (xdg != null && !xdg.isEmpty()) {
      return Path.of(xdg, "sled", "vocabularies");
    }
    boolean isHome = home != null && !home.isEmpty() && !home.equals("?");
    return isHome ? Path.of(home, ".cache", "sled", "vocabularies") : null;
  }

  /**
   * The server's vocabulary, as a model without weights, which the caller closes: from a file, or
   * fetched.
   *
   * @param timeout for each answer of the server
   * @throws RefusedException if the server has none to give
   * @throws SledClientException if what it gives is not its vocabulary, or cannot be kept anywhere
   */
  Model open(Uplink uplink, Duration timeout) throws InterruptedException {
    Welcome welcome = uplink.connection().welcome();
    Path file = file(welcome);
    Model kept = file == null ? null : openKept(file, welcome);
    return kept != null ? kept : fetch(uplink, timeout, file);
  }

  /** Null if nothing is kept, or if the server does not say what it gives. */
  private Path file(Welcome welcome) {
    boolean isNamed = !welcome.vocabularyDigest().equals(FileDigest.NONE);
    return directory != null && isNamed
        ? directory.resolve(welcome.vocabularyDigest().hex() + SUFFIX)
        : null;
  }

  /** Null if there is none that can be used. */
  private static Model openKept(Path file, Welcome welcome) {
    if (!Files.exists(file)) {
      return null;
    }
    try {
      if (!digest(file).equals(welcome.vocabularyDigest())) {
        LOG.warn("{} is damaged, the vocabulary is fetched again", file);
        return null;
      }
      Model model = openChecked(file, welcome.fingerprint());
      touch(file);
      return model;
    } catch (IOException | SledException | SledClientException e) {
      LOG.warn("{} is of no use, the vocabulary is fetched again: {}", file, e.toString());
      return null;
    }
  }

  /** Of a file that may be any; of one that is too long, {@link FileDigest#NONE}. */
  private static FileDigest digest(Path file) throws IOException {
    MessageDigest sum = FileDigest.newSum();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = new byte[Limits.VOCABULARY_PART_BYTES];
      int total = 0;
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        total += count;
        if (total > Limits.VOCABULARY_BYTES) {
          return FileDigest.NONE;
        }
        sum.update(bytes, 0, count);
      }
    }
    return FileDigest.ofSum(sum);
  }

  private static void touch(Path file) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (IOException e) {
      LOG.debug("{} may be thought unused: {}", file, e.toString());
    }
  }

  /**
   * A vocabulary with this fingerprint, but for the pre-tokenizer's part: servers of earlier
   * releases hash less into that.
   */
  private static Model openChecked(Path file, TokenizerFingerprint fingerprint) {
    Model model = Model.open(file, ModelParams.DEFAULT.withVocabularyOnly(true));
    TokenizerFingerprint actual = Fingerprints.of(model.info());
    if (!actual.withPretokenizerHash(fingerprint.pretokenizerHash()).matches(fingerprint)) {
      model.close();
      throw new ServerFaultException(
          "it is another tokenizer's (this one vs the target's): "
              + actual.describeDifference(fingerprint));
    }
    return model;
  }

  private Model fetch(Uplink uplink, Duration timeout, Path file) throws InterruptedException {
    Welcome welcome = uplink.connection().welcome();
    if (!welcome.hasVocabulary()) {
      throw new RefusedException(
          ErrorCode.UNSUPPORTED,
          "the server gives no vocabulary: it is of an earlier release, or cannot read its target's"
              + " file again. Use a draft model, whose tokenizer serves as well");
    }
    Path part = null;
    MessageDigest sum = FileDigest.newSum();
    try {
      part = createPart(file != null);
      // Not a channel, which an interrupt would close.
      try (OutputStream out = new DigestOutputStream(new FileOutputStream(part.toFile()), sum)) {
        VocabularyDownload download = new VocabularyDownload();
        uplink.router().download(download);
        try {
          download.run(uplink.connection(), out, timeout);
        } finally {
          uplink.router().download(null);
        }
      }
      require(FileDigest.ofSum(sum), welcome.vocabularyDigest());
      Model model = openFetched(part, welcome.fingerprint());
      keep(part, file);
      return model;
    } catch (IOException e) {
      throw new SledClientException("the server's vocabulary cannot be stored: " + e, e);
    } finally {
      delete(part);
    }
  }

  private static void require(FileDigest actual, FileDigest said) {
    // A server of an earlier release does not say it.
    if (!said.equals(FileDigest.NONE) && !said.equals(actual)) {
      throw new ServerFaultException(
          "what the server gave is not its target's vocabulary: its SHA-256 is "
              + actual.hex()
              + ", not "
              + said.hex());
    }
  }

  /**
   * A file to write to.
   *
   * @param keep whether it is to be kept afterwards
   */
  private Path createPart(boolean keep) throws IOException {
    if (keep) {
      try {
        Files.createDirectories(directory);
        return Files.createTempFile(directory, "vocabulary", PART_SUFFIX);
      } catch (IOException e) {
        LOG.warn("the vocabulary is not kept for the next time: {}", e.toString());
      }
    }
    return Files.createTempFile("sled-vocabulary", PART_SUFFIX);
  }

  private static Model openFetched(Path part, TokenizerFingerprint fingerprint) {
    try {
      return openChecked(part, fingerprint);
    } catch (SledException | SledClientException e) {
      throw new ServerFaultException(
          "what the server gave is not its target's vocabulary: " + e.getMessage(), e);
    }
  }

  private void keep(Path part, Path file) {
    if (file == null || !part.startsWith(directory)) {
      return;
    }
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      prune();
    } catch (IOException e) {
      LOG.warn("the vocabulary is not kept for the next time: {}", e.toString());
    }
  }

  /** Removes what is too much; others may do so at the same time. */
  private void prune() throws IOException {
    Map<Path, FileTime> files = new HashMap<>();
    try (Stream<Path> all = Files.list(directory)) {
      Instant old = Instant.now().minus(OLD_PART);
      for (Path path : (Iterable<Path>) all::iterator) {
        String name = path.getFileName().toString();
        if (name.endsWith(SUFFIX)) {
          files.put(path, modified(path));
        } else if (name.endsWith(PART_SUFFIX) && modified(path).toInstant().isBefore(old)) {
          delete(path);
        }
      }
    }
    files.entrySet().stream()
        .sorted(Map.Entry.<Path, FileTime>comparingByValue().reversed())
        .skip(MOST_FILES)
        .forEach(oldest -> delete(oldest.getKey()));
  }

  private static FileTime modified(Path path) {
    try {
      return Files.getLastModifiedTime(path);
    } catch (IOException e) {
      return FileTime.from(Instant.EPOCH); // gone
    }
  }

  private static void delete(Path path) {
    if (path == null) {
      return;
    }
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.warn("{} is left behind: {}", path, e.toString());
    }
  }
}
