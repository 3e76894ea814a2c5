// Speculative decoding as it really runs, with both kinds of sampling: draft a block, verify it, commit, roll back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "model.hpp"
#include "view.hpp"

namespace acceptance {

enum class Scheme {
  kCoupled,    // both sides add the same noise; a draft is accepted if it is the target's own choice
  kRejection,  // the draft is drawn from q; accepted with min(1, p / q), else a draw from max(0, p - q)
};

// Sums over rounds.
struct Rounds {
  int64_t tokens = 0;  // committed by rounds; the first token of a text comes with OPENED
  int64_t rounds = 0;
  int64_t accepted = 0;
  int64_t cut_short = 0;         // rounds with a draft that was not accepted
  int64_t all_q_bytes = 0;       // the draft's distributions at all drafts
  int64_t rejected_q_bytes = 0;  // at the rejected ones
  int64_t rejected_p_bytes = 0;  // the target's distributions there
  // Does the text follow the target's distribution? Then ln p(token) + entropy(p) is zero on average at every position,
  // whatever came before.
  double surprise = 0.0;
  double surprise_squares = 0.0;

  void add(const Rounds &other);
  double tokens_per_round() const { return static_cast<double>(tokens) / static_cast<double>(rounds); }
  double per_token(int64_t sum) const { return static_cast<double>(sum) / static_cast<double>(tokens); }
  double mean_surprise() const { return surprise / static_cast<double>(tokens); }
  // The deviation from the target's law in standard errors: beyond 4 something is wrong.
  double law_deviation() const;
};

// One text: what to say and how long. Rounds stop at the end of generation or when `tokens` new ones are committed; the
// last round counts as a whole.
struct Task {
  const std::vector<int32_t> &prompt;
  const sled::Sampling &sampling;
  int32_t tokens;
  int32_t block;
};

class Speculation {
 public:
  Speculation(const Model &target_model, Context &target, Context &draft, Reader &reader)
      : target_model_(target_model), target_(target), draft_(draft), reader_(reader) {}

  Rounds run(Scheme scheme, const Task &task);

  // Prompt and committed tokens of the last run.
  const std::vector<int32_t> &history() const { return history_; }

 private:
  void propose(Scheme scheme, const Task &task);
  int32_t emit(Scheme scheme, const View &p, size_t index, int32_t drafted);
  void verify(Scheme scheme, const Task &task);
  void note_law(const Distribution &p, int32_t token);
  double uniform() { return std::generate_canonical<double, 53>(random_); }

  const Model &target_model_;
  Context &target_;
  Context &draft_;
  Reader &reader_;
  std::mt19937_64 random_;
  Rounds sums_;
  std::vector<int32_t> history_;  // committed tokens, and behind them the drafts of the block
  size_t committed_ = 0;
  size_t draft_cached_ = 0;  // the draft's K/V is right up to here
  std::vector<View> q_;      // of the block
  View p_;
  bool ended_ = false;
};

}  // namespace acceptance
