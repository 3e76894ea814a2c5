// Chat templates: messages -> prompt, with llama.cpp's Jinja engine.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sled.h"

namespace sled {

class Model;

using ChatMessage = std::pair<std::string, std::string>;  // role, content

struct ChatPrompt {
  std::string text;
  std::vector<int32_t> tokens;
  bool uses_time;  // another date or time gives another text
};

// What the model itself wants around a prompt, and now.
sled_chat_params default_chat_params(const Model &model);

// See sled_chat_render(). `source` empty: the model's own template.
ChatPrompt render_chat(const Model &model, const std::string &source, const std::string &arguments,
                       const std::vector<ChatMessage> &messages, const sled_chat_params &params);

// Splits role NUL content NUL ...; fails with SLED_ERR_ARGUMENT unless it is exactly `count` pairs.
std::vector<ChatMessage> split_messages(const char *messages, int32_t bytes, int32_t count);

}  // namespace sled
