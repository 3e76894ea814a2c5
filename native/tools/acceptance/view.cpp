#include "view.hpp"

#include <cmath>
#include <stdexcept>

namespace acceptance {

void Reader::read(const sled::Sampling &sampling, float *row, const std::vector<int32_t> &history, size_t position,
                  View &view) {
  const auto length = static_cast<int32_t>(position);
  const int32_t *const window = history.data() + (length - sampling.penalty_window(length));
  view.choice = sampler_.choose(sampling, row, vocabulary_, length, window);
  if (view.choice < 0) {
    throw std::runtime_error("a row without any logit above minus infinity: the model is broken");
  }
  filter(sampling, row, vocabulary_, view.distribution);
  // The filters exist twice, here and in the sampler. Its own numbers say whether both mean the same.
  constexpr double kTolerance = 1e-4;
  const sled::Odds odds = sampler_.odds(row);
  const bool greedy = sampling.temperature == 0.0F;  // then the odds are those at temperature 1
  if (greedy ? view.choice != view.distribution.likeliest
             : std::fabs(static_cast<double>(odds.probability) - view.distribution.of(view.choice)) > kTolerance ||
                   std::fabs(static_cast<double>(odds.entropy) - view.distribution.entropy) > kTolerance) {
    throw std::runtime_error("this program's filters and those of src/sampling.cpp disagree");
  }
}

int32_t Reader::choose_again(const sled::Sampling &sampling, uint64_t seed, float *row, size_t position) {
  sled::Sampling other = sampling;
  other.penalty_last_n = 0;
  other.seed = seed;
  return sampler_.choose(other, row, vocabulary_, static_cast<int32_t>(position), nullptr);
}

}  // namespace acceptance
