#include "choice.hpp"

#include <cmath>
#include <limits>

namespace sled {
namespace {

constexpr int32_t kLanes = 16;
constexpr float kNone = -std::numeric_limits<float>::infinity();

// NaN never wins a comparison, so it counts as absent. Sixteen independent maxima let the compiler use vectors.
float maximum(const float *logits, int32_t count) {
  float lanes[kLanes];
  for (float &lane : lanes) {
    lane = kNone;
  }
  int32_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int32_t k = 0; k < kLanes; k++) {
      lanes[k] = logits[i + k] > lanes[k] ? logits[i + k] : lanes[k];
    }
  }
  float best = kNone;
  for (const float lane : lanes) {
    best = lane > best ? lane : best;
  }
  for (; i < count; i++) {
    best = logits[i] > best ? logits[i] : best;
  }
  return best;
}

}  // namespace

int32_t argmax(const float *logits, int32_t count) {
  const float best = maximum(logits, count);
  if (best == kNone) {
    return -1;
  }
  int32_t i = 0;
  while (logits[i] != best) {
    i++;
  }
  return i;
}

DraftOdds draft_odds(const float *logits, int32_t count) {
  const int32_t token = argmax(logits, count);
  if (token < 0) {
    return {-1, 0.0F, 0.0F, 0.0F};
  }
  const float best = logits[token];
  if (std::isinf(best)) {  // +infinity: all of the mass
    return {token, 1.0F, 1.0F, 0.0F};
  }
  double sum = 0.0;
  double weighted = 0.0;  // sum of e^d * d with d = logit - best
  float second = kNone;
  for (int32_t i = 0; i < count; i++) {
    const float logit = logits[i];
    const float distance = logit - best;
    if (!(distance > -60.0F)) {  // e^-60 adds nothing; also NaN
      continue;
    }
    const double e = std::exp(static_cast<double>(distance));
    sum += e;
    weighted += e * distance;
    if (i != token && logit > second) {
      second = logit;
    }
  }
  const double p1 = 1.0 / sum;
  const double p2 = second == kNone ? 0.0 : std::exp(static_cast<double>(second - best)) / sum;
  const double entropy = std::log(sum) - weighted / sum;
  return {token, static_cast<float>(p1), static_cast<float>(p1 - p2), static_cast<float>(entropy)};
}

}  // namespace sled
