package org.sled.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.VocabularyRequest;

/** What a hostile peer sends over and over. */
final class Floods {
  private static final int SEND_BUFFER_BYTES = 16 * 1024;
  private static final int BLOCK_BYTES = 64 * 1024;

  private Floods() {}

  /**
   * All kinds, by name; those that have a session mean session 1, which is opened before.
   *
   * @param contextTokens of the server
   * @param longPrompt tokens of a prompt that it takes
   */
  static Map<String, byte[]> all(int contextTokens, int longPrompt) {
    String nasty = "gone\n12:00:00.000 ERROR Verifier: the disk burns\u001b[2J".repeat(20);
    Map<String, byte[]> floods = new LinkedHashMap<>();
    floods.put("PING", bytes(new Ping(1, 2)));
    floods.put("PONG", bytes(new Pong(1, 2)));
    floods.put("ERROR", bytes(ErrorMessage.fatal(ErrorCode.INTERNAL, nasty)));
    floods.put("unknown", frame(0x80, 0, 16));
    floods.put("long unknown", frame(0xff, 0, 1024 * 1024));
    floods.put("VOCABULARY", bytes(new VocabularyRequest(0, 1)));
    floods.put("OPEN, not possible", bytes(open(9, contextTokens + 1, 5)));
    floods.put("OPEN, half", bytes(open(9, contextTokens - 1, new int[1000])));
    floods.put("OPEN, long", bytes(open(9, longPrompt, new int[longPrompt])));
    floods.put("OPEN and CLOSE", bytes(open(9, longPrompt, new int[longPrompt]), new Close(9, 1)));
    floods.put("short OPEN and CLOSE", bytes(open(9, 4, 5, 6, 7, 8), new Close(9, 1)));
    floods.put(
        "RESUME", bytes(Resume.of(open(9, 4, 5, 6, 7, 8)).withoutTokens(new StreamSecret(1, 2))));
    floods.put("CANCEL", bytes(new Cancel(77, 1)));
    floods.put("CLOSE", bytes(new Close(77, 1)));
    floods.put("PUSH", bytes(new Push(77, 1, 3, 1)));
    floods.put("DRAFT", draft(77, 1, 1, 4, 62));
    floods.put("OPEN again", bytes(open(1, 4, 5, 6, 7, 8)));
    floods.put("DRAFT of epoch 9", draft(1, 1, 9, 4, 2));
    floods.put("DRAFT far ahead", draft(1, 1, 1, 4_000, 2));
    floods.put("DRAFT with strange tokens", draft(1, 1, 1, 4, 63));
    floods.put("stale DRAFT", draft(1, 1, 1, 2, 62));
    floods.put("CANCEL of a session", bytes(new Cancel(1, 1)));
    floods.put("PUSH at nowhere", bytes(new Push(1, 1, 4_000, 1)));
    floods.put("PUSH for ever", bytes(new Push(1, 1, 3, Integer.MAX_VALUE)));
    floods.put("PUSH taken back", bytes(new Push(1, 1, 3, 0)));
    return floods;
  }

  static byte[] bytes(Message... messages) {
    ByteBuf out = Unpooled.buffer();
    for (Message message : messages) {
      FrameEncoder.write(message, out);
    }
    return ByteBufUtil.getBytes(out);
  }

  /** A frame of zeros. */
  static byte[] frame(int type, int session, int length) {
    ByteBuf out = Unpooled.buffer();
    FrameHeader.write(out, length, FrameType.PING, session, 0);
    out.setByte(FrameHeader.TYPE_OFFSET, type).writeZero(length - FrameHeader.BYTES);
    return ByteBufUtil.getBytes(out);
  }

  private static byte[] draft(int session, int round, int epoch, int kvOffset, int drafts) {
    ByteBuf out = Unpooled.buffer();
    DraftFrame.writeHead(out, session, round, epoch, kvOffset, 0, 0, drafts, 7);
    for (int i = 0; i < drafts; i++) {
      out.writeIntLE(3);
    }
    return ByteBufUtil.getBytes(out);
  }

  private static Open open(int session, int total, int... ids) {
    return new Open(
        session,
        1,
        0,
        total > ids.length ? Open.MORE_PROMPT : 0,
        Sampling.GREEDY,
        total,
        TokenIds.of(ids));
  }

  static Socket connect(InetSocketAddress server) throws IOException {
    Socket socket = new Socket();
    // What is still under way when it is closed is read at the server's pace before its end shows.
    socket.setSendBufferSize(SEND_BUFFER_BYTES);
    socket.connect(server);
    return socket;
  }

  /** Sends the same for so long as it may; without reading what comes back, or with. */
  @SuppressWarnings("try") // closed early: that ends its two threads
  static void send(InetSocketAddress server, byte[] frames, boolean reads, long millis)
      throws Exception {
    ByteBuf many = Unpooled.buffer();
    while (many.readableBytes() < BLOCK_BYTES) {
      many.writeBytes(frames);
    }
    byte[] block = ByteBufUtil.getBytes(many);
    Socket socket = connect(server);
    try {
      socket
          .getOutputStream()
          .write(bytes(Hello.withoutTokenizer("", "hostile"), open(1, 4, 5, 6, 7, 8)));
      Thread writer =
          new Thread(
              () -> {
                try {
                  while (true) {
                    socket.getOutputStream().write(block);
                  }
                } catch (IOException e) {
                  // Closed by the test, or by the server.
                }
              },
              "hostile-writer");
      writer.start();
      Thread reader =
          new Thread(
              () -> {
                try {
                  socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                  // Closed.
                }
              },
              "hostile-reader");
      if (reads) {
        reader.start();
      }
      Thread.sleep(millis);
      socket.close();
      writer.join();
      reader.join();
    } finally {
      socket.close();
    }
  }
}
