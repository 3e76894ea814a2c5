package org.sled.cli.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLException;
import org.sled.net.limit.Quoted;

/**
 * Requests to a hub. Redirects are followed here, a few at most, never from https to http, and the
 * token goes to no other host than the hub's own. Any thread; an interrupt ends a request.
 */
final class HubHttp {
  private static final int MOST_REDIRECTS = 6;
  private static final int MOST_URI_CHARS = 16_384;
  private static final int FIRST_ERROR = 400;
  private static final int REDIRECT = 300;

  private final HubSettings settings;
  private final Patience patience;
  private final EnvironmentProxies proxies;
  private final HttpClient client;
  private final String userAgent;

  /**
   * An answer whose body nobody has read; to be closed.
   *
   * @param isOwn whether it is the hub's, and not one of a host that the hub redirects to
   * @param linkedSum the checksum that the hub says of what it redirects to; empty if it does not
   * @param linkedSize its length in bytes; -1 if the hub does not say
   */
  record Answer(
      int status, HttpHeaders headers, boolean isOwn, String linkedSum, long linkedSize, Body body)
      implements AutoCloseable {
    /** A header's value; empty if there is none. */
    String header(String name) {
      return headers.firstValue(name).orElse("");
    }

    /** Of the body, in bytes; -1 if it is not said. */
    long length() {
      return number(headers, "Content-Length");
    }

    boolean isPage() {
      return header("Content-Type").toLowerCase(Locale.ROOT).startsWith("text/html");
    }

    @Override
    public void close() {
      body.close();
    }
  }

  /** The hub has no time for us now. */
  static final class BusyException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Duration wait; // null if the hub does not say

    BusyException(int status, Duration wait) {
      super("the hub answers " + status);
      this.wait = wait;
    }

