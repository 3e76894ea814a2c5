// llama.cpp as the tool uses it: rows and K/V in, logits out, without libsled's care for shapes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "context.hpp"
#include "llama.h"
#include "row_batch.hpp"

namespace numerics {

struct ModelFree {
  void operator()(llama_model *model) const { llama_model_free(model); }
};
using Model = std::unique_ptr<llama_model, ModelFree>;

Model load_model(const std::string &path, bool as_in_file, int32_t gpu_layers);

struct Setup {
  bool unified = false;
  int32_t threads = 1;
  int32_t sequences = 1;
  int32_t positions = 0;  // per sequence, at least
};

using State = std::vector<uint8_t>;

class Decoder {
 public:
  Decoder(llama_model *model, const Setup &setup);

  void add(int32_t sequence, int32_t position, int32_t token, bool result) {
    batch_.add(token, position, sequence, result);
  }
  int32_t added() const { return batch_.rows(); }
  void decode();

  // Of a row of the last decode(), counted as they were added.
  const float *logits(int32_t row) const;
  int32_t vocabulary() const { return vocabulary_; }

  void drop(int32_t sequence, int32_t from);
  void clear() { llama_memory_clear(llama_get_memory(context_.get()), true); }
  State save(int32_t sequence) const;
  void restore(int32_t sequence, const State &state);

 private:
  static constexpr int32_t kBatch = 512;
  static constexpr int32_t kCells = 256;  // a sequence's share of the K/V cache is a multiple of it
  const int32_t vocabulary_;
  sled::RowBatch batch_{kBatch};
  sled::ThreadPool pool_;  // outlives the context
  sled::Context context_;
};

}  // namespace numerics
