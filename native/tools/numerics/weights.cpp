#include "weights.hpp"

#include <algorithm>
#include <cctype>

#include "failure.hpp"
#include "ggml.h"
#include "gguf.h"
#include "llama.h"
#include "log_queue.hpp"

namespace numerics {
namespace {

const std::map<std::string, llama_ftype> kTypes = {
    {"F32", LLAMA_FTYPE_ALL_F32},          {"F16", LLAMA_FTYPE_MOSTLY_F16},   {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0}, {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
    {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1}, {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_S},
    {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_S},   {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K}, {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
    {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
};

}  // namespace

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

bool is_convertible(const std::string &type) { return kTypes.count(type) > 0; }

std::string convertible_types() {
  std::string names;
  for (const auto &entry : kTypes) {
    names += " " + entry.first;
  }
  return names;
}

void convert_weights(const std::string &from, const std::string &to, const std::string &type) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = kTypes.at(type);
  params.allow_requantize = true;
  params.pure = true;  // embedding and output as well: nothing else shall be mixed in
  sled::forget_logged_errors();
  if (llama_model_quantize(from.c_str(), to.c_str(), &params) != 0) {
    fail("llama.cpp cannot convert " + from + " into " + type);
  }
}

std::map<std::string, int> matrix_types(const std::string &path) {
  ggml_context *tensors = nullptr;
  gguf_context *const file = gguf_init_from_file(path.c_str(), {true, &tensors});
  if (file == nullptr) {
    fail("cannot read " + path);
  }
  std::map<std::string, int> types;
  for (ggml_tensor *t = ggml_get_first_tensor(tensors); t != nullptr; t = ggml_get_next_tensor(tensors, t)) {
    if (t->ne[1] > 1) {
      types[upper_case(ggml_type_name(t->type))]++;
    }
  }
  gguf_free(file);
  ggml_free(tensors);
  return types;
}

}  // namespace numerics
