package org.sled.net.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sled.net.protocol.Cancel;
import org.sled.net.protocol.Close;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.ErrorMessage;
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
import org.sled.net.protocol.ServerTimes;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenBias;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;
import org.sled.net.protocol.Waiting;
import org.sled.net.protocol.Welcome;

/**
 * Writes cold messages as frames; the layouts are in PROTOCOL.md. Hot frames are written by their
 * own classes. Without state: any thread may call it.
 */
public final class FrameEncoder {
  private static final int INITIAL_BYTES = 128;
  private static final int VOCABULARY_PART_HEAD_BYTES = 12;

  private FrameEncoder() {}

  /** A new direct buffer that holds the message's frame; the caller owns it. */
  public static ByteBuf encode(ByteBufAllocator allocator, Message message) {
    ByteBuf out = allocator.directBuffer(INITIAL_BYTES);
    try {
      write(message, out);
      return out.retain();
    } finally {
      out.release();
    }
  }

  /** Appends the message's frame. */
  public static void write(Message message, ByteBuf out) {
    int start = out.writerIndex();
    FrameHeader.write(out, 0, message.type(), sessionOf(message), roundOf(message));
    writeBody(message, out);
    pad(out, start);
    out.setIntLE(start + FrameHeader.LENGTH_OFFSET, out.writerIndex() - start);
  }

  /**
   * The frame of a {@link VocabularyPart} around bytes that are not copied: however many of them
   * wait to be sent, they take up nothing. The caller owns it.
   *
   * @param vocabulary the whole, direct
   * @param offset of the part
   * @param count bytes of the part
   */
  public static ByteBuf encodeVocabularyPart(
      ByteBufAllocator allocator, ByteBuf vocabulary, int offset, int count) {
    int padding = -count & (Protocol.ALIGNMENT_BYTES - 1);
    ByteBuf head = allocator.directBuffer(FrameHeader.BYTES + VOCABULARY_PART_HEAD_BYTES);
    int length = head.capacity() + count + padding;
    FrameHeader.write(head, length, FrameType.VOCABULARY_PART, 0, 0);
    writeVocabularyPartHead(vocabulary.readableBytes(), offset, count, head);
    return allocator
        .compositeDirectBuffer(3)
        .addComponent(true, head)
        .addComponent(true, vocabulary.retainedSlice(vocabulary.readerIndex() + offset, count))
        .addComponent(true, allocator.directBuffer(Protocol.ALIGNMENT_BYTES).writeZero(padding));
  }

  private static void writeVocabularyPartHead(int total, int offset, int count, ByteBuf out) {
    out.writeIntLE(total);
    out.writeIntLE(offset);
    out.writeIntLE(count);
  }

  private static int sessionOf(Message message) {
    if (message instanceof Open open) {
      return open.session();
    } else if (message instanceof Opened opened) {
      return opened.session();
    } else if (message instanceof Push push) {
      return push.session();
    } else if (message instanceof Cancel cancel) {
      return cancel.session();
    } else if (message instanceof Close close) {
      return close.session();
    } else if (message instanceof Closed closed) {
      return closed.session();
    } else if (message instanceof ErrorMessage error) {
      return error.session();
    } else if (message instanceof Resume resume) {
      return resume.session();
    } else if (message instanceof Waiting waiting) {
      return waiting.session();
    }
    return 0;
  }

  private static int roundOf(Message message) {
    return message instanceof ErrorMessage error ? error.round() : 0;
  }

