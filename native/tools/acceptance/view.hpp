// What a row of logits says: the coupled choice, by the library's own sampler, and the distribution behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "distribution.hpp"
#include "sampling.hpp"

namespace acceptance {

struct View {
  int32_t choice = -1;
  Distribution distribution;
};

class Reader {
 public:
  explicit Reader(int32_t vocabulary) : vocabulary_(vocabulary) {}

  // history: the `position` tokens before the row, and maybe more. Penalties are written into the row.
  void read(const sled::Sampling &sampling, float *row, const std::vector<int32_t> &history, size_t position,
            View &view);

  // Another seed's choice at a row that was read: its penalties are in it.
  int32_t choose_again(const sled::Sampling &sampling, uint64_t seed, float *row, size_t position);

 private:
  const int32_t vocabulary_;
  sled::Sampler sampler_;
};

}  // namespace acceptance
