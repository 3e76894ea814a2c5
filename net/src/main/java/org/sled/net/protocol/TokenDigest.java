package org.sled.net.protocol;

/**
 * A digest over token ids in their order: FNV-1a with 64 bits over the ids' little-endian bytes.
 * Tells streams apart that differ by mistake or by chance; it is no protection against somebody who
 * wants two streams to have the same.
 *
 * <p>Belongs to one thread.
 */
public final class TokenDigest {
  private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private long value = OFFSET_BASIS;

  /** The digest of these ids. */
  public static long of(TokenIds ids) {
    TokenDigest digest = new TokenDigest();
    for (int i = 0; i < ids.count(); i++) {
      digest.add(ids.id(i));
    }
    return digest.value();
  }

  /** The digest of the first {@code count} ids. */
  public static long of(int[] ids, int count) {
    TokenDigest digest = new TokenDigest();
    for (int i = 0; i < count; i++) {
      digest.add(ids[i]);
    }
    return digest.value();
  }

  /** Appends an id; allocates nothing. */
  public void add(int id) {
    long hash = value;
    hash = (hash ^ (id & 0xFF)) * PRIME;
    hash = (hash ^ (id >>> 8 & 0xFF)) * PRIME;
    hash = (hash ^ (id >>> 16 & 0xFF)) * PRIME;
    hash = (hash ^ (id >>> 24)) * PRIME;
    value = hash;
  }

  /** The digest of what was appended so far. */
  public long value() {
    return value;
  }
}
