#include "bench.hpp"

#include <algorithm>

namespace numerics {

void Bench::fill_in_order() {
  decoder_.clear();
  decoder_.restore(kMeasured, reference_.cache);
  for (int32_t sequence = 0; sequence < kSequences; sequence++) {
    if (sequence != kMeasured) {
      decoder_.restore(sequence, reference_.cache);
    }
    length(sequence) = reference_.context;
  }
  int32_t sequence = kMeasured;
  for (const int32_t share : {2, 5, 10}) {
    sequence++;
    length(sequence) = std::max(1, reference_.context / share);
    decoder_.drop(sequence, length(sequence));
  }
}

void Bench::fill_out_of_order() {
  decoder_.clear();
  lengths_.fill(0);
  decoder_.restore(0, reference_.cache);
  decoder_.restore(kMeasured, reference_.cache);
  const int32_t half = reference_.context / 2;
  decoder_.drop(kMeasured, half);
  decoder_.drop(0, 0);
  fill(decoder_, words_, half, reference_.context);
  length(kMeasured) = reference_.context;
}

void Bench::run(const std::vector<Shape> &shapes, const std::function<void(const Shape &, const Tally &)> &report) {
  std::vector<Tally> tallies(shapes.size());
  for (int32_t i = 0; i < starts_.count; i++) {
    start_at(reference_.context - i * starts_.step);
    for (size_t s = 0; s < shapes.size(); s++) {
      if (tallies[s].rows < rows_) {
        measure(shapes[s], tallies[s]);
      }
    }
  }
  for (size_t s = 0; s < shapes.size(); s++) {
    report(shapes[s], tallies[s]);
  }
}

void Bench::start_at(int32_t position) {
  for (int32_t sequence = 0; sequence <= kMeasured; sequence++) {
    length(sequence) = std::min(length(sequence), position);
    decoder_.drop(sequence, length(sequence));
  }
}

void Bench::measure(const Shape &shape, Tally &tally) {
  const int32_t steps = shape.chained ? kChainRows : 1;
  for (int32_t step = 0; step < steps; step++) {
    decode(shape, step, tally);
    for (int32_t sequence = 0; sequence < kSequences; sequence++) {
      if (shape.rows[static_cast<size_t>(sequence)] > 0) {
        decoder_.drop(sequence, length(sequence) + (step + 1 < steps ? step + 1 : 0));
      }
    }
  }
}

void Bench::decode(const Shape &shape, int32_t step, Tally &tally) {
  int32_t first = 0;
  for (int32_t sequence = 0; sequence < kSequences; sequence++) {
    if (sequence == kMeasured) {
      first = decoder_.added();
    }
    add_rows(shape, sequence, length(sequence) + step);
  }
  decoder_.decode();
  const int32_t rows = shape.rows[kMeasured];
  for (int32_t i = 0; i < rows; i++) {
    if (is_meant(shape.compared, i, rows)) {
      const int32_t position = length(kMeasured) + step + i;
      tally.add(compare(chooser_, reference_.at(position), decoder_.logits(first + i), position));
    }
  }
}

void Bench::add_rows(const Shape &shape, int32_t sequence, int32_t position) {
  const int32_t rows = shape.rows[static_cast<size_t>(sequence)];
  for (int32_t i = 0; i < rows; i++) {
    // A padding row says the real row's token again, as the engine's do.
    const bool padding = shape.chained && i > 0;
    const int32_t token = words_.at(sequence, padding ? position : position + i);
    decoder_.add(sequence, position + i, token, is_meant(shape.results, i, rows));
  }
}

}  // namespace numerics
