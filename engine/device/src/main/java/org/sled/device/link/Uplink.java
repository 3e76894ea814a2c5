package org.sled.device.link;

import java.net.InetSocketAddress;
import org.sled.device.ServerInfo;
import org.sled.net.client.ClientConnection;

/** A connection to a server, and whose frames come over it. Any thread may use it. */
public final class Uplink {
  private final InetSocketAddress server;
  private final ClientConnection connection;
  private final SessionRouter router;
  private volatile boolean avoided;
  private volatile boolean full;

  public Uplink(InetSocketAddress server, ClientConnection connection, SessionRouter router) {
    this.server = server;
    this.connection = connection;
    this.router = router;
    router.disconnectBy(connection::close);
  }

  public ClientConnection connection() {
    return connection;
  }

  public SessionRouter router() {
    return router;
  }

  /** What the server said of itself. */
  public ServerInfo info() {
    String host = server.getHostString();
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return ServerInfo.of(name + ":" + server.getPort(), connection.welcome());
  }

  /** The server refuses sessions. */
  void avoid() {
    avoided = true;
  }

  /** The server has no room for further sessions now, or may have some again. */
  void full(boolean value) {
    full = value;
  }

  /** Where it goes. */
  InetSocketAddress server() {
    return server;
  }

  /** Whether sessions can be opened over it now. */
  boolean takesSessions() {
    return !full && isOfUse();
  }

  /** Whether sessions can be opened over it as soon as the server has room. */
  boolean isOfUse() {
    return !avoided
        && !connection.isClosed()
        && router.goAway() == null
        && router.redirect() == null;
  }
}
