#include "memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "ggml-backend.h"
#include "backend.hpp"
#include "cgroups.hpp"
#include "model.hpp"
#include "status.hpp"

namespace sled {
namespace {

int64_t meminfo(const char *key) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen("/proc/meminfo", "r"), std::fclose);
  char line[256];
  const size_t length = std::strlen(key);
  while (file && std::fgets(line, sizeof(line), file.get()) != nullptr) {
    long long kib = 0;
    if (std::strncmp(line, key, length) == 0 && std::sscanf(line + length, ": %lld kB", &kib) == 1) {
      return kib * 1024;
    }
  }
  return 0;
}

}  // namespace

int64_t available_bytes() {
  const int64_t machine = meminfo("MemAvailable");
  const int64_t group = group_free_bytes("");
  return group < 0 ? machine : std::min(machine, group);
}

int64_t free_swap_bytes() { return meminfo("SwapFree"); }

void require_memory_for_weights(const std::string &path, int64_t file_bytes, int32_t gpu_layers) {
  // With layers on a GPU the weights need not fit beside each other in main memory; the GPU backend checks its own.
  if (gpu_layers != 0 && has_gpu()) {
    return;
  }
  const int64_t available = available_bytes();
  if (file_bytes > available) {
    fail(SLED_ERR_MEMORY,
         "'%s' needs %s for its weights, %s are available (swap is not counted: every token reads all weights); "
         "use a smaller model or a smaller weight type",
         path.c_str(), human_bytes(file_bytes).c_str(), human_bytes(available).c_str());
  }
}

sled_memory_plan plan_memory(const Model &model, const ContextShape &shape) {
  sled_memory_plan plan{};
  const sled_model_info &info = model.info();
  plan.weight_bytes = info.weight_bytes;
  plan.kv_bytes =
      model.kv_bytes_per_token(shape.type_k, shape.type_v) * shape.cells_per_sequence * shape.sequences;
  // With a sampler attached llama.cpp keeps room for its logits, probabilities and ids too, a whole row each.
  plan.logits_bytes = static_cast<int64_t>(shape.result_rows) * info.vocabulary_rows * 4 * (shape.top_rows ? 4 : 1);
  // Scratch of one pass: the logits of the graph, and about 24 activations of the width per row (attention, the
  // feed-forward part at 4 to 8 times the width, and their inputs), F32; and the attention mask, F16, whose rows are as
  // long as the cells that a sequence might have its tokens in.
  plan.compute_bytes = static_cast<int64_t>(shape.result_rows) * info.vocabulary_rows * 4 +
                       static_cast<int64_t>(shape.pass_rows) * info.embedding_width * 24 * 4 +
                       static_cast<int64_t>(shape.cells_per_sequence) * (shape.unified ? shape.sequences : 1) *
                           shape.pass_rows * 2;
  if (shape.top_rows) {
    plan.compute_bytes += static_cast<int64_t>(shape.result_rows) * info.vocabulary_rows * 4;  // a copy of the logits
  }
  plan.total_bytes = plan.kv_bytes + plan.logits_bytes + plan.compute_bytes;
  plan.available_bytes = available_bytes();
  plan.swap_bytes = free_swap_bytes();
  plan.device_kv_bytes = has_gpu() ? plan.kv_bytes : 0;
  return plan;
}

void require_memory(const sled_memory_plan &plan, const char *what, const ContextShape &shape) {
  const int64_t needed = plan.total_bytes - plan.device_kv_bytes;
  if (needed > plan.available_bytes) {
    fail(SLED_ERR_MEMORY,
         "%s with %d sequences of %d tokens needs %s (K/V cache %s, results %s, scratch %s), %s are available; "
         "lower the number of sessions or the context",
         what, shape.sequences, shape.cells_per_sequence, human_bytes(needed).c_str(),
         human_bytes(plan.kv_bytes).c_str(), human_bytes(plan.logits_bytes).c_str(),
         human_bytes(plan.compute_bytes).c_str(), human_bytes(plan.available_bytes).c_str());
  }
}

}  // namespace sled
