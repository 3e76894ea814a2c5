#include "sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "philox.hpp"
#include "spec_math.hpp"
#include "status.hpp"

// The few loops over whole rows exist twice on x86, and the machine takes the wider one. Their bits are the same: all of
// it is elementwise or integer arithmetic, or a diagnosis that no choice depends on.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SLED_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define SLED_WIDE
#endif

namespace sled {
namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();
// Tokens whose upper noise bits are drawn in one go.
constexpr int32_t kBlock = 8 * Philox::kCounters;

constexpr int32_t kWeightPower = 40;  // top-p's weights are multiples of 2^-40

// The largest noise: u is at most 1 - 2^-53. A token that lies further than this behind the best score cannot win.
constexpr double kMostNoise = 36.75;

int64_t weight_of(double distance) {
  constexpr double kToInteger = 0x1p52;
  return static_cast<int64_t>(spec::bits_of(spec::exp_scaled(distance, kWeightPower) + kToInteger) -
                              spec::bits_of(kToInteger));
}

SLED_WIDE int64_t block_weight(const float *logits, double maximum) {
  int64_t sum = 0;
  for (int32_t i = 0; i < kBlock; i++) {
    sum += weight_of(static_cast<double>(logits[i]) - maximum);
  }
  return sum;
}

double noise_of(uint16_t high, uint64_t low) {
  const uint64_t v = (uint64_t{high} << 36) | (low >> 28);
  const double u = static_cast<double>(2 * v + 1) * 0x1p-53;
  return -spec::ln(-spec::ln(u));
}

void require_range(const char *name, float value, float least, float most) {
  if (!(value >= least && value <= most)) {  // also NaN
    fail(SLED_ERR_ARGUMENT, "%s is %g: %g to %g are possible", name, static_cast<double>(value),
         static_cast<double>(least), static_cast<double>(most));
  }
}

}  // namespace

Sampling Sampling::checked(const sled_sampling *params, int32_t vocabulary) {
  Sampling s;
  if (params == nullptr) {
    return s;
  }
  if (params->struct_size != static_cast<int32_t>(sizeof(*params))) {
    fail(SLED_ERR_ARGUMENT, "sled_sampling.struct_size is %d, %zu expected", params->struct_size, sizeof(*params));
  }
  require_range("temperature", params->temperature, 0.0F, std::numeric_limits<float>::max());
  require_range("top_p", params->top_p, 0.0F, 1.0F);
  require_range("min_p", params->min_p, 0.0F, 1.0F);
  require_range("repeat_penalty", params->repeat_penalty, 0.01F, 100.0F);
  require_range("presence_penalty", params->presence_penalty, -1000.0F, 1000.0F);
  require_range("frequency_penalty", params->frequency_penalty, -1000.0F, 1000.0F);
  if (params->top_k < 0) {
    fail(SLED_ERR_ARGUMENT, "top_k is %d: 0 (all tokens) or more", params->top_k);
  }
  if (params->penalty_last_n < -1) {
    fail(SLED_ERR_ARGUMENT, "penalty_last_n is %d: -1 (the whole history) or more", params->penalty_last_n);
  }
  if (params->bias_count < 0 || params->bias_count > SLED_MAX_LOGIT_BIASES) {
    fail(SLED_ERR_ARGUMENT, "%d logit biases: at most %d", params->bias_count, SLED_MAX_LOGIT_BIASES);
  }
  if (params->bias_count > 0) {
    if (params->bias_address == 0) {
      fail(SLED_ERR_ARGUMENT, "logit biases at address 0");
    }
    s.logit_bias.resize(static_cast<size_t>(params->bias_count));
    std::memcpy(s.logit_bias.data(), reinterpret_cast<const void *>(params->bias_address),
                s.logit_bias.size() * sizeof(sled_logit_bias));
  }
  for (const sled_logit_bias &entry : s.logit_bias) {
    if (entry.token < 0 || entry.token >= vocabulary) {
      fail(SLED_ERR_TOKEN, "logit bias for token %d: ids are 0 to %d", entry.token, vocabulary - 1);
    }
    require_range("a logit bias", entry.bias, -1000.0F, 1000.0F);
  }
  s.temperature = params->temperature;
  s.top_k = params->top_k;
  s.top_p = params->top_p;
  s.min_p = params->min_p;
  s.repeat_penalty = params->repeat_penalty;
  s.presence_penalty = params->presence_penalty;
  s.frequency_penalty = params->frequency_penalty;
  s.penalty_last_n = params->penalty_last_n;
  s.seed = static_cast<uint64_t>(params->seed);
  return s;
}

