package org.sled.bench.fit;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sled.bench.cost.CostTable;
import org.sled.bench.report.EnergyResult;
import org.sled.bench.report.Rounding;

/**
 * Whether a pair pays, with all that it was concluded from.
 *
 * @param target the target
 * @param draft the draft model
 * @param vocabulary what the two have in common
 * @param server whose step costs these are; null: measured on this machine
 * @param sampling how tokens were chosen, in words
 * @param acceptance by kind of text, all of them together at the end
 * @param draftsPerSecond tokens that the draft model proposes per second here
 * @param draftThreads that it computes with
 * @param costs what a step of the target takes
 * @param shapesMeasured of its shapes; the others are estimated from those
 * @param table what is to be expected
 * @param leastDraftsPerSecond from which on drafts pay for one session at {@code
 *     leastRateRttMillis}; null: not found within what was tried
 * @param leastRateRttMillis round trip time of that, ms
 * @param energy of this machine while texts were recorded, both models on it; null: not measured
 * @param advice in one sentence
 * @param notes what somebody should know beside it
 * @param cutShort what there was not enough time for; empty if all was done
 * @param seconds that it took
 */
public record FitResult(
    ModelFacts target,
    ModelFacts draft,
    Vocabulary vocabulary,
    String server,
    String sampling,
    List<KindAcceptance> acceptance,
    Double draftsPerSecond,
    int draftThreads,
    CostTable costs,
    int shapesMeasured,
    List<FitCell> table,
    Double leastDraftsPerSecond,
    double leastRateRttMillis,
    EnergyResult energy,
    String advice,
    List<String> notes,
    List<String> cutShort,
    double seconds) {

  /**
   * One of the two models.
   *
   * @param file as it was given; a server's address where there is no file
   * @param name in its header; may be empty
   * @param architecture as GGUF files name it
   * @param parameters 0: not known
   * @param tokens of its vocabulary
   */
  public record ModelFacts(
      String file, String name, String architecture, long parameters, int tokens) {
    String line() {
      StringBuilder text = new StringBuilder(file);
      if (parameters > 0) {
        text.append(String.format(Locale.ROOT, ", %.2fB parameters", parameters / 1e9));
      }
      if (!architecture.isEmpty()) {
        text.append(", ").append(architecture);
      }
      return text.append(String.format(Locale.ROOT, ", %,d tokens", tokens)).toString();
    }
  }

  /**
   * What two vocabularies have in common.
   *
   * @param same whether they are one
   * @param shared ids of the target that mean the same token in the draft model
   * @param targetTokens ids of the target
   * @param firstDifference the lowest id of the target that does not; −1: there is none
   */
  public record Vocabulary(boolean same, int shared, int targetTokens, int firstDifference) {
    String line() {
      return same
          ? "the same"
          : String.format(
              Locale.ROOT,
              "%,d of the target's %,d tokens are shared, the others are never drafted; the first"
                  + " that differs is %d",
              shared,
              targetTokens,
              firstDifference);
    }
  }

  /** The result as lines of text, for people; the advice is the last one. */
  @JsonIgnore
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("target      " + target.line());
    lines.add("draft       " + draft.line());
    lines.add("vocabulary  " + vocabulary.line());
    lines.add("sampling    " + sampling);
    lines.add("");
    lines.add(
        String.format(
            "%-14s %5s %7s %11s %18s",
            "kind", "texts", "tokens", "acceptance", "tokens/block of 4"));
    for (KindAcceptance kind : acceptance) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-14s %5d %7d %11s %18s",
              kind.kind(),
              kind.texts(),
              kind.positions(),
              kind.acceptance() == null ? "-" : Rounding.text("%.2f", kind.acceptance()),
              kind.tokensPerBlock().size() < 4
                  ? "-"
                  : Rounding.text("%.2f", kind.tokensPerBlock().get(3))));
    }
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "drafting here: %s tokens/s with %d thread%s",
            draftsPerSecond == null ? "-" : Rounding.text("%.1f", draftsPerSecond),
            draftThreads,
            draftThreads == 1 ? "" : "s"));
    if (costs != null) {
      lines.add(
          "a step of the target, "
              + (server == null ? "here" : "at " + server)
              + (costs.numerics().isEmpty() ? "" : ", " + costs.numerics())
              + ":");
      lines.addAll(costs.lines());
    }
    if (energy != null) {
      lines.add(
          energy.joulesPerToken() == null
              ? "energy: no meter that can be read here"
              : String.format(
                  Locale.ROOT,
                  "energy while recording: %.2f J per token of text, both models here (%s)",
                  energy.joulesPerToken(),
                  String.join(", ", energy.covers())));
    }
    addTable(lines);
    notes.forEach(note -> lines.add("note: " + note));
    cutShort.forEach(what -> lines.add("cut short: " + what));
    lines.add("");
    lines.add(advice);
    return lines;
  }

  private void addTable(List<String> lines) {
    for (int sessions : table.stream().mapToInt(FitCell::sessions).distinct().sorted().toArray()) {
      List<FitCell> cells = table.stream().filter(cell -> cell.sessions() == sessions).toList();
      double[] rates = cells.stream().mapToDouble(FitCell::draftsPerSecond).distinct().toArray();
      lines.add("");
      StringBuilder head =
          new StringBuilder(
              String.format(
                  "%-26s", sessions == 1 ? "1 session, ms per token" : sessions + " sessions"));
      head.append(String.format("%9s", "alone"));
      for (double rate : rates) {
        boolean own = cells.stream().anyMatch(cell -> cell.own() && cell.draftsPerSecond() == rate);
        head.append(
            String.format(
                Locale.ROOT, "%18s", String.format(Locale.ROOT, "%.4g/s%s", rate, own ? "*" : "")));
      }
      lines.add(head.toString());
      for (double rtt : cells.stream().mapToDouble(FitCell::rttMillis).distinct().toArray()) {
        StringBuilder line =
            new StringBuilder(String.format(Locale.ROOT, "%17s %5.0f ms", "round trip", rtt));
        boolean first = true;
        for (double rate : rates) {
          for (FitCell cell : cells) {
            if (cell.rttMillis() == rtt && cell.draftsPerSecond() == rate) {
              if (first) {
                line.append(String.format(Locale.ROOT, "%9.1f", cell.aloneTpotMillis()));
                first = false;
              }
              line.append(
                  String.format(
                      Locale.ROOT, "%10.1f (%4.2fx)", cell.draftTpotMillis(), cell.gain()));
            }
          }
        }
        lines.add(line.toString());
      }
    }
    if (!table.isEmpty()) {
      lines.add(
          "(drafts per second of a device; * this one; x: times as fast as the server alone)");
    }
  }
}
