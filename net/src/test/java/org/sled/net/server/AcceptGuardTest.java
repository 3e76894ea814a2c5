package org.sled.net.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class AcceptGuardTest {
  private final List<String> failures = new ArrayList<>();
  private final EmbeddedChannel acceptor =
      new EmbeddedChannel(new AcceptGuard(2, cause -> failures.add(cause.getMessage())));

  private boolean accepts() {
    acceptor.runPendingTasks();
    return acceptor.config().isAutoRead();
  }

  @Test
  void acceptsNoMoreSocketsThanThereMayBe() {
    EmbeddedChannel first = new EmbeddedChannel();
    EmbeddedChannel second = new EmbeddedChannel();
    acceptor.writeInbound(first);
    assertTrue(accepts());
    acceptor.writeInbound(second);
    assertFalse(accepts());
    assertTrue(first.close().isSuccess());
    assertTrue(accepts());
    acceptor.writeInbound(new EmbeddedChannel());
    assertFalse(accepts());
    assertEquals(List.of(), failures);
  }

  @Test
  void pausesWhenTheSystemGivesNoSocket() {
    acceptor.freezeTime();
    for (int attempt = 1; attempt <= 3; attempt++) {
      acceptor.pipeline().fireExceptionCaught(new IOException("Too many open files"));
      assertFalse(accepts());
      assertEquals(attempt, failures.size());
      acceptor.advanceTimeBy(AcceptGuard.PAUSE_MILLIS + 1, TimeUnit.MILLISECONDS);
      acceptor.runScheduledPendingTasks();
      assertTrue(accepts());
    }
    acceptor.checkException(); // nobody else hears of it, who would log its stack trace
  }
}
