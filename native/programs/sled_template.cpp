// Renders one chat template: reads a request (chat_frame.hpp) from standard input and writes the reply to standard
// output. libsled starts it for each prompt.
//
// A program of its own because a template is a program from outside, often sent by a server: it may call itself
// without end, loop over a hundred million numbers, repeat a string until the memory is full or divide by zero, and
// the engine that runs it, llama.cpp's, bounds none of this. Here the system does, and what a template breaks is this
// process.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "chat_frame.hpp"
#include "chat_template.hpp"

#ifdef __SANITIZE_ADDRESS__
// It reserves terabytes of addresses, so RLIMIT_AS cannot be used; and _exit() leaves everything allocated.
extern "C" const char *__asan_default_options() { return "hard_rss_limit_mb=512:detect_leaks=0"; }
#endif

namespace {

constexpr rlim_t kStackBytes = rlim_t{16} << 20;

void limit(int resource, rlim_t value) {
  rlimit current{};
  if (getrlimit(resource, &current) == 0) {
    current.rlim_cur = std::min(value, current.rlim_max);
    setrlimit(resource, &current);
  }
}

// Where memory is short after all, the system ends this process rather than the one that asked for a prompt.
void offer_to_be_ended() {
  if (std::FILE *const file = std::fopen("/proc/self/oom_score_adj", "w")) {
    std::fputs("1000", file);
    std::fclose(file);
  }
}

std::string read_all() {
  std::string bytes;
  char buffer[65536];
  for (ssize_t count = 0; (count = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0;) {
    bytes.append(buffer, static_cast<size_t>(count));
  }
  return bytes;
}

sled::ChatRequest parse(const std::vector<std::string> &texts) {
  sled::ChatRequest request;
  request.source = texts[0];
  request.bos = texts[1];
  request.eos = texts[2];
  request.add_assistant = !texts[3].empty();
  request.arguments = texts[4];
  request.local_seconds = std::stoll(texts[5]);
  for (size_t i = sled::kChatRequestTexts; i + 1 < texts.size(); i += 2) {
    request.messages.emplace_back(texts[i], texts[i + 1]);
  }
  return request;
}

// The exit ends all at once: to tear down what a template built may take long, and recursion deeper than the stack.
[[noreturn]] void reply(const std::string &kind, const std::string &second, const std::vector<std::string> &rest) {
  std::string frame;
  sled::append_text(frame, kind);
  sled::append_text(frame, second);
  for (const std::string &text : rest) {
    sled::append_text(frame, text);
  }
  for (size_t at = 0; at < frame.size();) {
    const ssize_t count = write(STDOUT_FILENO, frame.data() + at, frame.size() - at);
    if (count <= 0) {
      break;
    }
    at += static_cast<size_t>(count);
  }
  _exit(0);
}

[[noreturn]] void refuse(const std::string &reason, const std::string &advice = "") {
  reply(sled::kRefused, reason, {advice});
}

int64_t g_memory_bytes = 0;

// The engine would wrap std::bad_alloc into a message of its own, and go on.
void out_of_memory() {
  limit(RLIMIT_AS, RLIM_INFINITY);  // for the reply
  refuse("this takes more than " + std::to_string(g_memory_bytes >> 20) + " MiB of memory");
}

}  // namespace

int main() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left to read the reply
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, sled::kTemplateCpuSeconds);
  limit(RLIMIT_STACK, kStackBytes);
  offer_to_be_ended();
  const std::string request = read_all();
  const auto request_bytes = static_cast<int64_t>(request.size());
  g_memory_bytes = sled::kTemplateMemoryBytes + 32 * request_bytes;
#ifndef __SANITIZE_ADDRESS__
  limit(RLIMIT_AS, static_cast<rlim_t>(g_memory_bytes));
  std::set_new_handler(out_of_memory);
#endif
  std::vector<std::string> texts;
  if (!sled::split_frame(request, texts) || texts.size() <= sled::kChatRequestTexts) {
    refuse("the request is not whole");
  }
  const sled::ChatRequest chat = parse(texts);
  try {
    const sled::RenderedChat rendered = sled::render_chat_template(chat);
    size_t bytes = 0;
    for (const std::string &piece : rendered.pieces) {
      bytes += piece.size();
    }
    const int64_t output_bytes = sled::kTemplateOutputBytes + 2 * request_bytes;
    if (static_cast<int64_t>(bytes) > output_bytes) {
      refuse("the prompt has more than " + std::to_string(output_bytes >> 20) + " MiB");
    }
    reply(sled::kRendered, rendered.uses_time ? "1" : "", rendered.pieces);
  } catch (const std::exception &e) {
    refuse(e.what(), sled::what_to_leave_out(chat));
  }
}
