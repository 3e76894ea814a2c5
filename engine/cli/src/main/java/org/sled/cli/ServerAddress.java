package org.sled.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a server listens.
 *
 * @param host a name or an address, without brackets
 * @param port 0 to 65535
 */
record ServerAddress(String host, int port) {
  static final int DEFAULT_PORT = 7411;
  private static final int HIGHEST_PORT = 65_535;

  /**
   * Reads {@code host}, {@code host:port} or {@code [v6-address]:port}.
   *
   * @throws IllegalArgumentException what is wrong with it
   */
  static ServerAddress parse(String text) {
    return parse(text, DEFAULT_PORT);
  }

  /** The same with another port where none is said. */
  static ServerAddress parse(String text, int defaultPort) {
    int bracket = text.indexOf(']');
    int colon = text.indexOf(':', Math.max(bracket, 0));
    if (colon >= 0 && bracket < 0 && text.indexOf(':', colon + 1) >= 0) {
      throw new IllegalArgumentException(
          "'" + text + "': write an IPv6 address in brackets, such as [::1]:" + defaultPort);
    }
    String host = colon < 0 ? text : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    if (host.isEmpty()) {
      throw new IllegalArgumentException(
          "'" + text + "' has no host; write host:port, such as 127.0.0.1:" + defaultPort);
    }
    if (colon < 0 && host.chars().allMatch(Character::isDigit)) {
      throw new IllegalArgumentException(
          "'" + text + "' is a port without a host; write host:port, such as 127.0.0.1:" + text);
    }
    return new ServerAddress(host, colon < 0 ? defaultPort : port(text, colon + 1));
  }

  private static int port(String text, int from) {
    try {
      int port = Integer.parseInt(text.substring(from));
      if (port >= 0 && port <= HIGHEST_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "'" + text.substring(from) + "' in '" + text + "' is no port: 0 to 65535");
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** For picocli. */
  static final class Converter implements ITypeConverter<ServerAddress> {
    @Override
    public ServerAddress convert(String value) {
      try {
        return parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
