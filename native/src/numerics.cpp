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
  int32_t results;    // rows of the first sequence whose logits are wanted, and no others; 0 = all rows of all
};

// Kernels work on groups of 4, 8 or 16 rows and have others for what is left: every remainder occurs.
constexpr Shape kReference = {5, 1, 0};
constexpr Shape kExactShapes[] = {{2, 1, 0}, {3, 1, 0}, {4, 1, 0}, {8, 1, 0}, {15, 1, 0},
                                  {1, 2, 0}, {2, 2, 0}, {5, 2, 0}, {5, 1, 2}, {5, 2, 2}};

// Decodes shapes of the same tokens in a context whose K/V is empty before and after.
class Trial {
 public:
  explicit Trial(llama_context *context)
      : context_(context),
        logit_count_(llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)))),
        batch_(2 * kMostRows),
        reference_(static_cast<size_t>(kCompared * logit_count_)) {
    decode(kReference, [&](float *expected, const float *row, size_t bytes) { std::memcpy(expected, row, bytes); });
  }

  bool agrees(const Shape &shape) {
    bool equal = true;
    decode(shape, [&](const float *expected, const float *row, size_t bytes) {
      equal = equal && std::memcmp(expected, row, bytes) == 0;
    });
    return equal;
  }

 private:
  template <typename Visit>
  void decode(const Shape &shape, Visit &&visit) {
    batch_.clear();
    for (int32_t sequence = 0; sequence < shape.sequences; sequence++) {
      for (int32_t i = 0; i < shape.rows; i++) {
        // Other tokens on the second sequence: its rows are neighbours, not copies.
        const int32_t token = (i * 7919 + sequence * 104729 + 1) % logit_count_;
        batch_.add(token, i, sequence, shape.results == 0 || (sequence == 0 && i < shape.results));
      }
    }
    const int32_t result = batch_.decode(context_);
    if (result == 0) {
      const int32_t compared = std::min({kCompared, shape.rows, shape.results == 0 ? kCompared : shape.results});
      for (int32_t i = 0; i < compared; i++) {
        visit(reference_.data() + static_cast<size_t>(i * logit_count_), llama_get_logits_ith(context_, i),
              static_cast<size_t>(logit_count_) * sizeof(float));
      }
    }
    llama_memory_clear(llama_get_memory(context_), true);
    if (result != 0) {
      fail(SLED_ERR_DECODE, "llama_decode failed with %d while the numerics were tried out", result);
    }
  }

  llama_context *const context_;
  const int32_t logit_count_;
  RowBatch batch_;
  std::vector<float> reference_;
};

}  // namespace

void refuse_exact(const Model &model, const std::string &obstacle) {
  const char *const remedy = model.on_gpu()        ? "no GPU layers"
                             : model.as_in_file() ? "another weight type"
                                                   : "open the model with exact weights";
  fail(SLED_ERR_UNSUPPORTED, "exact numerics is not possible for %s weights on %s: %s; choose fast numerics, or %s",
       model.text(SLED_TEXT_WEIGHT_TYPE).c_str(), model.on_gpu() ? "a GPU" : "this CPU", obstacle.c_str(), remedy);
}

std::string find_inexact_shape(llama_model *model, int32_t positions) {
  const ContextShape shape{2, cells_for(kMostRows), 2 * kMostRows, 2 * kMostRows, SLED_KV_F16, SLED_KV_F16};
  const int32_t threads = conclude_threads(0);
  const ThreadPool pool = make_thread_pool(threads);
  const Context context = make_context(model, shape, threads, pool.get());
  return find_inexact_shape(context.get(), shape.sequences, positions);
}

std::string find_inexact_shape(llama_context *context, int32_t sequences, int32_t positions) {
  if (positions < kReference.rows) {
    return "";  // nothing to compare, and hardly a model
  }
  Trial trial(context);
  for (const Shape &shape : kExactShapes) {
    if (shape.rows <= positions && shape.sequences <= sequences && !trial.agrees(shape)) {
      return format_text("%d rows of %d sequence%s%s give other bits than %d rows of one", shape.rows, shape.sequences,
                         shape.sequences == 1 ? "" : "s", shape.results == 0 ? "" : " with few results",
                         kReference.rows);
    }
  }
  return "";
}

}  // namespace sled
