package org.sled.net.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
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
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Waiting;
import org.sled.net.protocol.Welcome;

final class CodecPropertyTest {
  private static Arbitrary<Integer> numbers() {
    return Arbitraries.integers().greaterOrEqual(0);
  }

  private static Arbitrary<Integer> sessions() {
    return Arbitraries.integers().filter(session -> session != 0);
  }

  /** Texts without lone surrogates, which UTF-8 cannot carry, and short enough for every field. */
  private static Arbitrary<String> texts() {
    return Arbitraries.strings().withCharRange(' ', '\u07ff').ofMaxLength(60);
  }

  private static Arbitrary<Float> floats() {
    return Arbitraries.floats();
  }

  private static Arbitrary<TokenizerFingerprint> fingerprints() {
    Arbitrary<Long> hashes = Arbitraries.longs();
    return Combinators.combine(numbers(), hashes, hashes, hashes, hashes)
        .as(TokenizerFingerprint::new);
  }

  private static Arbitrary<Sampling> samplings() {
    Arbitrary<Integer> any = Arbitraries.integers();
    Arbitrary<List<TokenBias>> biases =
        Combinators.combine(any, floats()).as(TokenBias::new).list().ofMaxSize(20);
    return Combinators.combine(
            floats(), any, floats(), floats(), floats(), any, Arbitraries.longs(), biases)
        .as((t, k, p, m, r, n, seed, bias) -> new Sampling(t, k, p, m, r, p, m, n, seed, bias));
  }

  private static Arbitrary<Message> welcomes() {
    Arbitrary<Limits> limits =
        Combinators.combine(
                Arbitraries.integers().greaterOrEqual(2),
                Arbitraries.integers().between(1, 65_535),
                Arbitraries.integers().greaterOrEqual(4096))
            .as((n, drafts, frame) -> new Limits(n, n, n, drafts, frame));
    return Combinators.combine(
            limits, numbers(), Arbitraries.longs(), fingerprints(), texts(), texts(), texts())
        .as(
            (limit, n, id, fingerprint, name, model, template) ->
                new Welcome(
                    n & 0xffff,
                    n,
                    limit,
                    n / 2 + 1,
                    n,
                    n,
                    id,
                    fingerprint,
                    name,
                    model,
                    template,
                    FileDigest.of(ByteBuffer.wrap(name.getBytes(StandardCharsets.UTF_8))),
                    n % 3 == 0 ? EndTokens.UNKNOWN : new EndTokens(n, n, n)));
  }

  private static Arbitrary<StreamSecret> secrets() {
    return Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(StreamSecret::new);
  }

  @Provide
  static Arbitrary<Message> clientMessages() {
    Arbitrary<Integer> shorts = Arbitraries.integers().between(0, 65_535);
    Arbitrary<TokenIds> tokens =
        Arbitraries.integers().array(int[].class).ofMaxSize(200).map(TokenIds::of);
    Arbitrary<Open> opens =
        Combinators.combine(
                sessions(),
                numbers(),
                numbers(),
                Arbitraries.integers(),
                samplings(),
                numbers(),
                tokens)
            .as(Open::new);
    return Arbitraries.oneOf(
        List.<Arbitrary<? extends Message>>of(
            Combinators.combine(shorts, shorts, numbers(), fingerprints(), texts(), texts())
                .as(Hello::new),
            opens,
            Combinators.combine(opens, numbers(), Arbitraries.longs(), secrets()).as(Resume::new),
            Combinators.combine(sessions(), numbers(), numbers(), numbers()).as(Push::new),
            Combinators.combine(numbers(), numbers()).as(VocabularyRequest::new),
            Combinators.combine(sessions(), numbers()).as(Cancel::new),
            Combinators.combine(sessions(), numbers()).as(Close::new),
            Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(Ping::new)));
  }

