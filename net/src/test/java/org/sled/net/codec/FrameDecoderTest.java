package org.sled.net.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sled.net.limit.ByteBudget;
import org.sled.net.limit.SlowestPeer;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Redirect;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.Welcome;

final class FrameDecoderTest {
  /** Length of the example of OPEN up to its last field, the logit bias. */
  private static final int WELCOME_TAIL_BYTES = FileDigest.BYTES + EndTokens.BYTES;

  private static final int OPEN_BEFORE_BIAS_BYTES = Samples.bytes(Samples.OPEN_WITHOUT_BIAS).length;

  /** Length of OPENED up to its last field, the secret. */
  private static final int OPENED_BEFORE_SECRET_BYTES = 52;

  /** Length of the example of RESUME up to its logit bias: it has four ids more than OPEN's. */
  private static final int RESUME_BEFORE_BIAS_BYTES = OPEN_BEFORE_BIAS_BYTES + 12 + 4 * 4;

  private static byte[] header(int length, int type, int session, int round) {
    return ByteBuffer.allocate(16)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(length)
        .putInt(type)
        .putInt(session)
        .putInt(round)
        .array();
  }

  private static void assertFault(ErrorCode code, Decoding decoding) {
    FrameFault fault = assertInstanceOf(FrameFault.class, decoding.only());
    assertEquals(code, fault.code(), fault.text());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 15, 16, 17, 63, 1000})
  void readsEverythingHoweverItIsSplit(int step) {
    ByteBuf stream = Unpooled.buffer();
    FrameEncoder.write(Samples.HELLO, stream);
    Samples.writeDraft(stream);
    FrameEncoder.write(Samples.OPEN, stream);
    Samples.writeDraft(stream);
    Samples.writeDraft(stream);
    FrameEncoder.write(new Ping(1, 2), stream);
    String draft = ByteBufUtil.hexDump(Samples.bytes(Samples::writeDraft));
    try (Decoding decoding = new Decoding(FrameDecoder.Side.SERVER)) {
      decoding.feed(ByteBufUtil.getBytes(stream), step);
      assertEquals(
          List.of(Samples.HELLO, draft, Samples.OPEN, draft, draft, new Ping(1, 2)),
          decoding.comparable());
      for (Object next : decoding.received()) {
        if (next instanceof ByteBuf frame) {
          assertTrue(frame.isDirect() && frame.hasMemoryAddress());
          long rows = new DraftFrame().wrap(frame).rowsAddress();
          assertEquals(0, rows % 4, "token ids are aligned");
        }
      }
    }
  }

  @Test
  void aPartOfAVocabularyIsTheSameFrameWithoutBeingCopied() {
    VocabularyPart part = Samples.VOCABULARY_PART;
    ByteBuf whole =
        Unpooled.directBuffer()
            .writeZero(part.offset() + 4)
            .skipBytes(4)
            .writeBytes(part.bytes())
            .asReadOnly();
    ByteBuf frame =
        FrameEncoder.encodeVocabularyPart(
            UnpooledByteBufAllocator.DEFAULT, whole, part.offset(), part.bytes().remaining());
    assertArrayEquals(Samples.bytes(part), ByteBufUtil.getBytes(frame));
    assertTrue(frame.isDirect());
    assertTrue(frame.release());
    assertTrue(whole.release());
  }

  @Test
  void readsDraftFields() {
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(Samples.bytes(Samples::writeDraft));
      DraftFrame draft = new DraftFrame().wrap((ByteBuf) decoding.only());
      assertEquals(
          List.of(5, 1, 1, 3, 0, 40_000, 3, 11, 12, 13, 99),
          List.of(
              draft.session(),
              draft.round(),
              draft.epoch(),
              draft.kvOffset(),
              draft.predecessorRound(),
              draft.playbackSlackMicros(),
              draft.draftCount(),
              draft.parentToken(),
              draft.draft(0),
              draft.draft(1),
              draft.draft(2)));
    }
  }

  @Test
  void copiesHeapBuffersForNativeCode() {
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(Unpooled.wrappedBuffer(Samples.bytes(Samples::writeDraft)));
      assertTrue(((ByteBuf) decoding.only()).hasMemoryAddress());
    }
  }

  @Test
  void copiesWhatIsNotAligned() {
    try (Decoding decoding = Decoding.afterHello()) {
      ByteBuf read = decoding.allocator.directBuffer(100);
      read.writeByte(0).writeBytes(Samples.bytes(Samples::writeDraft)).skipBytes(1);
      decoding.feed(read);
      assertEquals(0, ((ByteBuf) decoding.only()).memoryAddress() % 4);
    }
  }

  @Test
  void refusesOversizedFramesBeforeTheirBodyIsThere() {
    try (Decoding before = new Decoding(FrameDecoder.Side.SERVER)) {
      before.feed(header(4096 + 4, FrameType.HELLO.number(), 0, 0));
      assertFault(ErrorCode.FRAME_TOO_LARGE, before);
    }
    try (Decoding after = Decoding.afterHello()) {
      after.feed(header(64 * 1024, FrameType.OPEN.number(), 1, 0));
      assertTrue(after.received().isEmpty(), "waits for the body");
    }
    try (Decoding after = Decoding.afterHello()) {
      after.feed(header(64 * 1024 + 4, FrameType.OPEN.number(), 1, 0));
      assertFault(ErrorCode.FRAME_TOO_LARGE, after);
    }
    try (Decoding after = Decoding.afterHello()) {
      after.feed(header(-4, FrameType.OPEN.number(), 1, 0));
      assertFault(ErrorCode.FRAME_TOO_LARGE, after);
    }
  }

  /** However long frames may be: only prompts and parts of a vocabulary fill them. */
  @Test
  void everyTypeHasABoundOfItsOwn() {
    Limits large = new Limits(8, 10_000, 20_000, 62, Limits.DEFAULT_FRAME_BYTES);
    for (FrameType type : FrameType.values()) {
      int most =
          switch (type) {
            case OPEN, RESUME -> Limits.DEFAULT_FRAME_BYTES;
            case DRAFT, TOKENS -> 1024 + 40 + 4 * 62;
            case ERROR, GOAWAY -> 2048;
            case VOCABULARY_PART -> 1024 + 256 * 1024;
            default -> 1024;
          };
      var side = type.fromServer() ? FrameDecoder.Side.CLIENT : FrameDecoder.Side.SERVER;
      for (int length : new int[] {most, most + 4}) {
        try (Decoding decoding = new Decoding(side)) {
          if (side == FrameDecoder.Side.SERVER && type != FrameType.HELLO) {
            decoding.feed(Samples.bytes(Samples.HELLO)).received().clear();
          }
          decoding.decoder.setLimits(FrameLimits.after(large));
          decoding.feed(header(length, type.number(), type.needsSession() ? 1 : 0, 1));
          if (length == most) {
            assertTrue(decoding.received().isEmpty(), "waits for the body of " + type);
          } else {
            assertFault(ErrorCode.FRAME_TOO_LARGE, decoding);
          }
        }
      }
    }
  }

  @Test
  void aFrameThatWaitsHoldsNothingAroundIt() {
    try (Decoding decoding = Decoding.afterHello()) {
      byte[] draft = Samples.bytes(Samples::writeDraft);
      // One read: a frame, and much that is skipped.
      ByteBuf read = decoding.allocator.directBuffer(16 * 1024);
      read.writeBytes(draft);
      int rest = read.writableBytes();
      read.writeBytes(Arrays.copyOf(header(rest, 0x80, 0, 0), rest));
      decoding.feed(read);
      assertEquals(ByteBufUtil.hexDump(draft), decoding.comparable().get(0));
      assertEquals(draft.length, decoding.allocator.metric().usedDirectMemory());
    }
  }

  @Test
  void refusesOtherProtocolsAndWrongMagic() {
    try (Decoding decoding = new Decoding(FrameDecoder.Side.SERVER)) {
      decoding.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertFault(ErrorCode.MAGIC, decoding);
    }
    try (Decoding decoding = new Decoding(FrameDecoder.Side.SERVER)) {
      byte[] hello = Samples.bytes(Samples.HELLO);
      hello[FrameHeader.BYTES] ^= 1;
      decoding.feed(hello);
      assertFault(ErrorCode.MAGIC, decoding);
    }
  }

  @Test
  void refusesHeadersThatMakeNoSense() {
    int draft = FrameType.DRAFT.number();
    byte[][] headers = {
      header(15, draft, 1, 1),
      header(18, draft, 1, 1),
      header(0, draft, 1, 1),
      header(40, draft, 0, 1),
      header(40, draft, 1, -1),
      header(56, FrameType.VERDICT.number(), 1, 1)
    };
    for (byte[] header : headers) {
      try (Decoding decoding = Decoding.afterHello()) {
        decoding.feed(header);
        assertFault(ErrorCode.MALFORMED, decoding);
      }
    }
  }

  @Test
  void refusesDraftsThatContradictThemselves() {
    int[] offsets = {
      DraftFrame.EPOCH_OFFSET,
      DraftFrame.KV_OFFSET_OFFSET,
      DraftFrame.PREDECESSOR_ROUND_OFFSET,
      DraftFrame.PLAYBACK_SLACK_MICROS_OFFSET,
      DraftFrame.DRAFT_COUNT_OFFSET
    };
    for (int offset : offsets) {
      byte[] draft = Samples.bytes(Samples::writeDraft);
      draft[offset + 3] = (byte) 0x80;
      try (Decoding decoding = Decoding.afterHello()) {
        decoding.feed(draft);
        assertFault(ErrorCode.MALFORMED, decoding);
      }
    }
    byte[] draft = Samples.bytes(Samples::writeDraft);
    draft[DraftFrame.DRAFT_COUNT_OFFSET] = 4;
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(draft);
      assertFault(ErrorCode.MALFORMED, decoding);
    }
    draft = Samples.bytes(Samples::writeDraft);
    draft[FrameHeader.ROUND_OFFSET] = 0;
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(draft);
      assertFault(ErrorCode.ROUND, decoding);
    }
  }

  @Test
  void skipsUnknownOptionalTypesAndRefusesOthers() {
    try (Decoding decoding = Decoding.afterHello()) {
      byte[] optional = Arrays.copyOf(header(1000, 0x80, 0, 0), 1000);
      decoding.feed(optional, 7).feed(Samples.bytes(new Ping(1, 2)));
      assertEquals(new Ping(1, 2), decoding.only());
    }
    try (Decoding decoding = Decoding.afterHello()) { // what follows does not wait for a next read
      byte[] both = Arrays.copyOf(header(16, 0x80, 0, 0), 16 + 32);
      System.arraycopy(Samples.bytes(new Ping(1, 2)), 0, both, 16, 32);
      decoding.feed(both);
      assertEquals(new Ping(1, 2), decoding.only());
    }
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(header(16, 0x7f, 0, 0));
      assertFault(ErrorCode.UNKNOWN_TYPE, decoding);
    }
  }

  @Test
  void skipsUnknownTrailingFieldsAndFlags() {
    for (var sample : Samples.frames().entrySet()) {
      byte[] longer = Arrays.copyOf(sample.getValue(), sample.getValue().length + 8);
      ByteBuffer.wrap(longer).order(ByteOrder.LITTLE_ENDIAN).putInt(0, longer.length);
      longer[FrameHeader.FLAGS_OFFSET] = (byte) 0xff;
      longer[longer.length - 1] = 1;
      FrameType type = FrameType.valueOf(sample.getKey());
      var side = type.fromServer() ? FrameDecoder.Side.CLIENT : FrameDecoder.Side.SERVER;
      try (Decoding plain = new Decoding(side);
          Decoding extended = new Decoding(side)) {
        if (side == FrameDecoder.Side.SERVER && type != FrameType.HELLO) {
          plain.feed(Samples.bytes(Samples.HELLO));
          extended.feed(Samples.bytes(Samples.HELLO));
        }
        plain.feed(sample.getValue());
        extended.feed(longer);
        assertEquals(plain.received().size(), extended.received().size());
        Object last = extended.received().get(extended.received().size() - 1);
        if (last instanceof ByteBuf frame) {
          assertEquals(longer.length, frame.readableBytes());
        } else {
          assertEquals(plain.comparable(), extended.comparable());
        }
      }
    }
  }

  @Test
  void everyTruncatedBodyIsMalformedOrMagic() {
    for (var sample : Samples.frames().entrySet()) {
      FrameType type = FrameType.valueOf(sample.getKey());
      var side = type.fromServer() ? FrameDecoder.Side.CLIENT : FrameDecoder.Side.SERVER;
      for (int length = 16; length < sample.getValue().length; length += 4) {
        if ((type == FrameType.OPEN && length == OPEN_BEFORE_BIAS_BYTES)
            || (type == FrameType.RESUME && length == RESUME_BEFORE_BIAS_BYTES)
            || (type == FrameType.OPENED && length >= OPENED_BEFORE_SECRET_BYTES)) {
          continue; // the last field may be missing as a whole
        }
        int missing = sample.getValue().length - length;
        if (type == FrameType.WELCOME && missing <= WELCOME_TAIL_BYTES) {
          continue; // so may the vocabulary's digest and the end tokens
        }
        byte[] shorter = Arrays.copyOf(sample.getValue(), length);
        ByteBuffer.wrap(shorter).order(ByteOrder.LITTLE_ENDIAN).putInt(0, length);
        try (Decoding decoding = new Decoding(side)) {
          if (side == FrameDecoder.Side.SERVER && type != FrameType.HELLO) {
            decoding.feed(Samples.bytes(Samples.HELLO));
          }
          decoding.feed(shorter);
          Object last = decoding.received().get(decoding.received().size() - 1);
          assertInstanceOf(FrameFault.class, last, () -> type + " of " + shorter.length);
        }
      }
    }
  }

  @Test
  void readsAWelcomeThatEndsBeforeTheVocabularysDigestOrTheEndTokens() {
    byte[] whole = Samples.bytes(Samples.WELCOME);
    for (int missing = 4; missing <= WELCOME_TAIL_BYTES; missing += 4) {
      byte[] shorter = Arrays.copyOf(whole, whole.length - missing);
      ByteBuffer.wrap(shorter).order(ByteOrder.LITTLE_ENDIAN).putInt(0, shorter.length);
      try (Decoding decoding = new Decoding(FrameDecoder.Side.CLIENT)) {
        Welcome welcome = (Welcome) decoding.feed(shorter).only();
        assertEquals(
            missing <= EndTokens.BYTES ? Samples.WELCOME.vocabularyDigest() : FileDigest.NONE,
            welcome.vocabularyDigest());
        assertEquals(EndTokens.UNKNOWN, welcome.endTokens());
        assertEquals(Samples.WELCOME.chatTemplate(), welcome.chatTemplate());
      }
    }
  }

  @Test
  void readsAnOpenThatEndsBeforeItsLogitBias() {
    byte[] shorter = Arrays.copyOf(Samples.bytes(Samples.OPEN), OPEN_BEFORE_BIAS_BYTES);
    ByteBuffer.wrap(shorter).order(ByteOrder.LITTLE_ENDIAN).putInt(0, shorter.length);
    try (Decoding decoding = Decoding.afterHello()) {
      Open open = (Open) decoding.feed(shorter).only();
      assertEquals(Samples.OPEN.sampling().withLogitBias(List.of()), open.sampling());
      assertEquals(Samples.OPEN.prompt(), open.prompt());
    }
  }

  @Test
  void refusesLogitBiasesThatAreTooLongOrNotThere() {
    for (int count : new int[] {3, 1024, 1025, Integer.MAX_VALUE, -1}) {
      byte[] open = Samples.bytes(Samples.OPEN);
      ByteBuffer.wrap(open).order(ByteOrder.LITTLE_ENDIAN).putInt(OPEN_BEFORE_BIAS_BYTES, count);
      try (Decoding decoding = Decoding.afterHello()) {
        decoding.feed(open);
        assertFault(ErrorCode.MALFORMED, decoding);
      }
    }
  }

  @Test
  void openFramesAreAsLongAsTheySay() {
    for (Open open : List.of(Samples.OPEN, Samples.OPEN_WITHOUT_BIAS)) {
      int tokens = open.prompt().count();
      int bytes = Samples.bytes(open).length;
      assertEquals(bytes, Open.frameBytes(open.sampling(), tokens));
      assertEquals(tokens, Open.promptTokensPerFrame(open.sampling(), bytes));
      assertEquals(tokens - 1, Open.promptTokensPerFrame(open.sampling(), bytes - 1));
      assertEquals(0, Open.promptTokensPerFrame(open.sampling(), 16));
    }
  }

  @Test
  void resumeSaysHowManyTokensFitIntoAFrame() {
    Resume bare = Samples.RESUME_WITHOUT_TOKENS;
    Resume plain = new Resume(bare.open(), bare.first(), bare.digest(), StreamSecret.NONE);
    for (Resume resume : List.of(Samples.RESUME, plain)) {
      int tokens = resume.open().prompt().count();
      int bytes = Samples.bytes(resume).length;
      Sampling sampling = resume.open().sampling();
      assertEquals(tokens, Resume.tokensPerFrame(sampling, bytes));
      assertEquals(Math.max(0, tokens - 1), Resume.tokensPerFrame(sampling, bytes - 1));
      assertEquals(0, Resume.tokensPerFrame(sampling, 16));
    }
  }

  @Test
  void resumeThatAnnouncesMoreThanItHoldsIsMalformed() {
    byte[] bytes = Samples.bytes(Samples.RESUME_WITHOUT_TOKENS);
    bytes[88] = 1; // the count
    try (Decoding decoding = Decoding.afterHello()) {
      assertFault(ErrorCode.MALFORMED, decoding.feed(bytes));
    }
    byte[] tooShort = header(88, FrameType.RESUME.number(), 9, 0);
    try (Decoding decoding = Decoding.afterHello()) {
      assertFault(ErrorCode.MALFORMED, decoding.feed(Arrays.copyOf(tooShort, 88)));
    }
  }

  @Test
  void resumeWithoutTokensIsTheSameButForThem() {
    Resume bare = Samples.RESUME.withoutTokens(Samples.SECRET);
    assertTrue(bare.isWithoutTokens() && !Samples.RESUME.isWithoutTokens());
    assertEquals(Samples.RESUME.digest(), bare.digest());
    assertEquals(Samples.RESUME.open().part(0, 0, false), bare.open());
    assertEquals(7, bare.first());
    assertEquals(Samples.SECRET, bare.secret());
    assertEquals(Samples.bytes(bare).length, bare.frameBytes());
    Resume plain = Samples.RESUME_WITHOUT_TOKENS;
    assertEquals(Samples.bytes(plain).length, plain.frameBytes());
    assertEquals(Samples.bytes(Samples.RESUME).length, Samples.RESUME.frameBytes());
  }

  /** As from peers of before there were secrets. */
  @Test
  void openedAndResumeMayEndBeforeTheSecret() {
    Opened opened = Samples.OPENED;
    byte[] withSecret = Samples.bytes(opened);
    try (Decoding decoding = new Decoding(FrameDecoder.Side.CLIENT)) {
      Opened read = (Opened) decoding.feed(shortened(withSecret, StreamSecret.BYTES)).only();
      assertTrue(read.secret().isNone());
      assertEquals(opened.firstToken(), read.firstToken());
    }
    Resume resume = Samples.RESUME_WITHOUT_TOKENS;
    int countAndSecret = 4 + StreamSecret.BYTES;
    try (Decoding decoding = Decoding.afterHello()) {
      Resume read = (Resume) decoding.feed(shortened(Samples.bytes(resume), countAndSecret)).only();
      assertEquals(new Resume(resume.open(), 7, resume.digest(), StreamSecret.NONE), read);
    }
  }

  private static byte[] shortened(byte[] frame, int by) {
    byte[] less = Arrays.copyOf(frame, frame.length - by);
    less[0] = (byte) less.length; // its length, below 256
    return less;
  }

  /** Messages are logged now and then. */
  @Test
  void secretsAreNotShown() {
    String shown = Samples.OPENED + " " + Samples.RESUME_WITHOUT_TOKENS;
    assertFalse(shown.contains(Long.toString(Samples.SECRET.high())), shown);
    assertFalse(shown.contains(Long.toHexString(Samples.SECRET.low())), shown);
  }

  @Test
  void dropsAllThatFollowsAFault() {
    try (Decoding decoding = Decoding.afterHello()) {
      decoding.feed(header(16, 0x7f, 0, 0)).feed(Samples.bytes(new Ping(1, 2)), 3);
      assertFault(ErrorCode.UNKNOWN_TYPE, decoding);
    }
  }

  @Test
  void aRedirectNamesAServer() {
    for (Redirect nowhere : new Redirect[] {new Redirect("edge", 7411), new Redirect("e", 1)}) {
      try (Decoding decoding = new Decoding(FrameDecoder.Side.CLIENT)) {
        byte[] bytes = Samples.bytes(nowhere);
        bytes[16] = 0; // its port
        bytes[17] = 0;
        decoding.feed(bytes);
        assertFault(ErrorCode.MALFORMED, decoding);
      }
    }
  }

  /** A server with 64 KiB for frames in part, of which a read of 16 KiB is free for each. */
  private static final PartialFrames PARTIAL =
      new PartialFrames(new ByteBudget(64 * 1024), new SlowestPeer(1_000, 1024));

  private static Decoding halfFrame(int bytes) {
    Decoding decoding = Decoding.afterHello(PARTIAL);
    decoding.feed(Arrays.copyOf(header(64 * 1024, FrameType.OPEN.number(), 1, 0), bytes), 1024);
    return decoding;
  }

  @Test
  void framesInPartShareABudget() {
    try (Decoding first = halfFrame(40 * 1024)) { // held in 64 KiB
      assertTrue(first.received().isEmpty());
      assertEquals(48 * 1024, PARTIAL.budget().usedBytes());
      try (Decoding second = halfFrame(40 * 1024)) {
        assertFault(ErrorCode.BUSY, second);
        assertEquals(48 * 1024, PARTIAL.budget().usedBytes());
      }
      try (Decoding small = halfFrame(8 * 1024)) {
        assertTrue(small.received().isEmpty(), "needs nothing of the budget");
      }
      first.feed(new byte[24 * 1024]);
      assertEquals(1, first.received().size(), "is whole, though wrong");
      assertEquals(0, PARTIAL.budget().usedBytes());
    }
    try (Decoding gone = halfFrame(40 * 1024)) {
      assertTrue(gone.received().isEmpty());
    }
    assertEquals(0, PARTIAL.budget().usedBytes());
  }

  @Test
  void aFrameHasItsTime() {
    try (Decoding late = Decoding.afterHello(PARTIAL)) {
      late.feed(Arrays.copyOf(header(4096, FrameType.OPEN.number(), 1, 0), 100));
      late.passTime(4_999); // 1 s, and 4 s for 4 KiB
      assertTrue(late.received().isEmpty());
      late.passTime(2);
      assertFault(ErrorCode.IDLE_TIMEOUT, late);
    }
    try (Decoding steady = Decoding.afterHello(PARTIAL)) {
      byte[] draft = Samples.bytes(Samples::writeDraft);
      // Every read ends within a frame, each of which has its own time.
      for (int i = 0; i < 20; i++) {
        steady.feed(Arrays.copyOf(draft, 20)).passTime(900);
        steady.feed(Arrays.copyOfRange(draft, 20, draft.length)).passTime(900);
      }
      assertEquals(20, steady.received().size());
      assertTrue(steady.received().stream().allMatch(ByteBuf.class::isInstance));
    }
  }
}
