// The tokens of a vocabulary that are looked for in a text before all others: control tokens, and those that were added to
// a finished vocabulary.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "llama.h"

namespace sled {

struct SpecialToken {
  int32_t id;
  std::string text;
  bool control;  // or the unknown token: text only becomes it where special tokens are asked for
  bool strips_left;  // takes the white space before it, and behind it, from the text
  bool strips_right;
};

class SpecialTokens {
 public:
  explicit SpecialTokens(const llama_vocab *vocab);

  // Calls visit(token) for each one that is spelled at `at`, longest first, until it returns true.
  template <typename Visit>
  void each_at(std::string_view text, size_t at, Visit &&visit) const {
    for (const size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
      const auto found = length > text.size() - at ? by_text_.end() : by_text_.find(text.substr(at, length));
      if (found != by_text_.end() && visit(tokens_[found->second])) {
        return;
      }
    }
  }

 private:
  std::vector<SpecialToken> tokens_;
  std::unordered_map<std::string_view, size_t> by_text_;  // index in tokens_
  std::array<std::vector<size_t>, 256> lengths_;          // of those with this first byte, longest first
};

}  // namespace sled
