// What fits: sums up what an engine or draft will take and compares it with what the machine has.
#pragma once

#include <cstdint>
#include <string>

#include "sled.h"

namespace sled {

class Model;

// Memory that this process may still take: the machine's, or the container's (cgroup) limit if that is tighter.
int64_t available_bytes();
int64_t free_swap_bytes();

void require_memory_for_weights(const std::string &path, int64_t file_bytes, int32_t gpu_layers);

// The shape of a context, whoever asks for it.
struct ContextShape {
  int32_t sequences;
  int32_t cells_per_sequence;  // K/V cells, what the context takes, rounded up
  int32_t pass_rows;
  int32_t result_rows;
  int32_t type_k;
  int32_t type_v;
  bool unified = false;  // all sequences' cells in one place, for whoever needs them; otherwise each has its own
  bool top_rows = false;  // with TopRows
};

sled_memory_plan plan_memory(const Model &model, const ContextShape &shape);

// Fails with SLED_ERR_MEMORY and the plan's numbers.
void require_memory(const sled_memory_plan &plan, const char *what, const ContextShape &shape);

}  // namespace sled
