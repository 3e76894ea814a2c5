#include "fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "llama-model-saver.h"

namespace exactness {
namespace {

constexpr uint32_t kContext = 4096;
constexpr uint32_t kScaledFrom = 1024;  // positions from there on are scaled, where an architecture can do so
constexpr uint32_t kWindow = 96;  // a sliding window's: shorter than the streams

template <typename... Architectures>
bool is_one_of(llm_arch architecture, Architectures... others) {
  return ((architecture == others) || ...);
}

// With keys and values made of a shorter vector, which is what the K/V cache holds, once for all heads.
bool has_latent_attention(llm_arch a) {
  return is_one_of(a, LLM_ARCH_DEEPSEEK2, LLM_ARCH_DEEPSEEK32, LLM_ARCH_GLM_DSA, LLM_ARCH_DOTS3NOTE, LLM_ARCH_MISTRAL4,
                   LLM_ARCH_HY_V4);
}

// The least number that an architecture's layers come in, or that has each kind of layer.
uint32_t layers_of(llm_arch a) {
  switch (a) {
    case LLM_ARCH_LLAMA4: return 4;
    case LLM_ARCH_GEMMA4: return 5;
    case LLM_ARCH_GEMMA3N: return 22;
    case LLM_ARCH_HRM_TEXT: return 8;
    default: return 2;
  }
}

// Alternately the first and the second.
std::vector<uint32_t> alternating(uint32_t layers, uint32_t first, uint32_t second) {
  std::vector<uint32_t> values;
  for (uint32_t layer = 0; layer < layers; layer++) {
    values.push_back(layer % 2 == 0 ? first : second);
  }
  return values;
}

// A key that an architecture does not know disturbs nobody: most are the same for all.
class Metadata {
 public:
  Metadata(gguf_context *gguf, const Kind &kind, const Fixture &fixture)
      : gguf_(gguf),
        keys_(kind.architecture, gguf),
        a_(kind.architecture),
        fixture_(fixture),
        layers_(layers_of(kind.architecture)),
        forward_(2 * fixture.width),
        head_width_(fixture.width / fixture.heads) {
    shape();
    attention();
    latent_attention();
    windows();
    indexers();
    others();
    if (kind.experts) {
      experts();
    }
    tokenizer();
  }

 private:
  void shape() {
    keys_.add_kv(LLM_KV_GENERAL_ARCHITECTURE, llm_arch_name(a_));
    keys_.add_kv(LLM_KV_CONTEXT_LENGTH, kContext);
    keys_.add_kv(LLM_KV_EMBEDDING_LENGTH, fixture_.width);
    keys_.add_kv(LLM_KV_FEATURES_LENGTH, fixture_.width);
    keys_.add_kv(LLM_KV_BLOCK_COUNT, layers_);
    keys_.add_kv(LLM_KV_LEADING_DENSE_BLOCK_COUNT, uint32_t{1});
    keys_.add_kv(LLM_KV_FEED_FORWARD_LENGTH, forward_);
    keys_.add_kv(LLM_KV_USE_PARALLEL_RESIDUAL, false);
    keys_.add_kv(LLM_KV_LOGIT_SCALE, 1.0F);
  }

  void attention() {
    keys_.add_kv(LLM_KV_ATTENTION_HEAD_COUNT, fixture_.heads);
    keys_.add_kv(LLM_KV_ATTENTION_HEAD_COUNT_KV, has_latent_attention(a_) ? uint32_t{1} : fixture_.kv_heads);
    keys_.add_kv(LLM_KV_ATTENTION_MAX_ALIBI_BIAS, 8.0F);
    keys_.add_kv(LLM_KV_ATTENTION_CLAMP_KQV, 8.0F);
    keys_.add_kv(LLM_KV_ATTENTION_LAYERNORM_EPS, 1e-5F);
    keys_.add_kv(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, 1e-5F);
    keys_.add_kv(LLM_KV_ATTENTION_GROUPNORM_EPS, 1e-5F);
    keys_.add_kv(LLM_KV_ATTENTION_GROUPNORM_GROUPS, uint32_t{8});
    keys_.add_kv(LLM_KV_ATTENTION_RELATIVE_BUCKETS_COUNT, uint32_t{8});
    const uint32_t section = head_width_ / 4;
    keys_.add_kv(LLM_KV_ROPE_SCALING_ORIG_CTX_LEN, kScaledFrom);
    keys_.add_kv(LLM_KV_ROPE_DIMENSION_SECTIONS, std::vector<uint32_t>{section, section, section, section});
  }

