#include "random_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

#include "fixture.hpp"
#include "gguf.h"
#include "llama.h"
#include "sled.h"

// llama.cpp has it for its own tests, and no other way to a model's tensors.
const std::vector<std::pair<std::string, ggml_tensor *>> &llama_internal_get_tensor_map(const llama_model *model);

namespace exactness {
namespace {

struct GgufFree {
  void operator()(gguf_context *gguf) const { gguf_free(gguf); }
};
struct ContextFree {
  void operator()(ggml_context *context) const { ggml_free(context); }
};
struct ModelFree {
  void operator()(llama_model *model) const { llama_model_free(model); }
};
using Gguf = std::unique_ptr<gguf_context, GgufFree>;
using TensorContext = std::unique_ptr<ggml_context, ContextFree>;
using ModelPointer = std::unique_ptr<llama_model, ModelFree>;

struct Shape {
  std::string name;
  int64_t ne[GGML_MAX_DIMS];
};

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

bool ends_with(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string logged_error() {
  std::string error;
  char line[2048];
  int32_t length = 0;
  int32_t level = 0;
  while (sled_log_take(line, sizeof(line), &length, &level) == SLED_OK && length >= 0) {
    if (level == 4 && error.empty()) {
      error = line;
    }
  }
  return error.empty() ? "llama.cpp makes no model of it" : error;
}

// llama.cpp makes a model of metadata alone, to which it adds all tensors that the architecture may have.
std::vector<Shape> tensors_of(gguf_context *metadata) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  logged_error();
  const ModelPointer model(llama_model_init_from_user(metadata, [](ggml_tensor *, void *) {}, nullptr, params));
  if (!model) {
    throw std::runtime_error(logged_error());
  }
  std::vector<Shape> shapes;
  std::set<std::string> names;  // some occur twice: one set of numbers for several layers
  for (const auto &[name, tensor] : llama_internal_get_tensor_map(model.get())) {
    if (names.insert(name).second) {
      Shape shape{name, {}};
      std::copy(std::begin(tensor->ne), std::end(tensor->ne), std::begin(shape.ne));
      shapes.push_back(std::move(shape));
    }
  }
  return shapes;
}

// As llama.cpp's quantiser does it: small tables, routers and what is added element by element stay as they are.
bool keeps_f32(const Shape &shape) {
  const std::string &name = shape.name;
  if ((shape.ne[1] == 1 && shape.ne[2] == 1) || !ends_with(name, ".weight")) {
    return true;
  }
  for (const char *part : {"_norm.weight", "ffn_gate_inp", "altup", "laurel", "per_layer_model_proj", "position_embd",
                           "token_types", "conv", "indexer.k_proj", "indexer.q_proj", "time_mix", "attn_rel_b", "hc_"}) {
    if (contains(name, part)) {
      return true;
    }
  }
  return false;
}

ggml_type type_for(const Shape &shape, ggml_type wanted) {
  if (keeps_f32(shape)) {
    return GGML_TYPE_F32;
  }
  for (const ggml_type type : {wanted, GGML_TYPE_Q8_0}) {
    if (shape.ne[0] % ggml_blck_size(type) == 0) {
      return type;
    }
  }
  return GGML_TYPE_F16;
}

// Around what, and how far. Matrices keep the spread of the activations about as it is; the logits' is a few times that of
// the activations.
std::pair<float, float> distribution(const Shape &shape) {
  const std::string &name = shape.name;
  const float columns = static_cast<float>(shape.ne[0]);
  if (contains(name, "norm") && ends_with(name, ".weight")) {
    return {1.0F, 0.02F};
  }
  if (contains(name, "rope_f") || ends_with(name, ".scale")) {  // frequencies, scales
    return {1.0F, 0.02F};
  }
  if (contains(name, "token_embd") || contains(name, "sinks")) {
    return {0.0F, 1.0F};
  }
  if (shape.ne[1] == 1 && shape.ne[2] == 1) {
    return {0.0F, 0.05F};
  }
  return {0.0F, (name == "output.weight" ? 3.2F : 1.6F) / std::sqrt(columns)};
}

class RandomFile {
 public:
  RandomFile(gguf_context *metadata, ggml_type type, uint32_t seed) : gguf_(metadata), type_(type), seed_(seed) {}

