package org.sled.cli.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.UnaryOperator;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.options.AddressOrOff;
import org.sled.cli.options.ServerAddress;
import org.sled.server.ServerConfig;
import picocli.CommandLine.Option;

/** Where a server listens, and who can reach it there. */
public final class ListenOptions {
  public static final String LISTEN = "--listen";
  static final String ADMIN = "--admin";

  @Option(
      names = {"-l", LISTEN},
      paramLabel = "HOST:PORT",
      converter = ServerAddress.Listener.class,
      defaultValue = "127.0.0.1:7411",
      description = "Where to listen; port 0 for any free one. Default: ${DEFAULT-VALUE}.")
  private ServerAddress listen;

  @Option(
      names = "--listen-without-authentication",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description =
          "Listen on an address that others can reach, although anybody there can then use this"
              + " server: SLED has no authentication yet.")
  private boolean withoutAuthentication;

  @Option(
      names = ADMIN,
      paramLabel = "HOST:PORT",
      converter = AddressOrOff.Admin.class,
      defaultValue = "127.0.0.1:7412",
      description =
          "Where /metrics, /health and /ready are, over HTTP; off for nowhere. If the default's"
              + " port is taken, the server goes on without. Default: ${DEFAULT-VALUE}.")
  private AddressOrOff admin;

  @Option(
      names = "--admin-without-authentication",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description = "Show them on an address that others can reach.")
  private boolean adminWithoutAuthentication;

  ServerAddress listen() {
    return listen;
  }

  /**
   * Where metrics and health are; null for nowhere.
   *
   * @param chosen whether it is somebody's choice: a port of the default that is taken is no reason
   *     not to serve, one that was chosen is
   */
  ServerConfig.Admin admin(boolean chosen) {
    return admin.isOff()
        ? null
        : new ServerConfig.Admin(admin.address().host(), admin.address().port(), chosen);
  }

  /**
   * Refuses addresses that others can reach, unless they are insisted on.
   *
   * @param origin where an option's value was set, as an addition to a sentence
   * @throws CommandFailure which address, and what to do
   */
  void check(UnaryOperator<String> origin) throws IOException {
    requireLoopback(
        LISTEN,
        listen,
        withoutAuthentication,
        "use this server. Listen on 127.0.0.1 and use an SSH tunnel or a VPN",
        origin);
    if (!admin.isOff()) {
      requireLoopback(
          ADMIN,
          admin.address(),
          adminWithoutAuthentication,
          "read its metrics. Give --admin 127.0.0.1 and use an SSH tunnel or a VPN",
          origin);
    }
  }

  /** Anybody who can reach the port can use it: only this machine may, unless insisted on. */
  private static void requireLoopback(
      String option,
      ServerAddress address,
      boolean insisted,
      String whatTheyCould,
      UnaryOperator<String> origin)
      throws IOException {
    InetAddress host;
    try {
      host = InetAddress.getByName(address.host());
    } catch (UnknownHostException e) {
      throw new CommandFailure(
          "cannot listen on " + address + ": the host is unknown" + origin.apply(option));
    }
    if (!host.isLoopbackAddress() && !insisted) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          address
              + " can be reached by others, and SLED has no authentication yet: anybody there could"
              + " "
              + whatTheyCould
              + ", or insist with "
              + option
              + "-without-authentication"
              + origin.apply(option));
    }
  }
}
