package org.sled.net.protocol;

import java.util.Arrays;

/** An immutable list of token ids, for frames that are not hot. Any thread may use it. */
public final class TokenIds {
  /** No tokens. */
  public static final TokenIds EMPTY = new TokenIds(new int[0]);

  private final int[] ids;

  private TokenIds(int[] ids) {
    this.ids = ids;
  }

  /** A list of these ids, which are copied. */
  public static TokenIds of(int... ids) {
    return ids.length == 0 ? EMPTY : new TokenIds(ids.clone());
  }

  /** How many tokens there are. */
  public int count() {
    return ids.length;
  }

  /** The token id at {@code index}, from 0. */
  public int id(int index) {
    return ids[index];
  }

  /** A copy of the ids. */
  public int[] toArray() {
    return ids.clone();
  }

  /** The ids from index {@code from} up to, not including, {@code to}. */
  public TokenIds slice(int from, int to) {
    return from == to ? EMPTY : new TokenIds(Arrays.copyOfRange(ids, from, to));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenIds that && Arrays.equals(ids, that.ids);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  /** Says only how many there are: prompts do not belong in logs. */
  @Override
  public String toString() {
    return ids.length + " tokens";
  }
}
