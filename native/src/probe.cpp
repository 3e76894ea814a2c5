#include "probe.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "backend.hpp"
#include "child.hpp"
#include "log_queue.hpp"
#include "probe_result.hpp"
#include "sled.h"
#include "status.hpp"
#include "tried_files.hpp"

namespace sled {
namespace {

// A probe reads all weights a few times. The slowest disk that models are served from reads this much in a second.
constexpr int64_t kSlowBytesPerSecond = int64_t{16} << 20;

// Its bound is processor time, which passes slowly where others compute; in case that it waits for something, this many
// times as long by the clock.
constexpr int64_t kClockFactor = 10;

constexpr size_t kMostOutput = 65536;  // of the probe's words, which are some dozens of lines

constexpr char kProgram[] = "sled-probe";

// The rest of the first or last line that begins so; "" if there is none.
std::string line_of(const std::string &text, const std::string &beginning, bool first = false) {
  const std::string all = "\n" + text;
  const size_t at = first ? all.find("\n" + beginning) : all.rfind("\n" + beginning);
  if (at == std::string::npos) {
    return "";
  }
  const size_t start = at + beginning.size();
  return text.substr(start, text.find('\n', start) - start);
}

std::string first_line(const std::string &text) { return text.substr(0, std::min<size_t>(text.find('\n'), 300)); }

// Fails unless the probe said that all went well.
void judge(const ProbeTask &task, const ChildResult &end) {
  const char *const path = task.path.c_str();
  const std::string doing = line_of(end.output, kProbeDoing);
  const std::string result = line_of(end.output, kProbeResult);
  const std::string signal = signal_name(end.signal);
  if (end.timed_out || signal == "SIGXCPU") {
    fail(SLED_ERR_FORMAT, "'%s' cannot be used: it was tried in a process of its own, and that had not ended after %lld s, "
         "while %s",
         path, static_cast<long long>(end.timed_out ? kClockFactor * task.seconds : task.seconds), doing.c_str());
  }
  if (!result.empty()) {
    char *text = nullptr;
    const auto status = static_cast<int32_t>(std::strtol(result.c_str(), &text, 10));
    const bool of_files = status == SLED_OK || status == SLED_ERR_FORMAT || status == SLED_ERR_MEMORY ||
                          status == SLED_ERR_UNSUPPORTED || status == SLED_ERR_IO;
    if (!of_files) {
      fail(SLED_ERR_FORMAT, "'%s' cannot be used: it was tried, and while %s:%s", path, doing.c_str(), text);
    }
    if (status != SLED_OK) {
      throw Failure{status, *text == ' ' ? text + 1 : text};
    }
    return;
  }
  const std::string died = line_of(end.output, kProbeDied, true);
  const std::string cause = !died.empty() ? died : first_line(end.errors);
  if (signal == "SIGKILL") {
    fail(SLED_ERR_MEMORY, "'%s' was tried in a process of its own, which the system ended (SIGKILL) while %s; the machine may "
         "be short of memory",
         path, doing.c_str());
  }
  fail(SLED_ERR_FORMAT, "'%s' cannot be used: llama.cpp ends the process%s%s while %s%s%s (it was tried in one of its own)", path,
       signal.empty() ? "" : " with ", signal.c_str(), doing.empty() ? "it starts" : doing.c_str(), cause.empty() ? "" : ": ",
       cause.c_str());
}

void say_once_that_nothing_is_tried(int error) {
  static std::once_flag once;
  std::call_once(once, [&] {
    log_warning(format_text("'%s' cannot be run (%s): model files are used without being tried in a process of their own "
                            "first",
                            path_beside(kProgram).c_str(), std::strerror(error)));
  });
}

}  // namespace

bool run_probe(const ProbeTask &task) {
  std::vector<std::string> arguments = {task.backend, task.kind, std::to_string(task.memory_bytes), std::to_string(task.seconds),
                                        task.path};
  arguments.insert(arguments.end(), task.arguments.begin(), task.arguments.end());
  const ChildResult end = run_child({kProgram, arguments, "", kMostOutput, 1000 * kClockFactor * task.seconds});
  if (end.start_error != 0) {
    say_once_that_nothing_is_tried(end.start_error);
    return false;
  }
  judge(task, end);
  return true;
}

void require_tried(const Candidate &candidate) {
  const std::string whole = key_of_trial(candidate.content, kProbeWhole);
  const std::string vocabulary = key_of_trial(candidate.content, kProbeVocabulary);
  if (recall_trial(whole) || (candidate.vocabulary_only && recall_trial(vocabulary))) {
    return;
  }
  ProbeTask task{candidate.vocabulary_only ? kProbeVocabulary : kProbeWhole, candidate.path, cpu_backend_file(), 0, 0, {}};
  task.seconds = kProbeLeastSeconds + candidate.bytes / kSlowBytesPerSecond;
  // The weights it may hold twice, read, and rearranged for the CPU. Besides: K/V of a small context, results of a large
  // vocabulary, the tokenizer.
  task.memory_bytes = kProbeWorkingBytes + 3 * candidate.bytes;
  if (run_probe(task)) {
    remember_trial(candidate.vocabulary_only ? vocabulary : whole, "");
  }
}

}  // namespace sled
