#include "expected.hpp"

#include <algorithm>

namespace acceptance {

Expected expect_rounds(const std::vector<double> &accept, size_t enough, int32_t block) {
  Expected sums;
  std::vector<double> starts(accept.size() + 1, 0.0);  // how likely a round starts here
  starts[0] = 1.0;
  for (size_t start = 0; start < std::min(enough, accept.size()); start++) {
    sums.rounds += starts[start];
    double here = starts[start];  // how likely it gets to this token
    for (size_t i = 0; here > 0.0 && start + i < accept.size(); i++) {
      sums.tokens += here;
      const double goes_on = i == static_cast<size_t>(block) ? 0.0 : accept[start + i];
      starts[start + i + 1] += here * (1.0 - goes_on);
      here *= goes_on;
    }
  }
  return sums;
}

}  // namespace acceptance
