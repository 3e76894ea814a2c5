package org.sled.server.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sled.net.protocol.StreamSecret;

class ResumeIndexTest {
  private static final int SESSIONS = 400;

  private final ResumeIndex finder = new ResumeIndex(SESSIONS);

  @Test
  void eachStreamHasASecretOfItsOwn() {
    Set<StreamSecret> secrets = new HashSet<>();
    for (int number = 0; number < SESSIONS; number++) {
      StreamSecret secret = finder.opened(number, StreamSecret.NONE);
      secrets.add(secret);
      assertEquals(number, finder.find(secret));
    }
    assertEquals(SESSIONS, secrets.size());
    assertEquals(ResumeIndex.NONE, finder.find(StreamSecret.NONE), "who has none shows none");
  }

  @Test
  void whatIsGoneIsNotFound() {
    StreamSecret secret = finder.opened(3, StreamSecret.NONE);
    finder.gone(3);
    assertEquals(ResumeIndex.NONE, finder.find(secret));
    StreamSecret next = finder.opened(3, StreamSecret.NONE);
    assertNotEquals(secret, next);
    assertEquals(ResumeIndex.NONE, finder.find(secret));
  }

  @Test
  void aStreamThatGoesOnIsFoundWhereItWentOn() {
    StreamSecret secret = finder.opened(3, StreamSecret.NONE);
    assertEquals(secret, finder.opened(5, secret));
    assertEquals(5, finder.find(secret));
    finder.gone(3);
    assertEquals(5, finder.find(secret));
    finder.gone(5);
    assertEquals(ResumeIndex.NONE, finder.find(secret));
  }
}
