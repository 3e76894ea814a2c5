package org.sled.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The checksum of a file while it comes: SHA-256, or git's SHA-1 of a blob, which small files have
 * that are kept in git itself. One thread.
 */
final class BlobSum {
  private final RepoFile file;
  private MessageDigest digest;

  BlobSum(RepoFile file) {
    this.file = file;
    reset();
  }

  void reset() {
    boolean isSha256 = RepoFile.isSha256(file.sum());
    try {
      digest = MessageDigest.getInstance(isSha256 ? "SHA-256" : "SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has both
    }
    if (!isSha256) {
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
  }

  void update(byte[] bytes, int count) {
    digest.update(bytes, 0, count);
  }

  /** Begins with so many bytes of a file, less if it is shorter. */
  void begin(Path part, long length) throws IOException {
    reset();
    byte[] bytes = new byte[1 << 16];
    long left = length;
    try (InputStream in = Files.newInputStream(part)) {
      while (left > 0) {
        int count = in.read(bytes, 0, (int) Math.min(left, bytes.length));
        if (count < 0) {
          throw new IOException(part + " became shorter meanwhile");
        }
        if (Thread.currentThread().isInterrupted()) {
          throw new java.io.InterruptedIOException();
        }
        update(bytes, count);
        left -= count;
      }
    }
  }

  /** Whether it is the one that the hub says; it is to be reset afterwards. */
  boolean isRight() {
    return HexFormat.of().formatHex(digest.digest()).equals(file.sum());
  }
}
