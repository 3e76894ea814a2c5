// Ways to damage a sound model file: each key, each tensor, and the file around them. Every way has a name.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gguf_bytes.hpp"

namespace test {

using Damage = std::pair<std::string, std::function<void(GgufBytes &)>>;

// A value of every type that a file could have: 0, negative, odd, huge, a list for a number, and so on.
inline std::vector<std::pair<int32_t, std::string>> strange_values() {
  std::vector<std::pair<int32_t, std::string>> values;
  for (const int64_t n : {0LL, 1LL, 2LL, 3LL, 5LL, 16LL, 31LL, 33LL, 64LL, 255LL, 512LL, 4096LL, 1000000007LL, 2147483647LL,
                          2147483648LL, 4294967295LL}) {
    values.emplace_back(GGUF_TYPE_UINT32, number_bytes(static_cast<uint32_t>(n)));
  }
  values.emplace_back(GGUF_TYPE_UINT8, number_bytes(uint8_t{2}));
  values.emplace_back(GGUF_TYPE_INT8, number_bytes(int8_t{-1}));
  values.emplace_back(GGUF_TYPE_UINT16, number_bytes(uint16_t{64}));
  values.emplace_back(GGUF_TYPE_INT32, number_bytes(int32_t{-1}));
  values.emplace_back(GGUF_TYPE_INT32, number_bytes(std::numeric_limits<int32_t>::min()));
  values.emplace_back(GGUF_TYPE_UINT64, number_bytes(uint64_t{1} << 40));
  values.emplace_back(GGUF_TYPE_INT64, number_bytes(int64_t{-1}));
  for (const float f : {0.0F, -1.0F, 1e-30F, 1e30F, 0.5F, NAN, INFINITY}) {
    values.emplace_back(GGUF_TYPE_FLOAT32, number_bytes(f));
  }
  values.emplace_back(GGUF_TYPE_FLOAT64, number_bytes(1.0));
  values.emplace_back(GGUF_TYPE_BOOL, number_bytes(uint8_t{0}));
  values.emplace_back(GGUF_TYPE_BOOL, number_bytes(uint8_t{1}));
  for (const std::string &text : {std::string(), std::string("yarn"), std::string("\xFF\xFE\x01%s%n\n"), std::string(70000, 'x')}) {
    values.emplace_back(GGUF_TYPE_STRING, string_bytes(text));
  }
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_UINT32, 0, ""));
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_UINT32, 1, number_bytes(uint32_t{1})));
  for (const uint32_t second : {0U, 1U, 7U, 4294967295U}) {
    values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_UINT32, 2, number_bytes(uint32_t{1}) + number_bytes(second)));
  }
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_INT32, 2, number_bytes(int32_t{-1}) + number_bytes(int32_t{1})));
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_FLOAT32, 2, number_bytes(NAN) + number_bytes(1.0F)));
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_STRING, 1, string_bytes("x")));
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_BOOL, 2, std::string("\1\0", 2)));
  values.emplace_back(GGUF_TYPE_ARRAY, array_bytes(GGUF_TYPE_UINT32, uint64_t{1} << 40, ""));
  return values;
}

// What llama.cpp reads of a model if it is there; behind the architecture's name.
inline std::vector<std::string> optional_keys() {
  return {"attention.key_length", "attention.value_length", "attention.head_count_kv", "attention.sliding_window",
          "attention.sliding_window_pattern", "attention.causal", "attention.max_alibi_bias", "attention.clamp_kqv",
          "attention.scale", "attention.temperature_scale", "rope.dimension_count", "rope.freq_base", "rope.scale_linear",
          "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.attn_factor",
          "rope.scaling.yarn_log_multiplier", "rope.dimension_sections", "pooling_type", "expert_count", "expert_used_count",
          "expert_group_count", "expert_weights_scale", "nextn_predict_layers", "logit_scale", "residual_scale",
          "embedding_scale", "vocab_size", "embedding_length_out", "final_logit_softcapping", "attn_logit_softcapping",
          "use_parallel_residual", "tensor_data_layout", "full_attention_interval", "leading_dense_block_count",
          "ssm.conv_kernel", "ssm.state_size", "classifier.output_labels", "decoder_start_token_id", "interleave_moe_layer_step"};
}

inline std::vector<std::string> tokenizer_keys() {
  return {"scores", "token_type", "merges", "bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id", "unknown_token_id",
          "seperator_token_id", "padding_token_id", "mask_token_id", "cls_token_id", "add_bos_token", "add_eos_token",
          "add_sep_token", "add_space_prefix", "remove_extra_whitespaces", "escape_whitespaces", "precompiled_charsmap",
          "token_type_count", "fim_pre_token_id", "prefix_token_id", "eog_token_ids"};
}