bool Sampling::needs_only(int32_t count) const {
  const int32_t kept = temperature == 0.0F ? 1 : top_k;
  if (kept < 1 || !logit_bias.empty()) {
    return false;
  }
  if (!has_penalties()) {
    return kept <= count;
  }
  // Penalties that only lower logits bring up as many tokens as there are penalized ones, at most.
  const bool lower = repeat_penalty >= 1.0F && presence_penalty >= 0.0F && frequency_penalty >= 0.0F;
  return lower && penalty_last_n > 0 && penalty_last_n <= count && kept <= count - penalty_last_n;
}

// Step 1 and 2. Occurrences are counted anew for every row: the window moves by one token from row to row, and a few
// thousand increments are nothing beside a row's decoding.
template <typename At>
void Sampler::penalize(const Sampling &sampling, int32_t window_count, const int32_t *window, At &&at) {
  if (sampling.has_penalties()) {
    for (int32_t i = 0; i < window_count; i++) {
      if (at(window[i]) != nullptr) {
        if (occurrences_.size() <= static_cast<size_t>(window[i])) {
          occurrences_.resize(static_cast<size_t>(window[i]) + 1, 0);
        }
        occurrences_[static_cast<size_t>(window[i])]++;
      }
    }
    for (int32_t i = 0; i < window_count; i++) {
      float *const logit = at(window[i]);
      if (logit == nullptr) {
        continue;
      }
      int32_t &occurrences = occurrences_[static_cast<size_t>(window[i])];
      if (occurrences == 0) {
        continue;  // done at an earlier place
      }
      const float l = *logit > 0.0F ? *logit / sampling.repeat_penalty : *logit * sampling.repeat_penalty;
      const float counted = static_cast<float>(occurrences) * sampling.frequency_penalty;
      *logit = l - (counted + sampling.presence_penalty);
      occurrences = 0;
    }
  }
  for (const sled_logit_bias &entry : sampling.logit_bias) {
    float *const logit = at(entry.token);
    if (logit != nullptr) {
      *logit += entry.bias;
    }
  }
}

// A block's logits; behind the last one minus infinity.
const float *Sampler::block(const float *logits, int32_t index) const {
  const bool whole = (index + 1) * kBlock <= count_;
  return whole ? logits + static_cast<size_t>(index) * kBlock : tail_.data();
}

// The maxima of all blocks: later passes leave out what lies too low to matter. NaN never wins a comparison, so it
// counts as absent.
void Sampler::scan(const float *logits, int32_t count) {
  constexpr int32_t kLanes = 16;
  count_ = count;
  blocks_ = (count + kBlock - 1) / kBlock;
  block_maximum_.resize(static_cast<size_t>(blocks_));
  const int32_t tail = count % kBlock;
  tail_.assign(kBlock, kNone);
  std::copy(logits + (count - tail), logits + count, tail_.begin());
  maximum_ = kNone;
  for (int32_t b = 0; b < blocks_; b++) {
    const float *const l = block(logits, b);
    float lanes[kLanes];
    for (int32_t i = 0; i < kLanes; i++) {
      lanes[i] = l[i] > kNone ? l[i] : kNone;
    }
    for (int32_t i = kLanes; i < kBlock; i += kLanes) {
      for (int32_t k = 0; k < kLanes; k++) {
        lanes[k] = l[i + k] > lanes[k] ? l[i + k] : lanes[k];
      }
    }
    float best = lanes[0];
    for (int32_t i = 1; i < kLanes; i++) {
      best = lanes[i] > best ? lanes[i] : best;
    }
    block_maximum_[static_cast<size_t>(b)] = best;
    maximum_ = best > maximum_ ? best : maximum_;
  }
}

int32_t Sampler::first_of(const float *logits, float value) const {
  int32_t b = 0;
  while (block_maximum_[static_cast<size_t>(b)] != value) {
    b++;
  }
  int32_t i = b * kBlock;
  while (logits[i] != value) {
    i++;
  }
  return i;
}

