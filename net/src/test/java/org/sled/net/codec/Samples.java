package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.TokensFrame;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Waiting;
import org.sled.net.protocol.Welcome;

/** One frame of every type: the examples of PROTOCOL.md. */
final class Samples {
  static final TokenizerFingerprint FINGERPRINT =
      new TokenizerFingerprint(
          2048, 0x1111111111111111L, 0x2222222222222222L, 0x3333333333333333L, 0x4444444444444444L);
  static final Hello HELLO = Hello.of(FINGERPRINT, "secret", "pi-7");
  static final Welcome WELCOME =
      new Welcome(
          1,
          Welcome.EXACT_NUMERICS,
          new Limits(8, 4096, 8192, 16, 1_048_576),
          10_000,
          3,
          64,
          0x0102030405060708L,
          FINGERPRINT,
          "edge-1",
          "tiny",
          "{{x}}",
          new FileDigest("d5".repeat(FileDigest.BYTES)),
          new EndTokens(1, 2, EndTokens.ADDS_BEGIN));
  static final Open OPEN =
      new Open(
          5,
          1,
          32,
          Open.IGNORE_EOG,
          new Sampling(
              0.75f,
              40,
              0.5f,
              0.25f,
              1.5f,
              0f,
              0f,
              64,
              42L,
              List.of(new TokenBias(7, -100f), new TokenBias(12, 0.5f))),
          3,
          TokenIds.of(1, 300, 7));

  /** As the first layout of OPEN has it, and as it still is where there is no logit bias. */
  static final Open OPEN_WITHOUT_BIAS =
      new Open(
          5,
          1,
          32,
          Open.IGNORE_EOG,
          new Sampling(0f, 40, 0.5f, 0.25f, 1f, 0f, 0f, 64, 42L, List.of()),
          3,
          TokenIds.of(1, 300, 7));

  static final StreamSecret SECRET = new StreamSecret(0x0f0e0d0c0b0a0908L, 0x1f1e1d1c1b1a1918L);

  /** Goes on after the round in hex, with OPEN's parameters. */
  static final Resume RESUME =
      Resume.of(
          new Open(
              5,
              2,
              28,
              Open.IGNORE_EOG,
              OPEN.sampling(),
              7,
              TokenIds.of(1, 300, 7, 11, 12, 13, 14)));

  static final Resume RESUME_WITHOUT_TOKENS =
      new Resume(
          new Open(5, 2, 28, Open.IGNORE_EOG, OPEN_WITHOUT_BIAS.sampling(), 7, TokenIds.EMPTY),
          7,
          RESUME.digest(),
          SECRET);

  static final Opened OPENED =
      new Opened(5, 1, 0.5f, 0.25f, 4, 20, 3000, 15, 4, 11, FinishReason.NONE, SECRET);

  static final VocabularyPart VOCABULARY_PART =
      new VocabularyPart(
          65_542, 65_536, ByteBuffer.wrap("ending".getBytes(StandardCharsets.US_ASCII)));

  private Samples() {}

  static List<Message> messages() {
    return List.of(
        HELLO,
        WELCOME,
        OPEN,
        OPENED,
        new Push(5, 1, 6, 16),
        new Cancel(5, 1),
        new Close(5, 1),
        new Closed(5, 1, 7),
        new Ping(9, 1000),
        new Pong(9, 1000),
        new GoAway(ErrorCode.SHUTTING_DOWN, 5000, "update"),
        new Redirect("edge2", 7411),
        new ErrorMessage(5, 4, ErrorCode.BUSY, false, 250, "full"),
        RESUME,
        new Waiting(5, 1, 12, 9000),
        new VocabularyRequest(65536, 262_144),
        VOCABULARY_PART);
  }

  static void writeDraft(ByteBuf out) {
    DraftFrame.writeHead(out, 5, 1, 1, 3, 0, 40_000, 3, 11);
    out.writeIntLE(12).writeIntLE(13).writeIntLE(99);
  }

  static void writeVerdict(ByteBuf out) {
    VerdictFrame.write(
        out,
        5,
        1,
        1,
        0.5f,
        0.25f,
        4,
        120,
        8000,
        VerdictStatus.VERIFIED,
        FinishReason.NONE,
        9,
        3,
        2,
        14,
        7);
  }

  static void writeTokens(ByteBuf out) {
    TokensFrame.writeHead(out, 5, 1, 0.5f, 0.25f, 4, 120, 8000, FinishReason.LENGTH, 9, 7, 2);
    out.writeIntLE(15).writeIntLE(16);
  }

  static byte[] bytes(Message message) {
    return bytes(out -> FrameEncoder.write(message, out));
  }

  static byte[] bytes(Consumer<ByteBuf> writer) {
    ByteBuf out = Unpooled.buffer();
    writer.accept(out);
    return ByteBufUtil.getBytes(out);
  }

  /** Every frame by the name of its type. */
  static Map<String, byte[]> frames() {
    Map<String, byte[]> frames = new LinkedHashMap<>();
    messages().forEach(message -> frames.put(message.type().name(), bytes(message)));
    frames.put("DRAFT", bytes(Samples::writeDraft));
    frames.put("VERDICT", bytes(Samples::writeVerdict));
    frames.put("TOKENS", bytes(Samples::writeTokens));
    return frames;
  }

  /** Further examples, by the name of their type and what is special. */
  static Map<String, byte[]> variants() {
    return Map.of(
        "OPEN without bias",
        bytes(OPEN_WITHOUT_BIAS),
        "RESUME without tokens",
        bytes(RESUME_WITHOUT_TOKENS));
  }
}
