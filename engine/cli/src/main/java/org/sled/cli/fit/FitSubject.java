package org.sled.cli.fit;

import java.io.IOException;
import org.sled.bench.cost.CostTable;
import org.sled.bench.energy.EnergyReport;
import org.sled.bench.fit.FitResult;
import org.sled.bench.trace.DraftTrace;

/**
 * A target with a draft model for it, of which {@code sled fit} finds out what it needs to know.
 * The methods are called in this order, once. One thread.
 */
interface FitSubject extends AutoCloseable {
  /** The target. */
  FitResult.ModelFacts target();

  /** The draft model. */
  FitResult.ModelFacts draft();

  /** What their vocabularies have in common; enough to work together. */
  FitResult.Vocabulary vocabulary();

  /** The server that serves the target; null: it is here. */
  String server();

  /** Makes the requests. */
  FitPrompts prompts() throws IOException;

  /**
   * Has the target say texts, and the draft model propose in them; until there are all, or it is
   * time.
   *
   * @param endNanos when it should be done, {@link System#nanoTime}
   * @throws InterruptedException if the thread was interrupted
   */
  DraftTrace record(FitPrompts prompts, long endNanos) throws InterruptedException;

  /** Energy that this machine used for that. */
  EnergyReport energy();

  /** Tokens that the draft model proposes per second. */
  double draftsPerSecond();

  /**
   * What a step of the target takes.
   *
   * @param endNanos when it should be done, {@link System#nanoTime}
   */
  CostTable costs(DraftTrace trace, long endNanos) throws InterruptedException;

  /** Of how many shapes that was measured; the others are estimated. */
  int shapesMeasured();

  @Override
  void close();
}
