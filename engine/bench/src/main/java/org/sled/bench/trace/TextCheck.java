package org.sled.bench.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.LoadRunner;
import org.sled.device.GenerationListener;

/** Compares what is generated with the texts of a trace. Any thread. */
public final class TextCheck implements LoadRunner.RequestRecorder {
  private final DraftTrace trace;
  private final LongAdder same = new LongAdder();
  private final LongAdder compared = new LongAdder();

  /** A check against a trace. */
  public TextCheck(DraftTrace trace) {
    this.trace = trace;
  }

  /** Collects one text. One thread at a time. */
  private static final class Text implements GenerationListener {
    private final List<Integer> tokens = new ArrayList<>();

    @Override
    public void tokens(long nanos, int... ids) {
      for (int id : ids) {
        tokens.add(id);
      }
    }
  }

  @Override
  public GenerationListener begin(BenchRequest request) {
    return new Text();
  }

  @Override
  public void done(BenchRequest request, GenerationListener listener, boolean measured) {
    TraceStream stream = trace.find(request.prompt(), request.sampling());
    if (stream == null) {
      return;
    }
    compared.increment();
    List<Integer> tokens = ((Text) listener).tokens;
    boolean equal = tokens.size() == Math.min(request.maxTokens(), stream.tokens().length);
    for (int i = 0; equal && i < tokens.size(); i++) {
      // A peer that does not name a token's id (negative) is taken at its word.
      equal = tokens.get(i) < 0 || tokens.get(i) == stream.tokens()[i];
    }
    if (equal) {
      same.increment();
    }
  }

  /** Share of the generations that are those of the trace, token by token; NaN without any. */
  public double sameShare() {
    return same.doubleValue() / compared.doubleValue();
  }
}