  void latent_attention() {
    constexpr uint32_t kRotated = 64;
    constexpr uint32_t kLatent = 256;
    keys_.add_kv(LLM_KV_ATTENTION_Q_LORA_RANK, uint32_t{256});
    keys_.add_kv(LLM_KV_ATTENTION_KV_LORA_RANK, kLatent);
    if (a_ == LLM_ARCH_MINICPM3) {
      keys_.add_kv(LLM_KV_ROPE_DIMENSION_COUNT, head_width_ / 2);
    } else if (a_ == LLM_ARCH_MINIMAX_M3) {
      keys_.add_kv(LLM_KV_ROPE_DIMENSION_COUNT, kRotated);
    }
    if (!has_latent_attention(a_)) {
      return;
    }
    keys_.add_kv(LLM_KV_ATTENTION_KEY_LENGTH, kLatent + kRotated);
    keys_.add_kv(LLM_KV_ATTENTION_VALUE_LENGTH, kLatent);
    keys_.add_kv(LLM_KV_ROPE_DIMENSION_COUNT, kRotated);
    keys_.add_kv(LLM_KV_ATTENTION_KEY_LENGTH_MLA, uint32_t{192});
    keys_.add_kv(LLM_KV_ATTENTION_VALUE_LENGTH_MLA, uint32_t{128});
    if (a_ == LLM_ARCH_DOTS3NOTE) {
      keys_.add_kv(LLM_KV_ATTENTION_KV_LORA_RANK_SWA, kLatent);
      keys_.add_kv(LLM_KV_ATTENTION_KEY_LENGTH_SWA, kLatent + kRotated);
      keys_.add_kv(LLM_KV_ATTENTION_VALUE_LENGTH_SWA, kLatent);
      keys_.add_kv(LLM_KV_ATTENTION_KEY_LENGTH_MLA_SWA, uint32_t{192});
      keys_.add_kv(LLM_KV_ATTENTION_VALUE_LENGTH_MLA_SWA, uint32_t{128});
      keys_.add_kv(LLM_KV_ROPE_FREQ_BASE_SWA, 10000.0F);
    }
  }

  void windows() {
    keys_.add_kv(LLM_KV_ATTENTION_SLIDING_WINDOW, kWindow);
    if (a_ == LLM_ARCH_GEMMA4) {
      keys_.add_kv(LLM_KV_EMBEDDING_LENGTH_PER_LAYER, fixture_.width);
      keys_.add_kv(LLM_KV_ATTENTION_SHARED_KV_LAYERS, uint32_t{0});
      keys_.add_kv(LLM_KV_ATTENTION_KEY_LENGTH_SWA, head_width_);
      keys_.add_kv(LLM_KV_ATTENTION_VALUE_LENGTH_SWA, head_width_);
      keys_.add_kv(LLM_KV_ROPE_DIMENSION_COUNT_SWA, head_width_);
      keys_.add_kv(LLM_KV_ROPE_FREQ_BASE_SWA, 10000.0F);
      keys_.add_kv(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, std::vector<uint32_t>{1, 1, 1, 1, 0});
    } else if (is_one_of(a_, LLM_ARCH_COHERE2MOE, LLM_ARCH_MIMO2, LLM_ARCH_STEP35, LLM_ARCH_SPARK2_5, LLM_ARCH_MUSE_GLIMMER,
                         LLM_ARCH_GRANITE_SWA, LLM_ARCH_DOTS3NOTE, LLM_ARCH_MAPLE)) {
      keys_.add_kv(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, alternating(layers_, 0, 1));
    } else {
      keys_.add_kv(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, uint32_t{2});
    }
  }

  // Of attention that looks at the best cells alone: few enough that not all cells are looked at.
  void indexers() {
    keys_.add_kv(LLM_KV_ATTENTION_INDEXER_HEAD_COUNT, a_ == LLM_ARCH_MINIMAX_M3 ? fixture_.kv_heads : uint32_t{64});
    keys_.add_kv(LLM_KV_ATTENTION_INDEXER_KEY_LENGTH, uint32_t{128});
    keys_.add_kv(LLM_KV_ATTENTION_INDEXER_TOP_K, uint32_t{64});
    keys_.add_kv(LLM_KV_ATTENTION_INDEXER_BLOCK_SIZE, uint32_t{4});
    keys_.add_kv(LLM_KV_ATTENTION_INDEXER_LOCAL_BLOCKS, uint32_t{1});
    if (is_one_of(a_, LLM_ARCH_HY_V4, LLM_ARCH_DOTS3NOTE)) {
      keys_.add_kv(LLM_KV_ATTENTION_INDEXER_TYPES, alternating(layers_, 1, 0));
    }
    if (a_ == LLM_ARCH_HY_V4) {
      keys_.add_kv(LLM_KV_HYPER_CONNECTION_COUNT, uint32_t{4});
      keys_.add_kv(LLM_KV_HYPER_CONNECTION_EPSILON, 1e-6F);
      keys_.add_kv(LLM_KV_HYPER_CONNECTION_MAGNITUDE, 2.0F);
      keys_.add_kv(LLM_KV_SWIGLU_CLAMP_EXP, 10.0F);
      keys_.add_kv(LLM_KV_EXPERT_WEIGHTS_SCALE, 1.0F);
      keys_.add_kv(LLM_KV_EXPERT_WEIGHTS_NORM, true);
    }
  }