  void add(const Shape &shape) {
    if (type_ == GGML_TYPE_NVFP4 && (ends_with(shape.name, ".scale") || ends_with(shape.name, ".input_scale"))) {
      return;  // where there are biases as well, llama.cpp adds them without looking at these
    }
    const ggml_type type = type_for(shape, type_);
    ggml_init_params params{};
    params.mem_size = ggml_tensor_overhead() + 1024 +
                      ggml_row_size(type, shape.ne[0]) * static_cast<size_t>(shape.ne[1] * shape.ne[2] * shape.ne[3]);
    contexts_.emplace_back(ggml_init(params));
    ggml_tensor *const tensor = ggml_new_tensor(contexts_.back().get(), type, GGML_MAX_DIMS, shape.ne);
    ggml_set_name(tensor, shape.name.c_str());
    fill(tensor, shape);
    gguf_add_tensor(gguf_, tensor);
  }

 private:
  // Seeded by name: another architecture's tensor beside it changes nothing.
  void fill(ggml_tensor *tensor, const Shape &shape) {
    std::seed_seq seeds(shape.name.begin(), shape.name.end());
    std::vector<uint32_t> mixed(1);
    seeds.generate(mixed.begin(), mixed.end());
    std::mt19937 random(mixed[0] ^ seed_);
    const auto [center, deviation] = distribution(shape);
    std::normal_distribution<float> noise(center, deviation);
    std::vector<float> values(static_cast<size_t>(ggml_nelements(tensor)));
    for (float &value : values) {
      value = noise(random);
    }
    if (tensor->type == GGML_TYPE_F32) {
      std::memcpy(tensor->data, values.data(), ggml_nbytes(tensor));
      return;
    }
    // Some types are quantised by the importance of columns alone: here all have the same.
    const std::vector<float> importance(static_cast<size_t>(tensor->ne[0]), 1.0F);
    ggml_quantize_chunk(tensor->type, values.data(), tensor->data, 0, ggml_nrows(tensor), tensor->ne[0],
                        ggml_quantize_requires_imatrix(tensor->type) ? importance.data() : nullptr);
  }

