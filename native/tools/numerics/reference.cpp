#include "reference.hpp"

#include <algorithm>

#include "options.hpp"
#include "shapes.hpp"

namespace numerics {

Starts starts_for(int32_t context, int32_t rows) {
  const int32_t wanted = (rows + 1) / 2;  // most shapes compare two rows at least
  const int32_t step = std::max(1, std::min(3, (context - 2) / wanted));
  return {std::min(wanted, (context - 2) / step), step};
}

void fill(Decoder &decoder, const Words &words, int32_t from, int32_t to) {
  constexpr int32_t kChunk = 32;
  for (int32_t position = from; position < to;) {
    int32_t rows = std::min(kChunk, to - position);
    if (to - position - rows == 1) {
      rows--;  // never a lone row at the end
    }
    for (int32_t i = 0; i < rows; i++, position++) {
      decoder.add(kMeasured, position, words.at(kMeasured, position), false);
    }
    decoder.decode();
  }
}

Reference make_reference(Decoder &decoder, const Words &words, int32_t context, int32_t cached, int32_t rows,
                         int32_t block) {
  Reference reference;
  reference.context = context;
  reference.logits = std::make_shared<std::vector<std::vector<float>>>();
  const Starts starts = starts_for(context, rows);
  reference.first = context - starts.step * (starts.count - 1);
  decoder.drop(kMeasured, std::min(cached, reference.first));
  fill(decoder, words, std::min(cached, reference.first), reference.first);
  for (int32_t position = reference.first; position < context + kLongestBlock;) {
    for (int32_t i = 0; i < block; i++, position++) {
      decoder.add(kMeasured, position, words.at(kMeasured, position), true);
    }
    decoder.decode();
    for (int32_t i = 0; i < block; i++) {
      const float *const values = decoder.logits(i);
      reference.logits->emplace_back(values, values + decoder.vocabulary());
    }
  }
  decoder.drop(kMeasured, context);
  reference.cache = decoder.save(kMeasured);
  return reference;
}

}  // namespace numerics
