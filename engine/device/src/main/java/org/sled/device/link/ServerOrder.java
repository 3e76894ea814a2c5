package org.sled.device.link;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Which server a client prefers, and which it turns to next: by rendezvous hashing of its key with
 * each address. So a fleet spreads evenly over its servers without anybody telling it how, and a
 * server that goes moves its own clients only.
 *
 * <p>Any thread may use it.
 */
public final class ServerOrder {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final List<InetSocketAddress> servers;
  private final String key;

  /**
   * Creates the order of one client.
   *
   * @param servers at least one; names that are not resolved are looked up each time
   * @param key of the client
   */
  public ServerOrder(List<InetSocketAddress> servers, String key) {
    this.servers = List.copyOf(servers);
    this.key = key;
  }

  /**
   * All addresses now, the preferred one first. A name with several addresses stands for all of
   * them; one that cannot be looked up stays as it is, for whoever connects to say what is wrong.
   */
  public List<InetSocketAddress> now() {
    LinkedHashSet<InetSocketAddress> addresses = new LinkedHashSet<>();
    for (InetSocketAddress server : servers) {
      addresses.addAll(resolve(server));
    }
    List<InetSocketAddress> order = new ArrayList<>(addresses);
    if (order.size() > 1) {
      order.sort(Comparator.comparingLong(this::weight).reversed());
    }
    return order;
  }

  private static List<InetSocketAddress> resolve(InetSocketAddress server) {
    if (!server.isUnresolved()) {
      return List.of(server);
    }
    try {
      InetAddress[] all = InetAddress.getAllByName(server.getHostString());
      if (all.length == 1) {
        return List.of(server); // its name says more than its address
      }
      List<InetSocketAddress> each = new ArrayList<>();
      for (InetAddress address : all) {
        each.add(new InetSocketAddress(address.getHostAddress(), server.getPort()));
      }
      return each;
    } catch (UnknownHostException e) {
      return List.of(server);
    }
  }

  private long weight(InetSocketAddress server) {
    long hash = FNV_OFFSET;
    String text = key + '\n' + server.getHostString() + ':' + server.getPort();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    // FNV leaves the last bytes in the low bits; the order is by the high ones. Finalizer of
    // MurmurHash3.
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
