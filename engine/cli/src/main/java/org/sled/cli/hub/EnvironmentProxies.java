package org.sled.cli.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.sled.net.limit.Quoted;

/**
 * Proxies: those of the JVM ({@code -Dhttps.proxyHost}) first, else those that {@code HTTPS_PROXY},
 * {@code HTTP_PROXY} and {@code NO_PROXY} name, in capitals or not.
 */
final class EnvironmentProxies extends ProxySelector {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  private final URI https; // null for none, so too below
  private final URI http;
  private final List<String> direct; // hosts, or ends of such, in lower case

  EnvironmentProxies(UnaryOperator<String> environment) {
    URI all = proxy("ALL_PROXY", value(environment, "ALL_PROXY"));
    URI ofHttps = proxy("HTTPS_PROXY", value(environment, "HTTPS_PROXY"));
    // HTTP_PROXY in capitals is what CGI makes of a header, but nobody runs this under CGI.
    URI ofHttp = proxy("HTTP_PROXY", value(environment, "HTTP_PROXY"));
    https = ofHttps == null ? all : ofHttps;
    http = ofHttp == null ? all : ofHttp;
    String none = value(environment, "NO_PROXY");
    direct = none == null ? List.of() : List.of(none.toLowerCase(Locale.ROOT).split("[\\s,]+"));
    if ((https != null && https.getRawUserInfo() != null)
        && System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
      // A password in HTTPS_PROXY is meant for the proxy; the JDK would not send it.
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
  }

  private static String value(UnaryOperator<String> environment, String name) {
    String value = environment.apply(name);
    if (value == null || value.isBlank()) {
      value = environment.apply(name.toLowerCase(Locale.ROOT));
    }
    return value == null || value.isBlank() ? null : value.strip();
  }

  private static URI proxy(String name, String value) {
    if (value == null) {
      return null;
    }
    String text = value.contains("://") ? value : "http://" + value;
    try {
      URI uri = URI.create(text);
      if ("http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new HubException(
        HubException.Kind.USAGE,
        name
            + " is "
            + Quoted.of(text.replaceFirst("//[^@]*@", "//…@"))
            + ", which is no address of an HTTP proxy: write http://HOST:PORT");
  }

  @Override
  public List<Proxy> select(URI uri) {
    URI proxy = ours(uri);
    if (proxy != null) {
      int port = proxy.getPort() < 0 ? HTTP_PORT : proxy.getPort();
      return List.of(
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
    }
    ProxySelector general = ProxySelector.getDefault();
    return general == null ? List.of(Proxy.NO_PROXY) : general.select(uri);
  }

  /** The value of {@code Proxy-Authorization}; null if the proxy wants none. */
  String authorization(URI uri) {
    URI proxy = ours(uri);
    if (proxy == null || proxy.getRawUserInfo() == null) {
      return null;
    }
    String user = URLDecoder.decode(proxy.getRawUserInfo(), StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
  }

  /** Null if the environment has none for this address, or the JVM has one. */
  private URI ours(URI uri) {
    URI proxy = "https".equalsIgnoreCase(uri.getScheme()) ? https : http;
    if (proxy == null || isDirect(uri)) {
      return null;
    }
    ProxySelector general = ProxySelector.getDefault();
    boolean jvmHasOne =
        general != null
            && general.select(uri).stream().anyMatch(other -> other.type() != Proxy.Type.DIRECT);
    return jvmHasOne ? null : proxy;
  }

  private boolean isDirect(URI uri) {
    String host = uri.getHost().toLowerCase(Locale.ROOT);
    int port =
        uri.getPort() >= 0
            ? uri.getPort()
            : "https".equalsIgnoreCase(uri.getScheme()) ? HTTPS_PORT : HTTP_PORT;
    for (String entry : direct) {
      String name = entry.replaceFirst("^\\*?\\.", "");
      if (entry.equals("*")
          || (!name.isEmpty()
              && (host.equals(name)
                  || host.endsWith("." + name)
                  || (host + ":" + port).equals(name)))) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {
    // The request fails, and says so.
  }
}
