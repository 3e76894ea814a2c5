package org.sled.cli.options;

import java.util.function.UnaryOperator;
import org.sled.server.ServerConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An address, or {@code off}.
 *
 * @param address null if it is off
 */
public record AddressOrOff(ServerAddress address) {
  private static final String OFF = "off";

  public boolean isOff() {
    return address == null;
  }

  @Override
  public String toString() {
    return isOff() ? OFF : address.toString();
  }

  /** What {@link ServerAddress} takes, or {@code off}. */
  private static AddressOrOff parse(
      String value, int defaultPort, UnaryOperator<ServerAddress> check) {
    if (value.equals(OFF)) {
      return new AddressOrOff(null);
    }
    try {
      return new AddressOrOff(check.apply(ServerAddress.parse(value, defaultPort)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage() + "; or off");
    }
  }

  /** For picocli: where metrics and health are shown. */
  public static final class Admin implements ITypeConverter<AddressOrOff> {
    @Override
    public AddressOrOff convert(String value) {
      return parse(value, ServerConfig.DEFAULT_ADMIN_PORT, address -> address);
    }
  }

  /** For picocli: where another server listens. */
  public static final class Server implements ITypeConverter<AddressOrOff> {
    @Override
    public AddressOrOff convert(String value) {
      return parse(value, ServerAddress.DEFAULT_PORT, ServerAddress::toConnectTo);
    }
  }
}
