// Whether rows are exact on this machine: tried, not assumed. Which kernel llama.cpp takes for how many rows depends on
// the weight type, the processor and llama.cpp's version, and changes with any of them.
#pragma once

#include <cstdint>
#include <string>

#include "kernel_trial.hpp"
#include "llama.h"
#include "memory.hpp"

namespace sled {

class Model;

// Finds out which counts of rows are exact in this context, and if there is a rule makes the context compute with the
// reference kernels. What Model::matrix_trial() found is the beginning; attention is tried by itself; then the whole model
// decodes a few tokens in several shapes, about 60 rows, and all bits of all logits are compared. The K/V is empty before and
// after. The context has room for `shape.result_rows` results, at least 32. threads: the context's.
KernelTrial try_rows(const Model &model, llama_context *context, const ContextShape &shape, int32_t threads);

// What exact steps of 1, 8 and 32 rows take together with all cores. After matrix_trial() found nothing in the way.
double seconds_of_steps(const Model &model);

// Exact is tried out, not taken for granted; on the GPU that was measured (NUMERICS.md) it is not, so none is tried.
constexpr char kGpuObstacle[] = "rows on a GPU depend on their batch";

// Fails with SLED_ERR_UNSUPPORTED, saying what is in the way and what would do.
[[noreturn]] void refuse_exact(const Model &model, const std::string &obstacle);

}  // namespace sled
