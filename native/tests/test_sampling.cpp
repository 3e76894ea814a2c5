// Choosing tokens against slow oracles and published vectors. (The Java tests compare it with a twin that was written from
// SAMPLING.md alone; here it runs under the sanitizers too, and on every platform that the native tests run on.)
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "../src/sampling.cpp"
#include "../src/status.cpp"
#include "support.hpp"

namespace {

using sled::Odds;
using sled::Philox;
using sled::Sampler;
using sled::Sampling;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

int32_t below(std::mt19937 &random, int32_t bound) {
  return static_cast<int32_t>(random() % static_cast<uint32_t>(bound));
}

// ------------------------------------------------------------------ greedy, and odds

int32_t slow_argmax(const std::vector<float> &logits) {
  int32_t best = -1;
  for (size_t i = 0; i < logits.size(); i++) {
    if (logits[i] > (best < 0 ? -kInfinity : logits[static_cast<size_t>(best)])) {
      best = static_cast<int32_t>(i);
    }
  }
  return best;
}

int32_t argmax_of(std::vector<float> logits) {
  return Sampler().choose(Sampling(), logits.data(), static_cast<int32_t>(logits.size()), 0, nullptr);
}

struct Draft {
  int32_t token;
  float probability;
  float margin;
  float entropy;
};

Draft greedy_draft(std::vector<float> logits) {
  Sampler sampler;
  const int32_t token = sampler.choose(Sampling(), logits.data(), static_cast<int32_t>(logits.size()), 0, nullptr);
  const Odds odds = sampler.odds(logits.data());
  return {token, odds.probability, odds.margin, odds.entropy};
}

void check_argmax() {
  CHECK_EQ(argmax_of({}), -1);
  CHECK_EQ(argmax_of({kNan}), -1);
  CHECK_EQ(argmax_of({-kInfinity, kNan}), -1);
  CHECK_EQ(argmax_of(std::vector<float>(40, kNan)), -1);
  CHECK_EQ(argmax_of(std::vector<float>(40, -kInfinity)), -1);
  CHECK_EQ(argmax_of({kNan, 1.0F, kNan}), 1);
  CHECK_EQ(argmax_of({0.0F, kInfinity, kInfinity}), 1);
  CHECK_EQ(argmax_of({-0.0F, 0.0F}), 0);
  CHECK_EQ(argmax_of({-std::numeric_limits<float>::max(), -kInfinity}), 0);
  std::mt19937 random(1);
  int32_t checked = 0;
  for (size_t size = 1; size <= 100; size++) {
    for (int32_t round = 0; round < 100; round++, checked++) {
      std::vector<float> logits(size);
      for (float &logit : logits) {
        const int32_t kind = below(random, 20);
        // Few different values: many ties.
        logit = kind == 0 ? kNan : kind == 1 ? -kInfinity : static_cast<float>(below(random, 5)) - 2.0F;
      }
      if (round % 25 == 0) {
        logits[random() % size] = kInfinity;
      }
      CHECK_EQ(argmax_of(logits), slow_argmax(logits));
    }
  }
  std::printf("  argmax: %d random rows\n", checked);
}

void check_odds() {
  const auto odds_of = greedy_draft;
  CHECK_EQ(odds_of({kNan, -kInfinity}).token, -1);
  const Draft certain = odds_of({1.0F, kInfinity, 2.0F});
  CHECK(certain.token == 1 && certain.probability == 1.0F && certain.margin == 1.0F && certain.entropy == 0.0F);
  const Draft lone = odds_of({kNan, -kInfinity, 3.0F});
  CHECK(lone.token == 2 && lone.probability == 1.0F && lone.margin == 1.0F && lone.entropy == 0.0F);
  const float huge = std::numeric_limits<float>::max();
  const Draft extremes = odds_of({-huge, huge, -huge});
  CHECK(extremes.token == 1 && extremes.probability == 1.0F && extremes.margin == 1.0F);

  std::mt19937 random(2);
  double worst = 0.0;
  for (int32_t round = 0; round < 2000; round++) {
    std::vector<float> logits(1 + random() % 300);
    std::normal_distribution<float> noise(0.0F, round % 3 == 0 ? 0.01F : round % 3 == 1 ? 3.0F : 40.0F);
    for (float &logit : logits) {
      logit = below(random, 30) == 0 ? kNan : below(random, 30) == 0 ? -kInfinity : noise(random);
    }
    if (round % 7 == 0) {
      logits[random() % logits.size()] = logits[0];  // a tie, now and then of the best
    }
    const int32_t token = slow_argmax(logits);
    const Draft odds = odds_of(logits);
    CHECK_EQ(odds.token, token);
    if (token < 0) {
      continue;
    }
    const double best = logits[static_cast<size_t>(token)];
    double sum = 0.0;
    double second = 0.0;
    for (size_t i = 0; i < logits.size(); i++) {
      const double e = std::isnan(logits[i]) ? 0.0 : std::exp(static_cast<double>(logits[i]) - best);
      sum += e;
      if (static_cast<int32_t>(i) != token) {
        second = std::max(second, e);
      }
    }
    double entropy = 0.0;
    for (const float logit : logits) {
      const double p = std::isnan(logit) ? 0.0 : std::exp(static_cast<double>(logit) - best) / sum;
      entropy -= p > 0.0 ? p * std::log(p) : 0.0;
    }
    const double error = std::max({std::fabs(odds.probability - 1.0 / sum),
                                   std::fabs(odds.margin - (1.0 - second) / sum), std::fabs(odds.entropy - entropy)});
    worst = std::max(worst, error);
    CHECK(error < 1e-5);
    CHECK(odds.margin >= 0.0F && odds.margin <= odds.probability && odds.probability <= 1.0F);
  }
  std::printf("  odds: largest error against doubles %.1e\n", worst);
}

// ------------------------------------------------------------------ Philox, Ln, Exp

void check_philox() {
  struct Vector {
    uint32_t counter[4];
    uint64_t key;
    uint32_t expected[4];
  };
  // Random123's known answers for philox4x32, 10 rounds.
  const Vector vectors[] = {
      {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0U, ~0U, ~0U, ~0U}, ~uint64_t{0}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       0x299f31d0a4093822,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Vector &v : vectors) {
    uint32_t counter[4];
    std::copy(std::begin(v.counter), std::end(v.counter), counter);
    Philox(v.key).one(counter);
    for (int32_t i = 0; i < 4; i++) {
      CHECK_EQ(counter[i], v.expected[i]);
    }
  }
  const Philox philox(0x0123456789abcdef);
  uint16_t half_words[8 * Philox::kCounters];
  for (const uint32_t first : {0U, 8U, 18744U, ~0U - 7U}) {
    philox.several(first, 0xfedcba98, half_words);
    for (uint32_t i = 0; i < Philox::kCounters; i++) {
      uint32_t counter[4] = {first + i, 0xfedcba98, 0, 0};
      philox.one(counter);
      for (uint32_t h = 0; h < 8; h++) {
        CHECK_EQ(half_words[8 * i + h], (counter[h / 2] >> (16 * (h % 2))) & 0xffff);
      }
    }
  }
}

void check_functions() {
  std::mt19937_64 random(3);
  double worst_ln = 0.0;
  double worst_exp = 0.0;
  for (int32_t i = 0; i < 200000; i++) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    for (const double x : {unit + 0x1p-60, 1.0 - unit * 0x1p-20, unit * 40.0 + 0x1p-53, std::ldexp(1.0 + unit, i % 120 - 60)}) {
      const double expected = std::log(x);
      const double error = std::fabs(sled::spec::ln(x) - expected) / std::max(std::fabs(expected), 1e-300);
      worst_ln = expected == 0.0 ? worst_ln : std::max(worst_ln, error);
    }
    const double d = -29.0 * unit;
    worst_exp = std::max(worst_exp, std::fabs(sled::spec::exp_scaled(d, 0) / std::exp(d) - 1.0));
  }
  CHECK(worst_ln < 1e-15);
  CHECK(worst_exp < 1e-14);
  CHECK(sled::spec::ln(1.0) == 0.0);
  CHECK_EQ(sled::weight_of(0.0), int64_t{1} << 40);
  CHECK_EQ(sled::weight_of(-29.0), 0);
  CHECK_EQ(sled::weight_of(-kInfinity), 0);
  CHECK_EQ(sled::weight_of(kNan), 0);
  std::printf("  Ln and Exp: largest relative errors %.1e and %.1e\n", worst_ln, worst_exp);
}

