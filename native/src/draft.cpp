#include "draft.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "log_queue.hpp"
#include "numerics.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Rows of a pass while catching up with a prompt.
constexpr int32_t kPassRows = 256;

// One is wanted; exact rows may take company.
constexpr int32_t kMostResults = 32;

ContextShape shape_of(const Model &model, const sled_draft_params &params) {
  model.require_rollback();
  const int32_t context = model.conclude_context(params.context_tokens);
  ContextShape shape{};
  shape.sequences = 1;
  shape.cells_per_sequence = cells_for(context + int64_t{kPassRows});  // and padding rows
  shape.pass_rows = kPassRows;
  shape.result_rows = kMostResults;
  shape.type_k = params.kv_type_k;
  shape.type_v = params.kv_type_v;
  return shape;
}

}  // namespace

Draft::Draft(std::shared_ptr<Model> model, const sled_draft_params &params)
    : model_(std::move(model)),
      threads_(conclude_threads(params.threads)),
      batch_(kPassRows) {
  const ContextShape shape = shape_of(*model_, params);
  context_tokens_ = model_->conclude_context(params.context_tokens);
  require_memory(plan_memory(*model_, shape), "a draft context", shape);
  pool_ = make_thread_pool(threads_);
  context_ = make_context(model_->weights(), shape, threads_, pool_.get());
  if ((params.flags & SLED_DRAFT_EXACT) != 0) {
    const KernelTrial trial = try_rows(*model_, context_.get(), shape, threads_);
    if (!trial.obstacle.empty()) {
      refuse_exact(*model_, trial.obstacle);
    }
    rule_ = trial.rule;
  }
  tokens_.reserve(static_cast<size_t>(context_tokens_));  // no allocation while generating
}

void Draft::sample(const sled_sampling *sampling) {
  sampling_ = Sampling::checked(sampling, model_->info().vocabulary_tokens);
}

void Draft::decode(int32_t position, const void *tokens, int32_t token_count, sled_draft_choice &choice) {
  if (position < 0 || position > cached_) {
    fail(SLED_ERR_OFFSET, "position %d: the draft's K/V ends at %d", position, cached_);
  }
  if (token_count < 1 || tokens == nullptr) {
    fail(SLED_ERR_ARGUMENT, "%d tokens to decode: at least 1", token_count);
  }
  if (token_count > context_tokens_ - position) {
    fail(SLED_ERR_CONTEXT_FULL, "position %d plus %d tokens is beyond the draft's context of %d", position,
         token_count, context_tokens_);
  }
  model_->check_tokens(tokens, token_count, "decoded");
  const int32_t length = position + token_count;
  tokens_.resize(static_cast<size_t>(length));
  std::memcpy(tokens_.data() + position, tokens, static_cast<size_t>(token_count) * sizeof(int32_t));

  llama_memory_t memory = llama_get_memory(context_.get());
  llama_memory_seq_rm(memory, 0, position, -1);
  cached_ = position;
  const int32_t chunk_rows = std::min(kPassRows, rule_.most) / rule_.multiple * rule_.multiple;
  const auto start = std::chrono::steady_clock::now();
  int32_t output_row = 0;
  for (int32_t done = 0; done < token_count;) {
    const int32_t rows = std::min(chunk_rows, token_count - done);
    // Padding has positions of its own, which end where a model's table of positions does.
    const int32_t filled = std::min(rule_.fill(rows), model_->position_limit(INT32_MAX) - position - done);
    batch_.clear();
    for (int32_t i = 0; i < filled; i++) {
      const bool last = done + i == token_count - 1;
      output_row = last ? i : output_row;
      batch_.add(tokens_[static_cast<size_t>(position + std::min(done + i, token_count - 1))], position + done + i, 0, last);
    }
    batch_.want_exact(rule_, 0, filled);
    const int32_t result = batch_.decode(context_.get());
    if (result != 0) {
      llama_memory_seq_rm(memory, 0, -1, -1);
      cached_ = 0;
      const std::string why = first_logged_error();
      fail(SLED_ERR_DECODE, "llama_decode failed with %d%s%s", result, why.empty() ? "" : ": ", why.c_str());
    }
    done += rows;
    cached_ = position + done;
    if (filled > rows) {
      llama_memory_seq_rm(memory, 0, cached_, -1);
    }
  }
  float *const logits = llama_get_logits_ith(context_.get(), output_row);
  choice.decode_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  choice.token = -1;
  Odds odds{0.0F, 0.0F, 0.0F};
  if (logits != nullptr) {
    const int32_t *const window = tokens_.data() + (length - sampling_.penalty_window(length));
    choice.token = sampler_.choose(sampling_, logits, model_->info().vocabulary_tokens, length, window);
    odds = sampler_.odds(logits);
  }
  choice.cached = cached_;
  choice.probability = odds.probability;
  choice.margin = odds.margin;
  choice.entropy = odds.entropy;
  choice.reserved = 0;
}

}  // namespace sled
