package org.sled.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class SocketPlanTest {
  @Test
  void devicesLeaveFilesForTheAdminPortAndTheDaemon() throws IOException {
    assertEquals(4096, SocketPlan.deviceConnections(1_000_000));
    assertEquals(64, SocketPlan.adminConnections(1_000_000));
    for (int left = 40; left < 2_000; left++) {
      int devices = SocketPlan.deviceConnections(left);
      assertTrue(devices >= 1 && devices + SocketPlan.adminConnections(left) + 32 <= left);
    }
  }

  @Test
  void tooFewFilesAreSaid() {
    IOException tooFew = assertThrows(IOException.class, () -> SocketPlan.deviceConnections(36));
    assertTrue(tooFew.getMessage().contains("ulimit -n 1024"), tooFew.getMessage());
    assertThrows(IOException.class, () -> SocketPlan.deviceConnections(-3));
  }
}