inline std::vector<std::string> architectures() {
  return {"clip", "llama", "llama4", "deci", "falcon", "grok", "gpt2", "gptj", "gptneox", "mpt", "baichuan", "starcoder",
          "refact", "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3",
          "eurobert", "bloom", "stablelm", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3next", "phi2",
          "phi3", "phimoe", "plamo", "plamo2", "plamo3", "codeshell", "orion", "internlm2", "minicpm", "minicpm3", "gemma",
          "gemma2", "gemma3", "gemma3n", "gemma-embedding", "starcoder2", "mamba", "mamba2", "jamba", "falcon-h1", "xverse",
          "command-r", "cohere2", "dbrx", "olmo", "olmo2", "olmoe", "openelm", "arctic", "deepseek", "deepseek2", "chatglm",
          "glm4", "glm4moe", "bitnet", "t5", "t5encoder", "jais", "nemotron", "nemotron_h", "exaone", "exaone4", "rwkv6",
          "rwkv6qwen2", "rwkv7", "arwkv7", "granite", "granitemoe", "granitehybrid", "chameleon", "wavtokenizer-dec", "plm",
          "bailingmoe", "bailingmoe2", "dots1", "arcee", "afmoe", "ernie4_5", "ernie4_5-moe", "hunyuan-moe", "hunyuan-dense",
          "smollm3", "gpt-oss", "lfm2", "lfm2moe", "dream", "smallthinker", "llada", "llada-moe", "seed_oss", "grovemoe",
          "apertus", "minimax-m2", "cogvlm", "rnd1", "pangu-embedded", "mistral3", "mimo2", "llama-embed", "eagle3", "unknown"};
}

// One element of a list of numbers or strings is another one.
inline std::string with_element(const GgufBytes::Value &value, uint64_t index, const std::string &element) {
  int32_t type = 0;
  uint64_t count = 0;
  std::memcpy(&type, value.bytes.data(), 4);
  std::memcpy(&count, value.bytes.data() + 4, 8);
  std::string result = value.bytes.substr(0, 12);
  size_t at = 12;
  for (uint64_t i = 0; i < count; i++) {
    size_t size = GgufBytes::size_of(type);
    if (type == GGUF_TYPE_STRING) {
      uint64_t length = 0;
      std::memcpy(&length, value.bytes.data() + at, 8);
      size = 8 + length;
    }
    result += i == index ? element : value.bytes.substr(at, size);
    at += size;
  }
  return result;
}

inline void add_list_damage(const GgufBytes::Value &value, std::vector<Damage> &all) {
  const std::string key = value.key;
  int32_t type = 0;
  uint64_t count = 0;
  std::memcpy(&type, value.bytes.data(), 4);
  std::memcpy(&count, value.bytes.data() + 4, 8);
  const auto change = [&](const std::string &how, const std::string &bytes) {
    all.emplace_back(key + ": " + how, [=](GgufBytes &g) { g.set(key, GGUF_TYPE_ARRAY, bytes); });
  };
  change("its count says one more", array_bytes(type, count + 1, value.bytes.substr(12)));
  change("its count says one less", array_bytes(type, count - 1, value.bytes.substr(12)));
  if (type == GGUF_TYPE_STRING) {
    for (const uint64_t index : {uint64_t{0}, uint64_t{1}, count / 2, count - 1}) {
      for (const std::string &text : {std::string(), std::string("\xFF"), std::string("<0x"), std::string("<0xZZ>"), std::string("<0x100>"),
                                      std::string("a"), std::string(100000, 'y'), std::string("<s>"), std::string("\0x", 2)}) {
        change("text " + std::to_string(index) + " is '" + text.substr(0, 10) + "'", with_element(value, index, string_bytes(text)));
      }
    }
    std::string fewer;  // half of them, with the right count
    GgufBytes::Value copy = value;
    size_t at = 12;
    for (uint64_t i = 0; i < count / 2; i++) {
      uint64_t length = 0;
      std::memcpy(&length, value.bytes.data() + at, 8);
      at += 8 + length;
    }
    change("half of it", array_bytes(type, count / 2, value.bytes.substr(12, at - 12)));
    change("one more", array_bytes(type, count + 1, value.bytes.substr(12) + string_bytes("one more")));
  } else {
    const size_t size = GgufBytes::size_of(type);
    change("half of it", array_bytes(type, count / 2, value.bytes.substr(12, count / 2 * size)));
    change("one more", array_bytes(type, count + 1, value.bytes.substr(12) + std::string(size, '\1')));
    for (int32_t number : {0, 2, 3, 4, 5, 6, 7, -1, 2147483647}) {
      std::string elements;
      for (uint64_t i = 0; i < count; i++) {
        elements += size == 4 ? number_bytes(number) : std::string(size, static_cast<char>(number));
      }
      change("all are " + std::to_string(number), array_bytes(type, count, elements));
    }
  }
}

