package org.sled.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import org.sled.bench.load.BenchDeviceException;
import org.sled.net.limit.Quoted;

/**
 * One connection to llama-server. On its event loop, but for the methods that say otherwise.
 *
 * <p>It serves one stream: llama-server closes its side after each, in spite of the {@code
 * Keep-Alive} in its answer, so a request sent after a stream would be lost. After an error it goes
 * on.
 */
final class CompletionHandler extends SimpleChannelInboundHandler<HttpObject> {
  /** Of the text of an error; the rest is dropped. */
  private static final int MAX_ERROR_CHARS = 4096;

  private final StringBuilder errorBody = new StringBuilder();
  private CompletionExchange exchange;
  private SseParser events;
  private HttpResponseStatus status;
  private boolean keepAlive;

  /** Set before anybody knows this connection. */
  private volatile ChannelHandlerContext context;

  /** The connection is about to be closed, which may take a while over an emulated link. */
  private volatile boolean ended;

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  /** Whether a request may be sent, as far as is known here. Any thread. */
  boolean isOpen() {
    return !ended && context.channel().isActive();
  }

  /** Closes the connection; an exchange under way fails. Any thread. */
  void close() {
    close(context);
  }

  /** Sends a request; the one before it has ended. Any thread. */
  void send(FullHttpRequest request, CompletionExchange next) {
    ChannelHandlerContext ctx = context;
    ctx.executor()
        .execute(
            () -> {
              if (!isOpen()) {
                request.release();
                fail(next, null);
                return;
              }
              exchange = next;
              events = new SseParser();
              errorBody.setLength(0);
              ctx.writeAndFlush(request)
                  .addListener(
                      sent -> {
                        if (!sent.isSuccess()) {
                          fail(next, sent.cause());
                        }
                      });
            });
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    if (ended) {
      return;
    }
    if (exchange == null) {
      close(ctx); // an answer to nothing
      return;
    }
    if (message.decoderResult().isFailure()) {
      throw new BenchDeviceException(
          "what answers is no HTTP server: " + message.decoderResult().cause().getMessage(),
          message.decoderResult().cause());
    }
    if (message instanceof HttpResponse response) {
      exchange.answered();
      status = response.status();
      keepAlive = HttpUtil.isKeepAlive(response);
    }
    if (message instanceof HttpContent content) {
      content(content);
    }
    if (message instanceof LastHttpContent) {
      CompletionExchange last = exchange;
      exchange = null;
      if (!keepAlive || status.equals(HttpResponseStatus.OK)) {
        close(ctx);
      }
      end(last);
    }
  }

  private void close(ChannelHandlerContext ctx) {
    ended = true;
    var unused = ctx.close();
  }

  private void content(HttpContent content) {
    if (status.equals(HttpResponseStatus.OK)) {
      long nanos = System.nanoTime();
      events.feed(content.content(), data -> exchange.event(nanos, data));
    } else if (errorBody.length() < MAX_ERROR_CHARS) {
      errorBody.append(content.content().toString(StandardCharsets.UTF_8));
    }
  }

  private void end(CompletionExchange last) {
    if (status.equals(HttpResponseStatus.OK)) {
      last.finish();
      return;
    }
    String text;
    try {
      text = CompletionExchange.refusal(new ObjectMapper().readTree(errorBody.toString()));
    } catch (JsonProcessingException e) {
      text =
          "llama-server refused the request: "
              + Quoted.of(errorBody.toString())
              + "; its log says more";
    }
    last.fail(new BenchDeviceException(Quoted.line(text) + " (HTTP " + status.code() + ")", null));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    endWith(null);
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    endWith(cause);
    close(ctx);
  }

  private void endWith(Throwable cause) {
    if (exchange != null) {
      fail(exchange, cause);
      exchange = null;
    }
  }

  private static void fail(CompletionExchange exchange, Throwable cause) {
    if (cause instanceof BenchDeviceException known) {
      exchange.fail(known);
      return;
    }
    String why = cause == null ? "" : " (" + cause.getMessage() + ")";
    exchange.fail(
        new BenchDeviceException(
            "llama-server closed the connection" + why + "; check that it still runs, and its log",
            cause));
  }
}
