package org.sled.bench.peers;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.Fleet;
import org.sled.net.channel.EmulatedLink;

/** Clients of llama-server, each with a connection of its own. */
public final class LlamaFleet implements Fleet {
  /** As many event loops as our own fleet has. */
  private static final int IO_THREADS = 2;

  private final HttpTransport transport = new HttpTransport(IO_THREADS);
  private final List<LlamaServerDevice> devices = new ArrayList<>();

  /**
   * Connects.
   *
   * @param link slows the connections down; stays the caller's; null for the network as it is
   */
  public LlamaFleet(InetSocketAddress server, int count, EmulatedLink link)
      throws InterruptedException {
    boolean connected = false;
    try {
      for (int i = 0; i < count; i++) {
        LlamaServerDevice device = new LlamaServerDevice(transport, server, link);
        devices.add(device);
        device.connect();
      }
      connected = true;
    } finally {
      if (!connected) {
        close();
      }
    }
  }

  @Override
  public List<? extends BenchDevice> devices() {
    return devices;
  }

  @Override
  public long divergences() {
    return 0;
  }

  @Override
  public void close() {
    devices.forEach(LlamaServerDevice::close);
    transport.close();
  }
}
