#include "distribution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "spec_math.hpp"

namespace acceptance {
namespace {

struct Token {
  int32_t id;
  double logit;
};

int64_t top_p_weight(double distance) { return std::llrint(sled::spec::exp_scaled(distance, 40)); }

// Step 4: how many tokens of the order stay.
size_t kept_of(const sled::Sampling &sampling, const std::vector<Token> &order) {
  const double most = order.front().logit;
  size_t kept = order.size();
  if (sampling.top_k > 0) {
    kept = std::min(kept, static_cast<size_t>(sampling.top_k));
  }
  if (sampling.top_p < 1.0F) {
    int64_t total = 0;
    for (size_t i = 0; i < kept; i++) {
      total += top_p_weight(order[i].logit - most);
    }
    const double share = static_cast<double>(sampling.top_p) * static_cast<double>(total);
    const int64_t need = std::max(static_cast<int64_t>(share), int64_t{1});
    int64_t sum = 0;
    size_t i = 0;
    while (i < kept && sum < need) {
      sum += top_p_weight(order[i].logit - most);
      i++;
    }
    kept = i;
  }
  if (sampling.min_p > 0.0F) {
    const double floor = sled::spec::ln(static_cast<double>(sampling.min_p));
    while (kept > 1 && order[kept - 1].logit - most < floor) {
      kept--;
    }
  }
  return kept;
}

}  // namespace

void filter(const sled::Sampling &sampling, const float *logits, int32_t count, Distribution &result) {
  std::vector<Token> order;
  order.reserve(static_cast<size_t>(count));
  for (int32_t id = 0; id < count; id++) {
    if (logits[id] > -std::numeric_limits<float>::infinity()) {  // also false for NaN
      order.push_back({id, static_cast<double>(logits[id])});
    }
  }
  result.probabilities.assign(static_cast<size_t>(count), 0.0);
  result.kept = 0;
  result.likeliest = -1;
  result.entropy = 0.0;
  if (order.empty()) {
    return;  // a broken model; the sampler reports it
  }
  const auto before = [](const Token &a, const Token &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  const bool cuts = sampling.top_k > 0 || sampling.top_p < 1.0F || sampling.min_p > 0.0F;
  if (cuts) {
    std::sort(order.begin(), order.end(), before);
  } else {  // only who is first matters
    std::iter_swap(order.begin(), std::min_element(order.begin(), order.end(), before));
  }
  result.likeliest = order.front().id;
  if (sampling.temperature == 0.0F) {
    order.resize(1);
  } else if (cuts) {
    order.resize(kept_of(sampling, order));
  }
  const double temperature = sampling.temperature == 0.0F ? 1.0 : static_cast<double>(sampling.temperature);
  const double most = order.front().logit;
  double sum = 0.0;
  double weighted = 0.0;
  for (const Token &token : order) {
    const double distance = (token.logit - most) / temperature;
    const double e = std::exp(distance);
    result.probabilities[static_cast<size_t>(token.id)] = e;
    sum += e;
    weighted += e * distance;
  }
  for (const Token &token : order) {
    result.probabilities[static_cast<size_t>(token.id)] /= sum;
  }
  result.kept = static_cast<int32_t>(order.size());
  result.entropy = std::log(sum) - weighted / sum;
}

double total_variation(const Distribution &p, const Distribution &q) {
  double sum = 0.0;
  for (size_t i = 0; i < p.probabilities.size(); i++) {
    sum += std::fabs(p.probabilities[i] - q.probabilities[i]);
  }
  return sum / 2.0;
}

// Daliri, Musco, Suresh (arXiv 2408.07978): the sum over i of 1 / sum_j max(p_j / p_i, q_j / q_i).
//
// Why: with noise E_j from the exponential distribution, the Gumbel-max choice is the token with the least E_j / p_j.
// Token i is that in both distributions if E_j >= E_i max(p_j / p_i, q_j / q_i) for all j.
//
// Sorted by q / p, the p side is the larger one for all j up to i, the q side for all behind: two running sums replace
// the inner one.
double coupled_acceptance(const Distribution &p, const Distribution &q) {
  struct Pair {
    double p;
    double q;
    double ratio;
  };
  std::vector<Pair> pairs;
  for (size_t i = 0; i < p.probabilities.size(); i++) {
    const double a = p.probabilities[i];
    const double b = q.probabilities[i];
    if (a > 0.0 || b > 0.0) {
      pairs.push_back({a, b, a > 0.0 ? b / a : std::numeric_limits<double>::infinity()});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair &a, const Pair &b) { return a.ratio < b.ratio; });
  std::vector<double> q_behind(pairs.size(), 0.0);
  for (size_t i = pairs.size(); i > 1; i--) {
    q_behind[i - 2] = q_behind[i - 1] + pairs[i - 1].q;
  }
  double p_up_to = 0.0;
  double rate = 0.0;
  for (size_t i = 0; i < pairs.size(); i++) {
    p_up_to += pairs[i].p;
    if (pairs[i].p > 0.0 && pairs[i].q > 0.0) {
      rate += 1.0 / (p_up_to / pairs[i].p + q_behind[i] / pairs[i].q);
    }
  }
  return rate;
}

double coupled_acceptance_of(const Distribution &p, const Distribution &q, int32_t token) {
  if (q.of(token) == 0.0) {
    return 0.0;
  }
  double sum = 0.0;
  for (size_t j = 0; j < p.probabilities.size(); j++) {
    sum += std::max(p.probabilities[j] / p.of(token), q.probabilities[j] / q.of(token));
  }
  return 1.0 / (sum * p.of(token));
}

double rejection_acceptance_of(const Distribution &p, const Distribution &q, int32_t token) {
  return std::min(1.0, q.of(token) / p.of(token));
}

double independent_acceptance(const Distribution &p, const Distribution &q) {
  double sum = 0.0;
  for (size_t i = 0; i < p.probabilities.size(); i++) {
    sum += p.probabilities[i] * q.probabilities[i];
  }
  return sum;
}

namespace {

template <typename Weight>
int32_t draw_by(int32_t count, double target, const Weight &weight) {
  int32_t last = -1;  // rounding may leave the sum a little below the target
  double sum = 0.0;
  for (int32_t i = 0; i < count; i++) {
    const double w = weight(i);
    if (w > 0.0) {
      sum += w;
      last = i;
      if (sum > target) {
        break;
      }
    }
  }
  return last;
}

}  // namespace

int32_t draw(const Distribution &p, double uniform) {
  return draw_by(static_cast<int32_t>(p.probabilities.size()), uniform, [&](int32_t i) { return p.of(i); });
}

int32_t draw_residual(const Distribution &p, const Distribution &q, double uniform) {
  const auto weight = [&](int32_t i) { return std::max(0.0, p.of(i) - q.of(i)); };
  const auto count = static_cast<int32_t>(p.probabilities.size());
  double total = 0.0;
  for (int32_t i = 0; i < count; i++) {
    total += weight(i);
  }
  const int32_t token = draw_by(count, uniform * total, weight);
  return token >= 0 ? token : draw(p, uniform);  // p = q but for rounding: nothing is left over
}

}  // namespace acceptance
