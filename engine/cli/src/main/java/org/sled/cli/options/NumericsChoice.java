package org.sled.cli.options;

import java.util.Locale;
import org.sled.jni.Numerics;

/** How reports call what a target promises about bits. */
public final class NumericsChoice {
  private NumericsChoice() {}

  /** For reports: "exact" or "fast". */
  public static String word(Numerics numerics) {
    return numerics.name().toLowerCase(Locale.ROOT);
  }

  /** The word for a server's numerics. */
  public static String word(boolean exact) {
    return word(exact ? Numerics.EXACT : Numerics.FAST);
  }
}