  gguf_context *const gguf_;
  const ggml_type type_;
  const uint32_t seed_;
  std::vector<TensorContext> contexts_;  // one for each tensor
};

bool has_keys_of_each_head(llm_arch a) {
  switch (a) {
    case LLM_ARCH_DEEPSEEK2OCR:
    case LLM_ARCH_DOTS1:
    case LLM_ARCH_MINICPM3:
    case LLM_ARCH_OLMOE: return true;
    default: return false;
  }
}

bool always_experts(llm_arch a) {
  switch (a) {
    case LLM_ARCH_LLAMA4:
    case LLM_ARCH_COHERE2MOE:
    case LLM_ARCH_GROK:
    case LLM_ARCH_QWEN2MOE:
    case LLM_ARCH_QWEN3MOE:
    case LLM_ARCH_QWEN3VLMOE:
    case LLM_ARCH_PHIMOE:
    case LLM_ARCH_DBRX:
    case LLM_ARCH_OLMOE:
    case LLM_ARCH_ARCTIC:
    case LLM_ARCH_DEEPSEEK:
    case LLM_ARCH_DEEPSEEK2:
    case LLM_ARCH_DEEPSEEK2OCR:
    case LLM_ARCH_DEEPSEEK32:
    case LLM_ARCH_DOTS3NOTE:
    case LLM_ARCH_GLM4_MOE:
    case LLM_ARCH_GLM_DSA:
    case LLM_ARCH_EXAONE_MOE:
    case LLM_ARCH_BAILINGMOE:
    case LLM_ARCH_BAILINGMOE2:
    case LLM_ARCH_DOTS1:
    case LLM_ARCH_AFMOE:
    case LLM_ARCH_ERNIE4_5:
    case LLM_ARCH_ERNIE4_5_MOE:
    case LLM_ARCH_HUNYUAN_MOE:
    case LLM_ARCH_HY_V3:
    case LLM_ARCH_HY_V4:
    case LLM_ARCH_OPENAI_MOE:
    case LLM_ARCH_SMALLTHINKER:
    case LLM_ARCH_LLADA_MOE:
    case LLM_ARCH_GROVEMOE:
    case LLM_ARCH_MINIMAX_M2:
    case LLM_ARCH_MINIMAX_M3:
    case LLM_ARCH_RND1:
    case LLM_ARCH_PADDLEOCR:
    case LLM_ARCH_MIMO2:
    case LLM_ARCH_STEP35:
    case LLM_ARCH_MISTRAL4:
    case LLM_ARCH_MELLUM:
    case LLM_ARCH_LAGUNA:
    case LLM_ARCH_MAPLE: return true;
    default: return false;
  }
}

bool may_have_experts(llm_arch a) {
  switch (a) {
    case LLM_ARCH_LLAMA:
    case LLM_ARCH_REFACT:
    case LLM_ARCH_MINICPM:
    case LLM_ARCH_GRANITE:
    case LLM_ARCH_GRANITE_MOE:
    case LLM_ARCH_MISTRAL3: return true;
    default: return always_experts(a);
  }
}

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  for (const llm_arch architecture : llm_arch_all()) {
    if (architecture == LLM_ARCH_UNKNOWN) {
      continue;
    }
    if (!always_experts(architecture)) {
      kinds.push_back({architecture, false});
    }
    if (may_have_experts(architecture)) {
      kinds.push_back({architecture, true});
    }
  }
  return kinds;
}

std::string obstacle(const Kind &kind) {
  switch (kind.architecture) {
    case LLM_ARCH_CLIP:
    case LLM_ARCH_WAVTOKENIZER_DEC: return "no language model";
    case LLM_ARCH_GPTJ: return "llama.cpp has a name for it and no graph";
    case LLM_ARCH_EAGLE3:
    case LLM_ARCH_DFLASH:
    case LLM_ARCH_GEMMA4_ASSISTANT: return "a drafter that needs its target's activations";
    case LLM_ARCH_PLM: return "llama.cpp's graph of it ends the process";
    case LLM_ARCH_GRANITE_SWITCH: return "needs adapters";
    case LLM_ARCH_BERT:
    case LLM_ARCH_MODERN_BERT:
    case LLM_ARCH_NOMIC_BERT:
    case LLM_ARCH_NOMIC_BERT_MOE:
    case LLM_ARCH_NEO_BERT:
    case LLM_ARCH_JINA_BERT_V2:
    case LLM_ARCH_JINA_BERT_V3:
    case LLM_ARCH_EUROBERT:
    case LLM_ARCH_LLAMA_EMBED:
    case LLM_ARCH_GEMMA_EMBEDDING:
    case LLM_ARCH_T5ENCODER: return "an encoder";
    default: break;
  }
  const bool recurrent = llm_arch_is_recurrent(kind.architecture) || llm_arch_is_hybrid(kind.architecture);
  return recurrent ? "recurrent or hybrid" : "";
}

void write_random_file(const std::string &path, const Kind &kind, ggml_type type, int32_t width, uint32_t seed) {
  // Heads that share keys and values, where an architecture can have them.
  const bool grouped = !has_keys_of_each_head(kind.architecture);
  const auto columns = static_cast<uint32_t>(width);
  std::string why;
  for (const Fixture &fixture : {Fixture{columns, 4, grouped ? 2U : 4U}, Fixture{columns, 4, 4}, Fixture{columns, 2, 2}}) {
    const Gguf gguf(gguf_init_empty());
    add_metadata(gguf.get(), kind, fixture);
    try {
      RandomFile file(gguf.get(), type, seed);
      for (const Shape &shape : tensors_of(gguf.get())) {
        file.add(shape);
      }
      if (!gguf_write_to_file(gguf.get(), path.c_str(), false)) {
        throw std::runtime_error("cannot write " + path);
      }
      return;
    } catch (const std::runtime_error &error) {
      why = why.empty() ? error.what() : why;
    }
  }
  throw std::runtime_error(why);
}

}  // namespace exactness
