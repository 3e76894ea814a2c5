// Models, and contexts whose rows can be asked for: llama.cpp, one sequence, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "llama.h"

namespace acceptance {

// Loads llama.cpp's compute backends from a directory; afterwards its error log goes into the text of errors.
void start_llama(const std::string &backends);

// Makes decode() throw: the way out removes temporary files. For signal handlers.
void interrupt();

class Model {
 public:
  explicit Model(const std::string &path);

  llama_model *get() const { return model_.get(); }
  const llama_vocab *vocab() const { return llama_model_get_vocab(model_.get()); }
  int32_t vocabulary() const { return llama_vocab_n_tokens(vocab()); }
  int32_t trained_positions() const { return llama_model_n_ctx_train(model_.get()); }
  bool ends(int32_t token) const { return llama_vocab_is_eog(vocab(), token); }
  std::string description() const;  // name and weight type
  // The request in the model's chat template; as it is if llama.cpp knows no such template.
  std::vector<int32_t> tokenize(const std::string &request) const;

 private:
  struct Free {
    void operator()(llama_model *model) const { llama_model_free(model); }
  };
  std::string path_;
  std::unique_ptr<llama_model, Free> model_;
};

// Fails unless ids mean the same in both. Returns how many there are.
int32_t require_same_vocabulary(const Model &target, const Model &draft);

// Writes the model with its weights in another type, one of known_types().
bool can_convert(const std::string &type);
void convert(const std::string &from, const std::string &to, const std::string &type);
std::string known_types();

// One sequence of a model. Like SLED's engine it decodes 2 to 32 rows at a time and wants at least two results, so that
// a row's bits do not depend on the block that it came in (see ARCHITECTURE.md, "Numerics"): the text of coupled
// sampling can then be compared with the text of the target alone, token by token.
class Context {
 public:
  Context(const Model &model, int32_t positions, int32_t vocabulary);
  ~Context();
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  // Drops the K/V from `position` on and computes these tokens there.
  void decode(int32_t position, const int32_t *tokens, int32_t count);

  // The logits behind token `index` of the last decode(); the caller may write into them.
  float *row(int32_t index) { return rows_.data() + static_cast<size_t>(index) * static_cast<size_t>(vocabulary_); }

 private:
  void decode_pass(int32_t position, const int32_t *tokens, int32_t count);

  struct Free {
    void operator()(llama_context *context) const { llama_free(context); }
  };
  const int32_t vocabulary_;  // ids below it; llama.cpp's rows may be longer
  llama_batch batch_;
  std::unique_ptr<llama_context, Free> context_;
  std::vector<float> rows_;
};

}  // namespace acceptance
