package org.sled.server.observe;

import java.util.concurrent.atomic.AtomicLong;

/** A number that one thread changes, without a fence, and that any thread reads. */
public final class Count {
  private final AtomicLong value = new AtomicLong();

  void add(long amount) {
    value.lazySet(value.getPlain() + amount);
  }

  void set(long newValue) {
    value.lazySet(newValue);
  }

  public long get() {
    return value.get();
  }
}
