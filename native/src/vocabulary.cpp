#include "vocabulary.hpp"

#include <memory>

#include "gguf_file.hpp"
#include "sled.h"
#include "status.hpp"

namespace sled {
namespace {

bool begins_with(const std::string &text, const std::string &beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

// What llama.cpp looks at when it loads a vocabulary: the architecture and the name too, for which some tokenizers have
// exceptions. Not the chat template, which belongs to the model and not to its tokenizer, and not Hugging Face's own file,
// which says the same again in JSON.
bool belongs_to_vocabulary(const std::string &key, const std::string &architecture) {
  if (begins_with(key, "tokenizer.")) {
    return !begins_with(key, "tokenizer.chat_template") && key != "tokenizer.huggingface.json";
  }
  return key == "general.architecture" || key == "general.name" || key == architecture + ".vocab_size";
}

}  // namespace

std::vector<char> vocabulary_file(const std::string &path) {
  const GgufFile file = open_first_file(path);
  if (gguf_find_key(file.header(), "tokenizer.ggml.tokens") < 0) {
    fail(SLED_ERR_FORMAT, "'%s' holds no tokenizer (tokenizer.ggml.tokens): it is not a language model", path.c_str());
  }
  const std::string architecture = file.text("general.architecture", "");
  const std::unique_ptr<gguf_context, void (*)(gguf_context *)> vocabulary(gguf_init_empty(), gguf_free);
  gguf_context *const g = vocabulary.get();
  gguf_set_kv(g, file.header());
  for (int64_t id = 0; id < gguf_get_n_kv(file.header()); id++) {
    const char *const key = gguf_get_key(file.header(), id);
    if (!belongs_to_vocabulary(key, architecture)) {
      gguf_remove_key(g, key);
    }
  }
  std::vector<char> bytes(gguf_get_meta_size(g));
  gguf_get_meta_data(g, bytes.data());
  return bytes;
}

}  // namespace sled
