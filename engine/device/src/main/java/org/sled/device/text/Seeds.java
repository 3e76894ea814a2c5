package org.sled.device.text;

import java.security.SecureRandom;

/** Seeds for sampling. Any thread. */
public final class Seeds {
  private static final SecureRandom RANDOM = new SecureRandom();

  private Seeds() {}

  /** A seed that nobody can guess; keep it to have the same text again. */
  public static long random() {
    return RANDOM.nextLong();
  }
}
