package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.function.Executable;

/** Expects a {@link SledException} with a status. */
final class Failures {
  private Failures() {}

  static SledException expect(SledStatus status, Executable call) {
    SledException failure = assertThrows(SledException.class, call);
    assertEquals(status, failure.status(), failure.getMessage());
    return failure;
  }
}