// ------------------------------------------------------------------ whole choices

// SAMPLING.md step by step, by sorting.
int32_t slow_choice(const Sampling &sampling, std::vector<float> l, const std::vector<int32_t> &history) {
  const auto n = static_cast<int32_t>(l.size());
  const auto t = static_cast<int32_t>(history.size());
  if (sampling.penalty_last_n != 0) {
    for (int32_t x = 0; x < n; x++) {
      const auto from = history.end() - sampling.penalty_window(t);
      const auto c = std::count(from, history.end(), x);
      if (c > 0) {
        float &v = l[static_cast<size_t>(x)];
        v = v > 0.0F ? v / sampling.repeat_penalty : v * sampling.repeat_penalty;
        const float counted = static_cast<float>(c) * sampling.frequency_penalty;
        v = v - (counted + sampling.presence_penalty);
      }
    }
  }
  for (const sled_logit_bias &bias : sampling.logit_bias) {
    l[static_cast<size_t>(bias.token)] += bias.bias;
  }
  std::vector<int32_t> order;
  for (int32_t x = 0; x < n; x++) {
    if (l[static_cast<size_t>(x)] > -kInfinity) {
      order.push_back(x);
    }
  }
  if (order.empty()) {
    return -1;
  }
  const auto at = [&](int32_t x) { return l[static_cast<size_t>(x)]; };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return at(a) > at(b); });
  const auto m = static_cast<double>(at(order[0]));
  if (sampling.temperature == 0.0F || std::isinf(m)) {
    return order[0];
  }
  if (sampling.top_k > 0 && static_cast<size_t>(sampling.top_k) < order.size()) {
    order.resize(static_cast<size_t>(sampling.top_k));
  }
  if (sampling.top_p < 1.0F) {
    int64_t total = 0;
    for (const int32_t x : order) {
      total += sled::weight_of(static_cast<double>(at(x)) - m);
    }
    const int64_t need = std::max(
        static_cast<int64_t>(static_cast<double>(sampling.top_p) * static_cast<double>(total)), int64_t{1});
    int64_t sum = 0;
    size_t kept = 0;
    while (sum < need) {
      sum += sled::weight_of(static_cast<double>(at(order[kept++])) - m);
    }
    order.resize(kept);
  }
  int32_t best = -1;
  double best_score = 0.0;
  std::sort(order.begin(), order.end());
  for (const int32_t x : order) {
    if (sampling.min_p > 0.0F &&
        !(static_cast<double>(at(x)) - m >= sled::spec::ln(static_cast<double>(sampling.min_p)))) {
      continue;
    }
    uint32_t high[4] = {static_cast<uint32_t>(x) / 8, static_cast<uint32_t>(t), 0, 0};
    uint32_t low[4] = {static_cast<uint32_t>(x), static_cast<uint32_t>(t), 1, 0};
    Philox(sampling.seed).one(high);
    Philox(sampling.seed).one(low);
    const auto half = static_cast<uint16_t>(high[x % 8 / 2] >> (16 * (x % 2)));
    const double score = static_cast<double>(at(x)) / static_cast<double>(sampling.temperature) +
                         sled::noise_of(half, (uint64_t{low[1]} << 32) | low[0]);
    if (best < 0 || score > best_score) {
      best = x;
      best_score = score;
    }
  }
  return best;
}

