#include "chat.hpp"

#include <csignal>
#include <cstring>
#include <ctime>

#include "chat_frame.hpp"
#include "child.hpp"
#include "model.hpp"
#include "prompt_text.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Its processor time is bounded in the program; the rest is for machines that are busy or emulated.
constexpr int64_t kTimeoutMs = 20000;

constexpr char kProgram[] = "sled-template";

constexpr size_t kMaxReasonBytes = 400;

// Room for the lengths of pieces: the shortest have a byte.
constexpr size_t kFrameBytesPerByte = 1 + sizeof(uint32_t);

// A text that templates may put around messages ("<s>"); empty if there is no such token.
std::string text_of(const Model &model, int32_t token) { return token < 0 ? "" : model.bytes_of(token, true); }

// The engine's message is a page: a rule, where in the source (with an excerpt of it) and, in the last line, why. One line
// of it: where the template itself raises an exception its words, and otherwise the engine's with the place.
std::string one_line(const std::string &message) {
  static const std::string raised = "Jinja Exception: ";
  std::string place;
  std::string reason = message;
  const std::string error = "\nError: ";
  const size_t at = message.rfind(error);
  if (at != std::string::npos) {
    reason = message.substr(at + error.size());
    const size_t line = message.find(" at line ");
    const size_t end = line == std::string::npos ? line : message.find(" in source", line);
    if (end != std::string::npos && end < at) {
      place = " (" + message.substr(line + 4, end - line - 4) + ")";
    }
  }
  if (reason.compare(0, raised.size(), raised) == 0) {
    reason.erase(0, raised.size());
    place.clear();
  }
  const size_t first = reason.find_first_not_of("\n ");
  reason = first == std::string::npos ? "" : reason.substr(first, reason.find('\n', first) - first);
  for (char &c : reason) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      c = ' ';
    }
  }
  if (reason.size() > kMaxReasonBytes) {
    size_t cut = kMaxReasonBytes;
    while (cut > 0 && (static_cast<unsigned char>(reason[cut]) & 0xC0) == 0x80) {  // within a character
      cut--;
    }
    reason = reason.substr(0, cut) + "...";
  }
  return reason + place;
}

// Why a renderer gave no reply.
std::string reason_of(const ChildResult &result) {
  if (result.timed_out) {
    return format_text("it was not done after %lld s", static_cast<long long>(kTimeoutMs / 1000));
  }
  switch (result.signal) {
    case SIGSEGV: return "it calls itself without end, or is nested too deeply";
    case SIGXCPU: return format_text("it takes more than %d s of processor time", kTemplateCpuSeconds);
    case 0: return format_text("%s ended with status %d", kProgram, result.exit_status);
    default: return format_text("%s was ended by %s", kProgram, signal_name(result.signal).c_str());
  }
}

// With the tokens that the target wants around every prompt, unless the template wrote them.
std::vector<int32_t> with_ends(std::vector<int32_t> tokens, const sled_chat_params &params) {
  if ((params.flags & SLED_CHAT_ADDS_BOS) != 0 && (tokens.empty() || tokens.front() != params.bos_token)) {
    tokens.insert(tokens.begin(), params.bos_token);
  }
  if ((params.flags & SLED_CHAT_ADDS_EOS) != 0 && (tokens.empty() || tokens.back() != params.eos_token)) {
    tokens.push_back(params.eos_token);
  }
  return tokens;
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

sled_chat_params default_chat_params(const Model &model) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  const sled_model_info &info = model.info();
  sled_chat_params params{};
  params.struct_size = static_cast<int32_t>(sizeof(params));
  params.flags = SLED_CHAT_ASSISTANT | ((info.flags & SLED_MODEL_INFO_ADDS_BOS) != 0 ? SLED_CHAT_ADDS_BOS : 0) |
                 ((info.flags & SLED_MODEL_INFO_ADDS_EOS) != 0 ? SLED_CHAT_ADDS_EOS : 0);
  params.bos_token = info.bos_token;
  params.eos_token = info.eos_token;
  params.local_seconds = timegm(&local);
  return params;
}

ChatPrompt render_chat(const Model &model, const std::string &source, const std::string &arguments,
                       const std::vector<ChatMessage> &messages, const sled_chat_params &params) {
  const std::string used = source.empty() ? model.text(SLED_TEXT_CHAT_TEMPLATE) : source;
  if (used.empty()) {
    fail(SLED_ERR_UNSUPPORTED, "this model has no chat template; give the prompt as it is (raw), or a template");
  }
  std::vector<const std::string *> texts = {&used, &arguments};
  for (const ChatMessage &message : messages) {
    texts.push_back(&message.first);
    texts.push_back(&message.second);
  }
  const SpellingMarks marks(texts);
  std::string request;
  append_text(request, used);
  append_text(request, text_of(model, params.bos_token));
  append_text(request, text_of(model, params.eos_token));
  append_text(request, (params.flags & SLED_CHAT_ASSISTANT) != 0 ? "1" : "");
  append_text(request, marks.put(model, arguments));
  append_text(request, std::to_string(params.local_seconds));
  for (const ChatMessage &message : messages) {
    append_text(request, marks.put(model, message.first));
    append_text(request, marks.put(model, message.second));
  }
  const size_t output_bytes =
      kFrameBytesPerByte * (static_cast<size_t>(kTemplateOutputBytes) + 2 * request.size()) + 64;
  const ChildResult result = run_child({kProgram, {}, request, output_bytes, kTimeoutMs});
  if (result.start_error != 0) {
    fail(SLED_ERR_IO, "%s cannot be started: %s", path_beside(kProgram).c_str(), std::strerror(result.start_error));
  }
  std::vector<std::string> reply;
  const bool whole = split_frame(result.output, reply) && reply.size() >= kChatReplyTexts;
  if (!whole || reply[0] != kRendered) {
    const bool reasoned = whole && reply.size() > kChatReplyTexts;
    const std::string advice = reasoned && !reply[2].empty() ? "; " + reply[2] : "";
    fail(SLED_ERR_UNSUPPORTED, "the chat template cannot render these messages: %s%s",
         (reasoned ? one_line(reply[1]) : reason_of(result)).c_str(), advice.c_str());
  }
  PromptText prompt;
  for (size_t i = kChatReplyTexts; i < reply.size(); i++) {
    prompt.append(reply[i], (i - kChatReplyTexts) % 2 == 1, marks.mark());
  }
  return {prompt.text(), with_ends(prompt.tokenize(model), params), !reply[1].empty()};
}

}  // namespace sled