    Duration retryAfter() {
      return wait;
    }
  }

  HubHttp(HubSettings settings, Patience patience, EnvironmentProxies proxies, String version) {
    this.settings = settings;
    this.patience = patience;
    this.proxies = proxies;
    userAgent = "sled/" + version;
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // a connection for each file
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.connect())
            .proxy(proxies)
            .build();
  }

  HubSettings settings() {
    return settings;
  }

  Patience patience() {
    return patience;
  }

  /**
   * Asks for a body, or for a part of it.
   *
   * @param from the first byte that is wanted
   * @return an answer with a status below 300 or from 400 on, but for those that ask to come again
   * @throws BusyException if the hub asks to come again
   * @throws IOException if another attempt may do better
   * @throws HubException if not
   */
  Answer get(URI uri, long from) throws IOException, InterruptedException {
    return send("GET", uri, from);
  }

  /** Asks for the headers alone. */
  Answer head(URI uri) throws IOException, InterruptedException {
    return send("HEAD", uri, 0);
  }

  private Answer send(String method, URI first, long from)
      throws IOException, InterruptedException {
    URI uri = first;
    String linkedSum = "";
    long linkedSize = -1;
    for (int redirects = 0; ; redirects++) {
      HttpResponse<Body> response = sendOnce(method, uri, from);
      HttpHeaders headers = response.headers();
      int status = response.statusCode();
      if (isOwn(uri)) {
        String sum = plainTag(headers.firstValue("X-Linked-ETag").orElse(""));
        linkedSum = sum.isEmpty() ? linkedSum : sum;
        long size = number(headers, "X-Linked-Size");
        linkedSize = size < 0 ? linkedSize : size;
      }
      Optional<String> location = headers.firstValue("Location");
      if (status < REDIRECT || status >= FIRST_ERROR || location.isEmpty()) {
        Answer answer =
            new Answer(status, headers, isOwn(uri), linkedSum, linkedSize, response.body());
        return usable(answer);
      }
      response.body().close();
      if (redirects >= MOST_REDIRECTS) {
        throw refused(
            "the hub redirects "
                + first
                + " more than "
                + MOST_REDIRECTS
                + " times: check HF_ENDPOINT");
      }
      uri = redirected(uri, location.get());
    }
  }

  private static Answer usable(Answer answer) throws IOException {
    int status = answer.status();
    if (status == 407) {
      answer.close();
      throw refused(
          "the proxy asks for a password: write it into HTTPS_PROXY, as"
              + " http://USER:PASSWORD@HOST:PORT");
    }
    boolean again = status == 429 || status == 408 || (status >= 500 && status != 501);
    if (again) {
      Duration wait = retryAfter(answer.header("Retry-After"), Instant.now());
      answer.close();
      throw new BusyException(status, wait);
    }
    if (status >= REDIRECT && status < FIRST_ERROR) {
      answer.close();
      throw refused(
          "the hub answers " + status + " and does not say where to go on: check HF_ENDPOINT");
    }
    return answer;
  }

  private HttpResponse<Body> sendOnce(String method, URI uri, long from)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(patience.answer())
            .header("User-Agent", userAgent)
            .header("Accept-Encoding", "identity");
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    if (isOwn(uri) && !settings.token().isEmpty()) {
      request.header("Authorization", "Bearer " + settings.token());
    }
    String proxyAuthorization = proxies.authorization(uri);
    if (proxyAuthorization != null) {
      request.header("Proxy-Authorization", proxyAuthorization);
    }
    return client.send(request.build(), head -> new Body(patience.stall()));
  }

  /** Whether the token may go there: scheme, host and port are the hub's. */
  private boolean isOwn(URI uri) {
    URI own = settings.endpoint();
    return own.getScheme().equalsIgnoreCase(uri.getScheme())
        && own.getHost().equalsIgnoreCase(uri.getHost())
        && own.getPort() == uri.getPort();
  }

  static URI redirected(URI from, String location) {
    URI to = null;
    try {
      to = location.length() > MOST_URI_CHARS ? null : from.resolve(URI.create(location));
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    String scheme = to == null || to.getScheme() == null ? "" : to.getScheme();
    boolean secure = scheme.equalsIgnoreCase("https");
    if (to == null
        || to.getHost() == null
        || to.getRawUserInfo() != null
        || !(secure || scheme.equalsIgnoreCase("http"))) {
      throw refused(
          "the hub redirects to "
              + Quoted.of(location)
              + ", which is no address: check HF_ENDPOINT");
    }
    if (from.getScheme().equalsIgnoreCase("https") && !secure) {
      throw refused(
          "the hub redirects from https to http, to "
              + Quoted.of(to.getHost())
              + ", where anybody could change the file: nothing was fetched; check HF_ENDPOINT");
    }
    return to;
  }

  /** A header that is a count of bytes; -1 if it is not there, or is none. */
  static long number(HttpHeaders headers, String name) {
    try {
      OptionalLong value = headers.firstValueAsLong(name);
      return value.isPresent() && value.getAsLong() >= 0 ? value.getAsLong() : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** An entity tag without quotation marks and without the mark of a weak one. */
  static String plainTag(String tag) {
    return tag.replaceFirst("^W/", "").replace("\"", "").strip().toLowerCase(Locale.ROOT);
  }

  /** Null if it is not said, or not in a way that can be read. */
  static Duration retryAfter(String header, Instant now) {
    String text = header.strip();
    try {
      if (text.matches("[0-9]{1,9}")) {
        return Duration.ofSeconds(Long.parseLong(text));
      }
      if (!text.isEmpty()) {
        Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        return then.isBefore(now) ? Duration.ZERO : Duration.between(now, then);
      }
    } catch (DateTimeParseException e) {
      // As if it were not there.
    }
    return null;
  }

  /** Why a request failed, in a few words. */
  static String reason(IOException failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && cause.getCause() != cause) {
      if (cause.getCause() instanceof UnresolvedAddressException) {
        return "its host's name is unknown";
      }
      cause = cause.getCause();
    }
    if (failure instanceof BusyException) {
      return failure.getMessage();
    }
    if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
      return "its host's name is unknown";
    }
    if (failure instanceof HttpTimeoutException) {
      return "it does not answer in time";
    }
    if (failure instanceof ConnectException) {
      return "it takes no connection";
    }
    String text =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return failure instanceof SSLException
        ? "its certificate or its encryption is refused (" + Quoted.line(text) + ")"
        : Quoted.of(text);
  }

  private static HubException refused(String message) {
    return new HubException(HubException.Kind.REFUSED, message);
  }
}