void check_choices() {
  std::mt19937 random(4);
  Sampler sampler;  // one for all: nothing of a choice may stay behind
  int32_t checked = 0;
  int32_t likeliest = 0;
  for (int32_t round = 0; round < 30000; round++) {
    const int32_t sizes[] = {1, 2, 3, 17, 63, 64, 65, 130, 257, 1000};
    const int32_t n = sizes[below(random, round % 50 == 0 ? 10 : 9)];
    const float spread = std::pow(10.0F, static_cast<float>(below(random, 5)) - 2.0F) * (round % 97 == 0 ? 1e20F : 1.0F);
    std::normal_distribution<float> noise(0.0F, spread);
    std::vector<float> logits(static_cast<size_t>(n));
    const bool ties = below(random, 3) == 0;
    for (float &logit : logits) {
      const int32_t kind = below(random, 40);
      logit = kind == 0 ? kNan : kind == 1 ? -kInfinity : ties ? static_cast<float>(below(random, 4)) : noise(random);
    }
    if (below(random, 100) == 0) {
      logits[random() % logits.size()] = kInfinity;
    }
    std::vector<int32_t> history(static_cast<size_t>(below(random, 100)));
    for (int32_t &token : history) {
      token = below(random, n + 3);  // a few beyond the vocabulary
    }
    Sampling s;
    const float temperatures[] = {1.0F, 0.7F, 1.5F, 0.05F, 100.0F, 1e-30F, 1e30F, 0.0F};
    s.temperature = temperatures[below(random, 8)];
    s.top_k = below(random, 3) == 0 ? below(random, n + 2) : 0;
    const float shares[] = {0.0F, 1e-9F, 0.3F, 0.9F, 0.999999F};
    s.top_p = below(random, 2) == 0 ? shares[below(random, 5)] : 1.0F;
    s.min_p = below(random, 3) == 0 ? shares[below(random, 5)] : 0.0F;
    if (below(random, 2) == 0) {
      s.penalty_last_n = below(random, 80) - 1;
      s.repeat_penalty = 0.5F + static_cast<float>(below(random, 10)) / 8.0F;
      s.presence_penalty = static_cast<float>(below(random, 5)) / 4.0F;
      s.frequency_penalty = static_cast<float>(below(random, 5)) / 4.0F - 0.5F;
    }
    for (int32_t i = below(random, 4); i > 2; i--) {
      s.logit_bias.push_back({below(random, n), static_cast<float>(below(random, 40)) - 20.0F});
    }
    s.seed = random();
    const int32_t expected = slow_choice(s, logits, history);
    std::vector<float> row = logits;
    const auto t = static_cast<int32_t>(history.size());
    const int32_t actual = sampler.choose(s, row.data(), n, t, history.data() + (t - s.penalty_window(t)));
    CHECK_EQ(actual, expected);
    if (expected >= 0) {
      const Odds odds = sampler.odds(row.data());
      CHECK(odds.probability >= 0.0F && odds.probability <= 1.00001F);
      CHECK(odds.margin <= odds.probability && odds.margin >= -1.0F);
      CHECK(odds.entropy >= -1e-4F);
      likeliest += row[static_cast<size_t>(actual)] == *std::max_element(row.begin(), row.end()) ? 1 : 0;
    }
    checked++;
  }
  CHECK(likeliest < checked * 9 / 10);  // the noise has a say
  std::printf("  choices: %d compared with sorting\n", checked);
}

