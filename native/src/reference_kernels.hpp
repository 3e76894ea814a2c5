// llama.cpp's switch for kernels that do not look at how many rows there are.
#pragma once

#include "llama.h"

namespace sled {

// Attention of a lone row over 512 cells, attention of 64 rows and more, and products with IQ weights of many rows each
// have a kernel of their own on the CPU, which sums in another order. The reference kernels compute every row alike.
void use_reference_kernels(llama_context *context, bool use);

}  // namespace sled
