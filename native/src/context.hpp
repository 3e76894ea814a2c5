// llama.cpp contexts as SLED wants them: flash attention, one stretch of K/V cells per sequence.
#pragma once

#include <cstdint>
#include <memory>

#include "ggml.h"
#include "llama.h"
#include "memory.hpp"

namespace sled {

struct ContextFree {
  void operator()(llama_context *context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, ContextFree>;

// Creates a context with flash attention and attaches the pool; fails with SLED_ERR_MEMORY or SLED_ERR_UNSUPPORTED.
Context make_context(llama_model *model, const ContextShape &shape, int32_t threads, ggml_threadpool *pool);

// K/V cells of a sequence that is to have so many positions.
int32_t cells_for(int64_t positions);

int32_t conclude_threads(int32_t requested);

}  // namespace sled
