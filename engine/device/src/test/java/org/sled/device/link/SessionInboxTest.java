package org.sled.device.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class SessionInboxTest {
  @Test
  void eventsKeepTheTimeOfTheirArrivalHoweverLateTheyAreTaken() throws Exception {
    SessionInbox inbox = new SessionInbox(1);
    int connection = inbox.nextConnection();
    Object first = "first";
    Object second = "second";
    inbox.offer(connection, first, 1_000);
    inbox.offer(connection, second, 46_000);
    assertSame(first, inbox.take(0));
    assertEquals(1_000, inbox.takenArrivalNanos());
    assertSame(second, inbox.take(0));
    assertEquals(46_000, inbox.takenArrivalNanos());
  }
}