namespace {

template <typename C>
bool before(const C &a, const C &b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

}  // namespace

// All tokens with a logit of at least `least`, in the order of their ids.
void Sampler::collect(const float *logits, float least) {
  candidates_.clear();
  for (int32_t b = 0; b < blocks_; b++) {
    if (!(block_maximum_[static_cast<size_t>(b)] >= least)) {
      continue;
    }
    const float *const l = block(logits, b);
    for (int32_t i = 0; i < kBlock; i++) {
      if (l[i] >= least && l[i] > kNone) {
        candidates_.push_back({l[i], b * kBlock + i, 0});
      }
    }
  }
}

// Leaves the kept tokens in candidates_. If k blocks have a token of this logit or more, the k-th largest of all is not
// smaller: so the k-th largest maximum of a block bounds what has to be looked at.
void Sampler::cut_top_k(const float *logits, int32_t k) {
  float least = std::numeric_limits<float>::lowest();
  if (k <= blocks_) {
    ranked_.assign(block_maximum_.begin(), block_maximum_.end());
    std::nth_element(ranked_.begin(), ranked_.begin() + (k - 1), ranked_.end(), std::greater<>());
    least = std::max(least, ranked_[static_cast<size_t>(k - 1)]);
  }
  collect(logits, least);
  const auto kept = static_cast<size_t>(k);
  if (kept <= candidates_.size()) {
    const auto last = candidates_.begin() + (k - 1);
    std::nth_element(candidates_.begin(), last, candidates_.end(), before<Candidate>);
    cut_.logit = last->logit;
    cut_.id = last->id;
    candidates_.resize(kept);
  }
}

int64_t Sampler::total_weight(const float *logits) const {
  const auto m = static_cast<double>(maximum_);
  int64_t total = 0;
  for (int32_t b = 0; b < blocks_; b++) {
    if (!(static_cast<double>(block_maximum_[static_cast<size_t>(b)]) - m > spec::kExpFloor)) {
      continue;  // weights of zero
    }
    total += block_weight(block(logits, b), m);
  }
  return total;
}

void Sampler::cut_top_p(const float *logits, float p, bool after_top_k) {
  const auto m = static_cast<double>(maximum_);
  int64_t total = 0;
  if (after_top_k) {
    for (Candidate &c : candidates_) {
      c.weight = weight_of(static_cast<double>(c.logit) - m);
      total += c.weight;
    }
  } else {
    total = total_weight(logits);
  }
  int64_t need = std::max(static_cast<int64_t>(static_cast<double>(p) * static_cast<double>(total)), int64_t{1});
  if (!after_top_k) {
    // Mostly a few tokens near the maximum will do; look further down only as far as is needed.
    for (double depth = 4.0;; depth *= 2.0) {
      const bool all = -depth <= spec::kExpFloor;
      collect(logits, all ? std::numeric_limits<float>::lowest() : static_cast<float>(m - depth));
      int64_t sum = 0;
      for (Candidate &c : candidates_) {
        c.weight = weight_of(static_cast<double>(c.logit) - m);
        sum += c.weight;
      }
      if (sum >= need || all) {
        break;
      }
    }
  }
  // The token at which the sum of the weights reaches `need`, by halving the part in which it lies.
  auto from = candidates_.begin();
  auto to = candidates_.end();
  while (to - from > 1) {
    const auto middle = from + (to - from) / 2;
    std::nth_element(from, middle, to, before<Candidate>);
    int64_t sum = 0;
    for (auto c = from; c != middle; ++c) {
      sum += c->weight;
    }
    if (sum >= need) {
      to = middle;
    } else {
      need -= sum;
      from = middle;
    }
  }
  cut_.logit = from->logit;
  cut_.id = from->id;
}

namespace {

// Which tokens of a block may beat the best score so far. For a token of probability e^distance beside the best score,
// the noise wins only if 1 - u < e^distance, since u must be above exp(-e^distance) >= 1 - e^distance. Both sides are
// bounded in float without a logarithm: 1 - u from below by u's upper bits, e^distance from above by
// the chord that a float's mantissa draws between powers of two. Returns whether there is any.
SLED_WIDE bool may_win(const float *logits, const uint16_t *high, float inverse_temperature, float best, float slack,
             uint32_t *flags) {
  constexpr float kPerNat = 12102203.0F;   // 2^23 / ln 2
  constexpr int32_t kOne = 127 << 23;      // bits of 1.0F
  uint32_t any = 0;
  for (int32_t i = 0; i < kBlock; i++) {
    float distance = logits[i] * inverse_temperature - best + slack;
    distance = distance > -80.0F ? distance : -80.0F;  // also NaN
    distance = distance < 1.0F ? distance : 1.0F;
    const int32_t bits = static_cast<int32_t>(distance * kPerNat) + kOne;
    float bound = 0.0F;
    std::memcpy(&bound, &bits, sizeof(bound));
    const float miss = static_cast<float>(0xFFFF - static_cast<int32_t>(high[i])) * 0x1p-16F;
    const auto flag = static_cast<uint32_t>(miss <= bound);
    flags[i] = flag;
    any |= flag;
  }
  return any != 0;
}

}  // namespace

// Step 5. The likeliest token's score comes first: it is a bound that most others cannot reach with any luck.
int32_t Sampler::draw(const Sampling &sampling, const float *logits, int32_t position) const {
  const Philox philox(sampling.seed);
  const auto t = static_cast<uint32_t>(position);
  const auto m = static_cast<double>(maximum_);
  const double temperature = temperature_;
  int32_t best = -1;
  double best_score = 0.0;
  const auto consider = [&](int32_t x, float logit, uint16_t high) {
    uint32_t counter[4] = {static_cast<uint32_t>(x), t, 1, 0};
    philox.one(counter);
    const uint64_t low = (uint64_t{counter[1]} << 32) | counter[0];
    const double score = static_cast<double>(logit) / temperature + noise_of(high, low);
    if (best < 0 || score > best_score || (score == best_score && x < best)) {
      best = x;
      best_score = score;
    }
  };
  uint16_t high[kBlock];
  if (ids_ != nullptr) {  // few, and their noise lies far apart
    for (int32_t i = 0; i < count_; i++) {
      if (logits[i] > kNone && cut_.keeps(logits[i], i, m)) {
        philox.several(static_cast<uint32_t>(ids_[i]) / 8, t, high);
        consider(ids_[i], logits[i], high[ids_[i] % 8]);
      }
    }
    return best;
  }
  const int32_t likeliest = first_of(logits, maximum_);
  philox.several(static_cast<uint32_t>(likeliest) / 8, t, high);
  consider(likeliest, maximum_, high[likeliest % 8]);

  // Floats can carry the test above only while scores are not astronomical; the slack is their rounding error.
  const auto inverse_temperature = static_cast<float>(1.0 / temperature);
  const bool floats_do = temperature > 1e-6 && temperature < 1e6 && std::fabs(m / temperature) < 1e6;
  uint32_t flags[kBlock];
  for (int32_t b = 0; b < blocks_; b++) {
    const float most = block_maximum_[static_cast<size_t>(b)];
    if (!cut_.may_keep(most, m) || static_cast<double>(most) / temperature + kMostNoise < best_score || most == kNone) {
      continue;
    }
    const float *const l = block(logits, b);
    philox.several(static_cast<uint32_t>(b) * Philox::kCounters, t, high);
    if (floats_do) {
      const auto slack = static_cast<float>(0.01 + 1e-6 * (std::fabs(best_score) + 100.0));
      if (!may_win(l, high, inverse_temperature, static_cast<float>(best_score), slack, flags)) {
        continue;
      }
    } else {
      std::fill_n(flags, kBlock, 1U);
    }
    for (int32_t i = 0; i < kBlock; i++) {
      const int32_t x = b * kBlock + i;
      if (flags[i] != 0 && l[i] > kNone && x != likeliest && cut_.keeps(l[i], x, m)) {
        consider(x, l[i], high[i]);
      }
    }
  }
  return best;
}

int32_t Sampler::choose(const Sampling &sampling, float *logits, int32_t count, int32_t position,
                        const int32_t *window) {
  ids_ = nullptr;
  penalize(sampling, sampling.penalty_window(position), window,
           [&](int32_t token) { return token >= 0 && token < count ? logits + token : nullptr; });
  return choose_penalized(sampling, logits, count, position);
}

int32_t Sampler::choose_among(const Sampling &sampling, const int32_t *ids, const float *logits, int32_t count,
                              int32_t position, const int32_t *window) {
  // In the order of ids, so that what is first by index is first by id.
  candidates_.clear();
  for (int32_t i = 0; i < count; i++) {
    candidates_.push_back({logits[i], ids[i], 0});
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate &a, const Candidate &b) { return a.id < b.id; });
  top_ids_.clear();
  top_logits_.clear();
  for (const Candidate &token : candidates_) {
    top_ids_.push_back(token.id);
    top_logits_.push_back(token.logit);
  }
  ids_ = top_ids_.data();
  penalize(sampling, sampling.penalty_window(position), window, [&](int32_t token) -> float * {
    const auto found = std::lower_bound(top_ids_.begin(), top_ids_.end(), token);
    return found != top_ids_.end() && *found == token ? top_logits_.data() + (found - top_ids_.begin()) : nullptr;
  });
  return choose_penalized(sampling, top_logits_.data(), count, position);
}

