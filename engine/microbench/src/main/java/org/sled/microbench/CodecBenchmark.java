package org.sled.microbench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.sled.net.codec.FrameDecoder;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/** Writing and reading the two frames of a round. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark {
  @Param({"4", "16"})
  private int drafts;

  private ByteBuf frame;
  private ByteBuf verdict;
  private final DraftFrame draftView = new DraftFrame();
  private final VerdictFrame verdictView = new VerdictFrame();
  private EmbeddedChannel decoder;

  /** Frames as they come from the wire. */
  @Setup
  public void setUp() {
    frame = PooledByteBufAllocator.DEFAULT.directBuffer(256);
    verdict = PooledByteBufAllocator.DEFAULT.directBuffer(256);
    writeDraft();
    writeVerdict();
    decoder = new EmbeddedChannel(new FrameDecoder(FrameDecoder.Side.CLIENT));
  }

  /** Gives the buffers back. */
  @TearDown
  public void tearDown() {
    frame.release();
    verdict.release();
    decoder.finishAndReleaseAll();
  }

  /** A device writes a block. */
  @Benchmark
  public ByteBuf writeDraft() {
    frame.clear();
    DraftFrame.writeHead(frame, 1, 2, 1, 100, 0, 0, drafts, 7);
    for (int i = 0; i < drafts; i++) {
      frame.writeIntLE(1000 + i);
    }
    return frame;
  }

  /** The server reads a block where it lies. */
  @Benchmark
  public long readDraft() {
    draftView.wrap(frame);
    return draftView.kvOffset() + draftView.draftCount() + draftView.parentToken();
  }

  /** The server writes a verdict. */
  @Benchmark
  public ByteBuf writeVerdict() {
    verdict.clear();
    VerdictFrame.write(
        verdict,
        1,
        2,
        1,
        0f,
        0f,
        0,
        10,
        2000,
        VerdictStatus.VERIFIED,
        FinishReason.NONE,
        20,
        drafts,
        drafts,
        7,
        120);
    return verdict;
  }

  /** A device reads a verdict where it lies. */
  @Benchmark
  public long readVerdict() {
    verdictView.wrap(verdict);
    return verdictView.accepted() + verdictView.nextToken() + verdictView.committedLength();
  }

  /** A verdict through the decoder of a connection: framing, bounds, a slice. */
  @Benchmark
  public boolean decodeVerdict() {
    decoder.writeInbound(verdict.retainedDuplicate());
    ByteBuf decoded = decoder.readInbound();
    return decoded.release();
  }
}
