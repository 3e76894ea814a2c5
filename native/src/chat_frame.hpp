// What libsled and its program sled-template say to each other: texts with their lengths, in this machine's byte order
// (both are of one build and run on one machine). Request: template, BOS, EOS, "1" or "" (the assistant is to begin),
// arguments (JSON), the date and time as seconds, then a role and a content for each message. Reply: kRendered, "1" or ""
// (the prompt depends on the date or time), then the prompt in pieces, by turns of the template (the first one, may be
// empty) and of messages and arguments; or kRefused, what is wrong, and what might be left out.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace sled {

constexpr const char *kRendered = "rendered";
constexpr const char *kRefused = "refused";

// Texts of a request before the messages, and of a reply before the pieces.
constexpr size_t kChatRequestTexts = 6;
constexpr size_t kChatReplyTexts = 2;

// What a template may use. Real ones take a few milliseconds and some hundred KiB.
constexpr int32_t kTemplateCpuSeconds = 3;
constexpr int64_t kTemplateMemoryBytes = int64_t{256} << 20;  // and 32 times the request: the engine copies texts
constexpr int64_t kTemplateOutputBytes = int64_t{16} << 20;   // and twice the request; 1 million tokens are about 5 MB

inline void append_text(std::string &frame, const std::string &text) {
  const auto bytes = static_cast<uint32_t>(text.size());
  char length[sizeof(bytes)];
  std::memcpy(length, &bytes, sizeof(bytes));
  frame.append(length, sizeof(length)).append(text);
}

// All texts of a frame; false if it ends in the middle of one.
inline bool split_frame(const std::string &frame, std::vector<std::string> &texts) {
  size_t at = 0;
  while (at < frame.size()) {
    uint32_t bytes = 0;
    if (frame.size() - at < sizeof(bytes)) {
      return false;
    }
    std::memcpy(&bytes, frame.data() + at, sizeof(bytes));
    at += sizeof(bytes);
    if (frame.size() - at < bytes) {
      return false;
    }
    texts.emplace_back(frame, at, bytes);
    at += bytes;
  }
  return true;
}

}  // namespace sled
