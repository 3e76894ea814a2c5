package org.sled.cli.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sled.bench.load.BenchDeviceException;
import org.sled.bench.load.Fleet;
import org.sled.bench.load.Goodput;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.Workload;
import org.sled.bench.peers.LlamaServer;
import org.sled.bench.peers.PeerFiles;
import org.sled.bench.report.Environment;
import org.sled.bench.report.PeerCells;
import org.sled.bench.report.PeerComparison;
import org.sled.bench.report.Rounding;
import org.sled.bench.report.RunOutcome;
import org.sled.bench.sled.FleetOptions;
import org.sled.bench.trace.DraftTrace;
import org.sled.bench.trace.TextCheck;
import org.sled.cli.bench.options.BenchDeviceOptions;
import org.sled.cli.bench.options.BenchPeerOptions;
import org.sled.cli.bench.options.BenchSettings;
import org.sled.cli.command.CommandContext;
import org.sled.cli.command.Version;
import org.sled.cli.output.Progress;
import org.sled.net.channel.EmulatedLink;

/**
 * Our daemon and its peers under the same load, in turns: all servers run all the time, idle ones
 * cost nothing, and what the machine does meanwhile falls on all of them alike.
 */
final class BenchPeers {
  /** About the speed at which people read. */
  static final double DEFAULT_TPOT_MILLIS = 100;

  private static final Duration STARTUP = Duration.ofMinutes(10);

  private final CommandContext context;
  private final Setup setup;
  private final WantedPeers wanted;
  private boolean interrupted;
  private BenchDeviceException firstFailure; // null if none

  /**
   * What is compared, and how.
   *
   * @param peers beside our daemon
   * @param target the model file of all of them
   * @param draft the draft model's file, for the peer that drafts itself; null if there is none
   * @param threads of each server
   * @param contextTokens of each session of a server
   * @param trace whose generations are asked for
   */
  record Setup(
      List<BenchPeerOptions.Peer> peers,
      Path target,
      Path draft,
      int threads,
      int contextTokens,
      DraftTrace trace,
      Workload workload,
      LoadPlan plan,
      List<Integer> deviceCounts,
      List<Double> rttMillis,
      int repetitions,
      BenchDeviceOptions device) {}

  BenchPeers(CommandContext context, Setup setup) {
    this.context = context;
    this.setup = setup;
    wanted = new WantedPeers(context, setup.peers());
  }

  /**
   * Measures everything. Whoever interrupts the thread gets what was measured until then, if it is
   * anything, and {@link #interrupted} says so.
   *
   * @param server our daemon
   * @param tpotSloMillis the objective; null for {@value #DEFAULT_TPOT_MILLIS} ms
   */
  PeerComparison compare(
      BenchServer server,
      String authToken,
      Double tpotSloMillis,
      double percentile,
      BenchSettings settings)
      throws InterruptedException {
    double objective = tpotSloMillis == null ? DEFAULT_TPOT_MILLIS : tpotSloMillis;
    List<BenchSystem> started = startPeers();
    try {
      List<BenchSystem> systems = new ArrayList<>();
      systems.add(BenchSystem.sled("sled", server, options(server, authToken, true)));
      if (wanted.peers().contains(BenchPeerOptions.Peer.CENTRAL)) {
        systems.add(BenchSystem.sled("central", server, options(server, authToken, false)));
      }
      systems.addAll(started);
      PeerCells cells = new PeerCells();
      try {
        measure(systems, cells);
      } catch (InterruptedException e) {
        if (cells.isEmpty()) {
          throw e;
        }
        interrupted = true;
        wanted.skip("interrupted: what is not in the table was not measured");
      }
      if (cells.isEmpty()) {
        throw firstFailure;
      }
      Map<String, List<String>> commands = new LinkedHashMap<>();
      systems.forEach(system -> commands.put(system.name(), system.command()));
      started.forEach(BenchSystem::close); // what follows wants the machine for itself
      server.close();
      BenchWithoutServer alone = new BenchWithoutServer(context, setup, wanted);
      return new PeerComparison(
          Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
          settings.command(),
          settings.all(),
          Environment.here(Version.sled()),
          commands,
          objective,
          percentile,
          cells.cells(percentile),
          cells.capacities(objective, percentile),
          interrupted ? List.of() : alone.floor(),
          interrupted ? List.of() : alone.singleStream(),
          wanted.skipped());
    } finally {
      started.forEach(BenchSystem::close);
    }
  }

  /** Whether the comparison ended before everything was measured. */
  boolean interrupted() {
    return interrupted;
  }

