package org.sled.server;

import java.util.Locale;
import org.sled.jni.Model;
import org.sled.jni.ResultRows;
import org.sled.jni.VerifyEngine;

/** What a daemon says of itself when it starts: target, sessions, memory, numerics. */
final class StartReport {
  private StartReport() {}

  /** Its lines, each with its end. */
  static String of(ServerConfig config, Model model, VerifyEngine.Info info) {
    VerifyEngine.MemoryPlan memory = info.memory();
    return String.format(
        "target    %s (%s, %s, %.1f million parameters), %d tokens of context trained%n"
            + "sessions  %d of %d tokens each, %d with a place in the K/V cache; scheduler %s%n"
            + "steps     %d threads, blocks of up to %d drafts%s%n"
            + "memory    weights %s, K/V cache %s, results %s, scratch about %s; available %s%n"
            + "numerics  %s, id %016x%s%n",
        config.modelPath(),
        model.architecture(),
        model.weightType(),
        model.info().parameterCount() / 1e6,
        model.info().contextTrainTokens(),
        config.allSessions(),
        info.contextTokens(),
        info.sequenceCount(),
        config.scheduling().kind().name().toLowerCase(Locale.ROOT),
        info.threads(),
        config.maxDraftTokens(),
        info.resultRows() == ResultRows.WHOLE ? "" : ", the largest logits of each row",
        mebibytes(memory.weightBytes()),
        mebibytes(memory.kvBytes()),
        mebibytes(memory.logitsBytes()),
        mebibytes(memory.computeBytes()),
        mebibytes(memory.availableBytes()),
        info.numerics().name().toLowerCase(Locale.ROOT),
        info.numericsId(),
        info.exactWay());
  }

  private static String mebibytes(long bytes) {
    return String.format("%.1f MiB", bytes / (1024.0 * 1024.0));
  }
}
