// Writes small GGUF models with random weights: other architectures and weight types than the demo pair's, with a
// byte-level BPE vocabulary. They say nothing sensible, which is the point: every numeric difference shows.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ggml.h"
#include "gguf.h"
#include "support.hpp"

namespace test {

// GPT-2's printable stand-ins for the 256 bytes, as UTF-8.
inline std::vector<std::string> byte_tokens() {
  std::vector<std::string> tokens;
  int stand_in = 256;
  for (int byte = 0; byte < 256; byte++) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const int code = printable ? byte : stand_in++;
    std::string text;
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else {
      text.push_back(static_cast<char>(0xC0 | (code >> 6)));
      text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
    tokens.push_back(text);
  }
  return tokens;
}

// The tests' models are tiny. Larger ones keep the spread of the activations: see RandomModelWriter::spread().
struct RandomModelSize {
  int width = 64;
  int heads = 2;
  int kv_heads = 1;
  int layers = 2;
  int forward = 128;
  int context = 2048;  // not gpt2's, whose positions are a table
  size_t tensor_bytes = size_t{64} << 20;
};

class RandomModelWriter {
 public:
  RandomModelWriter(std::string architecture, ggml_type type, uint32_t seed, const RandomModelSize &size = {})
      : architecture_(std::move(architecture)),
        type_(type),
        size_(size),
        random_(seed),
        gguf_(gguf_init_empty(), gguf_free) {
    const ggml_init_params params{size_.tensor_bytes, nullptr, false};
    context_.reset(ggml_init(params));
  }

  void write(const std::string &path, int32_t padding_tokens, bool with_weights) {
    metadata(padding_tokens);
    if (with_weights) {
      tensors(static_cast<int>(vocabulary_));
    }
    CHECK(gguf_write_to_file(gguf_.get(), path.c_str(), false));
  }

 private:
  static constexpr int kGpt2Context = 300;

  std::string key(const char *suffix) const { return architecture_ + "." + suffix; }

