// The logits that all others are compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder.hpp"
#include "words.hpp"

namespace numerics {

// Where shapes start: behind the context, then a little earlier each time, so that rows meet different alignments.
struct Starts {
  int32_t count;
  int32_t step;
};
Starts starts_for(int32_t context, int32_t rows);

struct Reference {
  int32_t context = 0;
  int32_t first = 0;  // position of the first logits
  std::shared_ptr<std::vector<std::vector<float>>> logits;
  State cache;  // K/V of positions [0, context), in the layout that the reference was computed with

  const std::vector<float> &at(int32_t position) const { return (*logits)[static_cast<size_t>(position - first)]; }
};

// K/V of the measured sequence at [from, to), in blocks as SLED's engine makes them.
void fill(Decoder &decoder, const Words &words, int32_t from, int32_t to);

// cached: positions that the decoder holds already. rows: per shape, as for starts_for(); block: rows computed at once.
Reference make_reference(Decoder &decoder, const Words &words, int32_t context, int32_t cached, int32_t rows,
                         int32_t block);

}  // namespace numerics
