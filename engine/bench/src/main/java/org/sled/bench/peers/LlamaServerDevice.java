package org.sled.bench.peers;

import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.BenchDeviceException;
import org.sled.bench.load.BenchRequest;
import org.sled.device.GenerationListener;
import org.sled.net.channel.EmulatedLink;

/**
 * A device of the load that llama-server serves: all tokens are made there and streamed to here.
 *
 * <p>llama-server closes a connection after every stream. So that no request has to wait for a new
 * one, the device opens it when a request has ended; where the server has closed that as well, as
 * it does after five idle seconds, the next request connects anew.
 *
 * <p>The listener is called on an event loop. A request takes as long as the server keeps its
 * connection open; interrupt the thread to give up.
 */
public final class LlamaServerDevice implements BenchDevice {
  /**
   * Stands for a token whose id llama-server did not send: it counts the tokens of a character that
   * needs several, and names the last one only.
   */
  public static final int UNKNOWN_TOKEN = -1;

  private final HttpTransport transport;
  private final InetSocketAddress server;
  private final EmulatedLink link;
  private final TrafficCounter traffic = new TrafficCounter();
  private final AtomicLong draftTokens = new AtomicLong();
  private final AtomicLong acceptedTokens = new AtomicLong();

  /** Null where none is open. Written by the thread that runs requests. */
  private volatile CompletionHandler connection;

  private volatile boolean closed;

  /**
   * A device without a connection yet.
   *
   * @param link slows its connections down; null for the network as it is
   */
  public LlamaServerDevice(HttpTransport transport, InetSocketAddress server, EmulatedLink link) {
    this.transport = transport;
    this.server = server;
    this.link = link;
  }

  /** Opens the connection, so that no request has to wait for it. */
  public void connect() throws InterruptedException {
    if (closed) {
      throw new BenchDeviceException("the device is closed", null);
    }
    CompletionHandler opened = new CompletionHandler();
    transport.connect(server, link, traffic, opened);
    connection = opened;
    if (closed) { // meanwhile
      disconnect();
    }
  }

  @Override
  public void run(BenchRequest request, GenerationListener listener) throws InterruptedException {
    CompletionHandler kept = connection;
    boolean done = false;
    if (kept != null && kept.isOpen()) {
      CompletionExchange exchange = new CompletionExchange(listener);
      try {
        exchange(kept, request, exchange);
        done = true;
      } catch (BenchDeviceException e) {
        // The server may have closed an idle connection while the request was on its way: then
        // nothing of an answer came, and it is asked once more.
        if (exchange.isAnswered() || closed) {
          throw e;
        }
      }
    }
    if (!done) {
      connect();
      kept = connection;
      if (kept == null) {
        throw new BenchDeviceException("the device is closed", null);
      }
      exchange(kept, request, new CompletionExchange(listener));
    }
    prepareNext();
  }

  /** The request is done, so whatever goes wrong here is for the next one to find out. */
  private void prepareNext() {
    try {
      connect();
    } catch (BenchDeviceException e) {
      connection = null;
    } catch (InterruptedException e) {
      connection = null;
      Thread.currentThread().interrupt();
    }
  }

  private void exchange(CompletionHandler over, BenchRequest request, CompletionExchange exchange)
      throws InterruptedException {
    String host = server.getHostString() + ":" + server.getPort();
    over.send(CompletionRequest.http(request, host), exchange);
    try {
      exchange.await();
      draftTokens.addAndGet(exchange.draftTokens());
      acceptedTokens.addAndGet(exchange.acceptedTokens());
    } catch (InterruptedException e) {
      exchange.abandon();
      disconnect(); // how llama-server is told to stop
      throw e;
    }
  }

  private void disconnect() {
    CompletionHandler open = connection;
    if (open != null) {
      open.close();
      connection = null;
    }
  }

  /** Tokens that the server drafted in all requests that ended; 0 without a draft model. */
  public long draftTokens() {
    return draftTokens.get();
  }

  /** How many of them it accepted. */
  public long acceptedTokens() {
    return acceptedTokens.get();
  }

  @Override
  public long bytesUp() {
    return traffic.up();
  }

  @Override
  public long bytesDown() {
    return traffic.down();
  }

  /** Closes the connection; a request under way fails. */
  @Override
  public void close() {
    closed = true;
    disconnect();
  }
}
