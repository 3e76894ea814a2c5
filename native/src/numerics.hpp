// Whether rows are exact on this machine: tried, not assumed. Which kernel llama.cpp takes for how many rows depends on
// the weight type, the processor and llama.cpp's version, and changes with any of them.
#pragma once

#include <cstdint>
#include <string>

#include "llama.h"

namespace sled {

class Model;

// llama.cpp computes the end of the network only for rows whose logits are wanted, so a lone result among many rows takes
// a lone row's kernels there: exact passes ask for this many at least.
constexpr int32_t kLeastExactResults = 2;

// Decodes the same few tokens on sequences 0 and 1 in several shapes within the exact bounds and compares all bits of
// their logits. Takes about 70 rows; the K/V is empty before and after. Returns "" if all are equal, otherwise what
// differs, for people. sequences: of the context, whose passes hold 32 rows and results at least; positions: that the
// model knows, shapes beyond them are left out.
std::string find_inexact_shape(llama_context *context, int32_t sequences, int32_t positions);

// The same in a small context of its own, with all cores.
std::string find_inexact_shape(llama_model *model, int32_t positions);

// Exact is tried out, not taken for granted; on the GPU that was measured (NUMERICS.md) it is not, so none is tried.
constexpr char kGpuObstacle[] = "rows on a GPU depend on their batch";

// Fails with SLED_ERR_UNSUPPORTED, saying what is in the way and what would do.
[[noreturn]] void refuse_exact(const Model &model, const std::string &obstacle);

}  // namespace sled
