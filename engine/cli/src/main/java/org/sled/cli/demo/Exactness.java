package org.sled.cli.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.sled.cli.texts.DemoPrompts;
import org.sled.cli.texts.TargetAlone;
import org.sled.device.GenerationEnd;
import org.sled.device.GenerationRequest;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;
import org.sled.net.protocol.Sampling;

/**
 * Compares streams with what the target alone says, token by token. The same prompt gives the same
 * text, so each is computed once, as long as its longest stream. One thread.
 */
final class Exactness {
  private final int streamsCompared;
  private final int streamsTotal;
  private final long tokensCompared;
  private final List<String> differences;
  private final Map<Integer, int[]> aloneByPrompt;

  private Exactness(
      int streamsCompared,
      int streamsTotal,
      long tokensCompared,
      List<String> differences,
      Map<Integer, int[]> aloneByPrompt) {
    this.streamsCompared = streamsCompared;
    this.streamsTotal = streamsTotal;
    this.tokensCompared = tokensCompared;
    this.differences = differences;
    this.aloneByPrompt = aloneByPrompt;
  }

  /**
   * Compares.
   *
   * @param streams in the order in which they matter: at least one of each device is compared, the
   *     others as the time allows
   * @param maxTokens what the streams were asked for
   * @param sampling how their tokens were chosen; with the same seed for all
   * @param seconds time after which no further prompt is begun, once each device had its turn
   * @param cancelled whether to stop at once
   */
  static Exactness check(
      Path targetPath,
      ModelParams modelParams,
      int contextTokens,
      int threads,
      List<DemoStream> streams,
      int maxTokens,
      Sampling sampling,
      int seconds,
      BooleanSupplier cancelled) {
    Map<Integer, List<DemoStream>> byPrompt = new HashMap<>();
    for (DemoStream stream : streams) {
      int prompt = Math.floorMod(stream.promptNumber(), DemoPrompts.count());
      byPrompt.computeIfAbsent(prompt, p -> new ArrayList<>()).add(stream);
    }
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    int compared = 0;
    long tokens = 0;
    List<String> differences = new ArrayList<>();
    Map<Integer, int[]> aloneByPrompt = new HashMap<>();
    try (TargetAlone target =
        new TargetAlone(
            targetPath,
            modelParams,
            EngineParams.DEFAULT.withContextTokens(contextTokens).withThreads(threads))) {
      for (Map.Entry<Integer, List<DemoStream>> entry : ordered(byPrompt)) {
        boolean enough = compared > 0 && coversAllDevices(byPrompt, aloneByPrompt, streams);
        if (cancelled.getAsBoolean() || (enough && System.nanoTime() - deadlineNanos > 0)) {
          break;
        }
        int[] alone = alone(target, entry.getValue(), maxTokens, sampling, cancelled);
        if (alone == null) {
          break;
        }
        aloneByPrompt.put(entry.getKey(), alone);
        for (DemoStream stream : entry.getValue()) {
          compared++;
          tokens += stream.tokens().length;
          String difference = difference(stream, alone);
          if (difference != null) {
            differences.add(difference);
          }
        }
      }
    }
    return new Exactness(compared, streams.size(), tokens, differences, aloneByPrompt);
  }

  /** Prompts of the most streams first. */
  private static List<Map.Entry<Integer, List<DemoStream>>> ordered(
      Map<Integer, List<DemoStream>> byPrompt) {
    List<Map.Entry<Integer, List<DemoStream>>> entries = new ArrayList<>(byPrompt.entrySet());
    entries.sort(
        Comparator.comparingInt(
                (Map.Entry<Integer, List<DemoStream>> entry) -> -entry.getValue().size())
            .thenComparing(Map.Entry.comparingByKey()));
    return entries;
  }

  private static boolean coversAllDevices(
      Map<Integer, List<DemoStream>> byPrompt, Map<Integer, int[]> done, List<DemoStream> streams) {
    return streams.stream()
        .mapToInt(DemoStream::device)
        .distinct()
        .allMatch(
            device ->
                done.keySet().stream()
                    .flatMap(prompt -> byPrompt.get(prompt).stream())
                    .anyMatch(stream -> stream.device() == device));
  }

  /** What the target alone says, as far as the longest of these streams; null if cancelled. */
  private static int[] alone(
      TargetAlone target,
      List<DemoStream> streams,
      int maxTokens,
      Sampling sampling,
      BooleanSupplier cancelled) {
    boolean anyWhole = streams.stream().anyMatch(s -> s.end() != GenerationEnd.CANCELLED);
    int longest = streams.stream().mapToInt(s -> s.tokens().length).max().orElse(0);
    if (longest == 0) {
      return new int[0];
    }
    List<Integer> tokens = new ArrayList<>();
    IntConsumer keep = tokens::add;
    GenerationRequest request =
        GenerationRequest.of(streams.get(0).prompt())
            .withMaxTokens(anyWhole ? maxTokens : longest)
            .withSampling(sampling);
    if (target.generate(request, keep, cancelled) == GenerationEnd.CANCELLED) {
      return null;
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String difference(DemoStream stream, int[] alone) {
    int at = Arrays.mismatch(stream.tokens(), alone);
    boolean whole = stream.end() != GenerationEnd.CANCELLED;
    if (at < 0 || (!whole && at == stream.tokens().length)) {
      return null;
    }
    return String.format(
        "device %d, '%s': differs at token %d (%d tokens, alone %d)",
        stream.device() + 1,
        DemoPrompts.get(stream.promptNumber()),
        at,
        stream.tokens().length,
        alone.length);
  }

  /** Whether something was compared, and all of it was equal. */
  boolean exact() {
    return streamsCompared > 0 && tokensCompared > 0 && differences.isEmpty();
  }

  int streamsCompared() {
    return streamsCompared;
  }

  int streamsTotal() {
    return streamsTotal;
  }

  long tokensCompared() {
    return tokensCompared;
  }

  /** A line for each stream that differs. */
  List<String> differences() {
    return differences;
  }

  /** What the target alone said to a prompt, or null if it was not asked. */
  int[] alone(int promptNumber) {
    return aloneByPrompt.get(Math.floorMod(promptNumber, DemoPrompts.count()));
  }
}
