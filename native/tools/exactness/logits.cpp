#include "logits.hpp"

#include <cstring>

#include <dlfcn.h>

#include "llama.h"

namespace exactness {
namespace {

thread_local bool t_watching = false;
thread_local std::vector<ResultRow> t_rows;

// FNV-1a, a logit at a time.
uint64_t hash(const float *logits, int32_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int32_t i = 0; i < count; i++) {
    uint32_t bits = 0;
    std::memcpy(&bits, logits + i, sizeof(bits));
    hash = (hash ^ bits) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

void watch_logits() {
  t_watching = true;
  t_rows.clear();
}

const std::vector<ResultRow> &watched_logits() { return t_rows; }

}  // namespace exactness

// A program's symbols come before its libraries': libsled calls this one.
extern "C" __attribute__((visibility("default"))) int32_t llama_decode(llama_context *context, llama_batch batch) {
  static auto *const decode = reinterpret_cast<decltype(&llama_decode)>(dlsym(RTLD_NEXT, "llama_decode"));
  const int32_t result = decode(context, batch);
  if (result == 0 && exactness::t_watching) {
    const int32_t logits = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)));
    for (int32_t row = 0; row < batch.n_tokens; row++) {
      if (batch.logits[row] != 0) {
        exactness::t_rows.push_back(
            {batch.seq_id[row][0], batch.pos[row], exactness::hash(llama_get_logits_ith(context, row), logits)});
      }
    }
  }
  return result;
}
