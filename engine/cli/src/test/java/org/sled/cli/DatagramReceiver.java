package org.sled.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.jna.Native;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.sled.cli.systemd.SystemdNotify;

/** Plays systemd: an AF_UNIX datagram socket, which Java does not have. One thread. */
public final class DatagramReceiver implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int LONGEST = 4096;

  private final int socket = Libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  private final List<String> received = new ArrayList<>();

  public DatagramReceiver(String name) {
    byte[] address = SystemdNotify.socketAddress(name);
    assertEquals(0, Libc.bind(socket, address, address.length), "bind " + name);
  }

  /** The next message, or null if none comes in time. */
  public String receive(Duration patience) throws InterruptedException {
    byte[] buffer = new byte[LONGEST];
    long end = System.nanoTime() + patience.toNanos();
    do {
      long length = Libc.recv(socket, buffer, buffer.length, MSG_DONTWAIT);
      if (length >= 0) {
        String message = new String(buffer, 0, (int) length, StandardCharsets.UTF_8);
        received.add(message);
        return message;
      }
      Thread.sleep(5);
    } while (System.nanoTime() - end < 0);
    return null;
  }

  /** The next message that holds a line beginning like this; skips others. */
  public String awaitLine(String beginning, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() - end < 0) {
      String message = receive(Duration.ofMillis(100));
      if (message != null && message.lines().anyMatch(line -> line.startsWith(beginning))) {
        return message;
      }
    }
    return fail("no message with " + beginning + ", only " + received);
  }

  /** All messages so far that {@link #receive} gave. */
  public List<String> received() {
    return received;
  }

  @Override
  public void close() {
    int unused = Libc.close(socket);
  }

  private static final class Libc {
    static {
      Native.register("c");
    }

    private Libc() {}

    static native int socket(int family, int type, int protocol);

    static native int bind(int socket, byte[] address, int addressLength);

    static native long recv(int socket, byte[] buffer, long length, int flags);

    static native int close(int fileDescriptor);
  }
}
