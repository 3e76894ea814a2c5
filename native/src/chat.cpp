#include "chat.hpp"

#include <csignal>
#include <cstring>

#include "chat_frame.hpp"
#include "child.hpp"
#include "model.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Its processor time is bounded in the program; the rest is for machines that are busy or emulated.
constexpr int32_t kTimeoutMs = 20000;

constexpr size_t kMaxReasonBytes = 400;

// A text that templates may put around messages ("<s>"); empty if the model has no such token.
std::string text_of(const Model &model, int32_t token) { return token < 0 ? "" : model.bytes_of(token, true); }

// The engine's message is a page: a rule, where in the source (with an excerpt of it) and, in the last line, why.
// One line of it, with the place: "Jinja Exception: roles must alternate (line 1, column 4)".
std::string one_line(const std::string &message) {
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
    return format_text("it was not done after %d s", kTimeoutMs / 1000);
  }
  switch (result.signal) {
    case SIGSEGV: return "it calls itself without end, or is nested too deeply";
    case SIGXCPU: return format_text("it takes more than %d s of processor time", kTemplateCpuSeconds);
    case 0: return format_text("sled-template ended with status %d", result.exit_status);
    default: return format_text("sled-template was ended by signal %d (%s)", result.signal, strsignal(result.signal));
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
  std::string request;
  append_text(request, used);
  append_text(request, text_of(model, model.info().bos_token));
  append_text(request, text_of(model, model.info().eos_token));
  append_text(request, add_assistant ? "1" : "");
  for (const ChatMessage &message : messages) {
    append_text(request, message.first);
    append_text(request, message.second);
  }
  const int64_t output_bytes = kTemplateOutputBytes + 2 * static_cast<int64_t>(request.size()) + 64;
  const ChildResult result = run_beside("sled-template", request, output_bytes, kTimeoutMs);
  std::vector<std::string> reply;
  const bool whole = split_frame(result.output, reply) && reply.size() == 2;
  if (!whole || reply[0] != kRendered) {
    fail(SLED_ERR_UNSUPPORTED, "the chat template cannot render these messages: %s",
         (whole ? one_line(reply[1]) : reason_of(result)).c_str());
  }
  return reply[1];
}

}  // namespace sled
