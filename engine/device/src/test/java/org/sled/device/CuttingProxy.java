package org.sled.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Breaks its first connection after some bytes of one direction, and none later. */
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
  private final int serverPort;
  private final boolean up;
  private final AtomicInteger left;
  final AtomicInteger connections = new AtomicInteger();

  CuttingProxy(int serverPort, boolean up, int bytes) throws IOException {
    this.serverPort = serverPort;
    this.up = up;
    left = new AtomicInteger(bytes);
    run(this::accept);
  }

  /** Bytes in that direction after which the first connection breaks, from now on. */
  int left() {
    return left.get();
  }

  int port() {
    return listening.getLocalPort();
  }

  static void run(Runnable action) {
    Thread thread = new Thread(action, "cutting-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket device = listening.accept();
        boolean cut = connections.incrementAndGet() == 1;
        if (cut && left.get() == 0) {
          device.close();
          continue;
        }
        Socket target = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        device.setTcpNoDelay(true);
        target.setTcpNoDelay(true);
        run(() -> carry(device, target, cut && up));
        run(() -> carry(target, device, cut && !up));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void carry(Socket from, Socket to, boolean cut) {
    byte[] bytes = new byte[4096];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int count = 0;
      while (count >= 0) {
        out.write(bytes, 0, count);
        if (cut && left.get() == 0) {
          return;
        }
        count = in.read(bytes, 0, cut ? Math.min(bytes.length, left.get()) : bytes.length);
        if (cut && count > 0) {
          left.addAndGet(-count);
        }
      }
    } catch (IOException e) {
      // The other direction has broken.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
