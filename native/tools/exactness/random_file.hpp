// Small model files of llama.cpp's architectures with random weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.h"
#include "llama-arch.h"

namespace exactness {

struct Kind {
  llm_arch architecture;
  bool experts;  // a mixture of experts

  std::string name() const { return std::string(llm_arch_name(architecture)) + (experts ? ", experts" : ""); }
};

// All of llama.cpp's, in its order.
std::vector<Kind> all_kinds();

// "" if a model can be made of it, otherwise why not.
std::string obstacle(const Kind &kind);

// Backends must be loaded. Throws std::runtime_error with llama.cpp's words where it makes no model of it.
void write_random_file(const std::string &path, const Kind &kind, ggml_type type, int32_t width, uint32_t seed);

}  // namespace exactness
