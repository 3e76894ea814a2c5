// Tokens per round without luck: the exact expectation along a given text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace acceptance {

struct Expected {
  double tokens = 0.0;
  double rounds = 0.0;
};

// accept: at each position of a text, the probability that its token was an accepted draft, given that this text came
// out and that the drafts of the block before it were accepted. Positions are independent then, for both schemes:
// coupled sampling has its own noise at each, rejection sampling its own two draws.
// The first round starts at position 0, the last one before `enough`; none leads beyond the text.
Expected expect_rounds(const std::vector<double> &accept, size_t enough, int32_t block);

}  // namespace acceptance
