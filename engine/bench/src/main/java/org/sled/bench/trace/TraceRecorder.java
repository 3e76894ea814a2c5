package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.LoadRunner;
import org.sled.device.GenerationListener;
import org.sled.device.RoundTimes;
import org.sled.device.ServerInfo;
import org.sled.device.draft.DraftTokens;
import org.sled.jni.Model;

/**
 * Records a trace: listens to a run with real devices for what the target says and how long drafts
 * take, and afterwards has the draft model propose at every position. Any thread listens; the rest
 * is one thread's.
 */
public final class TraceRecorder implements LoadRunner.RequestRecorder {
  /** Drafts per position. */
  public static final int DEPTH = 16;

  private final Map<List<Object>, Recording> recordings = new LinkedHashMap<>();
  private final int depth;

  /** A recorder that heard nothing yet. */
  public TraceRecorder() {
    this(DEPTH);
  }

  /**
   * The same, for fewer drafts.
   *
   * @param depth drafts per position at most
   */
  public TraceRecorder(int depth) {
    this.depth = depth;
  }

  /** Listens to one generation. One thread at a time. */
  static final class Recording implements GenerationListener {
    final BenchRequest request;
    final List<Integer> tokens = new ArrayList<>();
    final List<LiveBlock> blocks = new ArrayList<>();
    boolean measured; // guarded by the recorder

    /** A block that a device drafted: behind so many new tokens, so many drafts, in such a time. */
    record LiveBlock(int generated, int drafted, long nanos) {}

    Recording(BenchRequest request) {
      this.request = request;
    }

    @Override
    public void tokens(long nanos, int... ids) {
      for (int id : ids) {
        tokens.add(id);
      }
    }

    @Override
    public void round(RoundTimes times) {
      blocks.add(new LiveBlock(tokens.size(), times.drafted(), times.draftNanos()));
    }
  }

  @Override
  public GenerationListener begin(BenchRequest request) {
    return new Recording(request);
  }

  /**
   * Keeps one generation of each text, with the blocks of all of its measured ones: their times are
   * those of the run, and a single one's would be chance. Those of the warm-up count only where
   * there is nothing else.
   */
  @Override
  public synchronized void done(
      BenchRequest request, GenerationListener listener, boolean measured) {
    Recording recording = (Recording) listener;
    List<Object> text = List.of(request.prompt(), request.sampling());
    Recording known = recordings.get(text);
    if (known != null && !measured) {
      return;
    }
    if (known != null && known.measured) {
      known.blocks.addAll(recording.blocks);
      return;
    }
    recording.measured = measured;
    recordings.put(text, recording);
  }

  /** Generations that ended so far. */
  public synchronized int count() {
    return recordings.size();
  }

  /**
   * Has the draft model propose at every position. Takes as long as drafting a token at each, and
   * {@link #DEPTH} of them, or as many as was said, behind those where the first proposal is wrong.
   *
   * @param draftModel the one that the devices drafted with
   * @param draftTokens which of the target's tokens it knows; null: all
   * @param threads of its context
   * @param devices that drafted at a time
   * @param progress is told how many positions of how many are done
   * @throws InterruptedException if the thread was interrupted
   */
  public synchronized DraftTrace finish(
      Model draftModel,
      DraftTokens draftTokens,
      String draftName,
      int threads,
      int devices,
      ServerInfo server,
      BiConsumer<Integer, Integer> progress)
      throws InterruptedException {
    List<TraceStream> streams = new ArrayList<>();
    int all = recordings.values().stream().mapToInt(recording -> recording.tokens.size()).sum();
    int[] done = new int[1];
    try (PositionDrafts drafts =
        new PositionDrafts(draftModel, draftTokens, server.contextTokens(), threads, depth)) {
      for (Recording recording : recordings.values()) {
        if (!recording.tokens.isEmpty()) {
          streams.add(drafts.of(recording, () -> progress.accept(++done[0], all)));
        }
      }
    }
    return new DraftTrace(
        new TraceHeader(
            TraceHeader.FORMAT,
            TraceHeader.VERSION,
            draftName,
            server.modelName(),
            String.format("%016x", server.numericsId()),
            server.fingerprint(),
            depth,
            devices),
        streams);
  }
}
