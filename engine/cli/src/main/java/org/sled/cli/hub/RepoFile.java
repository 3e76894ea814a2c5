package org.sled.cli.hub;

import java.util.regex.Pattern;

/**
 * A file of a repository, as the hub describes it.
 *
 * @param path within the repository; {@linkplain SafePath safe}
 * @param size in bytes; -1 if the hub does not say
 * @param sum its SHA-256 (64 hexadecimal digits) or git's SHA-1 of a blob (40); empty if the hub
 *     does not say. It names the file in the cache
 */
record RepoFile(String path, long size, String sum) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");

  /** Whether this is a checksum of one of the two kinds. */
  static boolean isSum(String text) {
    return isSha256(text) || isSha1(text);
  }

  static boolean isSha256(String text) {
    return SHA256.matcher(text).matches();
  }

  /** Also the form of a commit's name. */
  static boolean isSha1(String text) {
    return SHA1.matcher(text).matches();
  }

  /** Whether length and checksum are known. */
  boolean isComplete() {
    return size >= 0 && !sum.isEmpty();
  }
}
