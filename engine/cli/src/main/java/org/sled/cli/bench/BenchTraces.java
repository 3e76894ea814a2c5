package org.sled.cli.bench;

import java.io.IOException;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceFile;
import org.sled.bench.trace.TraceRecorder;
import org.sled.cli.bench.options.BenchDeviceOptions;
import org.sled.cli.command.CommandContext;
import org.sled.cli.output.Progress;
import org.sled.jni.Model;

/** Traces that a bench records and writes. */
final class BenchTraces {
  private final CommandContext context;
  private final BenchDeviceOptions device;

  BenchTraces(CommandContext context, BenchDeviceOptions device) {
    this.context = context;
    this.device = device;
  }

  /**
   * Records every prompt, one device at a time: its times are those of one that nobody disturbs.
   */
  DraftTrace recordAll(BenchServer server, BenchRuns runs, Model model)
      throws IOException, InterruptedException {
    context.err().println("recording drafts, one device at a time ...");
    TraceRecorder recorder = new TraceRecorder();
    runs.recordAll(server, recorder);
    return finish(recorder, model, runs);
  }

  /** Has the draft model propose at every position of what was heard, and writes the trace. */
  DraftTrace finish(TraceRecorder recorder, Model model, BenchRuns runs)
      throws IOException, InterruptedException {
    context.err().printf("recording drafts of %d generations ...%n", recorder.count());
    Progress.Counter counter = new Progress.Counter("recording drafts");
    DraftTrace trace;
    Progress progress = Progress.of(context, counter);
    try (progress) {
      trace =
          recorder.finish(
              model,
              runs.draftTokens(),
              device.model(),
              device.draftThreads(),
              runs.devices(),
              runs.server(),
              (done, all) -> counter.at(done, all, "positions"));
    }
    if (device.record() != null) {
      TraceFile.write(device.record(), trace);
    }
    context
        .err()
        .printf(
            "%s: %d generations, %d positions, up to %d drafts at each%n",
            device.record() == null ? "recorded" : device.record(),
            trace.streams().size(),
            trace.positions(),
            TraceRecorder.DEPTH);
    return trace;
  }
}