  @Provide
  static Arbitrary<Message> serverMessages() {
    return Arbitraries.oneOf(
        List.<Arbitrary<? extends Message>>of(
            welcomes(),
            Combinators.combine(
                    sessions(),
                    numbers(),
                    floats(),
                    numbers(),
                    numbers(),
                    Arbitraries.integers(),
                    Arbitraries.of(FinishReason.class),
                    secrets())
                .as(
                    (s, n, f, q, c, t, r, secret) ->
                        new Opened(s, n, f, f, q & 0xff, q, c, q & 0xff_ffff, c, t, r, secret)),
            Combinators.combine(
                    Arbitraries.integers().between(0, Integer.MAX_VALUE - 1000),
                    Arbitraries.bytes().array(byte[].class).ofMaxSize(300))
                .as((n, bytes) -> new VocabularyPart(n + 500, n, ByteBuffer.wrap(bytes))),
            Combinators.combine(sessions(), numbers(), numbers()).as(Closed::new),
            Combinators.combine(sessions(), numbers(), numbers(), numbers()).as(Waiting::new),
            Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(Pong::new),
            Combinators.combine(Arbitraries.of(ErrorCode.class), numbers(), texts())
                .as(GoAway::new),
            Combinators.combine(
                    Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(255),
                    Arbitraries.integers().between(1, 65_535))
                .as(Redirect::new),
            Combinators.combine(
                    Arbitraries.integers(),
                    numbers(),
                    Arbitraries.of(ErrorCode.class),
                    Arbitraries.of(true, false),
                    numbers(),
                    texts())
                .as(ErrorMessage::new)));
  }

  @Property(tries = 500)
  void whatAClientEncodesAServerDecodes(
      @ForAll("clientMessages") Message message, @ForAll @IntRange(min = 1, max = 300) int step) {
    try (Decoding decoding = Decoding.afterHello()) {
      assertEquals(message, decoding.feed(Samples.bytes(message), step).only());
    }
  }

  @Property(tries = 500)
  void whatAServerEncodesAClientDecodes(
      @ForAll("serverMessages") Message message, @ForAll @IntRange(min = 1, max = 300) int step) {
    try (Decoding decoding = new Decoding(FrameDecoder.Side.CLIENT)) {
      assertEquals(message, decoding.feed(Samples.bytes(message), step).only());
    }
  }

  @Property(tries = 1000)
  void anyBytesGiveFramesOrOneFault(
      @ForAll @Size(max = 300) byte[] bytes,
      @ForAll FrameDecoder.Side side,
      @ForAll @IntRange(min = 1, max = 50) int step) {
    try (Decoding decoding = new Decoding(side)) {
      decoding.feed(bytes, step);
      assertDeclared(decoding);
    }
  }

  /** Random bytes rarely look like a frame: this takes real frames and damages them. */
  @Property(tries = 3000)
  void anyDamageGivesFramesOrOneFault(
      @ForAll @IntRange(min = 0, max = 18) int sample,
      @ForAll @IntRange(min = 16, max = 200) int offset,
      @ForAll int damage,
      @ForAll @IntRange(min = 1, max = 50) int step) {
    Map<String, byte[]> frames = Samples.frames();
    String name = List.copyOf(frames.keySet()).get(sample);
    byte[] bytes = frames.get(name).clone();
    int at = 4 + (offset - 4) % (bytes.length - 8);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, damage);
    for (FrameDecoder.Side side : FrameDecoder.Side.values()) {
      try (Decoding decoding = new Decoding(side)) {
        if (side == FrameDecoder.Side.SERVER) {
          decoding.feed(Samples.bytes(Samples.HELLO));
        }
        decoding.feed(bytes, step);
        assertDeclared(decoding);
      }
    }
  }

  private static void assertDeclared(Decoding decoding) {
    List<Object> received = decoding.received();
    for (int i = 0; i < received.size(); i++) {
      Object next = received.get(i);
      boolean last = i == received.size() - 1;
      assertTrue(
          next instanceof Message
              || next instanceof ByteBuf
              || (last && next instanceof FrameFault),
          () -> "received " + received);
    }
  }
}
