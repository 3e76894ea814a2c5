package org.sled.device.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ServerOrderTest {
  private static InetSocketAddress server(int number) {
    return InetSocketAddress.createUnresolved("10.0.0." + number, 7411);
  }

  private static List<InetSocketAddress> servers(int count) {
    List<InetSocketAddress> servers = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      servers.add(server(i));
    }
    return servers;
  }

  @Test
  void aFleetSpreadsEvenly() {
    int[] first = new int[4];
    int[] second = new int[4];
    for (int client = 0; client < 4000; client++) {
      List<InetSocketAddress> order = new ServerOrder(servers(4), "device " + client).now();
      assertEquals(new HashSet<>(servers(4)), new HashSet<>(order));
      first[servers(4).indexOf(order.get(0))]++;
      second[servers(4).indexOf(order.get(1))]++;
    }
    for (int i = 0; i < 4; i++) {
      assertEquals(1000, first[i], 120);
      assertEquals(1000, second[i], 120);
    }
  }

  @Test
  void aServerThatGoesMovesItsOwnClientsOnly() {
    for (int client = 0; client < 500; client++) {
      String key = "device " + client;
      List<InetSocketAddress> all = new ServerOrder(servers(5), key).now();
      List<InetSocketAddress> fewer = new ServerOrder(servers(4), key).now();
      all.remove(server(5));
      assertEquals(all, fewer);
    }
  }

  @Test
  void whatCannotBeLookedUpStays() {
    InetSocketAddress unknown = InetSocketAddress.createUnresolved("no.such.host.invalid", 1);
    assertEquals(List.of(unknown), new ServerOrder(List.of(unknown), "key").now());
  }

  @Test
  void aNameWithOneAddressIsKeptAsName() {
    InetSocketAddress named = InetSocketAddress.createUnresolved("127.0.0.1", 7411);
    assertTrue(new ServerOrder(List.of(named, named), "key").now().equals(List.of(named)));
  }
}
