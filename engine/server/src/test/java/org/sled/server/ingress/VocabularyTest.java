package org.sled.server.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.server.Daemon;
import org.sled.server.ScriptedDaemon;
import org.sled.server.ScriptedTarget;
import org.sled.server.TestDevice;

/** What a daemon answers to VOCABULARY, with a scripted target. */
@Timeout(60)
class VocabularyTest {
  private final ClientTransport transport = new ClientTransport(1);
  private Daemon daemon;

  private void start(Vocabulary vocabulary) throws IOException {
    ScriptedTarget target = new ScriptedTarget(8, 4, 200);
    daemon =
        Daemon.start(ScriptedDaemon.config().conclude(), target.description(), target, vocabulary);
  }

  private TestDevice connect() throws Exception {
    return new TestDevice(transport, daemon.address());
  }

  @AfterEach
  void stop() {
    transport.close();
    daemon.close();
  }

  private static ByteBuffer randomFile(int bytes) {
    byte[] random = new byte[bytes];
    new Random(5).nextBytes(random);
    return ByteBuffer.allocateDirect(bytes).put(random).flip().asReadOnlyBuffer();
  }

  @Test
  void partsAreBoundedAndAddUpToTheWhole() throws Exception {
    ByteBuffer file = randomFile(600_003);
    start(new Vocabulary(file.duplicate(), Limits.DEFAULT_FRAME_BYTES));
    try (TestDevice device = connect()) {
      assertTrue(device.connection.welcome().hasVocabulary());
      ByteBuffer whole = ByteBuffer.allocate(file.remaining());
      while (whole.hasRemaining()) {
        device.connection.send(new VocabularyRequest(whole.position(), Integer.MAX_VALUE));
        VocabularyPart part = device.receive(VocabularyPart.class);
        assertEquals(file.remaining(), part.totalBytes());
        assertEquals(whole.position(), part.offset());
        assertEquals(
            Math.min(Limits.VOCABULARY_PART_BYTES, whole.remaining()), part.bytes().remaining());
        whole.put(part.bytes());
      }
      assertEquals(file, whole.flip());
      device.open(1, List.of(5, 6), 3);
      device.receive(Opened.class);
    }
  }

  @Test
  void framesAreNoLongerThanAllowed() throws Exception {
    start(new Vocabulary(randomFile(10_000), Limits.HANDSHAKE_FRAME_BYTES));
    try (TestDevice device = connect()) {
      device.connection.send(new VocabularyRequest(1, 10_000));
      int bytes = device.receive(VocabularyPart.class).bytes().remaining();
      assertEquals(Limits.HANDSHAKE_FRAME_BYTES - 32, bytes);
    }
  }

  @Test
  void whoAsksForNothingIsClosed() throws Exception {
    start(new Vocabulary(randomFile(100), Limits.DEFAULT_FRAME_BYTES));
    for (VocabularyRequest wrong :
        new VocabularyRequest[] {
          new VocabularyRequest(100, 1),
          new VocabularyRequest(Integer.MAX_VALUE, 1),
          new VocabularyRequest(0, 0)
        }) {
      try (TestDevice device = connect()) {
        device.connection.send(wrong);
        ErrorMessage error = device.receive(ErrorMessage.class);
        assertEquals(ErrorCode.MALFORMED, error.code());
        assertTrue(error.fatal());
      }
    }
  }

  @Test
  void aServerWithoutSaysSo() throws Exception {
    start(null);
    try (TestDevice device = connect()) {
      assertFalse(device.connection.welcome().hasVocabulary());
      device.connection.send(new VocabularyRequest(0, 100));
      ErrorMessage error = device.receive(ErrorMessage.class);
      assertEquals(ErrorCode.UNSUPPORTED, error.code());
      assertFalse(error.fatal());
      device.open(1, List.of(5, 6), 3);
      device.receive(Opened.class);
    }
  }
}
