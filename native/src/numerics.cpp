#include "numerics.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <vector>

#include "backend.hpp"
#include "context.hpp"
#include "kernel_trial.hpp"
#include "model.hpp"
#include "reference_kernels.hpp"
#include "row_batch.hpp"
#include "sled.h"
#include "status.hpp"

namespace sled {
namespace {

constexpr int32_t kTokens = 6;     // of the sequence whose logits are compared
constexpr int32_t kMostRows = 64;  // of a pass, with neighbours and padding

// How the tokens are divided among passes: so many at a time, beside so many sequences that bring as many each.
struct Division {
  int32_t rows;
  int32_t neighbours;
  int32_t results;  // 0: of all rows; 1: of the last row; 2: of a row in the middle
};

constexpr Division kDivisions[] = {{1, 0, 0}, {3, 0, 0}, {1, 1, 0}, {5, 1, 0}, {kTokens, 0, 1}, {5, 0, 2}, {kTokens, 1, 1}};

// Decodes the same tokens again and again in a context whose K/V is empty before and after.
class WholeTrial {
 public:
  WholeTrial(llama_context *context, int32_t sequences, int32_t tokens, const RowRule &rule)
      : context_(context),
        sequences_(sequences),
        tokens_(tokens),
        rule_(rule),
        logit_count_(llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)))),
        batch_(kMostRows),
        reference_(static_cast<size_t>(tokens) * static_cast<size_t>(logit_count_)) {
    decode({4, 0, 0}, [&](float *expected, const float *row, size_t bytes) { std::memcpy(expected, row, bytes); });
  }

  bool agrees(const Division &division) {
    bool equal = true;
    decode(division, [&](const float *expected, const float *row, size_t bytes) {
      equal = equal && std::memcmp(expected, row, bytes) == 0;
    });
    return equal;
  }

 private:
  int32_t token(int32_t position, int32_t sequence) const {
    return (position * 7919 + sequence * 104729 + 1) % logit_count_;
  }

  template <typename Visit>
  void decode(const Division &division, Visit &&visit) {
    const int32_t streams = std::min(division.neighbours, sequences_ - 1) + 1;
    llama_memory_t memory = llama_get_memory(context_);
    for (int32_t from = 0; from < tokens_;) {
      const int32_t rows = std::min(division.rows, tokens_ - from);
      int32_t filled = rows;  // with padding: the count of all streams together is exact
      while (!rule_.holds(filled * streams)) {
        filled++;
      }
      batch_.clear();
      for (int32_t sequence = 0; sequence < streams; sequence++) {
        for (int32_t i = 0; i < filled; i++) {
          const bool wanted = division.results == 0 || (sequence == 0 && i == (division.results == 1 ? rows - 1 : rows / 2));
          batch_.add(token(from + i, sequence), from + i, sequence, wanted);
        }
      }
      batch_.want_exact(rule_, 0, batch_.rows());
      const int32_t result = batch_.decode(context_);
      if (result != 0) {
        llama_memory_clear(memory, false);
        fail(SLED_ERR_DECODE, "llama_decode failed with %d while the numerics were tried out", result);
      }
      for (int32_t i = 0; i < rows; i++) {
        if (batch_.results(i, i + 1) > 0) {
          visit(reference_.data() + static_cast<size_t>(from + i) * static_cast<size_t>(logit_count_),
                llama_get_logits_ith(context_, i), static_cast<size_t>(logit_count_) * sizeof(float));
        }
      }
      from += rows;
      for (int32_t sequence = 0; sequence < streams; sequence++) {
        llama_memory_seq_rm(memory, sequence, from, -1);  // padding
      }
    }
    llama_memory_clear(memory, false);
  }

  llama_context *const context_;
  const int32_t sequences_;
  const int32_t tokens_;
  const RowRule rule_;
  const int32_t logit_count_;
  RowBatch batch_;
  std::vector<float> reference_;
};

std::string find_difference(llama_context *context, const ContextShape &shape, int32_t positions, const RowRule &rule) {
  const int32_t tokens = std::min(kTokens, positions - rule.fill(1));
  if (tokens < 2) {
    return "";  // nothing to compare, and hardly a model
  }
  WholeTrial trial(context, shape.sequences, tokens, rule);
  for (const Division &division : kDivisions) {
    if (!trial.agrees(division)) {
      return format_text("%d rows of %d sequence%s%s give other bits than 4 rows of one", division.rows,
                         division.neighbours + 1, division.neighbours == 0 ? "" : "s",
                         division.results == 0 ? "" : " with few results");
    }
  }
  return "";
}

// Leaves the reference kernels switched on.
KernelTrial try_context(const Model &model, llama_context *context, const ContextShape &shape, int32_t threads) {
  const KernelTrial &matrices = model.matrix_trial();
  if (!matrices.obstacle.empty()) {
    return matrices;
  }
  KernelTrial trial =
      try_attention(model.attention_shape(), kv_ggml_type(shape.type_k), kv_ggml_type(shape.type_v), threads);
  if (!trial.obstacle.empty()) {
    return trial;
  }
  trial.rule.multiple = matrices.rule.multiple;
  trial.rule.least = std::max(matrices.rule.least, trial.rule.least);
  use_reference_kernels(context, true);
  trial.obstacle = find_difference(context, shape, model.position_limit(shape.cells_per_sequence), trial.rule);
  return trial;
}

}  // namespace

void refuse_exact(const Model &model, const std::string &obstacle) {
  const char *const remedy = model.on_gpu()        ? "no GPU layers"
                             : model.as_in_file() ? "another weight type"
                                                   : "open the model with exact weights";
  fail(SLED_ERR_UNSUPPORTED, "exact numerics is not possible for %s weights on %s: %s; choose fast numerics, or %s",
       model.text(SLED_TEXT_WEIGHT_TYPE).c_str(), model.on_gpu() ? "a GPU" : "this CPU", obstacle.c_str(), remedy);
}

KernelTrial try_rows(const Model &model, llama_context *context, const ContextShape &shape, int32_t threads) {
  const std::string what =
      format_text("context of %d cells, %d sequences, K/V %d %d, %d threads, weights%s", shape.cells_per_sequence,
                  std::min(shape.sequences, 2), shape.type_k, shape.type_v, threads, model.as_in_file() ? " as in the file" : "");
  const KernelTrial trial = recall_or_try(model.content(), what, [&] { return try_context(model, context, shape, threads); });
  use_reference_kernels(context, trial.obstacle.empty());
  return trial;
}

double seconds_of_steps(const Model &model) {
  const ContextShape shape{1, cells_for(kMostRows), kMostRows, kMostRows, SLED_KV_F16, SLED_KV_F16};
  const int32_t threads = conclude_threads(0);
  const ThreadPool pool = make_thread_pool(threads);
  const Context context = make_context(model.weights(), shape, threads, pool.get());
  use_reference_kernels(context.get(), true);
  RowBatch batch(kMostRows);
  double sum = 0.0;
  for (const int32_t rows : {1, 8, 32}) {
    double best = INFINITY;
    for (int32_t attempt = 0; attempt < 3; attempt++) {
      batch.clear();
      for (int32_t i = 0; i < model.matrix_trial().rule.fill(rows); i++) {
        batch.add(1 + i, i, 0, true);
      }
      const auto start = std::chrono::steady_clock::now();
      if (batch.decode(context.get()) != 0) {
        return INFINITY;
      }
      llama_synchronize(context.get());
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      llama_memory_clear(llama_get_memory(context.get()), false);
    }
    sum += best;
  }
  return sum;
}

}  // namespace sled
