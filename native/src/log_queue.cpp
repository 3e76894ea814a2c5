#include "log_queue.hpp"

#include <cstdio>
#include <deque>
#include <mutex>

#include "ggml.h"
#include "llama.h"

namespace sled {
namespace {

// Loading a model logs a few hundred lines; 2,000 keep all of it when nobody reads meanwhile.
constexpr size_t kMaxLines = 2000;

constexpr int32_t kErrorLevel = 4;  // as sled_log_take() counts

struct Queue {
  std::mutex mutex;
  std::deque<std::pair<int32_t, std::string>> lines;
  std::string partial;  // a line that was logged in pieces (GGML_LOG_LEVEL_CONT)
  int32_t partial_level = 2;
  std::string first_error;  // since it was last forgotten
};

Queue &queue() {
  static Queue *const instance = new Queue();  // never destroyed: threads of ggml may log during exit
  return *instance;
}

int32_t level_of(ggml_log_level level, int32_t previous) {
  switch (level) {
    case GGML_LOG_LEVEL_DEBUG: return 1;
    case GGML_LOG_LEVEL_INFO: return 2;
    case GGML_LOG_LEVEL_WARN: return 3;
    case GGML_LOG_LEVEL_ERROR: return kErrorLevel;
    case GGML_LOG_LEVEL_CONT: return previous;
    default: return 2;
  }
}

void on_log(ggml_log_level level, const char *text, void *) {
  Queue &q = queue();
  std::lock_guard<std::mutex> lock(q.mutex);
  q.partial_level = level_of(level, q.partial_level);
  for (const char *c = text; *c != '\0'; c++) {
    if (*c != '\n') {
      q.partial.push_back(*c);
      continue;
    }
    if (q.partial_level == kErrorLevel && q.first_error.empty()) {
      q.first_error = q.partial;
    }
    if (!q.partial.empty()) {
      q.lines.emplace_back(q.partial_level, std::move(q.partial));
      if (q.lines.size() > kMaxLines) {
        q.lines.pop_front();
      }
    }
    q.partial.clear();
  }
}

// ggml gives up (a GPU that fails, an assertion): the process ends behind this, and what the log says of the reason would
// end with it. Whatever happens, no waiting for a lock here.
void on_abort(const char *message) {
  std::fprintf(stderr, "sled: llama.cpp cannot go on: %s\n", message);
  Queue &q = queue();
  const std::unique_lock<std::mutex> lock(q.mutex, std::try_to_lock);
  if (lock.owns_lock()) {
    for (const auto &line : q.lines) {
      if (line.first == kErrorLevel) {
        std::fprintf(stderr, "sled:   %s\n", line.second.c_str());
      }
    }
  }
  std::fflush(stderr);
}

}  // namespace

void capture_logs() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(on_log, nullptr);
    ggml_set_abort_callback(on_abort);
  });
}

void log_warning(const std::string &line) { on_log(GGML_LOG_LEVEL_WARN, (line + "\n").c_str(), nullptr); }

bool take_log(std::string &line, int32_t &level) {
  Queue &q = queue();
  std::lock_guard<std::mutex> lock(q.mutex);
  if (q.lines.empty()) {
    return false;
  }
  level = q.lines.front().first;
  line = std::move(q.lines.front().second);
  q.lines.pop_front();
  return true;
}

std::string first_logged_error() {
  Queue &q = queue();
  std::lock_guard<std::mutex> lock(q.mutex);
  return q.first_error;
}

void forget_logged_errors() {
  Queue &q = queue();
  std::lock_guard<std::mutex> lock(q.mutex);
  q.first_error.clear();
}

}  // namespace sled
