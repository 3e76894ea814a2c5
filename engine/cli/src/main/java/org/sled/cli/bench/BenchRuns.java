package org.sled.cli.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.Workload;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.sled.FleetOptions;
import org.sled.bench.sled.SledFleet;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TraceRecorder;
import org.sled.cli.bench.options.BenchDeviceOptions;
import org.sled.cli.bench.options.BenchLoadOptions;
import org.sled.cli.bench.options.BenchSettings;
import org.sled.cli.command.CommandContext;
import org.sled.cli.options.NumericsChoice;
import org.sled.device.ServerInfo;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.DraftTokens;
import org.sled.device.draft.Drafting;
import org.sled.jni.Model;
import org.sled.net.channel.EmulatedLink;
import org.sled.net.protocol.Sampling;

/** Runs of a bench with our own daemon, one after another. */
final class BenchRuns {
  private final CommandContext context;
  private final BenchDeviceOptions device;
  private final BenchLoadOptions load;
  private final BenchCommand.Mode mode;
  private final Model model; // null for a replay
  private final DraftTrace trace; // null for real drafts
  private final BenchWorkload workload;
  private final String authToken;

  private ServerInfo server;
  private DraftTokens draftTokens;
  private int devices;
  private long tokens;

  BenchRuns(
      CommandContext context,
      BenchDeviceOptions device,
      BenchLoadOptions load,
      BenchCommand.Mode mode,
      Model model,
      DraftTrace trace,
      Sampling sampling,
      String authToken) {
    this.context = context;
    this.device = device;
    this.load = load;
    this.mode = mode;
    this.model = model;
    this.trace = trace;
    this.authToken = authToken;
    workload = new BenchWorkload(load, trace, sampling);
  }

  /** What the server of the last run said of itself. */
  ServerInfo server() {
    return server;
  }

  /** Which of the target's tokens the draft model of the last run knows; null: all. */
  DraftTokens draftTokens() {
    return draftTokens;
  }

  /** Tokens of all runs so far, warm-ups included. */
  long tokens() {
    return tokens;
  }

  /** Devices of the last run. */
  int devices() {
    return devices;
  }

  /** New tokens of a request at most; null where the trace says it. */
  Integer maxTokens() {
    return workload.maxTokens();
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
        SledFleet fleet =
            new SledFleet(fleetOptions(daemon, link, recorder != null), plan.devices())) {
      return run(daemon, fleet, plan, recorder, label);
    }
  }

  /** Every prompt once, on one device; for a recording. */
  void recordAll(BenchServer daemon, TraceRecorder recorder)
      throws InterruptedException, IOException {
    try (SledFleet fleet = new SledFleet(fleetOptions(daemon, null, true), 1)) {
      LoadPlan once = load.once(requests(fleet).templates().size());
      var unused = run(daemon, fleet, once, recorder, "recording: ");
    }
  }

  private RunOutcome run(
      BenchServer daemon, SledFleet fleet, LoadPlan plan, TraceRecorder recorder, String label)
      throws InterruptedException, IOException {
    BenchRun run = new BenchRun(context, requests(fleet), plan, load.goodput(), recorder, label);
    RunOutcome outcome = run.on(fleet, daemon::cpuSeconds);
    devices = plan.devices();
    tokens += outcome.meters().tokensSoFar();
    return outcome;
  }

  /** What to ask for, in the words of the server that the fleet is connected to. */
  private Workload requests(SledFleet fleet) throws IOException {
    server = fleet.client().server();
    draftTokens = fleet.client().draftTokens();
    return workload.requests(fleet.client());
  }

  /** Tokens of each session of a server. */
  int contextTokens(BenchServer daemon) throws InterruptedException {
    if (server == null) {
      try (SledFleet fleet = new SledFleet(fleetOptions(daemon, null, false), 1)) {
        server = fleet.client().server();
      }
    }
    return server.contextTokens();
  }

  private FleetOptions fleetOptions(BenchServer daemon, EmulatedLink link, boolean records) {
    DraftPolicy otherwise = usualPolicy(records);
    return new FleetOptions(
        daemon.address().host(),
        daemon.address().port(),
        authToken,
        model,
        device.looksUp(),
        trace,
        mode == BenchCommand.Mode.CENTRAL ? 0 : device.drafting().draftTokens(otherwise),
        device.drafting().drafting(otherwise),
        device.draftThreads(),
        device.busy().busy(),
        device.busy().timeout(),
        device.tokensPerSecond(),
        // The devices of a fleet draft on processors of their own.
        true,
        link);
  }

  /** A recording needs blocks; all others are what devices do by default. */
  private static DraftPolicy usualPolicy(boolean records) {
    return records ? DraftPolicy.FIXED : DraftPolicy.OPTIMAL;
  }

  /** How devices draft, for the report. */
  void describe(BenchSettings settings) {
    DraftPolicy otherwise = usualPolicy(device.record() != null);
    if (mode == BenchCommand.Mode.SLED) {
      Drafting drafting = device.drafting().drafting(otherwise);
      settings
          .with("draft_policy", drafting.policy().name().toLowerCase(Locale.ROOT))
          .with("window", drafting.window())
          .with("draft_tokens", device.drafting().draftTokens(otherwise));
    }
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