  private static void writeBody(Message message, ByteBuf out) {
    if (message instanceof Hello hello) {
      writeHello(hello, out);
    } else if (message instanceof Welcome welcome) {
      writeWelcome(welcome, out);
    } else if (message instanceof VocabularyRequest request) {
      out.writeIntLE(request.offset());
      out.writeIntLE(request.mostBytes());
    } else if (message instanceof VocabularyPart part) {
      ByteBuffer bytes = part.bytes();
      writeVocabularyPartHead(part.totalBytes(), part.offset(), bytes.remaining(), out);
      out.writeBytes(bytes);
    } else if (message instanceof Open open) {
      writeOpenHead(open, out);
      writeTokens(open, false, out);
    } else if (message instanceof Resume resume) {
      writeOpenHead(resume.open(), out);
      out.writeIntLE(resume.first());
      out.writeLongLE(resume.digest());
      writeTokens(resume.open(), !resume.secret().isNone(), out);
      if (!resume.secret().isNone()) {
        writeSecret(resume.secret(), out);
      }
    } else if (message instanceof Opened opened) {
      writeOpened(opened, out);
    } else if (message instanceof Push push) {
      out.writeIntLE(push.epoch());
      out.writeIntLE(push.kvOffset());
      out.writeIntLE(push.credit());
    } else if (message instanceof Cancel cancel) {
      out.writeIntLE(cancel.epoch());
    } else if (message instanceof Close close) {
      out.writeIntLE(close.epoch());
    } else if (message instanceof Closed closed) {
      out.writeIntLE(closed.epoch());
      out.writeIntLE(closed.committedLength());
    } else if (message instanceof Waiting waiting) {
      out.writeIntLE(waiting.epoch());
      out.writeIntLE(waiting.place());
      out.writeIntLE(waiting.estimateMillis());
    } else if (message instanceof Ping ping) {
      out.writeLongLE(ping.nonce());
      out.writeLongLE(ping.senderNanos());
    } else if (message instanceof Pong pong) {
      out.writeLongLE(pong.nonce());
      out.writeLongLE(pong.senderNanos());
    } else if (message instanceof GoAway goAway) {
      out.writeShortLE(goAway.reason().number());
      out.writeShortLE(0);
      out.writeIntLE(goAway.graceMillis());
      writeText(goAway.text(), Limits.TEXT_BYTES, out);
    } else if (message instanceof Redirect redirect) {
      out.writeShortLE(redirect.port());
      out.writeShortLE(0);
      writeText(redirect.host(), Redirect.HOST_BYTES, out);
    } else if (message instanceof ErrorMessage error) {
      out.writeShortLE(error.code().number());
      out.writeByte(error.fatal() ? 1 : 0);
      out.writeByte(0);
      out.writeIntLE(error.retryAfterMillis());
      writeText(error.text(), Limits.TEXT_BYTES, out);
    }
  }

  private static void writeHello(Hello hello, ByteBuf out) {
    out.writeIntLE(Protocol.MAGIC);
    out.writeShortLE(hello.minVersion());
    out.writeShortLE(hello.maxVersion());
    out.writeIntLE(hello.flags());
    writeFingerprint(hello.fingerprint(), out);
    writeText(hello.authToken(), Limits.AUTH_TOKEN_BYTES, out);
    writeText(hello.clientName(), Limits.NAME_BYTES, out);
  }

  private static void writeWelcome(Welcome welcome, ByteBuf out) {
    out.writeShortLE(welcome.version());
    out.writeShortLE(0);
    out.writeIntLE(welcome.flags());
    Limits limits = welcome.limits();
    out.writeIntLE(limits.maxSessionsPerConnection());
    out.writeIntLE(limits.maxPromptTokens());
    out.writeIntLE(limits.contextTokens());
    out.writeIntLE(limits.maxDraftTokens());
    out.writeIntLE(limits.maxFrameBytes());
    out.writeIntLE(welcome.pingIntervalMillis());
    out.writeIntLE(welcome.sessionsInUse());
    out.writeIntLE(welcome.sessionsTotal());
    out.writeLongLE(welcome.numericsId());
    writeFingerprint(welcome.fingerprint(), out);
    writeText(welcome.serverName(), Limits.NAME_BYTES, out);
    writeText(welcome.modelName(), Limits.NAME_BYTES, out);
    writeText(welcome.chatTemplate(), Limits.CHAT_TEMPLATE_BYTES, out);
    out.writeBytes(welcome.vocabularyDigest().toBytes());
    EndTokens ends = welcome.endTokens();
    if (ends.areKnown()) {
      out.writeIntLE(ends.beginToken());
      out.writeIntLE(ends.endToken());
      out.writeIntLE(ends.flags());
    }
  }

