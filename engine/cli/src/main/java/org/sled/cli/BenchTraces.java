package org.sled.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceFile;
import org.sled.bench.trace.TraceRecorder;
import org.sled.jni.Model;

/** Traces of a bench: read, recorded, written. */
final class BenchTraces {
  private final Surroundings surroundings;
  private final BenchDeviceOptions device;

  BenchTraces(Surroundings surroundings, BenchDeviceOptions device) {
    this.surroundings = surroundings;
    this.device = device;
  }

  /**
   * Reads a trace.
   *
   * @throws CommandFailure if it cannot be read, or is none
   */
  static DraftTrace read(Path file) {
    try {
      return TraceFile.read(file);
    } catch (IOException e) {
      throw new CommandFailure("cannot replay: " + e.getMessage());
    }
  }

  /**
   * Records every prompt, one device at a time: its times are those of one that nobody disturbs.
   */
  DraftTrace recordAll(BenchServer server, BenchRuns runs, Model model)
      throws IOException, InterruptedException {
    surroundings.err().println("recording drafts, one device at a time ...");
    TraceRecorder recorder = new TraceRecorder();
    runs.recordAll(server, recorder);
    return finish(recorder, model, runs);
  }

  /** Has the draft model propose at every position of what was heard, and writes the trace. */
  DraftTrace finish(TraceRecorder recorder, Model model, BenchRuns runs)
      throws IOException, InterruptedException {
    surroundings.err().printf("recording drafts of %d generations ...%n", recorder.count());
    Progress.Counter counter = new Progress.Counter("recording drafts");
    DraftTrace trace;
    Progress progress = Progress.of(surroundings, counter);
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
    surroundings
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
