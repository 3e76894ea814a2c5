#include "context.hpp"

#include <algorithm>

#include "backend.hpp"
#include "cgroups.hpp"
#include "log_queue.hpp"
#include "model.hpp"
#include "status.hpp"

namespace sled {

int32_t conclude_threads(int32_t requested) {
  if (requested < 0 || requested > GGML_MAX_N_THREADS) {
    fail(SLED_ERR_ARGUMENT, "%d threads: 0 (as many as may compute) to %d are possible", requested, GGML_MAX_N_THREADS);
  }
  return requested == 0 ? default_threads(usable_cores(), cpu_quota_millicores("")) : requested;
}

int32_t cells_for(int64_t positions) {
  // llama.cpp rounds each sequence's share of the cache up to this.
  constexpr int64_t kCellGranule = 256;
  const int64_t cells = (positions + kCellGranule - 1) / kCellGranule * kCellGranule;
  return static_cast<int32_t>(std::min(cells, INT32_MAX / kCellGranule * kCellGranule));
}

Context make_context(llama_model *model, const ContextShape &shape, int32_t threads, ggml_threadpool *pool) {
  const int64_t cells = static_cast<int64_t>(shape.cells_per_sequence) * shape.sequences;
  if (cells > INT32_MAX) {
    fail(SLED_ERR_UNSUPPORTED, "%d sequences of %d tokens: llama.cpp counts at most %d in all", shape.sequences,
         shape.cells_per_sequence, INT32_MAX);
  }
  llama_context_params p = llama_context_default_params();
  p.n_seq_max = static_cast<uint32_t>(shape.sequences);
  p.n_ctx = static_cast<uint32_t>(cells);
  p.n_batch = static_cast<uint32_t>(shape.pass_rows);
  p.n_ubatch = static_cast<uint32_t>(shape.pass_rows);
  p.n_outputs_max = static_cast<uint32_t>(shape.result_rows);
  if (shape.top_rows) {
    p.n_outputs_max_per_seq = std::min<uint32_t>(p.n_outputs_max, SLED_MAX_EXACT_ROWS);
  }
  p.n_threads = threads;
  p.n_threads_batch = threads;
  p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  p.type_k = kv_ggml_type(shape.type_k);
  p.type_v = kv_ggml_type(shape.type_v);
  p.kv_unified = shape.unified;  // split: a sequence's cells stay in order, whoever comes and goes beside it
  p.swa_full = true;     // a windowed cache could not be rolled back
  p.no_perf = true;
  forget_logged_errors();
  Context context(llama_init_from_model(model, p));
  if (!context) {
    const std::string why = first_logged_error();
    fail(SLED_ERR_UNSUPPORTED, "llama.cpp cannot make a context with flash attention for this model%s%s",
         why.empty() ? "" : ": ", why.c_str());
  }
  if (pool != nullptr) {
    llama_attach_threadpool(context.get(), pool, pool);
  }
  return context;
}

}  // namespace sled
