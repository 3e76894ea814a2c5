#include "report.hpp"

#include <cinttypes>
#include <cmath>
#include <cstdio>

#include "status.hpp"
#include "wire.hpp"

namespace acceptance {
namespace {

using sled::format_text;

// The example that bytes and rounds are weighed with: how long a round takes beside its bytes' way over the link.
constexpr double kRoundSeconds = 0.05;

void print_row(const std::vector<std::string> &cells) {
  for (const std::string &cell : cells) {
    std::printf("| %s ", cell.c_str());
  }
  std::printf("|\n");
}

void print_header(const std::vector<std::string> &cells) {
  print_row(cells);
  for (size_t i = 0; i < cells.size(); i++) {
    std::printf(i == 0 ? "|---" : "|---:");
  }
  std::printf("|\n");
}

Rounds sum_of(const std::vector<Rounds> &prompts) {
  Rounds sum;
  for (const Rounds &r : prompts) {
    sum.add(r);
  }
  return sum;
}

Expected sum_of(const std::vector<Expected> &prompts) {
  Expected sum;
  for (const Expected &e : prompts) {
    sum.tokens += e.tokens;
    sum.rounds += e.rounds;
  }
  return sum;
}

double tokens_per_round(const Expected &e) { return e.tokens / e.rounds; }

// What a prompt contributes to the relative deviation of tokens per round, a ratio of sums over prompts.
template <typename Sums>
double influence(const Sums &prompt, const Sums &all) {
  return static_cast<double>(prompt.tokens) / static_cast<double>(all.tokens) -
         static_cast<double>(prompt.rounds) / static_cast<double>(all.rounds);
}

// Relative standard error of tokens per round.
double relative_error(const std::vector<Rounds> &prompts) {
  const Rounds all = sum_of(prompts);
  double squares = 0.0;
  for (const Rounds &r : prompts) {
    squares += std::pow(influence(r, all), 2);
  }
  return std::sqrt(squares);
}

// Of the ratio of two of them over the same texts.
double relative_error_of_gain(const BlockResult &b) {
  const Expected coupled = sum_of(b.coupled_expected);
  const Expected rejection = sum_of(b.rejection_expected);
  double squares = 0.0;
  for (size_t i = 0; i < b.coupled_expected.size(); i++) {
    squares += std::pow(influence(b.rejection_expected[i], rejection) - influence(b.coupled_expected[i], coupled), 2);
  }
  return std::sqrt(squares);
}

// A text may end before its first round.
bool has_rounds(const BlockResult &b) { return sum_of(b.coupled).rounds > 0 && sum_of(b.rejection).rounds > 0; }

bool is_greedy(const Setting &setting) { return setting.sampling.temperature == 0.0F; }

void print_introduction(const Introduction &i, const Results &results) {
  std::printf("# Coupled or rejection sampling: acceptance and bytes\n\n");
  std::printf("- Target: %s\n- Draft: %s\n", i.target.c_str(), i.draft.c_str());
  std::printf("- %d prompts, up to %d tokens each, seed %" PRIu64 "; vocabulary of %d tokens\n", i.prompts, i.tokens,
              i.seed, i.vocabulary);
  const int64_t positions = results.empty() ? 0 : results.front().second.agreement.positions;
  std::printf("- %" PRId64 " positions in the first line, about as many in the others\n", positions);
}

void print_agreement(const Results &results, int32_t short_list) {
  std::printf("\n## Acceptance of one draft\n\n");
  std::printf("Averages over the positions of the target's own texts, both models behind the same tokens. p is the "
              "target's distribution after all filters, q the draft's. *Formula* is the exact rate of coupled "
              "sampling, *sampler* counts SLED's choices with %d other seeds; *bound* is (1 - TV) / (1 + TV), which "
              "coupled sampling never falls below; *independent* is drafting without shared noise.\n\n",
              kSeeds);
  print_header({"sampling", "entropy of p, nats", "tokens kept in q", "TV(p, q)", "rejection, 1 - TV",
                format_text("rejection, q of %d tokens", short_list),
                               "coupled, formula", "coupled, sampler", "bound", "independent", "same likeliest token"});
  for (const auto &[setting, result] : results) {
    const Agreement &a = result.agreement;
    std::vector<std::string> cells = {setting.name, format_text("%.2f", a.average(a.entropy)),
                                      format_text("%.0f", a.average(a.kept))};
    for (const double sum : {static_cast<double>(a.positions) - a.rejection, a.rejection, a.short_list, a.coupled,
                             a.measured, a.bound, a.independent, a.greedy}) {
      cells.push_back(format_text("%.3f", a.average(sum)));
    }
    print_row(cells);
  }
}

std::string run_text(const std::vector<Rounds> &prompts) {
  const double mean = sum_of(prompts).tokens_per_round();
  return format_text("%.2f ± %.2f", mean, mean * relative_error(prompts));
}

void print_rounds(const Results &results) {
  std::printf("\n## Tokens per round\n\n");
  std::printf("Accepted drafts plus one. *Expected* is computed from the acceptance at every position of the same "
              "texts for both schemes, without any luck of drafts. *Run* is speculative decoding as it happens: the draft "
              "goes on behind its own tokens, the target verifies, both roll back; with rejection the text is another "
              "one each time. ± is one standard error, from the differences between prompts.\n\n");
  print_header({"sampling", "drafts per block", "coupled, expected", "rejection, expected", "rejection gains",
                "coupled, run", "rejection, run"});
  for (const auto &[setting, result] : results) {
    for (const BlockResult &b : result.blocks) {
      if (!has_rounds(b)) {
        continue;
      }
      const double c = tokens_per_round(sum_of(b.coupled_expected));
      const double r = tokens_per_round(sum_of(b.rejection_expected));
      print_row({setting.name, std::to_string(b.block), format_text("%.2f", c), format_text("%.2f", r),
                 format_text("%+.1f ± %.1f %%", 100.0 * (r / c - 1.0), 100.0 * r / c * relative_error_of_gain(b)),
                 run_text(b.coupled), run_text(b.rejection)});
    }
  }
}

// What a committed token costs: bytes from the runs, round trips as expected (runs are too noisy for small
// differences).
struct Cost {
  double up;
  double down;
  double trips;
};

Cost cost(const Rounds &r, const Expected &e, int64_t up, int64_t down) {
  return {r.per_token(up), r.per_token(down), e.rounds / e.tokens};
}

int64_t draft_bytes(const Rounds &r, int32_t block, int64_t per_draft) {
  return r.rounds * (wire::kDraft + block * per_draft);
}

Cost coupled_cost(const BlockResult &b) {
  const Rounds r = sum_of(b.coupled);
  return cost(r, sum_of(b.coupled_expected), draft_bytes(r, b.block, wire::kToken), r.rounds * wire::kVerdict);
}

// Every draft comes with its whole distribution; its probability is in there.
Cost up_front_cost(const BlockResult &b) {
  const Rounds r = sum_of(b.rejection);
  return cost(r, sum_of(b.rejection_expected), draft_bytes(r, b.block, wire::kToken) + r.all_q_bytes,
              r.rounds * wire::kVerdict);
}

// The same with a short q. It was not run: its bytes are those of the average position.
Cost short_list_cost(const BlockResult &b, const Agreement &a) {
  const Expected e = sum_of(b.short_list_expected);
  const double trips = e.rounds / e.tokens;
  const double up = static_cast<double>(wire::kDraft) +
                    b.block * (static_cast<double>(wire::kToken) + a.average(a.short_list_bytes));
  return {trips * up, trips * static_cast<double>(wire::kVerdict), trips};
}

// Every draft comes with its probability. After a rejection the server asks for that position's distribution, in one
// more frame down (of a verdict's size) and one up.
Cost on_demand_cost(const BlockResult &b) {
  const Rounds r = sum_of(b.rejection);
  const int64_t up = draft_bytes(r, b.block, wire::kToken + wire::kProbability) +
                     r.cut_short * wire::kDistributionFrame + r.rejected_q_bytes;
  Cost c = cost(r, sum_of(b.rejection_expected), up, (r.rounds + r.cut_short) * wire::kVerdict);
  c.trips += r.per_token(r.cut_short);
  return c;
}

// After a rejection the verdict brings the target's distribution, and the device draws.
Cost device_draws_cost(const BlockResult &b) {
  const Rounds r = sum_of(b.rejection);
  return cost(r, sum_of(b.rejection_expected), draft_bytes(r, b.block, wire::kToken + wire::kProbability),
              r.rounds * wire::kVerdict + r.rejected_p_bytes);
}

std::string bytes(const Cost &c) { return format_text("%.0f / %.0f", c.up, c.down); }

std::string trips(const Cost &c) { return format_text("%.3f", c.trips); }

// The rate of a link at which the bytes that rejection sampling sends more take as long as the rounds that it saves.
std::string break_even(double more_bytes, const Cost &coupled, const Cost &rejection) {
  const double saved = (coupled.trips - rejection.trips) * kRoundSeconds;
  if (saved < 1e-9) {  // or nothing but rounding, for equal models
    return "never";
  }
  if (more_bytes <= 0.0) {
    return "always";
  }
  const double rate = more_bytes * 8.0 / saved;
  return rate < 1e6 ? format_text("%.0f kbit/s", rate / 1e3) : format_text("%.1f Mbit/s", rate / 1e6);
}

void print_bytes(const Results &results, int32_t vocabulary, int32_t short_list) {
  std::printf("\n## On the wire, per committed token\n\n");
  std::printf("Bytes up / down and round trips. Coupled: DRAFT (40 + 4 per draft) and VERDICT (52). Rejection sampling "
              "needs more, in one of four ways:\n\n");
  std::printf("- *up front*: every draft brings the draft model's whole distribution q after the filters: 8 bytes for "
              "each token kept, at most 4 for each of the vocabulary, and 4 for the count (%" PRId64
              " uncut here; 607748 with 151936 tokens).\n",
              int64_t{4} + int64_t{4} * vocabulary);
  std::printf("- *short list*: the same, but the device draws its drafts from its %d likeliest tokens and sends only "
              "those. Rejection sampling is right with any q; the acceptance is lower.\n",
              short_list);
  std::printf("- *on demand*: every draft brings its probability, 4 bytes. After a rejection the server has to ask for "
              "q at that position before it can choose: one more round trip.\n");
  std::printf("- *device draws*: every draft brings its probability. After a rejection the verdict brings the target's "
              "distribution p, and the device draws from max(0, p - q). No more round trips, but the text is then the "
              "device's: the server can neither check it, nor go on alone, nor answer a lost verdict again.\n\n");
  std::printf("*Pays from*: on a link as fast as this, up for the first two ways and down for the last one, the "
              "additional bytes take as long as the saved rounds, at %.0f ms a round; on a slower one coupled sampling "
              "is faster. Temperature 0 is left out: ids suffice.\n\n",
              kRoundSeconds * 1000.0);
  print_header({"sampling", "drafts per block", "coupled", "trips", "rejection: trips", "up front", "pays from",
                "short list", "trips", "pays from", "on demand", "trips", "device draws", "pays from"});
  for (const auto &[setting, result] : results) {
    for (const BlockResult &b : result.blocks) {
      if (is_greedy(setting) || !has_rounds(b)) {
        continue;
      }
      const Cost c = coupled_cost(b);
      const Cost front = up_front_cost(b);
      const Cost list = short_list_cost(b, result.agreement);
      const Cost demand = on_demand_cost(b);
      const Cost device = device_draws_cost(b);
      print_row({setting.name, std::to_string(b.block), bytes(c), trips(c), trips(front), bytes(front),
                 break_even(front.up - c.up, c, front), bytes(list), trips(list), break_even(list.up - c.up, c, list),
                 bytes(demand), trips(demand), bytes(device), break_even(device.down - c.down, c, device)});
    }
  }
}

void print_checks(const Results &results) {
  Rounds coupled;
  Rounds rejection;
  int64_t texts = 0;
  int64_t same = 0;
  for (const auto &entry : results) {
    texts += entry.second.texts;
    same += entry.second.same_texts;
    coupled.add(sum_of(entry.second.blocks.front().coupled));  // the others are the same text
    for (const BlockResult &b : entry.second.blocks) {
      rejection.add(sum_of(b.rejection));
    }
  }
  std::printf("\n## Checks\n\n");
  std::printf("- Coupled rounds gave the text of the target alone in %" PRId64 " of %" PRId64 " texts.\n", same, texts);
  std::printf("- Both schemes should draw from p. The mean of ln p(token) + entropy(p) is then 0; it is %+.4f coupled "
              "(%+.1f standard errors) and %+.4f with rejection (%+.1f), over %" PRId64 " and %" PRId64 " tokens.\n",
              coupled.mean_surprise(), coupled.law_deviation(),
              rejection.mean_surprise(), rejection.law_deviation(), coupled.tokens, rejection.tokens);
}

}  // namespace

void print_report(const Introduction &introduction, const Results &results) {
  print_introduction(introduction, results);
  print_agreement(results, introduction.short_list);
  print_rounds(results);
  print_bytes(results, introduction.vocabulary, introduction.short_list);
  print_checks(results);
}

}  // namespace acceptance