int32_t Sampler::choose_penalized(const Sampling &sampling, const float *logits, int32_t count, int32_t position) {
  scan(logits, count);
  temperature_ = sampling.temperature > 0.0F ? static_cast<double>(sampling.temperature) : 1.0;
  cut_ = {kNone, std::numeric_limits<int32_t>::max(), -std::numeric_limits<double>::infinity()};
  if (maximum_ == kNone) {
    choice_ = -1;
  } else if (sampling.temperature == 0.0F || std::isinf(maximum_)) {
    choice_ = id_of(first_of(logits, maximum_));
  } else {
    const bool top_k = sampling.top_k > 0 && sampling.top_k < count;
    if (top_k) {
      cut_top_k(logits, sampling.top_k);
    }
    if (sampling.top_p < 1.0F) {
      cut_top_p(logits, sampling.top_p, top_k);
    }
    if (sampling.min_p > 0.0F) {
      cut_.floor = spec::ln(static_cast<double>(sampling.min_p));
    }
    choice_ = draw(sampling, logits, position);
  }
  return choice_;
}

namespace {

// Sums over distances d to the maximum, in nats.
struct Mass {
  double sum = 0.0;       // of e^d
  double weighted = 0.0;  // of e^d * d

  void add(double e, double d) {
    sum += e;
    weighted += e * d;
  }
};

// e^-29 of each of some hundred thousand tokens adds nothing that a float shows: those count as 0.
SLED_WIDE Mass block_mass(const float *logits, double maximum, double inverse_temperature) {
  constexpr int32_t kLanes = 8;
  double e[kBlock];
  double weighted[kBlock];
  for (int32_t i = 0; i < kBlock; i++) {
    double d = (static_cast<double>(logits[i]) - maximum) * inverse_temperature;
    d = d > spec::kExpFloor ? d : spec::kExpFloor;  // also NaN
    e[i] = d > spec::kExpFloor ? spec::exp_scaled(d, 0) : 0.0;
    weighted[i] = e[i] * d;
  }
  for (int32_t i = kLanes; i < kBlock; i += kLanes) {
    for (int32_t k = 0; k < kLanes; k++) {
      e[k] += e[i + k];
      weighted[k] += weighted[i + k];
    }
  }
  Mass mass;
  for (int32_t k = 0; k < kLanes; k++) {
    mass.sum += e[k];
    mass.weighted += weighted[k];
  }
  return mass;
}

}  // namespace

