package org.sled.net.protocol;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The SHA-256 of a file, so that nothing else can be taken for it.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record FileDigest(String hex) {
  /** On the wire. */
  public static final int BYTES = 32;

  /** No file is known to have it: there is none, or it was not said. */
  public static final FileDigest NONE = new FileDigest("0".repeat(2 * BYTES));

  /** Refuses what is none. */
  public FileDigest {
    if (!hex.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("no SHA-256: " + hex.length() + " characters");
    }
  }

  /** The digest of these bytes; the buffer stays as it is. */
  public static FileDigest of(ByteBuffer file) {
    MessageDigest sum = newSum();
    sum.update(file.duplicate());
    return ofSum(sum);
  }

  /** A sum to be fed with a file. */
  public static MessageDigest newSum() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The digest of what was fed to a sum of {@link #newSum}. */
  public static FileDigest ofSum(MessageDigest sum) {
    return ofBytes(sum.digest());
  }

  /** From its {@link #BYTES} bytes. */
  public static FileDigest ofBytes(byte[] bytes) {
    return new FileDigest(HexFormat.of().formatHex(bytes));
  }

  /** Its {@link #BYTES} bytes. */
  public byte[] toBytes() {
    return HexFormat.of().parseHex(hex);
  }
}
