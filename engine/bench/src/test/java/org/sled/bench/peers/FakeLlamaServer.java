package org.sled.bench.peers;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Speaks just enough HTTP on a real socket: each request gets the next of the given answers. */
final class FakeLlamaServer implements AutoCloseable {
  /** What to do with a request. */
  interface Answer {
    /** Answers; afterwards the connection is kept if true. */
    boolean to(FakeLlamaServer server, Socket socket) throws IOException;
  }

  static final String STREAM =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

  final BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
  final AtomicInteger connections = new AtomicInteger();
  final CountDownLatch hungUp = new CountDownLatch(1);
  private final Queue<Answer> answers;
  private final ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());

  FakeLlamaServer(Answer... answers) throws IOException {
    this.answers = new ConcurrentLinkedQueue<>(new ArrayDeque<>(Arrays.asList(answers)));
    Thread thread = new Thread(this::accept, "fake-llama-server");
    thread.setDaemon(true);
    thread.start();
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  /** Events as chunks of a few bytes each, and the end of the answer. */
  static Answer stream(String... events) {
    return (server, socket) -> {
      OutputStream out = socket.getOutputStream();
      out.write(STREAM.getBytes(StandardCharsets.US_ASCII));
      for (String event : events) {
        byte[] bytes = ("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8);
        for (int from = 0; from < bytes.length; from += 7) {
          chunk(out, Arrays.copyOfRange(bytes, from, Math.min(from + 7, bytes.length)));
        }
      }
      out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return true;
    };
  }

  static Answer error(int code, String body) {
    return (server, socket) -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      String head = "HTTP/1.1 " + code + " No\r\nContent-Length: " + bytes.length + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(bytes);
      return true;
    };
  }

  /** An event, and then the connection is cut. */
  static Answer cutAfter(String event) {
    return (server, socket) -> {
      begin(socket, event);
      return false;
    };
  }

  /** An event, and then nothing until the other side hangs up. */
  static Answer hangAfter(String event) {
    return (server, socket) -> {
      begin(socket, event);
      while (socket.getInputStream().read() >= 0) {
        // Nothing is expected but the end.
      }
      server.hungUp.countDown();
      return false;
    };
  }

  private static void begin(Socket socket, String event) throws IOException {
    socket.getOutputStream().write(STREAM.getBytes(StandardCharsets.US_ASCII));
    chunk(socket.getOutputStream(), ("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8));
  }

  private static void chunk(OutputStream out, byte[] bytes) throws IOException {
    out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private void accept() {
    try {
      while (true) {
        try (Socket socket = listener.accept()) {
          connections.incrementAndGet();
          serve(socket);
        } catch (IOException e) {
          if (listener.isClosed()) {
            return;
          }
        }
      }
    } catch (RuntimeException e) {
      throw new IllegalStateException("the fake server failed", e);
    }
  }

  private void serve(Socket socket) throws IOException {
    InputStream in = new BufferedInputStream(socket.getInputStream());
    while (true) {
      int length = -1;
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        if (line.startsWith("content-length: ")) {
          length = Integer.parseInt(line.substring("content-length: ".length()));
        }
      }
      if (length < 0) {
        return; // the other side hung up
      }
      bodies.add(new String(in.readNBytes(length), StandardCharsets.UTF_8));
      if (!answers.remove().to(this, socket)) {
        return;
      }
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
