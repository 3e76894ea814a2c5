package org.sled.cli.bench.options;

import java.nio.file.Path;
import java.util.List;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.files.ModelFiles;
import org.sled.cli.options.BusyOptions;
import org.sled.cli.options.DraftingOptions;
import org.sled.cli.options.IntegerWithin;
import org.sled.net.channel.EmulatedLink;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the devices are like, and the links that they have. */
public final class BenchDeviceOptions {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double BITS_PER_MEGABIT = 1e6;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      defaultValue = ModelFiles.DEMO_DRAFT,
      description =
          "The draft model; with --mode central only its tokenizer is used. none: devices draft"
              + " without a model, what followed when the same was said before. Default:"
              + " ${DEFAULT-VALUE}.")
  private String model;

  @Mixin private DraftingOptions drafting;

  @Option(
      names = "--draft-threads",
      paramLabel = "N",
      defaultValue = "1",
      converter = IntegerWithin.CountOrAuto.class,
      description = "Threads of each device's draft model. Default: ${DEFAULT-VALUE}.")
  private int draftThreads;

  @Option(
      names = "--record",
      paramLabel = "TRACE",
      description =
          "Write what the draft model proposes at every position, and how long it takes, for"
              + " --replay.")
  private Path record;

  @Option(
      names = "--replay",
      paramLabel = "TRACE",
      description =
          "Devices that propose what was recorded, in the time that was recorded, and need no"
              + " processor: thousands of them. Prompts, sampling and lengths are the trace's.")
  private Path replay;

  @Option(
      names = "--device-tokens-per-second",
      paramLabel = "N",
      defaultValue = "0",
      description = "Drafts that a device makes per second. Default: as fast as it is.")
  private double tokensPerSecond;

  @Mixin private BusyOptions busy;

  @Option(
      names = "--rtt",
      paramLabel = "MS[,MS]",
      split = ",",
      description =
          "Emulated round trip time between devices and server, added to the real one. Several"
              + " numbers only with --peers. Default: 0; with --peers 0,40.")
  private List<Double> rttMillis;

  @Option(
      names = "--jitter",
      paramLabel = "MS",
      defaultValue = "0",
      description = "Each direction takes up to this much longer. Default: ${DEFAULT-VALUE}.")
  private double jitterMillis;

  @Option(
      names = "--bandwidth",
      paramLabel = "MBIT",
      defaultValue = "0",
      description = "Megabits per second of each device's link and direction. Default: no limit.")
  private double bandwidthMegabits;

  /** Whether devices draft without a model. */
  public boolean looksUp() {
    return model.equals(ModelFiles.NONE);
  }

  public String model() {
    return model;
  }

  public DraftingOptions drafting() {
    return drafting;
  }

  public BusyOptions busy() {
    return busy;
  }

  public int draftThreads() {
    return draftThreads;
  }

  public Path record() {
    return record;
  }

  public Path replay() {
    return replay;
  }

  public double tokensPerSecond() {
    return tokensPerSecond;
  }

  double jitterMillis() {
    return jitterMillis;
  }

  double bandwidthMegabits() {
    return bandwidthMegabits;
  }

  /** Round trip times to measure with, ms. */
  public List<Double> rttMillis(List<Double> otherwise) {
    return rttMillis == null ? otherwise : rttMillis;
  }

  /**
   * The emulated link; null if none is wanted.
   *
   * @throws CommandFailure if a value is out of its range
   */
  public EmulatedLink link(double rtt, long seed) {
    if (!(rtt >= 0 && rtt <= 60_000)
        || !(jitterMillis >= 0 && jitterMillis <= 60_000)
        || !(bandwidthMegabits >= 0)
        || !(tokensPerSecond >= 0)) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--rtt and --jitter are within 0 to 60000 ms, --bandwidth and"
              + " --device-tokens-per-second 0 or more");
    }
    if (rtt == 0 && jitterMillis == 0 && bandwidthMegabits == 0) {
      return null;
    }
    return new EmulatedLink(
        (long) (rtt * NANOS_PER_MILLI),
        (long) (jitterMillis * NANOS_PER_MILLI),
        (long) (bandwidthMegabits * BITS_PER_MEGABIT),
        seed);
  }
}
