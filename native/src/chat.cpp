#include "chat.hpp"

#include <cstring>

#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"
#include "model.hpp"
#include "status.hpp"

namespace sled {
namespace {

// A text that templates may put around messages ("<s>"); empty if the model has no such token.
std::string text_of(const Model &model, int32_t token) { return token < 0 ? "" : model.bytes_of(token, true); }

}  // namespace

std::vector<ChatMessage> split_messages(const char *messages, int32_t bytes, int32_t count) {
  std::vector<std::string> texts;
  for (int32_t at = 0; at < bytes;) {
    const auto *const end = static_cast<const char *>(std::memchr(messages + at, 0, static_cast<size_t>(bytes - at)));
    if (end == nullptr) {
      fail(SLED_ERR_ARGUMENT, "the last message does not end with NUL");
    }
    texts.emplace_back(messages + at, end);
    at = static_cast<int32_t>(end - messages) + 1;
  }
  if (count < 1 || texts.size() != static_cast<size_t>(count) * 2) {
    fail(SLED_ERR_ARGUMENT, "%zu texts for %d messages: a role and a content for each", texts.size(), count);
  }
  std::vector<ChatMessage> result;
  for (size_t i = 0; i < texts.size(); i += 2) {
    result.emplace_back(std::move(texts[i]), std::move(texts[i + 1]));
  }
  return result;
}

std::string render_chat(const Model &model, const std::string &source, const std::vector<ChatMessage> &messages,
                        bool add_assistant) {
  const std::string used = source.empty() ? model.text(SLED_TEXT_CHAT_TEMPLATE) : source;
  if (used.empty()) {
    fail(SLED_ERR_UNSUPPORTED, "this model has no chat template; give the prompt as it is (raw), or a template");
  }
  try {
    jinja::lexer lexer;
    const jinja::program program = jinja::parse_from_tokens(lexer.tokenize(used));
    jinja::context context(used);
    auto list = jinja::mk_val<jinja::value_array>();
    for (const ChatMessage &message : messages) {
      auto entry = jinja::mk_val<jinja::value_object>();
      entry->insert("role", jinja::mk_val<jinja::value_string>(message.first));
      entry->insert("content", jinja::mk_val<jinja::value_string>(message.second));
      list->push_back(entry);
    }
    context.set_val("messages", list);
    context.set_val("bos_token", jinja::mk_val<jinja::value_string>(text_of(model, model.info().bos_token)));
    context.set_val("eos_token", jinja::mk_val<jinja::value_string>(text_of(model, model.info().eos_token)));
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(add_assistant));
    jinja::runtime runtime(context);
    return jinja::runtime::gather_string_parts(runtime.execute(program))->as_string().str();
  } catch (const std::exception &e) {
    fail(SLED_ERR_UNSUPPORTED, "the chat template cannot render these messages: %s", e.what());
  }
}

}  // namespace sled