  private static void writeOpenHead(Open open, ByteBuf out) {
    out.writeIntLE(open.epoch());
    out.writeIntLE(open.maxTokens());
    out.writeIntLE(open.flags());
    Sampling sampling = open.sampling();
    out.writeFloatLE(sampling.temperature());
    out.writeIntLE(sampling.topK());
    out.writeFloatLE(sampling.topP());
    out.writeFloatLE(sampling.minP());
    out.writeFloatLE(sampling.repeatPenalty());
    out.writeFloatLE(sampling.presencePenalty());
    out.writeFloatLE(sampling.frequencyPenalty());
    out.writeIntLE(sampling.penaltyLastN());
    out.writeLongLE(sampling.seed());
    out.writeZero(4);
    out.writeIntLE(open.promptTokensTotal());
  }

  private static void writeTokens(Open open, boolean isFollowed, ByteBuf out) {
    TokenIds prompt = open.prompt();
    out.writeIntLE(prompt.count());
    for (int i = 0; i < prompt.count(); i++) {
      out.writeIntLE(prompt.id(i));
    }
    writeLogitBias(open.sampling().logitBias(), isFollowed, out);
  }

  /** Where it is empty, and nothing follows, the frame ends before it, as in its first layout. */
  private static void writeLogitBias(List<TokenBias> logitBias, boolean isFollowed, ByteBuf out) {
    if (logitBias.isEmpty() && !isFollowed) {
      return;
    }
    out.writeIntLE(logitBias.size());
    for (TokenBias entry : logitBias) {
      out.writeIntLE(entry.token());
      out.writeFloatLE(entry.bias());
    }
  }

  private static void writeOpened(Opened opened, ByteBuf out) {
    ServerTimes.write(
        out,
        opened.epoch(),
        opened.price(),
        opened.alone(),
        opened.commonDrafts(),
        opened.queueMicros(),
        opened.computeMicros(),
        opened.overheadMicros());
    out.writeIntLE(opened.committedLength());
    out.writeIntLE(opened.firstToken());
    out.writeByte(opened.finishReason().number());
    out.writeZero(3);
    writeSecret(opened.secret(), out);
  }

  private static void writeSecret(StreamSecret secret, ByteBuf out) {
    out.writeLongLE(secret.high());
    out.writeLongLE(secret.low());
  }

  private static void writeFingerprint(TokenizerFingerprint fingerprint, ByteBuf out) {
    out.writeIntLE(fingerprint.vocabularySize());
    out.writeLongLE(fingerprint.tokensHash());
    out.writeLongLE(fingerprint.mergesHash());
    out.writeLongLE(fingerprint.specialsHash());
    out.writeLongLE(fingerprint.pretokenizerHash());
  }

  /** A text is its length in bytes (u32), its UTF-8, and zeros up to a multiple of 4. */
  private static void writeText(String text, int maxBytes, ByteBuf out) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (utf8.length > maxBytes) {
      throw new IllegalArgumentException("text of " + utf8.length + " bytes, above " + maxBytes);
    }
    out.writeIntLE(utf8.length);
    int start = out.writerIndex();
    out.writeBytes(utf8);
    pad(out, start);
  }

  private static void pad(ByteBuf out, int start) {
    int over = (out.writerIndex() - start) % Protocol.ALIGNMENT_BYTES;
    if (over != 0) {
      out.writeZero(Protocol.ALIGNMENT_BYTES - over);
    }
  }
}
