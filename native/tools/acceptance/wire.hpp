// Bytes on the wire, from net/PROTOCOL.md for what exists and by the same style for what rejection sampling would need.
// TCP, IP and TLS come on top, and are the same for a frame of either kind.
#pragma once

#include <algorithm>
#include <cstdint>

#include "distribution.hpp"

namespace acceptance::wire {

constexpr int64_t kHeader = 16;
constexpr int64_t kDraft = 40;    // header, five fields, parent; 4 per draft follow
constexpr int64_t kVerdict = 52;
constexpr int64_t kToken = 4;
constexpr int64_t kProbability = 4;  // an f32
// A frame that brings one distribution: header, epoch, KV offset.
constexpr int64_t kDistributionFrame = kHeader + 4 + 4;

// A distribution: a count, then (id, f32) for each token kept, or an f32 for every token where that is shorter, as it
// is where no filter cuts.
inline int64_t distribution(const Distribution &d) {
  const int64_t listed = int64_t{d.kept} * (kToken + kProbability);
  const int64_t whole = static_cast<int64_t>(d.probabilities.size()) * kProbability;
  return 4 + std::min(listed, whole);
}

}  // namespace acceptance::wire
