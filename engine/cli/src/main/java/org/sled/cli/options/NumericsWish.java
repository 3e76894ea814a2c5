package org.sled.cli.options;

import org.sled.jni.Numerics;

/** What {@code --numerics} of a server takes. */
public enum NumericsWish {
  /** Exact where that is possible. */
  AUTO(null),
  EXACT(Numerics.EXACT),
  FAST(Numerics.FAST);

  private final Numerics numerics;

  NumericsWish(Numerics numerics) {
    this.numerics = numerics;
  }

  /** For the engine; null leaves it the choice. */
  public Numerics numerics() {
    return numerics;
  }
}
