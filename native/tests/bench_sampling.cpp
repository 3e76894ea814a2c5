// What choosing a token costs beside decoding its row.
//
//   bench_sampling [vocabulary [rounds]]
//
// Rows of random logits, peaked like a trained model's (a few likely tokens above a wide, flat rest) and flat like an
// untrained one's. Medians in microseconds per row, the copy of the row that makes up for the written penalties left
// out. Compare with a row's decoding: bench_step's total/row.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>

#include "../src/sampling.cpp"
#include "../src/status.cpp"
#include "support.hpp"

namespace {

using sled::Sampler;
using sled::Sampling;

std::vector<float> make_logits(int32_t count, bool peaked, std::mt19937 &random) {
  std::normal_distribution<float> noise(0.0F, peaked ? 2.0F : 1.0F);
  std::vector<float> logits(static_cast<size_t>(count));
  for (float &logit : logits) {
    logit = noise(random);
  }
  for (int32_t i = 0; peaked && i < 200; i++) {  // likely continuations
    logits[random() % logits.size()] = 20.0F - 6.0F * std::log10(static_cast<float>(i + 1)) + noise(random) / 4;
  }
  return logits;
}

double median_us(const Sampling &sampling, const std::vector<std::vector<float>> &rows, int32_t rounds, bool odds) {
  Sampler sampler;
  const std::vector<int32_t> history(4096, 7);
  std::vector<double> times;
  for (int32_t round = 0; round < rounds; round++) {
    std::vector<float> logits = rows[static_cast<size_t>(round) % rows.size()];
    const auto start = std::chrono::steady_clock::now();
    const int32_t token = sampler.choose(sampling, logits.data(), static_cast<int32_t>(logits.size()), 4096 + round,
                                         history.data());
    CHECK(token >= 0);
    if (odds) {
      CHECK(sampler.odds(logits.data()).probability >= 0.0F);
    }
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char **argv) {
  const int32_t vocabulary = argc > 1 ? std::atoi(argv[1]) : 150000;
  const int32_t rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 200;
  std::mt19937 random(1);
  std::vector<std::vector<float>> peaked;
  std::vector<std::vector<float>> flat;
  for (int32_t i = 0; i < 8; i++) {
    peaked.push_back(make_logits(vocabulary, true, random));
    flat.push_back(make_logits(vocabulary, false, random));
  }
  struct Case {
    const char *name;
    Sampling sampling;
    bool odds;
  };
  std::vector<Case> cases;
  const auto add = [&](const char *name, bool odds, auto &&change) {
    Sampling sampling;
    sampling.seed = 7;
    change(sampling);
    cases.push_back({name, sampling, odds});
  };
  add("greedy", false, [](Sampling &) {});
  add("greedy, with odds (a draft's choice)", true, [](Sampling &) {});
  add("temperature 1", false, [](Sampling &s) { s.temperature = 1.0F; });
  add("temperature 1, with odds", true, [](Sampling &s) { s.temperature = 1.0F; });
  add("temperature 0.8, top-k 40", false, [](Sampling &s) { s.temperature = 0.8F; s.top_k = 40; });
  add("temperature 0.9, top-p 0.95", false, [](Sampling &s) { s.temperature = 0.9F; s.top_p = 0.95F; });
  add("temperature 1, min-p 0.05", false, [](Sampling &s) { s.temperature = 1.0F; s.min_p = 0.05F; });
  add("0.8, top-k 40, top-p 0.95, min-p 0.05, penalties over 4096", false, [](Sampling &s) {
    s.temperature = 0.8F;
    s.top_k = 40;
    s.top_p = 0.95F;
    s.min_p = 0.05F;
    s.repeat_penalty = 1.1F;
    s.penalty_last_n = -1;
  });
  std::printf("%d tokens, medians of %d rows, microseconds\n\n| parameters | peaked | flat |\n|---|---:|---:|\n", vocabulary,
              rounds);
  for (const Case &c : cases) {
    std::printf("| %s | %.1f | %.1f |\n", c.name, median_us(c.sampling, peaked, rounds, c.odds),
                median_us(c.sampling, flat, rounds, c.odds));
  }
  return 0;
}