Odds Sampler::odds(const float *logits) const {
  if (choice_ < 0) {
    return {0.0F, 0.0F, 0.0F};
  }
  if (std::isinf(maximum_)) {  // all of the mass
    return {1.0F, 1.0F, 0.0F};
  }
  const auto m = static_cast<double>(maximum_);
  const double inverse = 1.0 / temperature_;
  const auto exp_of = [&](float logit) {
    const double d = (static_cast<double>(logit) - m) * inverse;
    return d > spec::kExpFloor ? spec::exp_scaled(d, 0) : 0.0;
  };
  Mass mass;
  float other = kNone;  // the likeliest besides the choice
  for (int32_t b = 0; b < blocks_; b++) {
    const float most = block_maximum_[static_cast<size_t>(b)];
    if (!cut_.may_keep(most, m) || exp_of(most) == 0.0) {
      continue;
    }
    const float *const l = block(logits, b);
    const bool cuts = cut_.cuts();
    if (!cuts) {
      const Mass part = block_mass(l, m, inverse);
      mass.sum += part.sum;
      mass.weighted += part.weighted;
    }
    for (int32_t i = 0; (cuts || most > other) && i < kBlock; i++) {
      const int32_t x = b * kBlock + i;
      if (!(l[i] > kNone) || !cut_.keeps(l[i], x, m)) {
        continue;
      }
      if (cuts) {
        mass.add(exp_of(l[i]), (static_cast<double>(l[i]) - m) * inverse);
      }
      if (l[i] > other && x != choice_) {
        other = l[i];
      }
    }
  }
  const double mine = exp_of(logits[choice_]) / mass.sum;
  return {static_cast<float>(mine), static_cast<float>(mine - exp_of(other) / mass.sum),
          static_cast<float>(std::log(mass.sum) - mass.weighted / mass.sum)};
}

}  // namespace sled
