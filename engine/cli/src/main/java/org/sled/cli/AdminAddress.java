package org.sled.cli;

import org.sled.server.ServerConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where metrics and health are shown.
 *
 * @param address null for nowhere
 */
record AdminAddress(ServerAddress address) {
  private static final String OFF = "off";

  boolean isOff() {
    return address == null;
  }

  @Override
  public String toString() {
    return isOff() ? OFF : address.toString();
  }

  /** For picocli: what {@link ServerAddress} takes, or {@code off}. */
  static final class Converter implements ITypeConverter<AdminAddress> {
    @Override
    public AdminAddress convert(String value) {
      if (value.equals(OFF)) {
        return new AdminAddress(null);
      }
      try {
        return new AdminAddress(ServerAddress.parse(value, ServerConfig.DEFAULT_ADMIN_PORT));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage() + "; or off");
      }
    }
  }
}