  void others() {
    keys_.add_kv(LLM_KV_XIELU_ALPHA_N, 1.0F);
    keys_.add_kv(LLM_KV_XIELU_ALPHA_P, 1.0F);
    keys_.add_kv(LLM_KV_XIELU_BETA, 1.0F);
    keys_.add_kv(LLM_KV_XIELU_EPS, 1e-7F);
    keys_.add_kv(LLM_KV_RESIDUAL_SCALE, 1.5F);
    keys_.add_kv(LLM_KV_ATTN_RES_BLOCK_SIZE, uint32_t{12});
    keys_.add_kv(LLM_KV_ACTIVATION_SITU_BETA, 4.0F);
    keys_.add_kv(LLM_KV_ACTIVATION_SITU_LINEAR_BETA, 25.0F);
    if (a_ == LLM_ARCH_HRM_TEXT) {
      keys_.add_kv(LLM_KV_HRM_LAYERS_PER_STACK, uint32_t{1});
      keys_.add_kv(LLM_KV_HRM_H_CYCLES, uint32_t{2});
      keys_.add_kv(LLM_KV_HRM_L_CYCLES, uint32_t{3});
    }
    if (a_ == LLM_ARCH_MAPLE) {
      keys_.add_kv(LLM_KV_SWIGLU_CLAMP_EXP, 7.0F);
    }
  }

  void experts() {
    keys_.add_kv(LLM_KV_EXPERT_FEED_FORWARD_LENGTH, forward_ / 2);
    keys_.add_kv(LLM_KV_EXPERT_SHARED_FEED_FORWARD_LENGTH, forward_);
    keys_.add_kv(LLM_KV_EXPERT_LATENT_LENGTH, forward_);
    keys_.add_kv(LLM_KV_INTERLEAVE_MOE_LAYER_STEP, uint32_t{2});
    keys_.add_kv(LLM_KV_EXPERT_COUNT, uint32_t{8});
    keys_.add_kv(LLM_KV_EXPERT_USED_COUNT, 2 + static_cast<uint32_t>(a_) % 3);  // 2 to 4
    keys_.add_kv(LLM_KV_EXPERT_SHARED_COUNT, uint32_t{1});
    keys_.add_kv(LLM_KV_EXPERT_GATING_FUNC, 1 + static_cast<uint32_t>(a_) / 3 % 2);  // 1 softmax, 2 sigmoid
    keys_.add_kv(LLM_KV_EXPERT_GROUP_SCALE, 1.0F);
    keys_.add_kv(LLM_KV_EXPERTS_PER_GROUP, uint32_t{1});
  }

  // llama.cpp has a tokenizer for models like these: "test".
  void tokenizer() {
    // Two have tokens of sound or images at fixed places.
    const uint32_t count = a_ == LLM_ARCH_QWEN3TTS ? 3072 : a_ == LLM_ARCH_CHAMELEON ? 10240 : 512;
    std::vector<std::string> tokens;
    for (uint32_t token = 0; token < count; token++) {
      tokens.push_back("tok_" + std::to_string(token));
    }
    keys_.add_kv(LLM_KV_VOCAB_SIZE, count);
    keys_.add_kv(LLM_KV_TOKENIZER_MODEL, "test");
    keys_.add_kv(LLM_KV_TOKENIZER_LIST, tokens);
    keys_.add_kv(LLM_KV_TOKENIZER_SCORES, std::vector<float>(count, 0.0F));
  }

  gguf_context *const gguf_;
  llama_model_saver keys_;
  const llm_arch a_;
  const Fixture fixture_;
  const uint32_t layers_;
  const uint32_t forward_;
  const uint32_t head_width_;
};

}  // namespace

void add_metadata(gguf_context *gguf, const Kind &kind, const Fixture &fixture) { Metadata(gguf, kind, fixture); }

}  // namespace exactness
