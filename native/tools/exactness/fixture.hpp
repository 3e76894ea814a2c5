// What a small model's metadata says.
#pragma once

#include <cstdint>

#include "gguf.h"
#include "random_file.hpp"

namespace exactness {

struct Fixture {
  uint32_t width;
  uint32_t heads;
  uint32_t kv_heads;
};

// Fills `gguf` with the metadata of a model that llama.cpp can be asked to make, tokenizer included.
void add_metadata(gguf_context *gguf, const Kind &kind, const Fixture &fixture);

}  // namespace exactness
