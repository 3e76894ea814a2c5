package org.sled.net.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.codec.FrameEncoder;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/** Sending a verdict creates no Java object on the sending thread once it is warm. */
@Timeout(60)
final class SendAllocationTest {
  private static final int WARM_UP_FRAMES = 10_000;
  private static final int FRAMES = 10_000;

  /** What the bean's own call and a rare resize may take: 0.1 bytes per frame. */
  private static final long BUDGET_BYTES = FRAMES / 10;

  @Test
  void sendAllocatesNothing() throws Exception {
    RecordingListener daemon = new RecordingListener(60_000);
    try (ServerTransport server = ServerTransport.start(ServerOptions.of("127.0.0.1", 0), daemon);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
      ByteBuf hello = Unpooled.buffer();
      FrameEncoder.write(Hello.withoutTokenizer("", "reader"), hello);
      hello.readBytes(socket.getOutputStream(), hello.readableBytes());
      Thread reader = new Thread(() -> readAll(socket));
      reader.setDaemon(true);
      reader.start();
      Connection connection = daemon.connections.take();

      // Without leak tracking, whose records are objects.
      UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
      ByteBuf frame = allocator.directBuffer(VerdictFrame.BYTES);
      VerdictFrame.write(
          frame,
          1,
          1,
          1,
          0f,
          0f,
          0,
          0,
          0,
          VerdictStatus.VERIFIED,
          FinishReason.NONE,
          1,
          0,
          0,
          1,
          2);
      sendAll(connection, frame, WARM_UP_FRAMES);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long self = Thread.currentThread().getId();
      long before = threads.getThreadAllocatedBytes(self);
      sendAll(connection, frame, FRAMES);
      long allocated = threads.getThreadAllocatedBytes(self) - before;
      assertTrue(
          allocated <= BUDGET_BYTES, () -> allocated + " bytes for " + FRAMES + " frames sent");
      assertEquals(1, frame.refCnt());
      frame.release();
    }
  }

  /** Sends one frame after the other, each when the one before it is written. */
  private static void sendAll(Connection connection, ByteBuf frame, int count) {
    for (int i = 0; i < count; i++) {
      frame.setIndex(0, VerdictFrame.BYTES);
      assertTrue(connection.sendStamped(frame.retain(), System.nanoTime()));
      while (frame.refCnt() > 1) {
        LockSupport.parkNanos(1_000);
      }
    }
  }

  private static void readAll(Socket socket) {
    byte[] buffer = new byte[64 * 1024];
    try (InputStream in = socket.getInputStream()) {
      while (in.read(buffer) >= 0) {
        // Only so that the server can write.
      }
    } catch (IOException e) {
      // The test is over.
    }
  }
}
