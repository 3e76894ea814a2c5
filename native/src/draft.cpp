#include "draft.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "choice.hpp"
#include "log_queue.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Rows of a pass while catching up with a prompt. Exact: within the bounds in which a row does not depend on its
// neighbours. Otherwise large, for speed.
constexpr int32_t kExactPassRows = 32;
constexpr int32_t kFastPassRows = 256;

ContextShape shape_of(const Model &model, const sled_draft_params &params) {
  model.require_rollback();
  const int32_t context = model.conclude_context(params.context_tokens);
  ContextShape shape{};
  shape.sequences = 1;
  shape.cells_per_sequence = cells_for(context + int64_t{SLED_MIN_EXACT_ROWS});
  shape.pass_rows = kFastPassRows;
  shape.result_rows = 1;
  shape.type_k = params.kv_type_k;
  shape.type_v = params.kv_type_v;
  return shape;
}

}  // namespace

Draft::Draft(std::shared_ptr<Model> model, const sled_draft_params &params)
    : model_(std::move(model)),
      threads_(conclude_threads(params.threads)),
      exact_((params.flags & SLED_DRAFT_EXACT) != 0) {
  const ContextShape shape = shape_of(*model_, params);
  context_tokens_ = model_->conclude_context(params.context_tokens);
  require_memory(plan_memory(*model_, shape), "a draft context", shape);
  pool_ = make_thread_pool(threads_);
  context_ = make_context(*model_, shape, threads_, pool_.get());
  batch_ = llama_batch_init(kFastPassRows, 0, 1);
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

  llama_memory_t memory = llama_get_memory(context_.get());
  llama_memory_seq_rm(memory, 0, position, -1);
  cached_ = position;
  const int32_t chunk_rows = exact_ ? kExactPassRows : kFastPassRows;
  const auto start = std::chrono::steady_clock::now();
  int32_t output_row = 0;
  for (int32_t done = 0; done < token_count;) {
    const int32_t rows = std::min(chunk_rows, token_count - done);
    const bool pad = exact_ && rows == 1 && position + done + 1 < model_->position_limit(INT32_MAX);
    batch_.n_tokens = 0;
    for (int32_t i = 0; i < rows + (pad ? 1 : 0); i++) {
      const int32_t row = batch_.n_tokens++;
      std::memcpy(&batch_.token[row], static_cast<const char *>(tokens) + static_cast<size_t>(std::min(done + i, token_count - 1)) * 4, 4);
      batch_.pos[row] = position + done + i;
      batch_.n_seq_id[row] = 1;
      batch_.seq_id[row][0] = 0;
      batch_.logits[row] = done + i == token_count - 1 ? 1 : 0;
      output_row = done + i == token_count - 1 ? row : output_row;
    }
    const int32_t result = llama_decode(context_.get(), batch_);
    if (result != 0) {
      llama_memory_seq_rm(memory, 0, -1, -1);
      cached_ = 0;
      const std::string why = last_logged_error();
      fail(SLED_ERR_DECODE, "llama_decode failed with %d%s%s", result, why.empty() ? "" : ": ", why.c_str());
    }
    done += rows;
    cached_ = position + done;
    if (pad) {
      llama_memory_seq_rm(memory, 0, cached_, -1);
    }
  }
  const float *const logits = llama_get_logits_ith(context_.get(), output_row);
  choice.decode_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  const DraftOdds odds =
      logits == nullptr ? DraftOdds{-1, 0, 0, 0} : draft_odds(logits, model_->info().vocabulary_tokens);
  choice.token = odds.token;
  choice.cached = cached_;
  choice.probability = odds.probability;
  choice.margin = odds.margin;
  choice.entropy = odds.entropy;
  choice.reserved = 0;
}

}  // namespace sled
