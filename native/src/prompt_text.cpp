#include "prompt_text.hpp"

#include <algorithm>
#include <cctype>

#include "model.hpp"
#include "special_tokens.hpp"
#include "status.hpp"

namespace sled {
namespace {

// U+E000 to U+F8FF, as UTF-8.
constexpr uint32_t kFirstPrivateUse = 0xE000;
constexpr uint32_t kLastPrivateUse = 0xF8FF;

std::string utf8_of(uint32_t code) {
  return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

size_t first_character_bytes(const std::string &text) {
  size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) {
    bytes++;
  }
  return bytes;
}

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

SpellingMarks::SpellingMarks(const std::vector<const std::string *> &texts) {
  for (uint32_t code = kFirstPrivateUse; code <= kLastPrivateUse; code++) {
    mark_ = utf8_of(code);
    const auto has_it = [this](const std::string *text) { return text->find(mark_) != std::string::npos; };
    if (std::none_of(texts.begin(), texts.end(), has_it)) {
      return;
    }
  }
  fail(SLED_ERR_ARGUMENT, "the messages have every character for private use, U+E000 to U+F8FF");
}

std::string SpellingMarks::put(const Model &model, const std::string &text) const {
  const SpecialTokens &specials = model.special_tokens();
  std::vector<size_t> places;
  for (size_t at = 0; at < text.size(); at++) {
    specials.each_at(text, at, [&](const SpecialToken &token) {
      // Not within a single character, which no template takes apart: is_from_messages() finds it.
      const size_t inside = first_character_bytes(token.text);
      if (token.control && inside < token.text.size()) {
        places.push_back(at + inside);
        return true;
      }
      return false;
    });
  }
  std::string marked;
  size_t done = 0;
  for (const size_t place : places) {
    marked.append(text, done, place - done).append(mark_);
    done = place;
  }
  return marked.append(text, done);
}

void PromptText::append(const std::string &part, bool from_messages, const std::string &mark) {
  const size_t begin = text_.size();
  size_t done = 0;
  for (size_t at = 0; (at = part.find(mark, done)) != std::string::npos; done = at + mark.size()) {
    text_.append(part, done, at - done);
    marked_.push_back(text_.size());
  }
  text_.append(part, done);
  if (from_messages && text_.size() > begin) {
    from_messages_.emplace_back(begin, text_.size());
  }
}

bool PromptText::is_from_messages(size_t begin, size_t end) const {
  const auto mark = std::upper_bound(marked_.begin(), marked_.end(), begin);
  if (mark != marked_.end() && *mark < end) {
    return true;
  }
  const auto next = std::upper_bound(from_messages_.begin(), from_messages_.end(), std::make_pair(begin, SIZE_MAX));
  return next != from_messages_.begin() && std::prev(next)->second >= end;
}

std::vector<int32_t> PromptText::tokenize(const Model &model) const {
  struct Found {
    size_t begin;  // of its spelling, and of the space that belongs to it
    size_t end;
    int32_t id;
  };
  std::vector<Found> found;
  bool spelled = false;
  for (size_t at = 0; at < text_.size();) {
    const SpecialToken *token = nullptr;
    model.special_tokens().each_at(text_, at, [&](const SpecialToken &candidate) {
      if (candidate.control && is_from_messages(at, at + candidate.text.size())) {
        spelled = true;
        return false;
      }
      token = &candidate;
      return true;
    });
    if (token == nullptr) {
      at++;
      continue;
    }
    size_t begin = at;
    at += token->text.size();
    while (token->strips_left && begin > (found.empty() ? 0 : found.back().end) && is_space(text_[begin - 1])) {
      begin--;
    }
    while (token->strips_right && at < text_.size() && is_space(text_[at])) {
      at++;
    }
    found.push_back({begin, at, token->id});
  }
  const auto ids_of = [&](size_t begin, size_t end, bool parse_special) {
    return model.tokenize(text_.data() + begin, static_cast<int32_t>(end - begin), false, parse_special);
  };
  if (!spelled) {
    return ids_of(0, text_.size(), true);  // llama.cpp's own way, to the last detail
  }
  std::vector<int32_t> ids;
  size_t done = 0;
  for (const Found &special : found) {
    const std::vector<int32_t> before = ids_of(done, special.begin, false);
    ids.insert(ids.end(), before.begin(), before.end());
    ids.push_back(special.id);
    done = special.end;
  }
  const std::vector<int32_t> rest = ids_of(done, text_.size(), false);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

}  // namespace sled