  private FleetOptions options(BenchServer server, String authToken, boolean drafts) {
    return new FleetOptions(
        server.address().host(),
        server.address().port(),
        authToken,
        null,
        false,
        setup.trace(),
        drafts ? setup.device().drafting().draftTokens() : 0,
        setup.device().drafting().drafting(),
        1,
        setup.device().busy().busy(),
        setup.device().busy().timeout(),
        setup.device().tokensPerSecond(),
        false,
        null);
  }

  // ---------------------------------------------------------------- systems

  /** Starts the servers of the peers; what cannot run is noted as skipped. */
  private List<BenchSystem> startPeers() throws InterruptedException {
    List<BenchSystem> systems = new ArrayList<>();
    PeerFiles files = PeerFiles.find();
    boolean complete = false;
    try {
      for (BenchPeerOptions.Peer peer : wanted.peers()) {
        if (peer.isLlamaServer()) {
          wanted.use(peer, files.llamaServer(), program -> systems.add(start(peer, program)));
        }
      }
      complete = true;
      return systems;
    } finally {
      if (!complete) {
        systems.forEach(BenchSystem::close);
      }
    }
  }

  private BenchSystem start(BenchPeerOptions.Peer peer, Path program) throws InterruptedException {
    LlamaServer.Options options =
        LlamaServer.Options.of(
            setup.target(), setup.threads(), mostDevices(), setup.contextTokens());
    if (peer == BenchPeerOptions.Peer.LLAMA_SERVER_DRAFT) {
      options = options.withDraft(setup.draft(), setup.device().drafting().draftTokens());
    }
    context.err().println("starting " + peer.word() + " ...");
    Progress progress = Progress.of(context, "waiting until it listens");
    try (progress) {
      return BenchSystem.llama(peer.word(), LlamaServer.start(program, options, STARTUP));
    }
  }

  private int mostDevices() {
    return setup.deviceCounts().stream().mapToInt(Integer::intValue).max().orElseThrow();
  }

  // ---------------------------------------------------------------- cells

  /** Measures every system at every round trip time and device count, in turns. */
  private void measure(List<BenchSystem> systems, PeerCells cells) throws InterruptedException {
    for (double rtt : setup.rttMillis()) {
      for (int devices : setup.deviceCounts()) {
        measure(systems, rtt, devices, cells);
      }
    }
  }

  /** One load; of an interrupted one, what the systems did until then. */
  private void measure(List<BenchSystem> systems, double rtt, int devices, PeerCells cells)
      throws InterruptedException {
    Map<String, List<RunOutcome>> outcomes = new LinkedHashMap<>();
    Map<String, List<Double>> sameText = new HashMap<>();
    try {
      for (int i = 0; i < setup.repetitions(); i++) {
        for (BenchSystem system : systems) {
          TextCheck check = new TextCheck(setup.trace());
          RunOutcome outcome;
          try {
            outcome = run(system, devices, rtt, check);
          } catch (BenchDeviceException e) {
            failed(system, rtt, devices, e);
            continue;
          }
          outcomes.computeIfAbsent(system.name(), name -> new ArrayList<>()).add(outcome);
          sameText.computeIfAbsent(system.name(), name -> new ArrayList<>()).add(check.sameShare());
          context
              .err()
              .printf(
                  Locale.ROOT,
                  "RTT %.0f ms, %d devices, %s: %s tokens/s%n",
                  rtt,
                  devices,
                  system.name(),
                  Rounding.text("%.1f", outcome.tokensPerSecond()));
        }
      }
    } finally {
      outcomes.forEach(
          (name, runs) -> cells.add(name, rtt, devices, runs, mean(sameText.get(name))));
    }
  }

  /** What the others did is worth having all the same. */
  private void failed(BenchSystem system, double rtt, int devices, BenchDeviceException failure) {
    if (firstFailure == null) {
      firstFailure = failure;
    }
    String what =
        String.format(
            Locale.ROOT,
            "%s with %d devices at RTT %.0f ms: %s",
            system.name(),
            devices,
            rtt,
            failure.getMessage());
    context.err().println("failed: " + what);
    wanted.skip(what);
  }

  private static double mean(List<Double> values) {
    return values.stream()
        .filter(value -> !value.isNaN())
        .mapToDouble(Double::doubleValue)
        .average()
        .orElse(Double.NaN);
  }

  private RunOutcome run(BenchSystem system, int devices, double rtt, TextCheck check)
      throws InterruptedException {
    LoadPlan plan = setup.plan().withDevices(devices);
    try (EmulatedLink link = setup.device().link(rtt, plan.seed());
        Fleet fleet = system.connect(devices, link)) {
      String label = system.name() + ", " + devices + ": ";
      return new BenchRun(context, setup.workload(), plan, Goodput.ANY, check, label)
          .on(fleet, system::cpuSeconds);
    }
  }
}
