package org.sled.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A network between clients and a server that may be another one for each connection: it holds
 * bytes up, in both directions, and breaks connections after some of them, so that what was under
 * way is lost. By a seed, as far as threads allow.
 */
final class FaultyNetwork implements AutoCloseable {
  private static final int CHUNK = 200;

  private final ServerSocket listening;
  private final Random random;
  private final int mostBytes;
  private final int mostMillis;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean sound;

  /** Where connections go; 0: nowhere, as if nothing listened. */
  volatile int serverPort;

  /**
   * Listens.
   *
   * @param mostBytes after which a connection breaks, in one direction
   * @param mostMillis that some bytes are held up
   */
  FaultyNetwork(long seed, int serverPort, int mostBytes, int mostMillis) throws IOException {
    random = new Random(seed);
    this.serverPort = serverPort;
    this.mostBytes = mostBytes;
    this.mostMillis = mostMillis;
    listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    start("accept", this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  private static void start(String name, Runnable action) {
    Thread thread = new Thread(action, "faulty-network-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket device = listening.accept();
        open.add(device);
        try {
          if (serverPort == 0) {
            throw new IOException("nothing listens");
          }
          Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
          open.add(server);
          device.setTcpNoDelay(true);
          server.setTcpNoDelay(true);
          carry("up", device, server);
          carry("down", server, device);
        } catch (IOException e) {
          end(device);
        }
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void carry(String name, Socket from, Socket to) {
    Random own = new Random(random.nextLong());
    // Beyond the handshake, which is always the same.
    int lasts = 1000 + own.nextInt(mostBytes);
    start(
        name,
        () -> {
          byte[] bytes = new byte[CHUNK];
          int left = lasts;
          try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            while (left > 0 || sound) {
              int count = in.read(bytes, 0, sound ? CHUNK : Math.min(left, CHUNK));
              if (count < 0) {
                break;
              }
              if (!sound && own.nextInt(4) == 0) {
                Thread.sleep(own.nextInt(mostMillis + 1));
              }
              out.write(bytes, 0, count);
              left -= count;
            }
          } catch (IOException | InterruptedException e) {
            // Broken by the other direction, or by an end.
          }
          end(from);
          end(to);
        });
  }

  private void end(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone, then.
    }
  }

  /** From now on nothing breaks and nothing is held up. */
  void stopFaults() {
    sound = true;
  }

  /** Breaks all connections that there are. */
  void cut() {
    open.forEach(this::end);
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cut();
  }
}
