#include "numerics.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend.hpp"
#include "context.hpp"
#include "model.hpp"
#include "row_batch.hpp"
#include "sled.h"
#include "status.hpp"

namespace sled {
namespace {

// Rows whose logits are compared: the first ones of every shape.
constexpr int32_t kCompared = 2;

constexpr int32_t kMostRows = 16;  // of a sequence

struct Shape {
  int32_t rows;       // of each sequence
  int32_t sequences;  // in one batch
  bool few_results;   // logits of the compared rows alone, as at the end of a prefill
};

// Kernels work on groups of 4, 8 or 16 rows and have others for what is left: every remainder occurs.
constexpr Shape kShapes[] = {{5, 1, false}, {2, 1, false}, {3, 1, false},  {4, 1, false}, {8, 1, false},
                             {15, 1, false}, {1, 2, false}, {2, 2, false}, {5, 2, false}, {5, 1, true},  {5, 2, true}};

}  // namespace

void refuse_exact(const Model &model, const std::string &obstacle) {
  const char *const remedy = model.on_gpu()        ? "no GPU layers"
                             : model.as_in_file() ? "another weight type"
                                                   : "open the model with exact weights";
  fail(SLED_ERR_UNSUPPORTED, "exact numerics is not possible for %s weights on %s: %s; choose fast numerics, or %s",
       model.text(SLED_TEXT_WEIGHT_TYPE).c_str(), model.on_gpu() ? "a GPU" : "this CPU", obstacle.c_str(), remedy);
}

std::string find_inexact_shape(llama_model *model) {
  const ContextShape shape{2, cells_for(kMostRows), 2 * kMostRows, 2 * kMostRows, SLED_KV_F16, SLED_KV_F16};
  const int32_t threads = usable_cores();
  const ThreadPool pool = make_thread_pool(threads);
  const Context context = make_context(model, shape, threads, pool.get());
  return find_inexact_shape(context.get(), shape.sequences);
}

std::string find_inexact_shape(llama_context *context, int32_t sequences) {
  const int32_t logit_count = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)));
  RowBatch batch(2 * kMostRows);
  std::vector<float> reference(static_cast<size_t>(kCompared * logit_count));
  std::string difference;
  llama_memory_t memory = llama_get_memory(context);
  for (const Shape &shape : kShapes) {
    if (shape.sequences > sequences) {
      continue;
    }
    batch.clear();
    for (int32_t sequence = 0; sequence < shape.sequences; sequence++) {
      for (int32_t i = 0; i < shape.rows; i++) {
        // Other tokens on the second sequence: its rows are neighbours, not copies.
        const int32_t token = (i * 7919 + sequence * 104729 + 1) % logit_count;
        batch.add(token, i, sequence, !shape.few_results || (sequence == 0 && i < kCompared));
      }
    }
    const int32_t result = batch.decode(context);
    if (result != 0) {
      llama_memory_clear(memory, true);
      fail(SLED_ERR_DECODE, "llama_decode failed with %d while the numerics were tried out", result);
    }
    const size_t row_bytes = static_cast<size_t>(logit_count) * sizeof(float);
    bool equal = true;
    for (int32_t i = 0; i < std::min(kCompared, shape.rows); i++) {
      const float *const row = llama_get_logits_ith(context, i);
      float *const expected = reference.data() + static_cast<size_t>(i * logit_count);
      if (&shape == kShapes) {
        std::memcpy(expected, row, row_bytes);
      } else {
        equal = equal && std::memcmp(expected, row, row_bytes) == 0;
      }
    }
    llama_memory_clear(memory, true);
    if (!equal) {
      difference = format_text("%d rows of %d sequence%s%s give other bits than 5 rows of one", shape.rows,
                               shape.sequences, shape.sequences == 1 ? "" : "s",
                               shape.few_results ? " with few results" : "");
      break;
    }
  }
  return difference;
}

}  // namespace sled
