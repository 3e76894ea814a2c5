package org.sled.bench.sled;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.Fleet;
import org.sled.bench.trace.ReplayDrafter;
import org.sled.device.Outage;
import org.sled.device.SledClient;
import org.sled.device.draft.Pace;
import org.sled.net.client.ClientTransport;

/** Devices of our own, each with a connection of its own. */
public final class SledFleet implements Fleet {
  /** Event loops of all devices together: they only move bytes. */
  private static final int IO_THREADS = 2;

  private final FleetOptions options;
  private final ClientTransport transport;
  private final List<SledDevice> devices = new ArrayList<>();
  private final LongAdder divergences = new LongAdder();

  /**
   * Connects.
   *
   * @throws org.sled.device.SledClientException if that fails
   */
  public SledFleet(FleetOptions options, int count) throws InterruptedException {
    this.options = options;
    transport = new ClientTransport(IO_THREADS, options.link());
    boolean connected = false;
    try {
      for (int i = 0; i < count; i++) {
        String name = "bench device " + (i + 1);
        devices.add(new SledDevice(() -> connect(name), options.draftTokens()));
      }
      connected = true;
    } finally {
      if (!connected) {
        close();
      }
    }
  }

  private SledClient connect(String name) throws InterruptedException {
    SledClient.Builder builder =
        SledClient.builder()
            .server(options.host(), options.port())
            .outage(Outage.FAIL) // a failed request counts
            .busy(options.busy())
            .busyTimeout(options.busyTimeout())
            .authToken(options.authToken())
            .clientName(name)
            .drafting(options.drafting())
            .transport(transport);
    if (options.trace() == null) {
      builder
          .draftModel(options.model())
          .draftThreads(options.draftThreads())
          .draftTokensPerSecond(options.tokensPerSecond())
          .givesWay(options.givesWay());
      if (options.promptLookup()) {
        builder.promptLookup();
      }
    } else {
      builder.blockDrafters(
          options.trace().header().fingerprint(),
          contextTokens ->
              new ReplayDrafter(
                  new Pace(), options.trace(), options.tokensPerSecond(), divergences));
    }
    return builder.connect();
  }

  @Override
  public List<? extends BenchDevice> devices() {
    return devices;
  }

  /** The client of the first of them. */
  public SledClient client() {
    return devices.get(0).client();
  }

  @Override
  public long divergences() {
    return divergences.sum();
  }

  @Override
  public void close() {
    devices.forEach(SledDevice::close);
    transport.close();
  }
}
