package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.FileDigest;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.GoAway;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Message;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.Opened;
import org.sled.net.protocol.Ping;
import org.sled.net.protocol.Pong;
import org.sled.net.protocol.Protocol;
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

/**
 * Reads cold frames. What stands behind the known fields is skipped. Without state: any thread may
 * call it.
 */
public final class FrameReader {
  private FrameReader() {}

  /**
   * Reads one cold frame.
   *
   * @param type its type, not DRAFT, VERDICT or TOKENS
   * @param frame exactly the frame, header included; it is neither released nor kept
   * @throws FrameException if a field contradicts the layout
   */
  public static Message read(FrameType type, ByteBuf frame) throws FrameException {
    int session = FrameHeader.session(frame);
    int round = FrameHeader.round(frame);
    ByteBuf body = frame.skipBytes(FrameHeader.BYTES);
    return switch (type) {
      case HELLO -> readHello(body);
      case WELCOME -> readWelcome(body);
      case VOCABULARY -> {
        require(body, 8, type);
        yield new VocabularyRequest(number(body, "offset"), number(body, "byte limit"));
      }
      case VOCABULARY_PART -> readVocabularyPart(body);
      case OPEN -> readOpen(session, body);
      case OPENED -> readOpened(session, body);
      case PUSH -> {
        require(body, 12, type);
        yield new Push(
            session, number(body, "epoch"), number(body, "KV offset"), number(body, "credit"));
      }
      case CANCEL -> {
        require(body, 4, type);
        yield new Cancel(session, number(body, "epoch"));
      }
      case CLOSE -> {
        require(body, 4, type);
        yield new Close(session, number(body, "epoch"));
      }
      case CLOSED -> {
        require(body, 8, type);
        yield new Closed(session, number(body, "epoch"), number(body, "committed length"));
      }
      case WAITING -> {
        require(body, 12, type);
        yield new Waiting(
            session, number(body, "epoch"), number(body, "place"), number(body, "estimate"));
      }
      case PING -> {
        require(body, 16, type);
        yield new Ping(body.readLongLE(), body.readLongLE());
      }
      case PONG -> {
        require(body, 16, type);
        yield new Pong(body.readLongLE(), body.readLongLE());
      }
      case GOAWAY -> readGoAway(body);
      case ERROR -> readError(session, round, body);
      case RESUME -> readResume(session, body);
      case REDIRECT -> readRedirect(body);
      case DRAFT, VERDICT, TOKENS -> throw new IllegalArgumentException(type + " is a hot frame");
    };
  }

  private static Hello readHello(ByteBuf body) throws FrameException {
    // The magic comes first: whoever lacks it is no client of ours, whatever else is wrong.
    if (body.readableBytes() < 4 || body.readIntLE() != Protocol.MAGIC) {
      throw new FrameException(ErrorCode.MAGIC, "not a SLED client: the magic number is missing");
    }
    require(body, 44, FrameType.HELLO);
    int minVersion = body.readUnsignedShortLE();
    int maxVersion = body.readUnsignedShortLE();
    int flags = body.readIntLE();
    TokenizerFingerprint fingerprint = readFingerprint(body);
    String authToken = readText(body, Limits.AUTH_TOKEN_BYTES, "auth token");
    String clientName = readText(body, Limits.NAME_BYTES, "client name");
    return new Hello(minVersion, maxVersion, flags, fingerprint, authToken, clientName);
  }

  private static Welcome readWelcome(ByteBuf body) throws FrameException {
    require(body, 84, FrameType.WELCOME);
    int version = body.readUnsignedShortLE();
    body.skipBytes(2);
    int flags = body.readIntLE();
    int maxSessions = number(body, "session limit");
    int maxPromptTokens = number(body, "prompt limit");
    int contextTokens = number(body, "context");
    int maxDraftTokens = number(body, "block limit");
    int maxFrameBytes = number(body, "frame limit");
    int pingIntervalMillis = number(body, "ping interval");
    int sessionsInUse = number(body, "sessions in use");
    int sessionsTotal = number(body, "sessions in total");
    long numericsId = body.readLongLE();
    TokenizerFingerprint fingerprint = readFingerprint(body);
    String serverName = readText(body, Limits.NAME_BYTES, "server name");
    String modelName = readText(body, Limits.NAME_BYTES, "model name");
    String chatTemplate = readText(body, Limits.CHAT_TEMPLATE_BYTES, "chat template");
    // Servers from before the digest end their WELCOME here, and those from before the end tokens
    // behind it; what is left then is padding, which is shorter.
    boolean hasDigest = body.readableBytes() >= FileDigest.BYTES;
    FileDigest vocabularyDigest = hasDigest ? readDigest(body) : FileDigest.NONE;
    boolean hasEndTokens = hasDigest && body.readableBytes() >= EndTokens.BYTES;
    try {
      EndTokens endTokens = hasEndTokens ? readEndTokens(body) : EndTokens.UNKNOWN;
      Limits limits =
          new Limits(maxSessions, maxPromptTokens, contextTokens, maxDraftTokens, maxFrameBytes);
      return new Welcome(
          version,
          flags,
          limits,
          pingIntervalMillis,
          sessionsInUse,
          sessionsTotal,
          numericsId,
          fingerprint,
          serverName,
          modelName,
          chatTemplate,
          vocabularyDigest,
          endTokens);
    } catch (IllegalArgumentException e) {
      throw malformed("WELCOME: " + e.getMessage());
    }
  }

