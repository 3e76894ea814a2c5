package org.sled.device.link;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.sled.device.ConnectionLostException;
import org.sled.device.ServerFaultException;
import org.sled.device.SledClientException;
import org.sled.net.client.ClientConnection;
import org.sled.net.protocol.ErrorMessage;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.VocabularyPart;
import org.sled.net.protocol.VocabularyRequest;

/**
 * Gets the target's vocabulary over a connection, part by part, each asked for when the one before
 * it is written. One thread runs it; answers come from the connection's event loop.
 */
public final class VocabularyDownload {
  /** One answer at a time is asked for; an error and the connection's end may come beside it. */
  private static final int MOST_ANSWERS = 4;

  /**
   * Parts that may come beside those of at least {@link #USUAL_PART_BYTES}: a server whose parts
   * are all smaller would keep us asking, as it seems without end.
   */
  private static final int MOST_SMALL_PARTS = 64;

  /** A quarter of the smallest frame that a server may ask for. */
  private static final int USUAL_PART_BYTES = Limits.HANDSHAKE_FRAME_BYTES / 4;

  private final BlockingQueue<Object> answers = new ArrayBlockingQueue<>(MOST_ANSWERS);

  /** A part, or what the server says of the connection; what nobody asked for is dropped. */
  void onAnswer(Object partOrError) {
    answers.offer(partOrError);
  }

  /** The connection is gone. */
  void onLost(String reason) {
    answers.clear();
    answers.offer(new ConnectionLostException(reason));
  }

  /**
   * Writes the whole.
   *
   * @param timeout for each part
   * @throws IOException if it cannot be written
   * @throws SledClientException if the server refuses, contradicts itself or is gone
   */
  public void run(ClientConnection connection, OutputStream out, Duration timeout)
      throws IOException, InterruptedException {
    int offset = 0;
    int total = -1; // not known yet
    int smallParts = 0;
    while (offset != total) {
      connection.send(new VocabularyRequest(offset, Limits.VOCABULARY_PART_BYTES));
      VocabularyPart part = next(timeout);
      ByteBuffer bytes = part.bytes();
      boolean isNext = part.offset() == offset && bytes.hasRemaining();
      if (!isNext || (total >= 0 && part.totalBytes() != total)) {
        throw new ServerFaultException(
            "the server's vocabulary does not add up: it sent "
                + bytes.remaining()
                + " bytes from "
                + part.offset()
                + " of "
                + part.totalBytes()
                + ", at "
                + offset
                + (total < 0 ? "" : " of " + total));
      }
      total = part.totalBytes();
      if (total > Limits.VOCABULARY_BYTES) {
        throw new ServerFaultException(
            "the server's vocabulary has "
                + total
                + " bytes, above "
                + Limits.VOCABULARY_BYTES
                + "; use a draft model");
      }
      if (bytes.remaining() < USUAL_PART_BYTES && ++smallParts > MOST_SMALL_PARTS) {
        throw new ServerFaultException(
            "the server's vocabulary does not add up: it comes by a few bytes, so far "
                + offset
                + " of "
                + total);
      }
      byte[] chunk = new byte[bytes.remaining()];
      bytes.get(chunk);
      out.write(chunk);
      offset += chunk.length;
    }
  }

  private VocabularyPart next(Duration timeout) throws InterruptedException {
    Object answer = answers.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
    if (answer instanceof VocabularyPart part) {
      return part;
    }
    if (answer instanceof ErrorMessage error) {
      throw Refusals.of(error);
    }
    if (answer instanceof ConnectionLostException lost) {
      throw lost;
    }
    throw new ConnectionLostException(
        "no part of the vocabulary came within " + timeout.toMillis() + " ms");
  }
}
