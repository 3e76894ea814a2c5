// The distribution that a row of logits stands for after SAMPLING.md's filters, and what two of them have in common.
// The sampler itself never needs probabilities (the noise picks the winner without them), so they are computed here,
// the slow and obvious way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sampling.hpp"

namespace acceptance {

struct Distribution {
  std::vector<double> probabilities;  // by token; 0 for those cut off
  int32_t kept = 0;                   // tokens that the filters left
  int32_t likeliest = -1;
  double entropy = 0.0;  // nats

  double of(int32_t token) const { return probabilities[static_cast<size_t>(token)]; }
};

// Steps 3 to 5 of SAMPLING.md; penalties and bias are in the logits already. Temperature 0 is one sure token.
void filter(const sled::Sampling &sampling, const float *logits, int32_t count, Distribution &result);

// Total variation distance: half the sum of |p - q|. Rejection sampling accepts a draft with probability 1 - TV, and
// nothing can do better.
double total_variation(const Distribution &p, const Distribution &q);

// How often the same noise makes both distributions choose the same token.
double coupled_acceptance(const Distribution &p, const Distribution &q);

// The same, given that p's choice is this token: averaged over p it is coupled_acceptance.
double coupled_acceptance_of(const Distribution &p, const Distribution &q, int32_t token);

// Given that rejection sampling's outcome is this token: the probability that it was an accepted draft. Averaged over p
// it is 1 - TV.
double rejection_acceptance_of(const Distribution &p, const Distribution &q, int32_t token);

// How often two independent draws are the same token: drafting without any trick.
double independent_acceptance(const Distribution &p, const Distribution &q);

// The token at which the cumulated probability passes `uniform`, in [0, 1).
int32_t draw(const Distribution &p, double uniform);

// The same for max(0, p - q), normalised: what rejection sampling takes instead of a rejected draft.
int32_t draw_residual(const Distribution &p, const Distribution &q, double uniform);

}  // namespace acceptance
