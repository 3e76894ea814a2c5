// Runs shapes over one cache that holds the reference's K/V.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "comparison.hpp"
#include "decoder.hpp"
#include "reference.hpp"
#include "shapes.hpp"
#include "words.hpp"

namespace numerics {

class Bench {
 public:
  // rows: compared per shape, at least.
  Bench(Decoder &decoder, const Words &words, const Reference &reference, const Starts &starts, int32_t rows)
      : decoder_(decoder), words_(words), reference_(reference), starts_(starts), rows_(rows) {}

  // All sequences get the same K/V, which saves time; their rows differ. The measured one has the first cells of a
  // unified cache: wherever others leave cells free, its next rows come behind its own.
  void fill_in_order();

  // The second half of the measured sequence goes into cells that another one has left, before those of the first.
  void fill_out_of_order();

  // Sequences are cut shorter and shorter, so that nothing has to be computed again between the starts.
  void run(const std::vector<Shape> &shapes, const std::function<void(const Shape &, const Tally &)> &report);

 private:
  void start_at(int32_t position);
  void measure(const Shape &shape, Tally &tally);
  void decode(const Shape &shape, int32_t step, Tally &tally);
  void add_rows(const Shape &shape, int32_t sequence, int32_t position);
  int32_t &length(int32_t sequence) { return lengths_[static_cast<size_t>(sequence)]; }

  Decoder &decoder_;
  const Words &words_;
  const Reference &reference_;
  const Starts starts_;
  const int32_t rows_;
  Chooser chooser_;
  std::array<int32_t, kSequences> lengths_{};
};

}  // namespace numerics
