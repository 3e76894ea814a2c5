// Chat templates: messages -> prompt text, with llama.cpp's Jinja engine.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sled {

class Model;

using ChatMessage = std::pair<std::string, std::string>;  // role, content

// See sled_chat_render(). `source` empty: the model's own template.
std::string render_chat(const Model &model, const std::string &source, const std::vector<ChatMessage> &messages,
                        bool add_assistant);

// Splits role NUL content NUL ...; fails with SLED_ERR_ARGUMENT unless it is exactly `count` pairs.
std::vector<ChatMessage> split_messages(const char *messages, int32_t bytes, int32_t count);

}  // namespace sled
