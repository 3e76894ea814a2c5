package org.sled.bench.sled;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.BenchDeviceException;
import org.sled.bench.load.BenchRequest;
import org.sled.device.BusyException;
import org.sled.device.ConnectionLostException;
import org.sled.device.Generation;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.RefusedException;
import org.sled.device.ServerFaultException;
import org.sled.device.SledClient;
import org.sled.device.SledClientException;
import org.sled.device.UnreachableException;
import org.sled.jni.SledException;

/**
 * A device of our own: a client with its connection, which drafts blocks of a length or leaves
 * everything to the server. A lost connection is made again with the next request.
 */
public final class SledDevice implements BenchDevice {
  private final Connector connector;
  private final int draftTokens;
  private final AtomicLong bytesUp = new AtomicLong();
  private final AtomicLong bytesDown = new AtomicLong();
  private SledClient client;

  /** Makes a connection. */
  @FunctionalInterface
  public interface Connector {
    /** A new one, which the device closes. */
    SledClient connect() throws InterruptedException;
  }

  /**
   * Connects.
   *
   * @param draftTokens drafts per block, 0 to let the server generate alone
   * @throws SledClientException if that fails
   */
  public SledDevice(Connector connector, int draftTokens) throws InterruptedException {
    this.connector = connector;
    this.draftTokens = draftTokens;
    client = connector.connect();
  }

  /** Its connection, until the next request. */
  public SledClient client() {
    return client;
  }

  @Override
  public void run(BenchRequest request, GenerationListener listener) throws InterruptedException {
    try {
      if (client.isClosed()) {
        client.close();
        client = connector.connect();
      }
      Generation generation = start(request, listener);
      try (generation) {
        while (generation.next() != Generation.END) {
          // Tokens go to the listener.
        }
      } finally {
        GenerationStats stats = generation.stats();
        bytesUp.addAndGet(stats.bytesUp());
        bytesDown.addAndGet(stats.bytesDown());
      }
    } catch (SledClientException e) {
      throw new BenchDeviceException(kindOf(e), e.getMessage(), e);
    } catch (SledException e) {
      // Such as no memory for a draft context: the next request may have it.
      throw new BenchDeviceException("draft model", e.getMessage(), e);
    }
  }

  /** What it is counted as. */
  private static String kindOf(SledClientException failure) {
    if (failure instanceof BusyException) {
      return BenchDeviceException.BUSY;
    } else if (failure instanceof RefusedException refused) {
      return refused.code().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    } else if (failure instanceof ConnectionLostException) {
      return "connection lost";
    } else if (failure instanceof UnreachableException) {
      return "unreachable";
    }
    return failure instanceof ServerFaultException ? "server fault" : BenchDeviceException.OTHER;
  }

  private Generation start(BenchRequest request, GenerationListener listener)
      throws InterruptedException {
    try {
      return client.start(toGeneration(request), listener);
    } catch (IllegalArgumentException e) {
      // Such as a prompt that is too long for this server: others may fit.
      throw new BenchDeviceException(e.getMessage(), e);
    }
  }

  private GenerationRequest toGeneration(BenchRequest request) {
    return GenerationRequest.of(request.prompt().toArray())
        .withMaxTokens(request.maxTokens())
        .withDraftTokens(draftTokens)
        .withIgnoreEnd(request.ignoreEnd())
        .withSampling(request.sampling());
  }

  @Override
  public long bytesUp() {
    return bytesUp.get();
  }

  @Override
  public long bytesDown() {
    return bytesDown.get();
  }

  @Override
  public void close() {
    client.close();
  }
}
