package org.sled.cli.systemd;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how a service is, by the protocol of sd_notify(3): lines of text in datagrams to
 * the socket that NOTIFY_SOCKET names. Without the variable nothing is sent, and no native code is
 * loaded. Any thread.
 *
 * <p>Nothing here ends the service: what cannot be sent is logged, once.
 */
public final class SystemdNotify {
  private static final Logger LOG = LoggerFactory.getLogger(SystemdNotify.class);

  // Linux, the same on x86-64 and aarch64.
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MAX_NAME_BYTES = 107; // sun_path has 108, one is for the NUL

  private final byte[] address; // struct sockaddr_un; null: nobody to tell
  private final Duration watchdog;
  private boolean warned; // guarded by this

  private SystemdNotify(byte[] address, Duration watchdog) {
    this.address = address;
    this.watchdog = watchdog;
  }

  /** As the variables say that systemd sets: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
  public static SystemdNotify of(UnaryOperator<String> environment) {
    String name = environment.apply("NOTIFY_SOCKET");
    if (name == null || name.isEmpty()) {
      return new SystemdNotify(null, Duration.ZERO);
    }
    byte[] address = socketAddress(name);
    if (address == null) {
      LOG.warn(
          "NOTIFY_SOCKET is '{}', which is neither an absolute path nor '@name', or is too long:"
              + " systemd is not told anything",
          name);
    }
    return new SystemdNotify(address, address == null ? Duration.ZERO : watchdog(environment));
  }

  /** Is there somebody to tell? */
  boolean isActive() {
    return address != null;
  }

  /** The longest silence that systemd's watchdog suffers; zero if it does not watch us. */
  Duration watchdog() {
    return watchdog;
  }

  /** Sends one message; each assignment is like {@code READY=1}. Blocks as long as systemd does. */
  void send(String... assignments) {
    if (address == null) {
      return;
    }
    StringBuilder message = new StringBuilder();
    for (String assignment : assignments) {
      message.append(assignment.replace('\n', ' ')).append('\n');
    }
    try {
      send(message.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException | RuntimeException | LinkageError e) {
      warn(e);
    }
  }

  private synchronized void warn(Throwable failure) {
    if (!warned) {
      warned = true;
      LOG.warn(
          "systemd cannot be told how the service is, and may stop it for that: {}",
          failure.toString());
    }
  }

  private void send(byte[] message) throws IOException {
    int socket = Libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      throw new IOException("socket: errno " + Native.getLastError());
    }
    try {
      long sent =
          Libc.sendto(socket, message, message.length, MSG_NOSIGNAL, address, address.length);
      if (sent != message.length) {
        throw new IOException("sendto NOTIFY_SOCKET: errno " + Native.getLastError());
      }
    } finally {
      int unused = Libc.close(socket);
    }
  }

  /**
   * A {@code struct sockaddr_un}: the family in two bytes of this machine's order, then the name. A
   * path ends with NUL; a name in the abstract namespace, written with {@code @}, begins with it.
   *
   * @return null if no such address is possible
   */
  public static byte[] socketAddress(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    boolean isAbstract = name.startsWith("@");
    if (!(isAbstract || name.startsWith("/"))
        || bytes.length < 2
        || bytes.length > MAX_NAME_BYTES) {
      return null;
    }
    if (isAbstract) {
      bytes[0] = 0;
    }
    return ByteBuffer.allocate(Short.BYTES + bytes.length + (isAbstract ? 0 : 1))
        .order(ByteOrder.nativeOrder())
        .putShort((short) AF_UNIX)
        .put(bytes)
        .array();
  }

  private static Duration watchdog(UnaryOperator<String> environment) {
    String micros = environment.apply("WATCHDOG_USEC");
    String pid = environment.apply("WATCHDOG_PID");
    boolean others = pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid()));
    if (micros == null || others) {
      return Duration.ZERO;
    }
    try {
      long number = Long.parseLong(micros);
      if (number > 0) {
        return Duration.of(number, ChronoUnit.MICROS);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    LOG.warn("WATCHDOG_USEC is '{}', which is no number of microseconds; not used", micros);
    return Duration.ZERO;
  }

  /**
   * The calls that Java has nothing for: its datagram channels do not know AF_UNIX. size_t and
   * ssize_t are long, as on every 64-bit Linux.
   */
  private static final class Libc {
    static {
      Native.register("c");
    }

    private Libc() {}

    static native int socket(int family, int type, int protocol);

    static native long sendto(
        int socket, byte[] message, long length, int flags, byte[] address, int addressLength);

    static native int close(int fileDescriptor);
  }
}
