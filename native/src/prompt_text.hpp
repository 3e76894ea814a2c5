// A rendered prompt that knows which of its parts came from messages: only what the template wrote becomes control tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sled {

class Model;

// A character that stands in texts of messages, within every spelling of a control token. No template finds the spelling
// there, whatever it does with the text: cut it, join it, write it as JSON. When the prompt is rendered, the marks go, and
// where they were no control token can be.
class SpellingMarks {
 public:
  // Chooses a character for private use that none of these texts has.
  explicit SpellingMarks(const std::vector<const std::string *> &texts);

  // The text with a mark behind the first character of each spelling.
  std::string put(const Model &model, const std::string &text) const;

  const std::string &mark() const { return mark_; }

 private:
  std::string mark_;
};

class PromptText {
 public:
  // The next part of the prompt, in which the marks are still.
  void append(const std::string &part, bool from_messages, const std::string &mark);

  const std::string &text() const { return text_; }

  // Its ids, without begin and end. They are what llama.cpp gives for the whole text with parse_special, but for spellings of
  // control tokens that lie within what came from messages: those are text.
  std::vector<int32_t> tokenize(const Model &model) const;

 private:
  bool is_from_messages(size_t begin, size_t end) const;

  std::string text_;
  std::vector<std::pair<size_t, size_t>> from_messages_;  // begin, end; in order
  std::vector<size_t> marked_;                            // positions that had a mark, in order
};

}  // namespace sled