inline void add_tensor_damage(const GgufBytes &sound, size_t index, std::vector<Damage> &all) {
  const std::string name = sound.tensors[index].name;
  const auto change = [&](const std::string &how, const std::function<void(GgufBytes &, GgufBytes::Tensor &)> &edit) {
    all.emplace_back(name + ": " + how, [=](GgufBytes &g) { edit(g, g.tensors[index]); });
  };
  for (int32_t type = -1; type < 45; type++) {
    change("type " + std::to_string(type), [=](GgufBytes &, GgufBytes::Tensor &t) { t.type = type; });
  }
  // Of these types with as much data as that takes.
  for (const int32_t type : {GGML_TYPE_F16, GGML_TYPE_I8, GGML_TYPE_I16, GGML_TYPE_I32, GGML_TYPE_I64, GGML_TYPE_F64, GGML_TYPE_Q4_0,
                             GGML_TYPE_Q8_0, GGML_TYPE_Q8_1, GGML_TYPE_Q4_K, GGML_TYPE_Q8_K, GGML_TYPE_IQ2_XXS, GGML_TYPE_TQ1_0,
                             GGML_TYPE_MXFP4}) {
    change("type " + std::to_string(type) + " with data",
           [=](GgufBytes &g, GgufBytes::Tensor &t) { g.reshape(index, type, std::vector<int64_t>(t.ne)); });
  }
  for (const int64_t ne : {int64_t{1}, int64_t{16}, int64_t{32}, int64_t{62}, int64_t{96}, int64_t{256}}) {
    for (const size_t dimension : {size_t{0}, sound.tensors[index].ne.size() - 1}) {
      change("dimension " + std::to_string(dimension) + " of " + std::to_string(ne) + " with data",
             [=](GgufBytes &g, GgufBytes::Tensor &t) {
               std::vector<int64_t> shape(t.ne);
               shape[dimension] = ne;
               g.reshape(index, t.type, shape);
             });
    }
  }
  for (const int64_t ne : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{31}, int64_t{32}, int64_t{256}, INT64_MAX, int64_t{1} << 31}) {
    change("first dimension " + std::to_string(ne), [=](GgufBytes &, GgufBytes::Tensor &t) { t.ne[0] = ne; });
    change("last dimension " + std::to_string(ne), [=](GgufBytes &, GgufBytes::Tensor &t) { t.ne.back() = ne; });
  }
  change("one dimension more", [](GgufBytes &, GgufBytes::Tensor &t) { t.ne.push_back(2); });
  change("five dimensions", [](GgufBytes &, GgufBytes::Tensor &t) { t.ne.resize(5, 1); });
  change("no dimension", [](GgufBytes &, GgufBytes::Tensor &t) { t.ne.clear(); });
  change("turned", [](GgufBytes &, GgufBytes::Tensor &t) { std::swap(t.ne.front(), t.ne.back()); });
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{32}, uint64_t{1} << 40, UINT64_MAX, UINT64_MAX - 31}) {
    change("offset " + std::to_string(offset), [=](GgufBytes &, GgufBytes::Tensor &t) { t.offset = offset; });
  }
  change("missing", [=](GgufBytes &g, GgufBytes::Tensor &) { g.tensors.erase(g.tensors.begin() + static_cast<int64_t>(index)); });
  change("twice", [](GgufBytes &g, GgufBytes::Tensor &t) { g.tensors.push_back(GgufBytes::Tensor(t)); });
  change("has a long name", [](GgufBytes &, GgufBytes::Tensor &t) { t.name = std::string(70, 'n'); });
  change("has no name", [](GgufBytes &, GgufBytes::Tensor &t) { t.name.clear(); });
  for (const char fill : {'\xFF', '\0', '\x7F'}) {  // F32 and BF16: NaN, 0, 3.4e38
    change("data all " + std::to_string(static_cast<unsigned char>(fill)), [=](GgufBytes &g, GgufBytes::Tensor &t) {
      size_t elements = 2;
      for (const int64_t ne : t.ne) {
        elements *= static_cast<size_t>(ne);
      }
      for (size_t at = t.offset; at < std::min(g.data.size(), t.offset + elements); at++) {
        g.data[at] = fill;
      }
    });
  }
}

