// Two rows of logits: are they equal, and if not, how much does it matter?
#pragma once

#include <cstdint>
#include <vector>

#include "sampling.hpp"

namespace numerics {

constexpr float kTemperature = 0.8F;
constexpr uint64_t kSeed = 20240607;

// SLED's sampler on rows that stay as they are.
class Chooser {
 public:
  int32_t choose(const float *logits, int32_t count, float temperature, uint64_t seed, int32_t position);

 private:
  sled::Sampler sampler_;
  std::vector<float> scratch_;
};

struct Tally {
  int64_t rows = 0;
  int64_t different = 0;  // in any bit
  int64_t greedy = 0;     // rows whose likeliest token is another one
  int64_t sampled = 0;    // rows whose sampled token is another one
  double largest = 0;     // difference of two logits

  void add(const Tally &other);
};

Tally compare(Chooser &chooser, const std::vector<float> &expected, const float *actual, int32_t position);

}  // namespace numerics