  void metadata(int32_t padding_tokens) {
    gguf_context *const g = gguf_.get();
    gguf_set_val_str(g, "general.architecture", architecture_.c_str());
    gguf_set_val_str(g, "general.name", "random");
    gguf_set_val_u32(g, key("context_length").c_str(), architecture_ == "gpt2" ? kGpt2Context : size_.context);
    gguf_set_val_u32(g, key("embedding_length").c_str(), size_.width);
    gguf_set_val_u32(g, key("block_count").c_str(), size_.layers);
    gguf_set_val_u32(g, key("feed_forward_length").c_str(), size_.forward);
    gguf_set_val_u32(g, key("attention.head_count").c_str(), size_.heads);
    if (architecture_ == "gpt2") {
      gguf_set_val_f32(g, key("attention.layer_norm_epsilon").c_str(), 1e-5F);
    } else {
      gguf_set_val_u32(g, key("attention.head_count_kv").c_str(), size_.kv_heads);
      gguf_set_val_f32(g, key("attention.layer_norm_rms_epsilon").c_str(), 1e-5F);
      gguf_set_val_u32(g, key("rope.dimension_count").c_str(), size_.width / size_.heads);
    }

    std::vector<std::string> tokens = byte_tokens();
    const std::vector<std::pair<std::string, std::string>> pairs = {
        {"t", "h"}, {"th", "e"}, {"\xC4\xA0", "the"}, {"a", "n"}, {"an", "d"}, {"i", "n"}, {"e", "r"}};
    std::vector<std::string> merges;
    for (const auto &pair : pairs) {
      merges.push_back(pair.first + " " + pair.second);
      tokens.push_back(pair.first + pair.second);
    }
    std::vector<int32_t> types(tokens.size(), 1);
    for (const char *control : {"<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"}) {
      tokens.emplace_back(control);
      types.push_back(3);
    }
    for (int32_t i = 0; i < padding_tokens; i++) {
      tokens.push_back("[PAD" + std::to_string(i) + "]");
      types.push_back(5);
    }
    vocabulary_ = tokens.size();
    gguf_set_val_str(g, "tokenizer.ggml.model", "gpt2");
    gguf_set_val_str(g, "tokenizer.ggml.pre", "gpt-2");
    set_strings("tokenizer.ggml.tokens", tokens);
    set_strings("tokenizer.ggml.merges", merges);
    gguf_set_arr_data(g, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
    gguf_set_val_u32(g, "tokenizer.ggml.bos_token_id", 263);
    gguf_set_val_u32(g, "tokenizer.ggml.eos_token_id", 264);
  }

  void set_strings(const char *name, const std::vector<std::string> &values) {
    std::vector<const char *> pointers;
    for (const std::string &value : values) {
      pointers.push_back(value.c_str());
    }
    gguf_set_arr_str(gguf_.get(), name, pointers.data(), pointers.size());
  }

  // A sum over more columns spreads more: weights shrink by as much.
  static float spread(int usual_columns, int columns) {
    return std::sqrt(static_cast<float>(usual_columns) / static_cast<float>(columns));
  }

  void tensors(int vocabulary) {
    const int width = size_.width;
    const int forward = size_.forward;
    const float by_width = spread(RandomModelSize().width, width);
    const float by_forward = spread(RandomModelSize().forward, forward);
    matrix("token_embd.weight", width, vocabulary, 1.0F);
    vector("output_norm.weight", width, 1.0F);
    matrix("output.weight", width, vocabulary, 0.4F * by_width);
    const bool gpt2 = architecture_ == "gpt2";
    const int kv_width = width / size_.heads * size_.kv_heads;
    if (gpt2) {
      vector("output_norm.bias", width, 0.0F);
      matrix("position_embd.weight", width, kGpt2Context, 0.5F, GGML_TYPE_F32);
    }
    for (int i = 0; i < size_.layers; i++) {
      const std::string p = "blk." + std::to_string(i) + ".";
      vector(p + "attn_norm.weight", width, 1.0F);
      vector(p + "ffn_norm.weight", width, 1.0F);
      matrix(p + "attn_output.weight", width, width, 0.2F * by_width);
      matrix(p + "ffn_up.weight", width, forward, 0.2F * by_width);
      matrix(p + "ffn_down.weight", forward, width, 0.2F * by_forward);
      if (gpt2) {
        matrix(p + "attn_qkv.weight", width, 3 * width, 0.2F * by_width);
        vector(p + "attn_qkv.bias", 3 * width, 0.0F);
        for (const char *name : {"attn_norm.bias", "attn_output.bias", "ffn_norm.bias", "ffn_down.bias"}) {
          vector(p + name, width, 0.0F);
        }
        vector(p + "ffn_up.bias", forward, 0.0F);
      } else {
        matrix(p + "attn_q.weight", width, width, 0.2F * by_width);
        matrix(p + "attn_k.weight", width, kv_width, 0.2F * by_width);
        matrix(p + "attn_v.weight", width, kv_width, 0.2F * by_width);
        matrix(p + "ffn_gate.weight", width, forward, 0.2F * by_width);
      }
    }
  }

  void vector(const std::string &name, int size, float center) {
    ggml_tensor *const tensor = ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, size);
    std::normal_distribution<float> noise(center, 0.02F);
    for (int i = 0; i < size; i++) {
      static_cast<float *>(tensor->data)[i] = noise(random_);
    }
    add(tensor, name);
  }

  void matrix(const std::string &name, int columns, int rows, float deviation, ggml_type type = GGML_TYPE_COUNT) {
    ggml_tensor *const tensor =
        ggml_new_tensor_2d(context_.get(), type == GGML_TYPE_COUNT ? type_ : type, columns, rows);
    std::normal_distribution<float> noise(0.0F, deviation);
    std::vector<float> values(static_cast<size_t>(columns) * static_cast<size_t>(rows));
    for (float &value : values) {
      value = noise(random_);
    }
    ggml_quantize_chunk(tensor->type, values.data(), tensor->data, 0, rows, columns, nullptr);
    add(tensor, name);
  }

  void add(ggml_tensor *tensor, const std::string &name) {
    ggml_set_name(tensor, name.c_str());
    gguf_add_tensor(gguf_.get(), tensor);
  }

  const std::string architecture_;
  const ggml_type type_;
  const RandomModelSize size_;
  std::mt19937 random_;
  std::unique_ptr<gguf_context, void (*)(gguf_context *)> gguf_;
  struct Free {
    void operator()(ggml_context *context) const { ggml_free(context); }
  };
  std::unique_ptr<ggml_context, Free> context_;
  size_t vocabulary_ = 0;
};

// architecture: "llama" or "gpt2" (learned positions, 300 of them). padding_tokens: unused rows behind the vocabulary.
inline void write_random_model(const std::string &path, const std::string &architecture, ggml_type type,
                               uint32_t seed, int32_t padding_tokens = 0, bool with_weights = true,
                               const RandomModelSize &size = {}) {
  RandomModelWriter(architecture, type, seed, size).write(path, padding_tokens, with_weights);
}

}  // namespace test
