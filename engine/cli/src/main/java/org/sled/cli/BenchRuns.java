package org.sled.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sled.bench.load.BenchDevice;
import org.sled.bench.load.BenchRequest;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.LoadRunner;
import org.sled.bench.load.PromptFile;
import org.sled.bench.load.Workload;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.report.RunRecord;
import org.sled.bench.sled.FleetOptions;
import org.sled.bench.sled.SledFleet;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceRecorder;
import org.sled.device.Prompts;
import org.sled.device.ServerInfo;
import org.sled.jni.ChatMessage;
import org.sled.jni.Model;
import org.sled.net.channel.EmulatedLink;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenIds;

/** Runs of a bench with our own daemon, one after another. */
final class BenchRuns {
  private static final int DEFAULT_MAX_TOKENS = 128;

  private final Surroundings surroundings;
  private final BenchDeviceOptions device;
  private final BenchLoadOptions load;
  private final BenchCommand.Mode mode;
  private final Model model; // null for a replay
  private final DraftTrace trace; // null for real drafts
  private final Sampling sampling;
  private final String authToken;

  private ServerInfo server;
  private int devices;
  private long tokens;

  BenchRuns(
      Surroundings surroundings,
      BenchDeviceOptions device,
      BenchLoadOptions load,
      BenchCommand.Mode mode,
      Model model,
      DraftTrace trace,
      Sampling sampling,
      String authToken) {
    this.surroundings = surroundings;
    this.device = device;
    this.load = load;
    this.mode = mode;
    this.model = model;
    this.trace = trace;
    this.sampling = sampling;
    this.authToken = authToken;
  }

  /** What the server of the last run said of itself. */
  ServerInfo server() {
    return server;
  }

  /** Tokens of all runs so far, warm-ups included. */
  long tokens() {
    return tokens;
  }

  /** Devices of the last run. */
  int devices() {
    return devices;
  }

  /**
   * One run.
   *
   * @param rttMillis emulated round trip time
   * @param recorder null for none
   * @param label stands before lines of progress
   */
  RunOutcome run(
      BenchServer daemon, LoadPlan plan, double rttMillis, TraceRecorder recorder, String label)
      throws InterruptedException, IOException {
    try (EmulatedLink link = device.link(rttMillis, plan.seed());
        SledFleet fleet = new SledFleet(fleetOptions(daemon, link), plan.devices())) {
      server = fleet.server();
      devices = plan.devices();
      Workload workload = trace == null ? workload() : trace.workload(orZero(load.maxTokens()));
      double cpuBefore = daemon.cpuSeconds();
      RunRecord record = new RunRecord();
      BenchProgress progress = new BenchProgress(surroundings, plan, label, record);
      LoadRunner runner =
          new LoadRunner(workload, plan, load.goodput(), fleet.devices(), recorder, progress);
      progress.watch(runner.meters());
      try {
        runner.run();
      } finally {
        progress.end();
      }
      tokens += runner.meters().tokensSoFar();
      return new RunOutcome(
          record,
          runner.meters(),
          fleet.devices().stream().mapToLong(BenchDevice::bytesUp).sum(),
          fleet.devices().stream().mapToLong(BenchDevice::bytesDown).sum(),
          daemon.cpuSeconds() - cpuBefore,
          fleet.divergences());
    }
  }

  /** Every prompt once, on one device; for a recording. */
  void recordAll(BenchServer daemon, TraceRecorder recorder)
      throws InterruptedException, IOException {
    try (SledFleet fleet = new SledFleet(fleetOptions(daemon, null), 1)) {
      server = fleet.server();
      devices = 1;
      Workload workload = workload();
      LoadPlan once = load.once(workload.templates().size());
      RunRecord record = new RunRecord();
      BenchProgress progress = new BenchProgress(surroundings, once, "recording: ", record);
      LoadRunner runner =
          new LoadRunner(workload, once, load.goodput(), fleet.devices(), recorder, progress);
      progress.watch(runner.meters());
      try {
        runner.run();
      } finally {
        progress.end();
      }
    }
  }

  /** Tokens of each session of a server. */
  int contextTokens(BenchServer daemon) throws InterruptedException {
    if (server == null) {
      try (SledFleet fleet = new SledFleet(fleetOptions(daemon, null), 1)) {
        server = fleet.server();
      }
    }
    return server.contextTokens();
  }

  private static int orZero(Integer value) {
    return value == null ? 0 : value;
  }

  private FleetOptions fleetOptions(BenchServer daemon, EmulatedLink link) {
    return new FleetOptions(
        daemon.address().host(),
        daemon.address().port(),
        authToken,
        model,
        trace,
        mode == BenchCommand.Mode.CENTRAL ? 0 : device.draftTokens(),
        device.draftThreads(),
        device.tokensPerSecond(),
        // The devices of a fleet draft on processors of their own.
        true,
        link);
  }

  private Workload workload() throws IOException {
    List<PromptFile.Prompt> prompts = new ArrayList<>();
    if (load.prompts() != null) {
      prompts.addAll(PromptFile.read(load.prompts()));
    } else {
      for (int i = 0; i < DemoPrompts.count(); i++) {
        prompts.add(PromptFile.Prompt.ofText(DemoPrompts.get(i)));
      }
    }
    int maxTokens = maxTokens();
    List<BenchRequest> requests = new ArrayList<>();
    for (PromptFile.Prompt prompt : prompts) {
      int number = requests.size();
      requests.add(
          new BenchRequest(
              0,
              number,
              TokenIds.of(tokens(prompt)),
              maxTokens,
              load.ignoreEnd(),
              // Another text for each prompt, the same one each time that it comes round.
              sampling.withSeed(sampling.seed() + number)));
    }
    return new Workload(requests);
  }

  /** New tokens of a request at most; null where the trace says it. */
  Integer maxTokens() {
    if (load.maxTokens() == null && trace == null) {
      return DEFAULT_MAX_TOKENS;
    }
    return load.maxTokens();
  }

  private int[] tokens(PromptFile.Prompt prompt) {
    if (prompt.tokens() != null) {
      return prompt.tokens();
    }
    if (load.raw() && prompt.text() != null) {
      return Prompts.raw(model, prompt.text());
    }
    if (server.chatTemplate().isEmpty()) {
      throw new CommandFailure("the target has no chat template: send it raw texts with --raw");
    }
    List<ChatMessage> messages =
        prompt.messages() == null
            ? List.of(new ChatMessage("user", prompt.text()))
            : prompt.messages();
    return Prompts.chat(model, server.chatTemplate(), messages);
  }

  /** The server, for the report. */
  Map<String, Object> describe(BenchServer daemon) {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("address", daemon.address().toString());
    description.put("name", server.serverName());
    description.put("model", server.modelName());
    description.put("numerics", NumericsChoice.word(server.exactNumerics()));
    description.put("numerics_id", String.format("%016x", server.numericsId()));
    description.put("sessions", server.sessionsTotal());
    description.put("context_tokens", server.contextTokens());
    description.put("max_draft_tokens", server.maxDraftTokens());
    description.put("command", daemon.command());
    return description;
  }
}