// From the largest logits alone, where the parameters need no others: the same token as from the whole row.
void check_among() {
  constexpr int32_t kVocabulary = 500;
  constexpr int32_t kTop = 128;
  std::mt19937 random(5);
  Sampler sampler;
  Sampler among;
  int32_t checked = 0;
  int32_t drawn = 0;
  for (int32_t round = 0; round < 20000; round++) {
    std::normal_distribution<float> noise(0.0F, round % 2 == 0 ? 0.5F : 4.0F);
    std::vector<float> logits(kVocabulary);
    for (float &logit : logits) {
      logit = noise(random);
    }
    std::vector<int32_t> ids(kVocabulary);
    std::iota(ids.begin(), ids.end(), 0);
    std::shuffle(ids.begin(), ids.end(), random);
    std::nth_element(ids.begin(), ids.begin() + kTop, ids.end(), [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    std::vector<float> top;
    for (int32_t i = 0; i < kTop; i++) {
      top.push_back(logits[static_cast<size_t>(ids[static_cast<size_t>(i)])]);
    }
    std::vector<int32_t> history(static_cast<size_t>(below(random, 150)));
    for (int32_t &token : history) {  // likely ones, to lower them
      token = below(random, 3) == 0 ? below(random, kVocabulary) : ids[static_cast<size_t>(below(random, kTop))];
    }
    Sampling s;
    s.temperature = round % 3 == 0 ? 0.0F : 0.9F;
    s.top_k = below(random, 2) == 0 ? below(random, kTop + 2) : 40;
    s.top_p = below(random, 2) == 0 ? 1.0F : 0.9F;
    s.min_p = below(random, 2) == 0 ? 0.0F : 0.05F;
    if (below(random, 2) == 0) {
      s.penalty_last_n = below(random, 100) - 1;
      s.repeat_penalty = 0.9F + static_cast<float>(below(random, 4)) / 5.0F;
      s.presence_penalty = static_cast<float>(below(random, 5)) / 4.0F - 0.25F;
    }
    if (below(random, 20) == 0) {
      s.logit_bias.push_back({below(random, kVocabulary), 3.0F});
    }
    s.seed = random();
    if (!s.needs_only(kTop)) {
      continue;
    }
    const auto t = static_cast<int32_t>(history.size());
    const int32_t *const window = history.data() + (t - s.penalty_window(t));
    const int32_t expected = sampler.choose(s, logits.data(), kVocabulary, t, window);
    CHECK_EQ(among.choose_among(s, ids.data(), top.data(), kTop, t, window), expected);
    checked++;
    drawn += s.temperature > 0.0F ? 1 : 0;
  }
  CHECK(checked > 5000 && drawn > 2000);
  Sampling s;
  s.temperature = 1.0F;
  CHECK(!s.needs_only(kTop));  // any token may be drawn
  s.top_k = kTop;
  CHECK(s.needs_only(kTop));
  s.penalty_last_n = 1;
  CHECK(s.needs_only(kTop));  // changes nothing
  s.repeat_penalty = 1.1F;
  CHECK(!s.needs_only(kTop));
  s.top_k = kTop - 1;
  CHECK(s.needs_only(kTop));
  s.repeat_penalty = 0.9F;  // raises tokens that are not among them
  CHECK(!s.needs_only(kTop));
  std::printf("  among the largest: %d choices\n", checked);
}

// With all filters off, over many seeds: how often each token comes is its probability.
void check_frequencies() {
  const std::vector<float> logits = {1.0F, 0.0F, -1.0F, 2.5F, 2.0F};
  double sum = 0.0;
  for (const float l : logits) {
    sum += std::exp(static_cast<double>(l));
  }
  std::vector<int32_t> counts(logits.size());
  Sampling s;
  s.temperature = 1.0F;
  Sampler sampler;
  constexpr int32_t kDraws = 200000;
  for (int32_t i = 0; i < kDraws; i++) {
    s.seed = static_cast<uint64_t>(i);
    std::vector<float> row = logits;
    counts[static_cast<size_t>(sampler.choose(s, row.data(), 5, 3, nullptr))]++;
  }
  double chi_square = 0.0;
  for (size_t i = 0; i < logits.size(); i++) {
    const double expected = std::exp(static_cast<double>(logits[i])) / sum * kDraws;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  CHECK(chi_square < 23.5);  // 4 degrees of freedom: one in ten thousand
  std::printf("  frequencies: chi-square %.1f with 4 degrees of freedom\n", chi_square);
}

void check_parameters() {
  const float logits[] = {0.0F, 1.0F};
  int32_t token = 0;
  const auto status = [&](auto &&change) {
    sled_sampling s;
    CHECK_OK(sled_sampling_default(&s));
    change(s);
    return sled_sample(test::address(logits), 2, 0, 0, test::address(&s), &token);
  };
  CHECK_OK(status([](sled_sampling &) {}));
  CHECK_EQ(token, 1);
  const auto refused = [&](const char *name, auto &&change) {
    CHECK_EQ(status(change), SLED_ERR_ARGUMENT);
    CHECK(test::last_error().find(name) != std::string::npos);
  };
  for (const float wrong : {-0.5F, kNan, kInfinity}) {
    refused("temperature", [&](sled_sampling &s) { s.temperature = wrong; });
    refused("top_p", [&](sled_sampling &s) { s.top_p = wrong; });
    refused("min_p", [&](sled_sampling &s) { s.min_p = wrong; });
    refused("repeat_penalty", [&](sled_sampling &s) { s.repeat_penalty = wrong; });
  }
  for (const float wrong : {-1001.0F, kNan, kInfinity}) {
    refused("presence_penalty", [&](sled_sampling &s) { s.presence_penalty = wrong; });
    refused("frequency_penalty", [&](sled_sampling &s) { s.frequency_penalty = wrong; });
  }
  refused("top_k", [](sled_sampling &s) { s.top_k = -1; });
  refused("penalty_last_n", [](sled_sampling &s) { s.penalty_last_n = -2; });
  refused("struct_size", [](sled_sampling &s) { s.struct_size = 0; });
  refused("biases", [](sled_sampling &s) { s.bias_count = SLED_MAX_LOGIT_BIASES + 1; });
  refused("biases", [](sled_sampling &s) { s.bias_count = -1; });
  refused("address 0", [](sled_sampling &s) { s.bias_count = 1; });
  sled_logit_bias bias{2, 1.0F};
  CHECK_EQ(status([&](sled_sampling &s) {
             s.bias_count = 1;
             s.bias_address = test::address(&bias);
           }),
           SLED_ERR_TOKEN);
  bias = {0, 1.5F};
  CHECK_OK(status([&](sled_sampling &s) {
    s.bias_count = 1;
    s.bias_address = test::address(&bias);
  }));
  CHECK_EQ(token, 0);
  bias.bias = kInfinity;
  refused("bias", [&](sled_sampling &s) {
    s.bias_count = 1;
    s.bias_address = test::address(&bias);
  });
  CHECK_EQ(sled_sample(test::address(logits), 0, 0, 0, 0, &token), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_sample(0, 2, 0, 0, 0, &token), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_sample(test::address(logits), 2, 0, -1, 0, &token), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_sample(test::address(logits), 2, 0, 1, 0, &token), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_sample(test::address(logits), 2, 0, 0, 0, nullptr), SLED_ERR_ARGUMENT);
}

}  // namespace

int main() {
  check_argmax();
  check_odds();
  check_philox();
  check_functions();
  check_choices();
  check_among();
  check_frequencies();
  check_parameters();
  return 0;
}
