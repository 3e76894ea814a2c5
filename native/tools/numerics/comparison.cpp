#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace numerics {

int32_t Chooser::choose(const float *logits, int32_t count, float temperature, uint64_t seed, int32_t position) {
  sled::Sampling sampling;
  sampling.temperature = temperature;
  sampling.seed = seed;
  scratch_.assign(logits, logits + count);
  return sampler_.choose(sampling, scratch_.data(), count, position, nullptr);
}

void Tally::add(const Tally &other) {
  rows += other.rows;
  different += other.different;
  greedy += other.greedy;
  sampled += other.sampled;
  largest = std::max(largest, other.largest);
}

Tally compare(Chooser &chooser, const std::vector<float> &expected, const float *actual, int32_t position) {
  Tally tally;
  tally.rows = 1;
  if (std::memcmp(expected.data(), actual, expected.size() * sizeof(float)) == 0) {
    return tally;
  }
  tally.different = 1;
  for (size_t i = 0; i < expected.size(); i++) {
    tally.largest = std::max(tally.largest, std::fabs(static_cast<double>(expected[i]) - actual[i]));
  }
  const auto another = [&](float temperature) {
    const auto count = static_cast<int32_t>(expected.size());
    return chooser.choose(expected.data(), count, temperature, kSeed, position) !=
           chooser.choose(actual, count, temperature, kSeed, position);
  };
  tally.greedy = another(0) ? 1 : 0;
  tally.sampled = another(kTemperature) ? 1 : 0;
  return tally;
}

}  // namespace numerics
