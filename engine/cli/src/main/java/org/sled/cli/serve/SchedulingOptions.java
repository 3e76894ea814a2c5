package org.sled.cli.serve;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.sled.cli.command.CacheDirectory;
import org.sled.cli.options.ByteCount;
import org.sled.cli.options.IntegerWithin;
import org.sled.cli.options.ResultRowsWish;
import org.sled.jni.KvLayout;
import org.sled.jni.ResultRows;
import org.sled.jni.VerifyEngine;
import org.sled.server.SchedulerKind;
import org.sled.server.SchedulingConfig;
import org.sled.server.ServerConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How the sessions of a server share its target. */
final class SchedulingOptions {
  @Option(
      names = {"-s", "--sessions"},
      paramLabel = "N",
      converter = IntegerWithin.OpenSessions.class,
      defaultValue = "16",
      description =
          "Sessions at a time, 1 to " + ServerConfig.MAX_SESSIONS + ". Default: ${DEFAULT-VALUE}.")
  private int sessions;

  @Option(
      names = "--waiting",
      paramLabel = "N",
      converter = IntegerWithin.WaitingSessions.class,
      defaultValue = "256",
      description =
          "Sessions that may wait while all are taken, 0 to "
              + ServerConfig.MAX_WAITING
              + "; further ones are told when to come again. Default: ${DEFAULT-VALUE}.")
  private int waiting;

  @Option(
      names = "--sequences",
      paramLabel = "N",
      converter = IntegerWithin.Sequences.class,
      defaultValue = "0",
      description =
          "Sessions that have a place in the K/V cache at a time, 1 to 256; the others are served"
              + " in turns. Each takes memory for a whole context. 0: as many as sessions, at most"
              + " 256. Default: 0.")
  private int sequences;

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      defaultValue = "DEADLINE",
      description =
          "What fills steps. deadline: what blocks bring and cost. continuous: whatever waits."
              + " static: so many blocks, or a timeout. Default: deadline.")
  private SchedulerKind kind;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      converter = IntegerWithin.OpenSessions.class,
      defaultValue = "8",
      description = "static: blocks that make a step. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--batch-timeout",
      paramLabel = "MS",
      converter = Milliseconds.class,
      defaultValue = "20",
      description = "static: how long a block waits for others. Default: ${DEFAULT-VALUE} ms.")
  private double batchTimeout;

  @Option(
      names = "--prefill-chunk",
      paramLabel = "N|auto|whole",
      converter = Chunk.class,
      defaultValue = "auto",
      description =
          "Tokens of one prompt in a step at most; whole: nothing else goes on while a prompt is"
              + " computed. Default: auto.")
  private String prefillChunk;

  @Option(
      names = "--prefill-share",
      paramLabel = "X",
      converter = Share.class,
      defaultValue = "1.75",
      description =
          "deadline: time that prompts may take, by what blocks take; more where more prompts wait"
              + " than blocks. Default: ${DEFAULT-VALUE}.")
  private double prefillShare;

  @Option(
      names = "--token-objective",
      paramLabel = "MS",
      converter = Milliseconds.class,
      defaultValue = "0",
      description =
          "deadline: time per token within which each session should get its text; sessions that"
              + " are ahead of it wait where others would be late. 0: none. Default: 0.")
  private double tokenObjective;

  @Option(
      names = "--swap-memory",
      paramLabel = "SIZE",
      converter = ByteCount.class,
      defaultValue = "1G",
      description =
          "Memory for the K/V of idle sessions whose place others need; beyond it, their K/V is"
              + " computed again. Default: ${DEFAULT-VALUE}.")
  private long swapMemory;

  @Option(
      names = "--prefix-sharing",
      arity = "0..1",
      paramLabel = "true|false",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Compute common beginnings of prompts once. Default: ${DEFAULT-VALUE}.")
  private boolean prefixSharing;

  @Option(
      names = "--kv-layout",
      paramLabel = "split|unified",
      defaultValue = "SPLIT",
      description =
          "split: each session has cells of its own. unified: all share them, so that any blocks"
              + " fit into one pass, but rows attend over the cells of all; fast numerics only."
              + " './sled layouts' measures both. Default: split.")
  private KvLayout kvLayout;

  @Option(
      names = "--pin-threads",
      arity = "0..1",
      paramLabel = "true|false",
      fallbackValue = "true",
      description = "Keep each thread of a step on a core of its own.")
  private boolean pinThreads;

  @Option(
      names = "--result-rows",
      paramLabel = "auto|largest|whole",
      defaultValue = "AUTO",
      description =
          "largest: the target's device leaves only the largest logits of each row, where a"
              + " session's sampling needs no others: fewer bytes cross a GPU's bus. whole: all of"
              + " them. auto: whole on a CPU, on a GPU whatever takes less time at start. Default:"
              + " auto.")
  private ResultRowsWish resultRows;

  @Option(
      names = "--cost-directory",
      paramLabel = "DIR|auto|off",
      defaultValue = "auto",
      description =
          "Where it is kept what steps cost, for the next start; off for nowhere."
              + " auto: sled/ in the user's cache directory. Default: auto.")
  private String costDirectory;

  KvLayout kvLayout() {
    return kvLayout;
  }

  boolean pinThreads() {
    return pinThreads;
  }

  /** Null for auto. */
  ResultRows resultRows() {
    return resultRows.resultRows();
  }

  /** Null for nowhere. */
  Path costDirectory(UnaryOperator<String> environment) {
    if (costDirectory.equals("off")) {
      return null;
    }
    if (!costDirectory.equals("auto")) {
      return Path.of(costDirectory);
    }
    return CacheDirectory.of(environment);
  }

  int waiting() {
    return waiting;
  }

  int sessions() {
    return sessions;
  }

  int sequences() {
    int most = Math.min(sessions, VerifyEngine.MAX_SEQUENCES);
    return sequences == 0 ? most : Math.min(sequences, most);
  }

  SchedulingConfig config() {
    return new SchedulingConfig(
        kind,
        batchSize,
        batchTimeout,
        Chunk.rows(prefillChunk),
        prefillShare,
        tokenObjective,
        swapMemory,
        prefixSharing);
  }

  /** A number of tokens, or a word; kept as it was written, for --print-config. */
  static final class Chunk implements ITypeConverter<String> {
    private static final String AUTO = "auto";
    private static final String WHOLE = "whole";

    @Override
    public String convert(String value) {
      String word = value.toLowerCase(Locale.ROOT);
      if (!word.matches(AUTO + "|" + WHOLE + "|[1-9][0-9]{0,5}")) {
        throw new TypeConversionException(
            "'" + value + "' is neither a number of tokens nor auto or whole");
      }
      return word;
    }

    static int rows(String word) {
      return switch (word) {
        case AUTO -> SchedulingConfig.AUTO_CHUNK;
        case WHOLE -> SchedulingConfig.WHOLE_PROMPTS;
        default -> Integer.parseInt(word);
      };
    }
  }

  /** A part of something. */
  static final class Share implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
      double share = number(value);
      if (!(share > 0 && share <= 100)) {
        throw new TypeConversionException("'" + value + "' is not above 0 and up to 100");
      }
      return share;
    }
  }

  /** A time. */
  static final class Milliseconds implements ITypeConverter<Double> {
    private static final double DAY = 86_400_000;

    @Override
    public Double convert(String value) {
      double millis = number(value);
      if (!(millis >= 0 && millis <= DAY)) {
        throw new TypeConversionException("'" + value + "' is not within 0 ms and a day");
      }
      return millis;
    }
  }

  private static double number(String value) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + value + "' is no number");
    }
  }
}
