package org.sled.cli.options;

import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a server listens.
 *
 * @param host a name or an address, without brackets
 * @param port 0 to 65535
 */
public record ServerAddress(String host, int port) {
  static final int DEFAULT_PORT = 7411;
  private static final int HIGHEST_PORT = 65_535;

  /** What no name and no address has; a URL, a user or a path was meant then. */
  private static final Pattern NO_HOST = Pattern.compile("[\\s/@?#\\[\\]]");

  /**
   * Reads {@code host}, {@code host:port} or {@code [v6-address]:port}.
   *
   * @throws IllegalArgumentException what is wrong with it
   */
  public static ServerAddress parse(String text) {
    return parse(text, DEFAULT_PORT);
  }

  /** An address of which only the host has to be said. */
  public static ServerAddress parse(String text, int defaultPort) {
    int scheme = text.indexOf("://");
    if (scheme >= 0) {
      String rest = text.substring(scheme + "://".length()).replaceFirst("/.*", "");
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is a URL; write host:port alone"
              + (rest.isEmpty() ? "" : ", as in " + rest)
              + ": SLED has a protocol of its own, not HTTP");
    }
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
    if (NO_HOST.matcher(host).find()) {
      throw new IllegalArgumentException(
          "'" + host + "' in '" + text + "' is no host; write host:port or [v6-address]:port");
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
    String number = text.substring(from);
    if (number.matches("[0-9]{1,5}") && Integer.parseInt(number) <= HIGHEST_PORT) {
      return Integer.parseInt(number);
    }
    throw new IllegalArgumentException(
        "'" + number + "' in '" + text + "' is no port: 0 to " + HIGHEST_PORT);
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** This address if one can connect to it; port 0 stands for any free one to listen on. */
  ServerAddress toConnectTo() {
    if (port == 0) {
      throw new IllegalArgumentException(
          "'" + this + "': nothing listens on port 0; give the port that the server says");
    }
    return this;
  }

  /** For picocli: where to connect to. */
  public static final class Converter implements ITypeConverter<ServerAddress> {
    @Override
    public ServerAddress convert(String value) {
      try {
        return parse(value).toConnectTo();
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** For picocli: where to listen. */
  public static final class Listener implements ITypeConverter<ServerAddress> {
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
