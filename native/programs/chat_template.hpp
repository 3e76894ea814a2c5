// Renders messages with a chat template as llama.cpp's common_chat_templates_apply does, with its Jinja engine.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sled {

struct ChatRequest {
  std::string source;
  std::string bos;
  std::string eos;
  bool add_assistant;
  std::string arguments;  // a JSON object, or ""
  int64_t local_seconds;  // the date and time that the template sees: of its own clock, since 1970-01-01T00:00
  std::vector<std::pair<std::string, std::string>> messages;  // role, content
};

struct RenderedChat {
  std::vector<std::string> pieces;  // by turns of the template and of messages and arguments
  bool uses_time;
};

// Fails with a std::exception. The engine's text is a page; its last line says why.
RenderedChat render_chat_template(const ChatRequest &request);

// After a failure: what the template renders the rest without, as an instruction; "" if nothing helps.
std::string what_to_leave_out(const ChatRequest &request);

}  // namespace sled
