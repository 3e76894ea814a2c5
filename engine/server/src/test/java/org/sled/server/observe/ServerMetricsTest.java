package org.sled.server.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.core.cost.RowRule;
import org.sled.jni.StepStats;
import org.sled.net.protocol.EndTokens;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.server.target.TargetDescription;

/** What is counted, and under which names it is shown. */
final class ServerMetricsTest {
  private final ServerStats stats = new ServerStats();
  private final ServerMetrics metrics =
      new ServerMetrics(
          stats,
          "1.2",
          new TargetDescription(
              new TokenizerFingerprint(2, 1, 2, 3, 4),
              100,
              1,
              1,
              64,
              63,
              true,
              new RowRule(4, 4),
              1,
              "the \"model\"",
              "",
              EndTokens.UNKNOWN));

  /** The value of a series, or null. */
  private String value(String series) {
    for (String line : metrics.scrape(false).split("\n", -1)) {
      if (line.startsWith(series + " ")) {
        return line.substring(series.length() + 1);
      }
    }
    return null;
  }

  private void assertValue(double expected, String series) {
    String value = value(series);
    assertTrue(value != null, () -> series + " is missing in\n" + metrics.scrape(false));
    assertEquals(expected, Double.parseDouble(value), 1e-9, series);
  }

  @Test
  void roundsAreCountedByPosition() {
    stats.round(4, 4, 4);
    stats.round(4, 3, 2);
    stats.round(4, 1, 0);
    stats.round(0, 0, 0);
    stats.trimmed(2);
    stats.tokens(3);
    assertValue(4, "sled_rounds_total");
    assertValue(12, "sled_spec_decode_num_draft_tokens_total");
    assertValue(8, "sled_spec_decode_num_verified_tokens_total");
    assertValue(6, "sled_spec_decode_num_accepted_tokens_total");
    assertValue(2, "sled_spec_decode_num_trimmed_tokens_total");
    assertValue(13, "sled_generation_tokens_total");
    String perPosition = "sled_spec_decode_num_accepted_tokens_per_pos_total";
    assertValue(2, perPosition + "{position=\"0\"}");
    assertValue(2, perPosition + "{position=\"1\"}");
    assertValue(1, perPosition + "{position=\"2\"}");
    assertValue(1, perPosition + "{position=\"3\"}");
    assertNull(value(perPosition + "{position=\"4\"}"));
    stats.round(62, 62, 62); // positions come as they are reached
    assertValue(1, perPosition + "{position=\"61\"}");
    assertValue(2, perPosition + "{position=\"3\"}");
  }

  @Test
  void stepsAreHistograms() {
    try (StepStats step = new StepStats()) {
      step.script(2, 24, 20, 4, 0);
      stats.step(step, 10_000_000, 0);
      stats.step(step, 40_000_000, 50_000_000);
      step.script(1, 2, 1, 1, 0);
      stats.step(step, 90_000_000_000L, 0);
    }
    assertValue(0, "sled_step_time_seconds_bucket{le=\"0.0075\"}");
    assertValue(1, "sled_step_time_seconds_bucket{le=\"0.01\"}"); // its bound included
    assertValue(2, "sled_step_time_seconds_bucket{le=\"0.05\"}");
    assertValue(2, "sled_step_time_seconds_bucket{le=\"60.0\"}");
    assertValue(3, "sled_step_time_seconds_bucket{le=\"+Inf\"}");
    assertValue(3, "sled_step_time_seconds_count");
    assertValue(90.05, "sled_step_time_seconds_sum");
    assertValue(1, "sled_step_time_predicted_seconds_count");
    assertValue(0.05, "sled_step_time_predicted_seconds_sum");
    assertValue(0.25, "sled_step_time_prediction_error_ratio_sum");
    assertValue(0, "sled_step_time_prediction_error_ratio_bucket{le=\"0.2\"}");
    assertValue(1, "sled_step_time_prediction_error_ratio_bucket{le=\"0.3\"}");
    assertValue(5, "sled_step_passes_total");
    assertValue(41, "sled_step_rows_total{kind=\"useful\"}");
    assertValue(9, "sled_step_rows_total{kind=\"padding\"}");
    assertValue(1, "sled_iteration_tokens_bucket{le=\"16.0\"}");
    assertValue(41, "sled_iteration_tokens_sum");
    assertValue(9, "sled_step_sessions_sum");
  }

