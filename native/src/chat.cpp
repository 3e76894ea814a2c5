#include "chat.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"
#include "model.hpp"
#include "status.hpp"

namespace sled {
namespace {

// A text that templates may put around messages ("<s>"); empty if the model has no such token.
std::string text_of(const Model &model, int32_t token) { return token < 0 ? "" : model.bytes_of(token, true); }

// The engine parses and runs templates by recursion: one nested deeply enough would overflow the stack, which on a
// JVM's thread has a megabyte or less. Real templates stay far below these limits.
void require_shallow(const std::vector<jinja::token> &tokens) {
  constexpr int32_t kMaxDepth = 100;
  constexpr int32_t kMaxOperators = 400;  // in one statement or expression: a chain of them nests too
  const std::set<std::string> words = {"if", "not", "and", "or", "in", "is"};
  const std::set<std::string> openers = {"if", "for", "macro", "call", "filter", "generation", "set"};
  std::vector<int32_t> blocks;  // the depth that each open block adds: one, and one for each elif
  int32_t depth = 0;
  int32_t operators = 0;
  for (size_t i = 0; i < tokens.size(); i++) {
    using Type = jinja::token::type;
    const Type type = tokens[i].t;
    switch (type) {
      case Type::text:
      case Type::open_statement:
      case Type::open_expression: operators = 0; break;
      case Type::identifier: operators += words.count(tokens[i].value) != 0 ? 1 : 0; break;
      case Type::numeric_literal:
      case Type::string_literal:
      case Type::equals:
      case Type::comma:
      case Type::colon: break;  // these do not nest
      default: operators++; break;
    }
    if (type == Type::open_paren || type == Type::open_square_bracket || type == Type::open_curly_bracket) {
      depth++;
    } else if (type == Type::close_paren || type == Type::close_square_bracket || type == Type::close_curly_bracket) {
      depth = std::max(0, depth - 1);
    } else if (type == Type::open_statement && i + 1 < tokens.size()) {
      const std::string &word = tokens[i + 1].value;
      size_t end = i + 1;
      bool assigns = false;
      while (word == "set" && end < tokens.size() && tokens[end].t != Type::close_statement) {
        assigns = assigns || tokens[end].t == Type::equals;
        end++;
      }
      if (openers.count(word) != 0 && !assigns) {
        blocks.push_back(1);
        depth++;
      } else if (word == "elif" && !blocks.empty()) {
        blocks.back()++;
        depth++;
      } else if (word.compare(0, 3, "end") == 0 && openers.count(word.substr(3)) != 0 && !blocks.empty()) {
        depth = std::max(0, depth - blocks.back());
        blocks.pop_back();
      }
    }
    if (depth > kMaxDepth || operators > kMaxOperators) {
      fail(SLED_ERR_UNSUPPORTED, "the chat template is nested too deeply (near byte %zu)", tokens[i].pos);
    }
  }
}

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
    const jinja::lexer_result tokens = lexer.tokenize(used);
    require_shallow(tokens.tokens);
    const jinja::program program = jinja::parse_from_tokens(tokens);
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
