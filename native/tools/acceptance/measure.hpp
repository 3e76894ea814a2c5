// One pair of models, one way to sample: what is measured over all prompts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "expected.hpp"
#include "model.hpp"
#include "rounds.hpp"
#include "view.hpp"

namespace acceptance {

struct Setting {
  std::string name;
  sled::Sampling sampling;  // without its seed
};

// Averages over positions, both models behind the same tokens.
struct Agreement {
  int64_t positions = 0;
  double entropy = 0.0;
  double kept = 0.0;        // tokens that the draft's filters leave
  double rejection = 0.0;   // 1 - TV
  double short_list = 0.0;  // 1 - TV with a short q (see Measurement)
  double short_list_bytes = 0.0;
  double coupled = 0.0;     // by the formula
  double measured = 0.0;    // by the sampler
  double bound = 0.0;       // (1 - TV) / (1 + TV)
  double independent = 0.0;
  double greedy = 0.0;      // same likeliest token

  void add(const Agreement &other);
  double average(double sum) const { return sum / static_cast<double>(positions); }
};

// Rounds of one block length; one entry per prompt, for standard errors.
struct BlockResult {
  int32_t block;
  std::vector<Rounds> coupled;
  std::vector<Rounds> rejection;
  std::vector<Expected> coupled_expected;
  std::vector<Expected> rejection_expected;
  std::vector<Expected> short_list_expected;
};

struct Result {
  Agreement agreement;
  std::vector<BlockResult> blocks;
  int64_t texts = 0;
  int64_t same_texts = 0;  // coupled rounds that gave the text of the target alone, as they all should
};

// Seeds at each position when acceptance is counted with the sampler.
constexpr int32_t kSeeds = 64;

class Measurement {
 public:
  // Said before each prompt: its number.
  using Progress = std::function<void(int32_t)>;

  // short_list: rejection sampling is right with any q, so a device could draw its drafts from this many of its
  // likeliest tokens, and send no more than those.
  Measurement(const Model &target, const Model &draft, int32_t vocabulary, int32_t positions, int32_t short_list);

  Result run(const Setting &setting, const std::vector<std::vector<int32_t>> &prompts, int32_t tokens, uint64_t seed,
             const std::vector<int32_t> &blocks, const Progress &progress);

 private:
  std::vector<int32_t> generate(const sled::Sampling &sampling, const std::vector<int32_t> &prompt, int32_t tokens);
  // By position of a text: how likely its token was an accepted draft.
  struct Accept {
    std::vector<double> coupled;
    std::vector<double> rejection;
    std::vector<double> short_list;
  };
  Agreement compare(const sled::Sampling &sampling, const std::vector<int32_t> &history, size_t prompt, Accept &accept);

  const Model &target_model_;
  const int32_t short_list_;
  Context target_;
  Context draft_;
  Reader reader_;
  Speculation speculation_;
};

}  // namespace acceptance
