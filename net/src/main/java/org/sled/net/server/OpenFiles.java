package org.sled.net.server;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How many files and sockets this process may have open, and has. Any thread. */
public final class OpenFiles {
  private static final long UNKNOWN = Long.MAX_VALUE;

  private OpenFiles() {}

  /** The limit of the process ({@code ulimit -n}); a very large number where there is none. */
  public static long limit() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? unix.getMaxFileDescriptorCount()
        : UNKNOWN;
  }

  /** How many more may be opened now. */
  public static long left() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? unix.getMaxFileDescriptorCount() - unix.getOpenFileDescriptorCount()
        : UNKNOWN;
  }
}