  private static FileDigest readDigest(ByteBuf body) {
    byte[] bytes = new byte[FileDigest.BYTES];
    body.readBytes(bytes);
    return FileDigest.ofBytes(bytes);
  }

  private static EndTokens readEndTokens(ByteBuf body) {
    return new EndTokens(body.readIntLE(), body.readIntLE(), body.readIntLE());
  }

  private static VocabularyPart readVocabularyPart(ByteBuf body) throws FrameException {
    require(body, 12, FrameType.VOCABULARY_PART);
    int total = number(body, "vocabulary length");
    int offset = number(body, "offset");
    int count = number(body, "part length");
    if (count > body.readableBytes() || count > total - offset) {
      throw malformed(
          "VOCABULARY_PART announces "
              + count
              + " bytes from "
              + offset
              + " of "
              + total
              + ", more than it holds or than there are");
    }
    byte[] bytes = new byte[count];
    body.readBytes(bytes);
    return new VocabularyPart(total, offset, ByteBuffer.wrap(bytes));
  }

  private static Open readOpen(int session, ByteBuf body) throws FrameException {
    require(body, 64, FrameType.OPEN);
    return readTokens(FrameType.OPEN, readOpenHead(session, body), body);
  }

  private static Resume readResume(int session, ByteBuf body) throws FrameException {
    require(body, 76, FrameType.RESUME);
    Open head = readOpenHead(session, body);
    int first = number(body, "first position");
    long digest = body.readLongLE();
    Open open = readTokens(FrameType.RESUME, head, body);
    return new Resume(open, first, digest, readSecret(body));
  }

  /** What OPEN and RESUME begin with. */
  private static Open readOpenHead(int session, ByteBuf body) throws FrameException {
    int epoch = number(body, "epoch");
    int maxTokens = number(body, "token limit");
    int flags = body.readIntLE();
    Sampling sampling =
        new Sampling(
            body.readFloatLE(),
            body.readIntLE(),
            body.readFloatLE(),
            body.readFloatLE(),
            body.readFloatLE(),
            body.readFloatLE(),
            body.readFloatLE(),
            body.readIntLE(),
            body.readLongLE(),
            List.of());
    body.skipBytes(4);
    return new Open(
        session, epoch, maxTokens, flags, sampling, number(body, "prompt length"), TokenIds.EMPTY);
  }

  /** What OPEN and RESUME end with: a chunk of tokens, and perhaps a logit bias. */
  private static Open readTokens(FrameType type, Open head, ByteBuf body) throws FrameException {
    int count = number(body, "chunk length");
    if (count > body.readableBytes() / Protocol.TOKEN_BYTES) {
      throw malformed(type + " announces " + count + " tokens, more than it holds");
    }
    int[] prompt = new int[count];
    for (int i = 0; i < count; i++) {
      prompt[i] = body.readIntLE();
    }
    return new Open(
        head.session(),
        head.epoch(),
        head.maxTokens(),
        head.flags(),
        head.sampling().withLogitBias(readLogitBias(type, body)),
        head.promptTokensTotal(),
        TokenIds.of(prompt));
  }