  @Test
  void sessionsWaitRunAndAreSwapped() {
    stats.sessionOpened();
    stats.sessionOpened();
    stats.sessionOpened();
    stats.sessionClosed();
    stats.busy(BusyKind.FULL);
    stats.queue(3, 1);
    stats.swappedOut(1000);
    stats.swappedOut(500);
    assertValue(0, "sled_num_requests_running");
    stats.swappedIn(1000);
    assertValue(1, "sled_num_requests_running");
    assertValue(500, "sled_swapped_bytes");
    stats.swapDropped(500);
    stats.sessionClosed();
    assertValue(1, "sled_num_requests_running");
    assertValue(1, "sled_sessions_open");
    assertValue(3, "sled_sessions_opened_total");
    assertValue(1, "sled_busy_answers_total{kind=\"full\"}");
    assertValue(3, "sled_num_requests_waiting{kind=\"block\"}");
    assertValue(1, "sled_num_requests_waiting{kind=\"prompt\"}");
    assertValue(2, "sled_swapped_out_total");
    assertValue(1, "sled_swapped_in_total");
    assertValue(0, "sled_swapped_bytes");
  }

  @Test
  void timesPromptsAndCaches() {
    stats.firstToken(30_000_000);
    stats.queueTime(1_500_000);
    stats.queueTime(-5); // clocks are read by two threads
    stats.promptTokens(32);
    stats.prefix(100, 64);
    stats.stuckStep();
    assertValue(1, "sled_time_to_first_token_seconds_bucket{le=\"0.04\"}");
    assertValue(0.03, "sled_time_to_first_token_seconds_sum");
    assertValue(2, "sled_queue_time_seconds_count");
    assertValue(0.0015, "sled_queue_time_seconds_sum");
    assertValue(32, "sled_prompt_tokens_total");
    assertValue(100, "sled_prefix_cache_queries_total");
    assertValue(64, "sled_prefix_cache_hits_total");
    assertValue(1, "sled_stuck_steps_total");
  }

  @Test
  void whatIsNotKnownIsNotShown() {
    assertFalse(metrics.scrape(false).contains("sled_kv"));
    assertFalse(metrics.scrape(false).contains("sled_price"));
    stats.kvCells(300, 50, 400);
    stats.price(0.0125);
    assertValue(0.75, "sled_kv_cache_usage_ratio");
    assertValue(300, "sled_kv_cells_used");
    assertValue(400, "sled_kv_cells_capacity");
    assertValue(0.0125, "sled_price_seconds");
  }

  @Test
  void everySeriesHasHelpAndAType() {
    stats.kvCells(1, 0, 2);
    stats.price(1);
    assertValue(
        1,
        "sled_build_info{model=\"the \\\"model\\\"\",numerics=\"exact\",row_least=\"4\",row_multiple=\"4\",version=\"1.2\"}");
    List<String> described = new ArrayList<>();
    List<String> typed = new ArrayList<>();
    for (String line : metrics.scrape(false).split("\n", -1)) {
      String[] words = line.split(" ", 4);
      if (line.startsWith("# HELP ")) {
        described.add(words[2]);
        // A share is a ratio of 0 to 1, and says so in its name.
        assertFalse(words[2].contains("perc"), line);
        assertTrue(words[3].endsWith("."), line);
      } else if (line.startsWith("# TYPE ")) {
        typed.add(words[2]);
        assertEquals(words[2].endsWith("_total"), words[3].equals("counter"), line);
      } else if (!line.isEmpty()) {
        assertTrue(line.startsWith(typed.get(typed.size() - 1)), line);
      }
    }
    assertEquals(described, typed);
    assertTrue(typed.size() > 30, typed::toString);
    assertTrue(typed.stream().allMatch(name -> name.startsWith("sled_")), typed::toString);
  }
}
