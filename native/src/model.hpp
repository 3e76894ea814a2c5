// An open GGUF model: weights, tokenizer, metadata.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kernel_trial.hpp"
#include "llama.h"
#include "sled.h"
#include "special_tokens.hpp"

namespace sled {

// Immutable once open, so that any thread may use it.
class Model {
 public:
  Model(const std::string &path, const sled_model_params &params);

  llama_model *weights() const { return model_.get(); }
  const llama_vocab *vocab() const { return vocab_; }
  const sled_model_info &info() const { return info_; }
  bool on_gpu() const { return on_gpu_; }  // some of its layers at least

  // The weights lie as in the file, although llama.cpp would have rearranged them for this CPU.
  bool as_in_file() const { return as_in_file_; }
  std::string text(int32_t text_id) const;

  // Ids that may cross the boundary and that the target may choose: padding rows have no text.
  bool is_token(int32_t token) const { return token >= 0 && token < info_.vocabulary_tokens; }
  void check_tokens(const void *tokens, int32_t count, const char *what) const;

  bool ends_generation(int32_t token) const { return llama_vocab_is_eog(vocab_, token); }
  bool is_control(int32_t token) const { return llama_vocab_is_control(vocab_, token); }
  std::string bytes_of(int32_t token, bool render_special) const;
  std::vector<int32_t> tokenize(const char *text, int32_t text_bytes, bool add_special, bool parse_special) const;

  // A digest of what the file holds, or all its parts: its header, its size, and samples of its weights.
  const std::string &content() const { return content_; }

  // Which counts of rows are exact with these weights, or what is in the way, with all cores. Tried out
  // when it is first asked for, unless this machine remembers it.
  const KernelTrial &matrix_trial() const;

  // Of its first layer.
  AttentionShape attention_shape() const;

  // Of the whole vocabulary. Collected when they are first asked for.
  const SpecialTokens &special_tokens() const;

  // Positions the model can be asked for: RoPE has no table that ends, learned positions do.
  int32_t position_limit(int32_t context_tokens) const;

  // Whether rows in a context of so many cells per sequence are rotated in another way than in short ones: some models have
  // a table of factors for each, and llama.cpp takes one for all positions.
  bool rotates_for_long_contexts(int32_t cells_per_sequence) const;

  // Fails with SLED_ERR_UNSUPPORTED unless contexts with exact rollback by position can be made from it.
  void require_rollback() const;

  // The context length to use where 0 (= default) was asked for, and the check of one that was given.
  int32_t conclude_context(int32_t requested) const;

  // Bytes of K/V per token position for these cache types, all layers.
  int64_t kv_bytes_per_token(int32_t type_k, int32_t type_v) const;

  // Engines and drafts made from this model that are open.
  std::atomic<int32_t> users{0};

 private:
  struct Free {
    void operator()(llama_model *model) const { llama_model_free(model); }
  };
  void load(const std::string &file, const llama_model_params &params);
  void choose_exact_weights(const std::string &file, llama_model_params params);
  int64_t integer(const char *suffix, int64_t otherwise) const;
  std::string character_without_token(const std::string &text) const;

  std::string path_;
  std::string content_;
  std::unique_ptr<llama_model, Free> model_;
  const llama_vocab *vocab_ = nullptr;
  sled_model_info info_{};
  std::string not_causal_;  // why it does not say a text token by token; "" if it does
  bool on_gpu_ = false;
  bool as_in_file_ = false;
  mutable std::mutex trial_mutex_;
  mutable std::optional<KernelTrial> matrix_trial_;
  mutable std::once_flag specials_once_;
  mutable std::unique_ptr<const SpecialTokens> specials_;
};

// Counts an engine or draft as a user of its model for as long as it lives.
class ModelUse {
 public:
  explicit ModelUse(std::shared_ptr<Model> model) : model_(std::move(model)) { model_->users++; }
  ~ModelUse() { model_->users--; }
  ModelUse(const ModelUse &) = delete;
  ModelUse &operator=(const ModelUse &) = delete;
  Model &operator*() const { return *model_; }
  Model *operator->() const { return model_.get(); }

 private:
  std::shared_ptr<Model> model_;
};

ggml_type kv_ggml_type(int32_t kv_type);

}  // namespace sled
