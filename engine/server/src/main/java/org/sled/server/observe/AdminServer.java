package org.sled.server.observe;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.sled.net.limit.LogLimit;
import org.sled.net.server.AcceptGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages for operators, over HTTP/1.1: {@code /metrics}, {@code /health}, {@code /ready}. One
 * event loop of its own, so that neither a scrape nor a stuck verifier holds up the other.
 */
public final class AdminServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final int MAX_LINE_BYTES = 2_048;
  private static final int MAX_HEADER_BYTES = 8_192;

  /** A socket more than its pages have connections: it is closed at once, not left waiting. */
  private static final int REFUSALS_AT_ONCE = 1;

  private static final long LOG_PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String OPEN_METRICS = "application/openmetrics-text";

  private static final String INDEX =
      """
      SLED server
      /metrics  counters, gauges and histograms in Prometheus' text format
      /health   200 while the verifier works, 503 with the reason if it does not
      /ready    200 while clients may come, 503 with the reason while they should not
      """;

  private final EventLoopGroup group;
  private final ChannelGroup connections;
  private final int mostConnections;
  private final Duration idle;
  private final LogLimit failures = new LogLimit(1, LOG_PERIOD_NANOS);
  private volatile AdminView view;
  private Channel acceptor;

  private AdminServer(AdminView view, int mostConnections, Duration idle) {
    this.view = view;
    this.mostConnections = mostConnections;
    this.idle = idle;
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("sled-admin", true), NioIoHandler.newFactory());
    connections = new DefaultChannelGroup(group.next(), true);
  }

  /**
   * Binds and starts to answer.
   *
   * @param mostConnections at once; scrapers and probes are few
   * @param idle silence after which a connection is closed
   * @throws IOException if the address cannot be bound; the text says which and why
   */
  public static AdminServer start(
      String host, int port, AdminView view, int mostConnections, Duration idle)
      throws IOException {
    AdminServer server = new AdminServer(view, mostConnections, idle);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(server.group)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .handler(
                new AcceptGuard(
                    mostConnections + REFUSALS_AT_ONCE,
                    cause -> server.log("the admin port accepts nothing for a moment", cause)))
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    server.accept(channel);
                  }
                });
    ChannelFuture bound = bootstrap.bind(host, port).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      server.stop();
      throw new IOException(
          "cannot listen on "
              + host
              + ":"
              + port
              + " for metrics and health: "
              + bound.cause().getMessage(),
          bound.cause());
    }
    server.acceptor = bound.channel();
    return server;
  }

  private void accept(SocketChannel channel) {
    if (connections.size() >= mostConnections) {
      var unused = channel.close();
      return;
    }
    connections.add(channel);
    channel
        .pipeline()
        .addLast(
            new IdleStateHandler(0, 0, idle.toMillis(), TimeUnit.MILLISECONDS),
            new HttpServerCodec(
                new HttpDecoderConfig()
                    .setMaxInitialLineLength(MAX_LINE_BYTES)
                    .setMaxHeaderSize(MAX_HEADER_BYTES)),
            new HttpServerKeepAliveHandler(),
            new Pages());
  }

  /** Where it listens, with the port that was chosen for 0. */
  public InetSocketAddress address() {
    return (InetSocketAddress) acceptor.localAddress();
  }

  /** From now on this is shown. */
  public void show(AdminView newView) {
    view = newView;
  }

  @Override
  public void close() {
    acceptor.close().syncUninterruptibly();
    connections.close().awaitUninterruptibly();
    stop();
  }

  private void log(String what, Throwable cause) {
    long leftOut = failures.admit(System.nanoTime());
    if (leftOut != LogLimit.LEFT_OUT) {
      LOG.warn("{}: {}{}", what, cause.toString(), LogLimit.more(leftOut));
    }
  }

  private void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Answers the requests of one connection. No page takes a body: whoever sends one has to go. */
  private final class Pages extends SimpleChannelInboundHandler<HttpObject> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      if (!(part instanceof HttpRequest request)) {
        return; // the end of one, or what still comes of a body
      }
      if (!context.channel().isWritable()) { // asks on and on, and reads nothing
        var unused = context.close();
        return;
      }
      boolean broken = request.decoderResult().isFailure();
      boolean hasBody =
          !broken
              && (HttpUtil.isTransferEncodingChunked(request)
                  || HttpUtil.getContentLength(request, 0L) > 0);
      FullHttpResponse response;
      if (broken) {
        response = text(context, statusOf(request.decoderResult().cause()), "bad request");
      } else if (!request.method().equals(HttpMethod.GET)) {
        response = text(context, HttpResponseStatus.METHOD_NOT_ALLOWED, "only GET");
        response.headers().set(HttpHeaderNames.ALLOW, "GET");
      } else if (hasBody) {
        response =
            text(
                context,
                HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                "requests with a body are not served");
      } else {
        response = page(context, request);
      }
      if (broken || hasBody) { // the keep-alive handler closes then
        response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      }
      var unused = context.writeAndFlush(response);
    }

    private FullHttpResponse page(ChannelHandlerContext context, HttpRequest request) {
      String uri = request.uri();
      int query = uri.indexOf('?');
      AdminView shown = view;
      return switch (query < 0 ? uri : uri.substring(0, query)) {
        case "/" -> text(context, HttpResponseStatus.OK, INDEX.stripTrailing());
        case "/metrics" -> metrics(context, shown, wantsOpenMetrics(request));
        case "/health" -> state(context, shown.unhealthy());
        case "/ready" -> state(context, shown.unready());
        default -> text(context, HttpResponseStatus.NOT_FOUND, "no such page; / lists those");
      };
    }

    private boolean wantsOpenMetrics(HttpRequest request) {
      return request.headers().getAll(HttpHeaderNames.ACCEPT).stream()
          .anyMatch(accepted -> accepted.toLowerCase(Locale.ROOT).contains(OPEN_METRICS));
    }

    private FullHttpResponse metrics(
        ChannelHandlerContext context, AdminView shown, boolean openMetrics) {
      String metrics = shown.metrics(openMetrics);
      if (metrics == null) {
        return state(context, shown.unready());
      }
      String type = openMetrics ? ServerMetrics.OPEN_METRICS_TYPE : ServerMetrics.TEXT_TYPE;
      return response(context, HttpResponseStatus.OK, type, metrics);
    }

    private FullHttpResponse state(ChannelHandlerContext context, String problem) {
      return problem == null
          ? text(context, HttpResponseStatus.OK, "ok")
          : text(context, HttpResponseStatus.SERVICE_UNAVAILABLE, problem);
    }

    private FullHttpResponse text(
        ChannelHandlerContext context, HttpResponseStatus status, String line) {
      return response(context, status, TEXT, line + "\n");
    }

    private FullHttpResponse response(
        ChannelHandlerContext context, HttpResponseStatus status, String type, String body) {
      ByteBuf content = ByteBufUtil.writeUtf8(context.alloc(), body);
      FullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, content);
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, type)
          .set(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes())
          .set(HttpHeaderNames.CACHE_CONTROL, "no-store");
      return response;
    }

    private HttpResponseStatus statusOf(Throwable cause) {
      return cause instanceof TooLongHttpLineException
          ? HttpResponseStatus.REQUEST_URI_TOO_LONG
          : cause instanceof TooLongFrameException
              ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
              : HttpResponseStatus.BAD_REQUEST;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof IdleStateEvent) {
        var unused = context.close();
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (!(cause instanceof IOException)) { // those are the other side's leaving
        log("an admin page failed", cause);
      }
      var unused = context.close();
    }
  }
}
