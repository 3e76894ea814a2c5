package org.sled.server.observe;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.sled.net.server.Drop;
import org.sled.server.ServerConfig;
import org.sled.server.target.TargetDescription;

/**
 * {@link ServerStats} as Prometheus reads them. Everything is asked for when somebody scrapes, so
 * it costs the verifier nothing. Names follow those of vLLM, so that its dashboards fit.
 */
public final class ServerMetrics {
  /** The content type of Prometheus' text format. */
  static final String TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  /** The content type of OpenMetrics. */
  public static final String OPEN_METRICS_TYPE =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT).throwExceptionOnRegistrationFailure();
  private final ServerStats stats;

  // Scraping.
  private int positions;
  private boolean kvShown;
  private boolean priceShown;

  /**
   * Registers everything.
   *
   * @param version of SLED
   * @param target what is served
   */
  public ServerMetrics(ServerStats stats, String version, TargetDescription target) {
    this.stats = stats;
    Gauge.builder("sled.build.info", () -> 1)
        .description("Always 1; the labels say which SLED serves which target.")
        .tag("version", version)
        .tag("model", target.modelName())
        .tag("numerics", target.exactNumerics() ? "exact" : "fast")
        .tag("row_multiple", Integer.toString(target.rowRule().multiple()))
        .tag("row_least", Integer.toString(target.rowRule().least()))
        .register(registry);
    sessions();
    tokens();
    caches();
    steps();
  }

  /**
   * All metrics.
   *
   * @param openMetrics in the format of OpenMetrics 1.0.0; else in Prometheus' text format 0.0.4
   */
  public synchronized String scrape(boolean openMetrics) {
    // Series that have no value before there is one, and positions up to the last that was reached.
    for (boolean reached = true; reached && positions < ServerConfig.MAX_DRAFT_TOKENS; ) {
      reached = stats.acceptedAt(positions) > 0 || positions == 0;
      if (reached) {
        int position = positions++;
        acceptedAt(position);
      }
    }
    if (!kvShown && stats.kvCellsTotal.get() > 0) {
      kvShown = true;
      kvCells();
    }
    if (!priceShown && !Double.isNaN(stats.price())) {
      priceShown = true;
      gauge(
          "sled_price_seconds",
          "What a draft more in each session's block would add to a round at present, in seconds,"
              + " or more where the server would rather have none.",
          ServerStats::price);
    }
    return registry.scrape(openMetrics ? OPEN_METRICS_TYPE : TEXT_TYPE);
  }

  private void sessions() {
    gauge(
        "sled_num_requests_running",
        "Sessions whose K/V is in the target's cache: being computed, or waiting for their device.",
        s -> s.sessionsInUse.get() - s.swappedSessions.get());
    waiting("block", s -> s.waitingBlocks.get());
    waiting("prompt", s -> s.waitingPrompts.get());
    gauge("sled_sessions_open", "Sessions open now.", s -> s.sessionsInUse.get());
    counter("sled_sessions_opened", "Sessions opened.", s -> s.sessionsOpened.get());
    gauge(
        "sled_sessions_waiting",
        "Sessions that wait until there is room for them.",
        s -> s.sessionsWaiting.get());
    counter(
        "sled_sessions_waits_given_up",
        "Sessions that waited for room and went before there was any.",
        s -> s.waitsGivenUp.get());
    for (BusyKind kind : BusyKind.values()) {
      busyAnswers(kind);
    }
    histogram(
        "sled_session_wait_seconds",
        "From a decoded OPEN that found no room to its session, in seconds; _count is the number of"
            + " those that waited and got one.",
        stats.waitingTime);
    for (Drop why : Drop.values()) {
      FunctionCounter.builder("sled_clients_turned_away", stats, s -> s.drops(why))
          .description(
              "Clients closed or not accepted: no connection free, no memory for frames in part,"
                  + " too late with HELLO or a frame, no descriptors.")
          .tag("reason", why.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    histogram(
        "sled_time_to_first_token_seconds",
        "From a decoded OPEN to the first token of its session, in seconds; what it waited for room"
            + " counts.",
        stats.timeToFirstToken);
    histogram(
        "sled_queue_time_seconds",
        "From a decoded block or prompt to the start of its first step, in seconds.",
        stats.queueTime);
  }

  private void busyAnswers(BusyKind kind) {
    FunctionCounter.builder("sled_busy_answers", stats, s -> s.busyAnswers(kind))
        .description(
            "Requests that were answered BUSY, to be tried again later: the server's sessions are"
                + " taken (full), or the connection's, or there is no room for a block or in the"
                + " inbox.")
        .tag("kind", kind.word())
        .register(registry);
  }

  private void waiting(String kind, ToDoubleFunction<ServerStats> value) {
    Gauge.builder("sled_num_requests_waiting", stats, value)
        .description(
            "Sessions with work that is not in the current step: a block (or a token to push), or a"
                + " prompt.")
        .tag("kind", kind)
        .register(registry);
  }

  private void tokens() {
    counter("sled_rounds", "Blocks that were verified.", s -> s.rounds.get());
    counter(
        "sled_spec_decode_num_draft_tokens",
        "Draft tokens in blocks that were verified, as the blocks came.",
        s -> s.drafted.get());
    counter(
        "sled_spec_decode_num_verified_tokens",
        "Draft tokens that were compared: all up to the first wrong one of a block.",
        s -> s.verified.get());
    counter(
        "sled_spec_decode_num_accepted_tokens",
        "Draft tokens that were accepted.",
        s -> s.accepted.get());
    counter(
        "sled_spec_decode_num_trimmed_tokens",
        "Draft tokens that were left out of a step to save time.",
        s -> s.trimmed.get());
    counter(
        "sled_generation_tokens",
        "Tokens committed: accepted drafts, the target's own, first and pushed ones.",
        s -> s.tokens.get());
    counter(
        "sled_prompt_tokens",
        "Prompt tokens that were computed: without those found in the cache.",
        s -> s.promptTokens.get());
  }

  private void acceptedAt(int position) {
    FunctionCounter.builder(
            "sled_spec_decode_num_accepted_tokens_per_pos", stats, s -> s.acceptedAt(position))
        .description("Draft tokens accepted, by their position in the block, from 0.")
        .tag("position", Integer.toString(position))
        .register(registry);
  }

  private void caches() {
    counter(
        "sled_prefix_cache_queries",
        "Prompt tokens that were looked up in the prefix cache.",
        s -> s.prefixQueried.get());
    counter(
        "sled_prefix_cache_hits",
        "Prompt tokens found there, which need not be computed.",
        s -> s.prefixHit.get());
    counter(
        "sled_swapped_out",
        "Sessions whose K/V was moved out of the target's cache.",
        s -> s.swapsOut.get());
    counter(
        "sled_evicted",
        "Sessions whose K/V was given up for others, to be computed again.",
        s -> s.evictions.get());
    counter("sled_swapped_in", "Sessions whose K/V was moved back.", s -> s.swapsIn.get());
    gauge(
        "sled_swapped_bytes",
        "Bytes of K/V that are kept outside of the target's cache.",
        s -> s.swappedBytes.get());
  }

  private void kvCells() {
    gauge(
        "sled_kv_cache_usage_ratio",
        "Share of the K/V cache's cells that open sessions use, 0 to 1; 1 is full.",
        s -> (double) s.kvCellsUsed.get() / s.kvCellsTotal.get());
    gauge(
        "sled_kv_cells_used",
        "Cells of the K/V cache that open sessions use; a cell holds one token.",
        s -> s.kvCellsUsed.get());
    gauge(
        "sled_kv_cells_retained",
        "Cells that sessions left behind, for others that begin as they did; free when needed.",
        s -> s.kvCellsRetained.get());
    gauge(
        "sled_kv_cells_capacity",
        "Cells that the K/V cache has; a cell holds one token.",
        s -> s.kvCellsTotal.get());
  }

  private void steps() {
    histogram(
        "sled_step_time_seconds",
        "Time of a step in the engine, in seconds; _count is the number of steps.",
        stats.stepTime);
    histogram(
        "sled_step_time_predicted_seconds",
        "What the times of steps were predicted to be, in seconds.",
        stats.predictedStepTime);
    histogram(
        "sled_step_time_prediction_error_ratio",
        "How far off the prediction of a step's time was: |predicted - actual| / actual.",
        stats.predictionError);
    histogram("sled_iteration_tokens", "Rows of a step, padding not included.", stats.stepRows);
    histogram("sled_step_sessions", "Sessions that took part in a step.", stats.stepSessions);
    counter(
        "sled_step_passes", "Passes over the target's weights in all steps.", s -> s.passes.get());
    rows("useful", s -> s.usefulRows.get());
    rows("padding", s -> s.paddingRows.get());
    counter(
        "sled_stuck_steps", "Steps that took longer than --step-timeout.", ServerStats::stuckSteps);
  }

  private void rows(String kind, ToDoubleFunction<ServerStats> value) {
    FunctionCounter.builder("sled_step_rows", stats, value)
        .description("Rows computed in all steps: those asked for, and what pads them.")
        .tag("kind", kind)
        .register(registry);
  }

  /** Its name ends in _total. */
  private void counter(String name, String help, ToDoubleFunction<ServerStats> value) {
    FunctionCounter.builder(name, stats, value).description(help).register(registry);
  }

  private void gauge(String name, String help, ToDoubleFunction<ServerStats> value) {
    Gauge.builder(name, stats, value).description(help).register(registry);
  }

  private void histogram(String name, String help, BucketCounts buckets) {
    double[] bounds = buckets.upperBounds();
    Collector collector =
        () ->
            HistogramSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(
                    HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(
                            ClassicHistogramBuckets.of(bounds, buckets.counts()))
                        .sum(buckets.sum())
                        .build())
                .build();
    registry.getPrometheusRegistry().register(collector);
  }
}