// All ways to damage this file, the same ones in the same order each time.
inline std::vector<Damage> all_damage(const GgufBytes &sound, const std::string &architecture) {
  std::vector<Damage> all;
  const std::vector<std::pair<int32_t, std::string>> strange = strange_values();
  const auto set = [&](const std::string &key, size_t index) {
    const auto &[type, bytes] = strange[index];
    all.emplace_back(key + " is strange value " + std::to_string(index) + " of type " + std::to_string(type),
                     [=, type = type, bytes = bytes](GgufBytes &g) { g.set(key, type, bytes); });
  };
  for (const GgufBytes::Value &value : sound.values) {
    const std::string key = value.key;
    for (size_t i = 0; i < strange.size(); i++) {
      set(key, i);
    }
    all.emplace_back(key + " is missing", [=](GgufBytes &g) {
      for (size_t i = 0; i < g.values.size(); i++) {
        if (g.values[i].key == key) {
          g.values.erase(g.values.begin() + static_cast<int64_t>(i));
          return;
        }
      }
    });
    all.emplace_back(key + " is there twice", [=](GgufBytes &g) { g.values.push_back(GgufBytes::Value(*g.find(key))); });
    all.emplace_back(key + " has no name", [=](GgufBytes &g) { g.find(key)->key.clear(); });
    for (int32_t type = -1; type < 14; type++) {
      all.emplace_back(key + " says type " + std::to_string(type), [=](GgufBytes &g) { g.find(key)->type = type; });
    }
    if (value.type == GGUF_TYPE_ARRAY) {
      add_list_damage(value, all);
    }
  }
  for (const std::string &key : optional_keys()) {
    for (size_t i = 0; i < strange.size(); i++) {
      set(architecture + "." + key, i);
    }
  }
  for (const std::string &key : tokenizer_keys()) {
    for (size_t i = 0; i < strange.size(); i++) {
      set("tokenizer.ggml." + key, i);
    }
  }
  for (const char *key : {"general.alignment", "split.count", "split.no", "split.tensors.count", "tokenizer.chat_template"}) {
    for (size_t i = 0; i < strange.size(); i++) {
      set(key, i);
    }
  }
  for (const std::string &other : architectures()) {
    all.emplace_back("is a " + other, [=](GgufBytes &g) {
      g.set("general.architecture", GGUF_TYPE_STRING, string_bytes(other));
      for (GgufBytes::Value &value : g.values) {
        if (value.key.compare(0, architecture.size() + 1, architecture + ".") == 0) {
          value.key = other + value.key.substr(architecture.size());
        }
      }
    });
  }
  for (const char *tokenizer : {"llama", "bert", "gpt2", "t5", "rwkv", "plamo2", "none", "no_vocab", "gemma4", "test", "x"}) {
    all.emplace_back(std::string("tokenizer ") + tokenizer,
                     [=](GgufBytes &g) { g.set("tokenizer.ggml.model", GGUF_TYPE_STRING, string_bytes(tokenizer)); });
  }
  for (const char *pre : {"default", "llama-bpe", "deepseek-llm", "deepseek-coder", "falcon", "mpt", "starcoder", "gpt-2", "jais",
                          "refact", "command-r", "qwen2", "stablelm2", "olmo", "dbrx", "smaug-bpe", "poro-chat", "chatglm-bpe",
                          "viking", "tekken", "smollm", "codeshell", "bloom", "gpt3-finnish", "exaone", "chameleon", "minerva-7b",
                          "megrez", "gpt-4o", "superbpe", "trillion", "bailingmoe", "llama4", "pixtral", "seed-coder", "hunyuan",
                          "kimi-k2", "x"}) {
    all.emplace_back(std::string("pre-tokenizer ") + pre,
                     [=](GgufBytes &g) { g.set("tokenizer.ggml.pre", GGUF_TYPE_STRING, string_bytes(pre)); });
  }
  for (size_t i = 0; i < sound.tensors.size(); i++) {
    add_tensor_damage(sound, i, all);
  }
  for (const uint32_t version : {0U, 1U, 2U, 4U, 0x03000000U}) {
    all.emplace_back("version " + std::to_string(version), [=](GgufBytes &g) { g.version = version; });
  }
  for (const int64_t more : {int64_t{-1}, int64_t{1}, int64_t{1} << 30, INT64_MAX / 2, int64_t{-1000}}) {
    all.emplace_back(std::to_string(more) + " more values", [=](GgufBytes &g) { g.more_values = more; });
    all.emplace_back(std::to_string(more) + " more tensors", [=](GgufBytes &g) { g.more_tensors = more; });
  }
  for (int32_t share = 0; share < 10; share++) {
    all.emplace_back("cut at " + std::to_string(share) + "0 %", [=](GgufBytes &g) {
      g.data.resize(g.data.size() * static_cast<size_t>(share) / 10);
    });
  }
  return all;
}

}  // namespace test
