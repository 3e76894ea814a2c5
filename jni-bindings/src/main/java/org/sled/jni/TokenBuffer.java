package org.sled.jni;

import java.util.Arrays;

/**
 * A growing list of token ids in native memory. One thread at a time. Adding allocates only when
 * the list outgrows its memory, and then the address changes: take it when you need it.
 */
public final class TokenBuffer extends NativeBlock {
  /** Bytes of one id. */
  public static final int TOKEN_BYTES = Integer.BYTES;

  /** Ids that fit into what a Java buffer can address. */
  private static final int MAX_CAPACITY = Integer.MAX_VALUE / TOKEN_BYTES;

  private int capacity;
  private int size;

  /** Room for so many ids before it has to grow; at least 1. */
  public TokenBuffer(int capacity) {
    super(Math.multiplyExact(capacity, TOKEN_BYTES));
    this.capacity = capacity;
  }

  public int size() {
    return size;
  }

  public void add(int token) {
    if (size == capacity) {
      ensureCapacity(size + 1);
    }
    buffer().putInt(size * TOKEN_BYTES, token);
    size++;
  }

  public void addAll(int[] tokens) {
    ensureCapacity(Math.addExact(size, tokens.length));
    for (int token : tokens) {
      buffer().putInt(size * TOKEN_BYTES, token);
      size++;
    }
  }

  public int get(int index) {
    return buffer().getInt(checked(index) * TOKEN_BYTES);
  }

  public void set(int index, int token) {
    buffer().putInt(checked(index) * TOKEN_BYTES, token);
  }

  /** Forgets the ids from this index on. */
  public void truncate(int newSize) {
    if (newSize < 0 || newSize > size) {
      throw new IndexOutOfBoundsException("truncate " + size + " tokens to " + newSize);
    }
    size = newSize;
  }

  public void clear() {
    size = 0;
  }

  /** Where the id at this index lies; {@code index == size} is the end. */
  public long addressOf(int index) {
    if (index < 0 || index > size) {
      throw new IndexOutOfBoundsException("token " + index + " of " + size);
    }
    return address() + (long) index * TOKEN_BYTES;
  }

  public int[] toArray() {
    int[] tokens = new int[size];
    buffer().asIntBuffer().get(0, tokens);
    return tokens;
  }

  @Override
  public String toString() {
    return "TokenBuffer" + Arrays.toString(toArray());
  }

  /** Room for {@code count} ids in all; for a native that writes them: see {@link #setSize}. */
  void ensureCapacity(int count) {
    if (count > capacity) {
      int larger = Math.max(count, (int) Math.min(2L * capacity, MAX_CAPACITY));
      grow(Math.multiplyExact(larger, TOKEN_BYTES));
      capacity = larger;
    }
  }

  int capacity() {
    return capacity;
  }

  /** After a native wrote so many ids. */
  void setSize(int newSize) {
    if (newSize < 0 || newSize > capacity) {
      throw new IndexOutOfBoundsException(newSize + " tokens in room for " + capacity);
    }
    size = newSize;
  }

  private int checked(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("token " + index + " of " + size);
    }
    return index;
  }
}
