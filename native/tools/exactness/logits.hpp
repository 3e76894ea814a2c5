// Sees the logits of every row that libsled computes: sled.h hands out tokens alone, and one wrong bit of a logit changes a
// token too seldom to be found by tokens.
#pragma once

#include <cstdint>
#include <vector>

namespace exactness {

struct ResultRow {
  int32_t sequence;
  int32_t position;
  uint64_t bits;  // a hash of its logits
};

// Forgets the rows so far; from now on those of this thread's calls of llama_decode are kept.
void watch_logits();

// Result rows since then, in the order of the batches.
const std::vector<ResultRow> &watched_logits();

}  // namespace exactness
