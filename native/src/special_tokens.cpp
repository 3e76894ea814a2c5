#include "special_tokens.hpp"

#include <algorithm>
#include <functional>

namespace sled {

SpecialTokens::SpecialTokens(const llama_vocab *vocab) {
  const int32_t count = llama_vocab_n_tokens(vocab);
  for (int32_t id = 0; id < count; id++) {
    const int attributes = llama_vocab_get_attr(vocab, id);
    const bool control = (attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) != 0;
    const char *const text = llama_vocab_get_text(vocab, id);
    if ((control || (attributes & LLAMA_TOKEN_ATTR_USER_DEFINED) != 0) && text != nullptr && text[0] != '\0') {
      tokens_.push_back({id, text, control, (attributes & LLAMA_TOKEN_ATTR_LSTRIP) != 0,
                         (attributes & LLAMA_TOKEN_ATTR_RSTRIP) != 0});
    }
  }
  for (size_t i = 0; i < tokens_.size(); i++) {
    const std::string &text = tokens_[i].text;
    by_text_.emplace(text, i);
    lengths_[static_cast<unsigned char>(text[0])].push_back(text.size());
  }
  for (std::vector<size_t> &lengths : lengths_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
}

}  // namespace sled
