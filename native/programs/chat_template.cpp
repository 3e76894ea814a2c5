#include "chat_template.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

#include "jinja/caps.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"
#include "json.h"

namespace sled {
namespace {

using Messages = std::vector<std::pair<std::string, std::string>>;

// Another weekday, day, month, year, hour, minute and second.
constexpr int64_t kAnotherTimeSeconds = ((400 * 24 + 13) * 60 + 17) * 60 + 19;

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

void replace_all(std::string &text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// Two families refuse messages that they can render: common_chat_templates_init() takes these checks out of the source.
std::string mended(std::string source) {
  if (contains(source, "<|channel|>") && contains(source, "in message.content or")) {
    replace_all(source,
                "{%- if \"<|channel|>analysis<|message|>\" in message.content or "
                "\"<|channel|>final<|message|>\" in message.content %}",
                "{%- if false %}");
  }
  if (contains(source, "[TOOL_CALLS]") && contains(source, "if (message['content'] is none or")) {
    replace_all(source,
                "{%- if (message['content'] is none or message['content'] == '' or "
                "message['content']|length == 0) and (message['tool_calls'] is not defined or "
                "message['tool_calls'] is none or message['tool_calls']|length == 0) %}",
                "{%- if false %}");
  }
  return source;
}

std::string trimmed(const std::string &text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  const auto begin = std::find_if_not(text.begin(), text.end(), is_space);
  const auto end = std::find_if_not(text.rbegin(), std::make_reverse_iterator(begin), is_space).base();
  return {begin, end};
}

jinja::value text_of_input(const std::string &text) {
  auto value = jinja::mk_val<jinja::value_string>(text);
  value->mark_input();
  return value;
}

class ChatTemplate {
 public:
  explicit ChatTemplate(const std::string &source) {
    jinja::lexer lexer;
    const auto tokens = lexer.tokenize(mended(source));
    source_ = tokens.source;
    program_ = jinja::parse_from_tokens(tokens);
    caps_ = jinja::caps_get(program_);
  }

  std::vector<std::string> render(const ChatRequest &request, int64_t local_seconds) const {
    jinja::context context(source_);
    context.current_time = static_cast<std::time_t>(local_seconds);
    context.set_val("messages", list(adapted(request.messages)));
    context.set_val("bos_token", jinja::mk_val<jinja::value_string>(request.bos));
    context.set_val("eos_token", jinja::mk_val<jinja::value_string>(request.eos));
    context.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(true));
    context.set_val("datetime", jinja::mk_val<jinja::value_string>(date(local_seconds, "%b %d %Y")));
    context.set_val("date_string", jinja::mk_val<jinja::value_string>(date(local_seconds, "%d %b %Y")));
    set_arguments(context, request.arguments);
    if (request.add_assistant) {
      context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
    }
    jinja::runtime runtime(context);
    std::vector<std::string> pieces;
    for (const auto &part : jinja::runtime::gather_string_parts(runtime.execute(program_))->as_string().parts) {
      if (pieces.size() % 2 != (part.is_input ? 1 : 0)) {
        pieces.emplace_back();  // only before a first part of a message: parts of one kind are joined
      }
      pieces.push_back(part.val);
    }
    if (request.add_assistant && contains(source_, "'<|tool_call>call:'")) {
      begin_gemma4_turn(pieces);
    }
    return pieces;
  }

  // Whether it may depend on the date or the time: worth a second look.
  bool names_time() const {
    return contains(source_, "strftime_now") || contains(source_, "date_string") || contains(source_, "datetime");
  }

 private:
  // What templates of some families need, as common_chat_templates_apply() knows it.
  Messages adapted(Messages messages) const {
    if (contains(source_, "You have access to the following functions in JSONSchema format")) {
      for (auto &[role, content] : messages) {
        content = trimmed(content);  // StepFun: space around a content sends it round in circles
      }
    }
    if (!contains(source_, "<|channel|>")) {
      for (auto &[role, content] : messages) {
        role = role == "developer" ? "system" : role;
      }
    }
    if (!caps_.supports_system_role && messages.front().first == "system") {
      if (messages.size() == 1) {
        throw std::runtime_error("the template has no place for a system text, and there is no turn to put it into");
      }
      messages[1].second = messages[0].second + "\n" + messages[1].second;
      messages.erase(messages.begin());
    }
    return messages;
  }

  jinja::value list(const Messages &messages) const {
    const bool only_typed = !caps_.supports_string_content && caps_.supports_typed_content;
    // Ministral takes those of a system or an assistant as parts, and of others as they come.
    const bool typed_system = contains(source_, "[SYSTEM_PROMPT]") && contains(source_, "[TOOL_CALLS]") &&
                              contains(source_, "[ARGS]") && !contains(source_, "[CALL_ID]");
    auto result = jinja::mk_val<jinja::value_array>();
    for (const auto &[role, content] : messages) {
      auto entry = jinja::mk_val<jinja::value_object>();
      entry->insert("role", text_of_input(role));
      const bool typed = only_typed || (typed_system && (role == "system" || role == "assistant"));
      entry->insert("content", typed ? parts(content) : text_of_input(content));
      result->push_back(entry);
    }
    return result;
  }

  static jinja::value parts(const std::string &content) {
    auto part = jinja::mk_val<jinja::value_object>();
    part->insert("type", jinja::mk_val<jinja::value_string>(std::string("text")));
    part->insert("text", text_of_input(content));
    auto result = jinja::mk_val<jinja::value_array>();
    result->push_back(part);
    return result;
  }

  static void set_arguments(jinja::context &context, const std::string &arguments) {
    if (arguments.empty()) {
      return;
    }
    const common_json json = common_json::parse(arguments);
    if (!json.is_object()) {
      throw std::runtime_error("the template's arguments are no JSON object");
    }
    if (json.contains("messages")) {
      throw std::runtime_error("an argument of the template cannot be named 'messages'");
    }
    if (json.contains("enable_thinking") && !json["enable_thinking"].is_boolean()) {
      throw std::runtime_error("the template's argument enable_thinking must be true or false");
    }
    if (json.contains("preserve_reasoning") && json["preserve_reasoning"].is_boolean()) {
      jinja::caps_apply_preserve_reasoning(context, json["preserve_reasoning"].get<bool>());
    }
    if (json.contains("reasoning_effort") && json["reasoning_effort"].is_string()) {
      context.set_val("reasoning_strength", text_of_input(json["reasoning_effort"].get<std::string>()));
    }
    jinja::global_from_json(context, json, true);
  }

  static std::string date(int64_t local_seconds, const char *format) {
    const auto time = static_cast<std::time_t>(local_seconds);
    std::tm fields{};
    gmtime_r(&time, &fields);
    std::ostringstream text;
    text << std::put_time(&fields, format);
    return text.str();
  }

  // Gemma 4 leaves out the model's turn where it thinks that one goes on.
  static void begin_gemma4_turn(std::vector<std::string> &pieces) {
    const std::string end = "<turn|>\n";
    if (pieces.size() % 2 == 1 && pieces.back().size() >= end.size() &&
        pieces.back().compare(pieces.back().size() - end.size(), end.size(), end) == 0) {
      pieces.back() += "<|turn>model\n";
    }
  }

  std::string source_;
  jinja::program program_;
  jinja::caps caps_;
};

std::string joined(const std::vector<std::string> &pieces) {
  std::string text;
  for (const std::string &piece : pieces) {
    text += piece;
  }
  return text;
}

bool can_be_rendered(const ChatRequest &request) {
  try {
    render_chat_template(request);
    return true;
  } catch (const std::exception &) {
    return false;
  }
}

}  // namespace

RenderedChat render_chat_template(const ChatRequest &request) {
  // The engine shows times in the zone of the process. The caller says what its clock shows, in whatever zone.
  setenv("TZ", "UTC0", 1);
  tzset();
  const ChatTemplate chat_template(request.source);
  RenderedChat result{chat_template.render(request, request.local_seconds), false};
  if (chat_template.names_time()) {
    const auto later = chat_template.render(request, request.local_seconds + kAnotherTimeSeconds);
    result.uses_time = joined(result.pieces) != joined(later);
  }
  return result;
}

std::string what_to_leave_out(const ChatRequest &request) {
  std::set<std::string> tried = {"user"};
  for (const auto &message : request.messages) {
    const std::string &role = message.first;
    if (!tried.insert(role).second) {
      continue;
    }
    ChatRequest rest = request;
    rest.messages.erase(std::remove_if(rest.messages.begin(), rest.messages.end(),
                                       [&](const auto &other) { return other.first == role; }),
                        rest.messages.end());
    if (!rest.messages.empty() && can_be_rendered(rest)) {
      return "leave out the messages of the role '" + role + "'";
    }
  }
  if (!request.arguments.empty()) {
    ChatRequest rest = request;
    rest.arguments.clear();
    if (can_be_rendered(rest)) {
      return "leave out the template's arguments";
    }
  }
  return "";
}

}  // namespace sled
