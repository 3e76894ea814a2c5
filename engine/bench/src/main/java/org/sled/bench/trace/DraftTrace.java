package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.Workload;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** A trace in memory: its generations, found by what was asked for. Immutable; any thread. */
public final class DraftTrace {
  private static final double NANOS_PER_MICRO = 1e3;

  private final TraceHeader header;
  private final List<TraceStream> streams;
  private final Map<Key, TraceStream> byRequest = new HashMap<>();
  private final double meanDraftMicros; // of the first ones of blocks; 0: not known

  /** What decides a text. */
  private record Key(TokenIds prompt, Sampling sampling) {}

  DraftTrace(TraceHeader header, List<TraceStream> streams) {
    this.header = header;
    this.streams = List.copyOf(streams);
    for (TraceStream stream : streams) {
      byRequest.put(new Key(TokenIds.of(stream.prompt()), stream.sampling()), stream);
    }
    meanDraftMicros =
        streams.stream()
            .flatMapToInt(stream -> Arrays.stream(stream.firstMicros()))
            .filter(micros -> micros > 0)
            .average()
            .orElse(0);
  }

  /** What it is of. */
  public TraceHeader header() {
    return header;
  }

  /** Its generations. */
  public List<TraceStream> streams() {
    return streams;
  }

  /** The generation of this prompt and sampling; null if there is none. */
  public TraceStream find(TokenIds prompt, Sampling sampling) {
    return byRequest.get(new Key(prompt, sampling));
  }

  /**
   * As many generations as are wanted: its own ones, over and over. Prompts that come again differ
   * from those before in one token, behind what they begin with in common with other prompts: so a
   * simulated server shares of them what real ones of so many prompts would have in common, such as
   * a template's beginning, and not all of a prompt.
   */
  public DraftTrace repeated(int count) {
    List<TraceStream> all = new ArrayList<>();
    Set<TokenIds> prompts = new HashSet<>();
    streams.forEach(stream -> prompts.add(TokenIds.of(stream.prompt())));
    int vocabulary = header.fingerprint().vocabularySize();
    for (int i = 0; i < count; i++) {
      TraceStream stream = streams.get(i % streams.size());
      if (i < streams.size()) {
        all.add(stream);
        continue;
      }
      int[] prompt = stream.prompt().clone();
      int place = Math.min(commonTokens(stream), prompt.length - 1);
      do {
        prompt[place] = (prompt[place] + 1) % vocabulary;
      } while (!prompts.add(TokenIds.of(prompt)));
      all.add(stream.withPrompt(prompt));
    }
    return new DraftTrace(header, all);
  }

  /** Tokens that a prompt begins with as another one does. */
  private int commonTokens(TraceStream stream) {
    int most = 0;
    for (TraceStream other : streams) {
      // Below 0 for equal ones, its own among them.
      most = Math.max(most, Arrays.mismatch(stream.prompt(), other.prompt()));
    }
    return most;
  }

  /**
   * The requests that were recorded, to be asked again.
   *
   * @param mostTokens new tokens at most, 0 for as many as were recorded
   */
  public Workload workload(int mostTokens) {
    List<BenchRequest> requests = new ArrayList<>();
    for (TraceStream stream : streams) {
      // One that ended by itself ends by itself again; one that was cut is cut there again.
      int recorded = stream.tokens().length;
      int limit = mostTokens == 0 ? recorded : Math.min(mostTokens, recorded);
      requests.add(
          new BenchRequest(
              0,
              stream.promptNumber(),
              TokenIds.of(stream.prompt()),
              limit,
              stream.ignoreEnd(),
              stream.sampling()));
    }
    return new Workload(requests);
  }

  /** Positions with drafts, of all generations. */
  public long positions() {
    return streams.stream().mapToLong(stream -> stream.tokens().length).sum();
  }

  /**
   * What a device takes to work on the whole prompt of a generation, ns: as much longer or shorter
   * than was recorded as a draft takes it.
   *
   * @param draftNanos what a draft takes the device; 0 for the recorded one
   */
  public long promptNanos(TraceStream stream, long draftNanos) {
    double recorded = TimeUnit.MICROSECONDS.toNanos(Math.max(0, stream.prefillMicros()));
    boolean isOther = draftNanos > 0 && meanDraftMicros > 0;
    return (long)
        (isOther ? recorded * draftNanos / (NANOS_PER_MICRO * meanDraftMicros) : recorded);
  }

  /** Tokens before a position of the texts, on average. */
  public int meanContextTokens() {
    double sum = 0;
    for (TraceStream stream : streams) {
      double generated = stream.tokens().length;
      sum += generated * (stream.prompt().length + generated / 2);
    }
    return (int) (sum / Math.max(1, positions()));
  }
}