  private static List<TokenBias> readLogitBias(FrameType type, ByteBuf body) throws FrameException {
    if (!body.isReadable()) {
      return List.of();
    }
    int count = number(body, "logit bias count");
    if (count > Limits.LOGIT_BIASES) {
      throw malformed("the logit bias has " + count + " entries, above " + Limits.LOGIT_BIASES);
    }
    if (count > body.readableBytes() / (Integer.BYTES + Float.BYTES)) {
      throw malformed(
          type + " announces a logit bias of " + count + " entries, more than it holds");
    }
    List<TokenBias> logitBias = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      logitBias.add(new TokenBias(body.readIntLE(), body.readFloatLE()));
    }
    return logitBias;
  }

  private static Opened readOpened(int session, ByteBuf body) throws FrameException {
    require(body, 36, FrameType.OPENED);
    int epoch = number(body, "epoch");
    float price = body.readFloatLE();
    float alone = body.readFloatLE();
    int queueMicros = number(body, "queue time");
    int computeMicros = number(body, "compute time");
    int overheadMicros = body.readUnsignedMediumLE();
    int commonDrafts = body.readUnsignedByte();
    int committedLength = number(body, "committed length");
    int firstToken = body.readIntLE();
    int finish = body.readUnsignedByte();
    if (!FinishReason.isKnown(finish)) {
      throw malformed("finish reason " + finish + " is unknown");
    }
    body.skipBytes(3);
    return new Opened(
        session,
        epoch,
        price,
        alone,
        commonDrafts,
        queueMicros,
        computeMicros,
        overheadMicros,
        committedLength,
        firstToken,
        FinishReason.byNumber(finish),
        readSecret(body));
  }

  /** The last field of OPENED and RESUME; frames from before there was one end before it. */
  private static StreamSecret readSecret(ByteBuf body) {
    return body.readableBytes() < StreamSecret.BYTES
        ? StreamSecret.NONE
        : new StreamSecret(body.readLongLE(), body.readLongLE());
  }

  private static GoAway readGoAway(ByteBuf body) throws FrameException {
    require(body, 12, FrameType.GOAWAY);
    ErrorCode reason = ErrorCode.byNumber(body.readUnsignedShortLE());
    body.skipBytes(2);
    int graceMillis = number(body, "grace");
    return new GoAway(reason, graceMillis, readText(body, Limits.TEXT_BYTES, "text"));
  }

  private static Redirect readRedirect(ByteBuf body) throws FrameException {
    require(body, 8, FrameType.REDIRECT);
    int port = body.readUnsignedShortLE();
    body.skipBytes(2);
    String host = readText(body, Redirect.HOST_BYTES, "host");
    if (!Redirect.isHost(host) || port == 0) {
      throw malformed("REDIRECT names no server");
    }
    return new Redirect(host, port);
  }

  private static ErrorMessage readError(int session, int round, ByteBuf body)
      throws FrameException {
    require(body, 12, FrameType.ERROR);
    ErrorCode code = ErrorCode.byNumber(body.readUnsignedShortLE());
    boolean fatal = body.readUnsignedByte() != 0;
    body.skipBytes(1);
    int retryAfterMillis = number(body, "retry hint");
    String text = readText(body, Limits.TEXT_BYTES, "text");
    return new ErrorMessage(session, round, code, fatal, retryAfterMillis, text);
  }

  private static TokenizerFingerprint readFingerprint(ByteBuf body) throws FrameException {
    return new TokenizerFingerprint(
        number(body, "vocabulary size"),
        body.readLongLE(),
        body.readLongLE(),
        body.readLongLE(),
        body.readLongLE());
  }

  private static String readText(ByteBuf body, int maxBytes, String name) throws FrameException {
    if (body.readableBytes() < 4) {
      throw malformed("the frame ends before its " + name);
    }
    int length = number(body, name + " length");
    if (length > maxBytes) {
      throw malformed(name + " has " + length + " bytes, above " + maxBytes);
    }
    // No overflow: the length is bounded by now.
    int padded = (length + Protocol.ALIGNMENT_BYTES - 1) & -Protocol.ALIGNMENT_BYTES;
    if (padded > body.readableBytes()) {
      throw malformed("the frame ends within its " + name);
    }
    byte[] utf8 = new byte[length];
    body.readBytes(utf8);
    body.skipBytes(padded - length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw malformed(name + " is not UTF-8");
    }
  }

  /** Reads a u32 that is a count, a position or a time: the top bit is never set. */
  private static int number(ByteBuf body, String name) throws FrameException {
    int value = body.readIntLE();
    if (value < 0) {
      throw malformed(name + " " + Integer.toUnsignedString(value) + " is above 2147483647");
    }
    return value;
  }

  private static void require(ByteBuf body, int bytes, FrameType type) throws FrameException {
    if (body.readableBytes() < bytes) {
      throw malformed(type + " has a body of " + body.readableBytes() + " bytes, below " + bytes);
    }
  }

  private static FrameException malformed(String text) {
    return new FrameException(ErrorCode.MALFORMED, text);
  }
}
