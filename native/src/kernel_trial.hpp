// Tries the kernels of this CPU with a model's own weights: how many rows have to be computed together so that each has
// the same bits. A kernel is tried by itself, with random activations, because a difference that it makes in one sum of
// many thousands may show in no logit of a short trial of the whole model, and in the text after a few hundred tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "llama.h"
#include "row_rule.hpp"

// llama.cpp has it for its own tests, and no other way to a model's weights.
const std::vector<std::pair<std::string, ggml_tensor *>> &llama_internal_get_tensor_map(const llama_model *model);

namespace sled {

// Of a layer's attention.
struct AttentionShape {
  int64_t heads;     // at least 1, and so on
  int64_t kv_heads;
  int64_t width_k;   // of one head
  int64_t width_v;
};

struct KernelTrial {
  RowRule rule;
  std::string obstacle;  // what differs where no count of rows is exact; "" if the rule holds
};

// What `trial` gave before for this content (a digest) on this machine; if it never ran, it runs now. what: of the content
// that is tried, with all that the result depends on.
KernelTrial recall_or_try(const std::string &content, const std::string &what, const std::function<KernelTrial()> &trial);

// Multiplies each kind of weight matrix (its type, its size, and where llama.cpp put it) with 1 to 63 random rows and
// compares all bits with those of 32 rows; mixtures of experts with rows that share experts in many ways. Takes about as
// long as 20 rows of the model. threads: as the context will have, since sums are divided among them.
KernelTrial try_matrices(const llama_model *model, int32_t threads);

// The same for attention over 768 cells of K/V: `rule` gets narrower where a lone row, or rows of more than so many, are
// computed in another order. Both try the reference kernels (see use_reference_kernels).
KernelTrial try_attention(const AttentionShape &shape, ggml_type type_k, ggml_type type_v, int32_t threads);

}  // namespace sled
