package org.sled.cli.bench.options;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.sled.bench.load.Goodput;
import org.sled.bench.load.LoadPlan;
import org.sled.bench.load.Workload;
import org.sled.bench.trace.DraftTrace;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.cli.options.IntegerWithin;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What is asked for, how often, and for how long. */
public final class BenchLoadOptions {
  @Option(
      names = {"-C", "--concurrency"},
      paramLabel = "N[,N]",
      split = ",",
      description =
          "Devices. In a closed loop each runs one request after another; with --request-rate a"
              + " request that finds none free waits, and its wait counts. Several numbers only"
              + " with --peers. Default: 4; with --request-rate 64; with --peers 1,2,4,8,16.")
  private List<Integer> concurrency;

  @Option(
      names = {"-r", "--request-rate"},
      paramLabel = "R",
      defaultValue = "0",
      description =
          "An open loop: R requests per second, whether the server keeps up or not. Latencies"
              + " count from when a request was meant to start. Default: a closed loop.")
  private double requestRate;

  @Option(
      names = "--burstiness",
      paramLabel = "B",
      defaultValue = "1",
      description =
          "Of the open loop: 1 is a Poisson process, below 1 requests come in bunches, above 1"
              + " they are more regular. Default: ${DEFAULT-VALUE}.")
  private double burstiness;

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description =
          "A text file with a prompt per line, or .jsonl with {\"prompt\": …}, {\"messages\":"
              + " […]} or {\"tokens\": […]}, each with its own \"max_tokens\" if it is to have one."
              + " Default: 16 prompts for the demo pair.")
  private Path prompts;

  @Option(
      names = "--raw",
      description = "Send texts as they are, without the target's chat template.")
  private boolean raw;

  @Option(
      names = "--num-prompts",
      paramLabel = "N",
      defaultValue = "0",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "End after N measured requests. Default: when the duration is over; prompts repeat.")
  private int numPrompts;

  @Option(
      names = {"-d", "--duration"},
      paramLabel = "SECONDS",
      converter = IntegerWithin.Seconds.class,
      description =
          "How long requests are started, behind the warm-up. Default: 15, with --num-prompts"
              + " without a limit.")
  private Integer durationSeconds;

  @Option(
      names = "--warmup",
      paramLabel = "SECONDS",
      defaultValue = "3",
      converter = IntegerWithin.Seconds.class,
      description = "Load before that, which does not count. Default: ${DEFAULT-VALUE}.")
  private int warmupSeconds;

  @Option(
      names = "--drain",
      paramLabel = "SECONDS",
      defaultValue = "60",
      converter = IntegerWithin.Seconds.class,
      description =
          "How long requests that have begun may take to end; the others are cancelled and"
              + " counted. Default: ${DEFAULT-VALUE}.")
  private int drainSeconds;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      converter = IntegerWithin.CountOrAuto.class,
      description =
          "New tokens of a request at most. Default: 128; with --replay as many as were recorded.")
  private Integer maxTokens;

  @Option(
      names = "--ignore-end",
      description = "Go on after end-of-generation tokens: all requests have --max-tokens.")
  private boolean ignoreEnd;

  @Option(
      names = "--goodput",
      paramLabel = "ttft:MS,tpot:MS",
      converter = GoodputConverter.class,
      description = "Also report how many requests keep these times, such as ttft:500,tpot:50.")
  private Goodput goodput = Goodput.ANY;

  /** {@code ttft:500,tpot:50}. */
  static final class GoodputConverter implements ITypeConverter<Goodput> {
    @Override
    public Goodput convert(String value) {
      try {
        return Goodput.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /**
   * Device counts to measure with.
   *
   * @param otherwise where none was given
   * @throws CommandFailure if one makes no sense
   */
  public List<Integer> concurrency(List<Integer> otherwise) {
    List<Integer> counts = concurrency == null ? otherwise : concurrency;
    for (int count : counts) {
      if (count < 1 || count > 100_000) {
        throw new CommandFailure(
            ExitCodes.USAGE, "--concurrency is " + count + ", not within 1 to 100000");
      }
    }
    return counts;
  }

  public boolean isOpenLoop() {
    return requestRate > 0;
  }

  /** The load of one run. */
  public LoadPlan plan(int devices, long seed) {
    if (!(requestRate >= 0) || !(burstiness > 0)) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--request-rate is 0 or more, --burstiness more than 0");
    }
    if (durationSeconds != null && durationSeconds == 0 && numPrompts == 0) {
      throw new CommandFailure(ExitCodes.USAGE, "--duration 0 needs --num-prompts");
    }
    int seconds = durationSeconds != null ? durationSeconds : numPrompts > 0 ? 0 : 15;
    return new LoadPlan(
        devices,
        requestRate,
        burstiness,
        numPrompts,
        Duration.ofSeconds(seconds),
        Duration.ofSeconds(warmupSeconds),
        Duration.ofSeconds(drainSeconds),
        seed);
  }

  /** So many requests on one device, all of them measured. */
  public LoadPlan once(int requests) {
    return new LoadPlan(1, 0, 1, requests, Duration.ZERO, Duration.ZERO, Duration.ofDays(1), 0);
  }

  /** The requests of a trace, none of them longer than was said. */
  public Workload requests(DraftTrace trace) {
    return trace.workload(maxTokens == null ? 0 : maxTokens);
  }

  public Path prompts() {
    return prompts;
  }

  public boolean raw() {
    return raw;
  }

  /** New tokens at most; null if that was not said. */
  public Integer maxTokens() {
    return maxTokens;
  }

  public boolean ignoreEnd() {
    return ignoreEnd;
  }

  public Goodput goodput() {
    return goodput;
  }
}
