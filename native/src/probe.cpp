#include "probe.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.hpp"
#include "child.hpp"
#include "log_queue.hpp"
#include "probe_result.hpp"
#include "sha256.hpp"
#include "sled.h"
#include "sled_build_config.h"
#include "status.hpp"
#include "tried_files.hpp"

extern char **environ;

namespace sled {
namespace {

using Clock = std::chrono::steady_clock;

// A probe reads all weights a few times. The slowest disk that models are served from reads this much in a second.
constexpr int64_t kSlowBytesPerSecond = int64_t{16} << 20;
constexpr int64_t kLeastSeconds = 60;

// Its bound is processor time, which passes slowly where others compute; in case that it waits for something, this many
// times as long by the clock.
constexpr int64_t kClockFactor = 10;

// Besides the weights, which it may hold twice (read, and rearranged for the CPU): K/V of a small context, results of a
// large vocabulary, the tokenizer.
constexpr int64_t kWorkingBytes = int64_t{2} << 30;

constexpr size_t kMostOutput = 16384;  // of the probe's words that are kept

// The file of this library.
std::filesystem::path library_path() {
  Dl_info info{};
  const bool known = dladdr(reinterpret_cast<const void *>(&sled_abi_version), &info) != 0 && info.dli_fname != nullptr;
  return known ? info.dli_fname : "";
}

// Of its build: a version has many while it is being developed.
std::string library_build() {
  struct stat file {};
  if (stat(library_path().c_str(), &file) != 0) {
    return "";
  }
  return format_text("%lld bytes of %lld", static_cast<long long>(file.st_size), static_cast<long long>(file.st_mtime));
}

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  int get() const { return fd_; }
  void set(int fd) { fd_ = fd; }
  void reset() {
    if (fd_ >= 0) {
      close(fd_);
    }
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// What a probe wrote to one of its outputs, so far: the beginning, the rest is dropped.
struct Output {
  Descriptor read;
  Descriptor write;  // the probe's end
  std::string text;

  void make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      fail(SLED_ERR_IO, "no pipe for sled-probe: %s", std::strerror(errno));
    }
    read.set(ends[0]);
    write.set(ends[1]);
  }

  // False at the end.
  bool take() {
    char buffer[4096];
    const ssize_t got = ::read(read.get(), buffer, sizeof(buffer));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      return true;
    }
    if (got <= 0) {
      read.reset();
      return false;
    }
    text.append(buffer, std::min(static_cast<size_t>(got), kMostOutput - std::min(kMostOutput, text.size())));
    return true;
  }
};

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

struct ProbeEnd {
  bool started = false;
  int error = 0;  // why it was not started
  bool timed_out = false;
  int status = 0;  // of waitpid; -1: nobody knows
  std::string said;
  std::string errors;
};

// The environment, with what keeps ggml from calling a debugger when it gives up.
std::vector<std::string> probe_environment() {
  std::vector<std::string> variables;
  for (char **variable = environ; variable != nullptr && *variable != nullptr; variable++) {
    variables.emplace_back(*variable);
  }
  variables.emplace_back("GGML_NO_BACKTRACE=1");
  return variables;
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> result;
  for (std::string &text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

int spawn(std::vector<std::string> arguments, const Output &out, const Output &errors, pid_t *child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.write.get(), STDERR_FILENO);
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C at a terminal is not meant for it
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> environment = probe_environment();
  const int error = posix_spawn(child, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                                pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

ProbeEnd run(const std::vector<std::string> &arguments, int64_t seconds) {
  ProbeEnd end;
  Output out;
  Output errors;
  out.make();
  errors.make();
  pid_t child = -1;
  end.error = spawn(arguments, out, errors, &child);
  out.write.reset();
  errors.write.reset();
  if (end.error != 0) {
    return end;
  }
  end.started = true;
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(seconds);
  bool reading[2] = {true, true};
  while (reading[0] || reading[1]) {
    const int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      end.timed_out = true;
      kill(child, SIGKILL);
      break;
    }
    // A negative descriptor is left out.
    pollfd fds[2] = {{out.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}};
    if (poll(fds, 2, static_cast<int>(std::min<int64_t>(left, 60000))) < 0 && errno != EINTR) {
      kill(child, SIGKILL);
      break;
    }
    reading[0] = reading[0] && (fds[0].revents == 0 || out.take());
    reading[1] = reading[1] && (fds[1].revents == 0 || errors.take());
  }
  while (waitpid(child, &end.status, 0) < 0) {
    if (errno != EINTR) {
      end.status = -1;  // the host program ignores SIGCHLD, so the system keeps no status
      break;
    }
  }
  end.said = out.text;
  end.errors = errors.text;
  return end;
}

// Where a program cannot be run, some systems (emulators among them) say so only in the process that was to become it,
// which then ends as a shell does that finds no program.
constexpr int kNoProgram = 127;

bool was_run(const ProbeEnd &end) {
  const bool none = end.status >= 0 && WIFEXITED(end.status) && WEXITSTATUS(end.status) == kNoProgram && end.said.empty();
  return end.started && !none;
}

// "SIGSEGV" and the like of a probe that was ended by a signal, else "".
std::string signal_of(const ProbeEnd &end) {
  if (end.status < 0 || !WIFSIGNALED(end.status)) {
    return "";
  }
  switch (WTERMSIG(end.status)) {
    case SIGABRT: return "SIGABRT";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGKILL: return "SIGKILL";
    case SIGXCPU: return "SIGXCPU";
    default: return format_text("signal %d", WTERMSIG(end.status));
  }
}

// Fails unless the probe said that all went well.
void judge(const Candidate &candidate, const ProbeEnd &end, int64_t seconds) {
  const char *const path = candidate.path.c_str();
  const std::string doing = line_of(end.said, kProbeDoing);
  const std::string result = line_of(end.said, kProbeResult);
  const std::string signal = signal_of(end);
  if (end.timed_out || signal == "SIGXCPU") {
    fail(SLED_ERR_FORMAT, "'%s' cannot be used: it was tried in a process of its own, and that had not ended after %lld s, "
         "while %s",
         path, static_cast<long long>(end.timed_out ? kClockFactor * seconds : seconds), doing.c_str());
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
  const std::string died = line_of(end.said, kProbeDied, true);
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

// What a verdict is about: the content, for what it is used, and what uses it.
std::string key_of(const std::string &content, const char *kind) {
  return Sha256()
      .text(content)
      .text(kind)
      .text(SLED_BUILD_VERSION)
      .number(SLED_ABI_VERSION)
      .text(SLED_BUILD_LLAMA_COMMIT)
      .text(library_build())
      .text(compute_identity())
      .digest();
}

void say_once_that_nothing_is_tried(const std::string &probe, int error) {
  static std::once_flag once;
  std::call_once(once, [&] {
    log_warning(format_text("'%s' cannot be run (%s): model files are opened without being tried in a process of their own "
                            "first",
                            probe.c_str(), std::strerror(error)));
  });
}

}  // namespace

void require_tried(const Candidate &candidate) {
  const std::string whole = key_of(candidate.content, kProbeWhole);
  const std::string vocabulary = key_of(candidate.content, kProbeVocabulary);
  if (was_tried(whole) || (candidate.vocabulary_only && was_tried(vocabulary))) {
    return;
  }
  const std::string probe = (library_path().parent_path() / "sled-probe").string();
  const int64_t seconds = kLeastSeconds + candidate.bytes / kSlowBytesPerSecond;
  std::vector<std::string> command = {probe, cpu_backend_file(), candidate.vocabulary_only ? kProbeVocabulary : kProbeWhole,
                                      std::to_string(kWorkingBytes + 3 * candidate.bytes), std::to_string(seconds),
                                      candidate.path};
  if (const char *const emulator = program_emulator()) {
    command.insert(command.begin(), emulator);
  }
  const ProbeEnd end = run(command, kClockFactor * seconds);
  if (!was_run(end)) {
    say_once_that_nothing_is_tried(probe, end.started ? ENOEXEC : end.error);
    return;
  }
  judge(candidate, end, seconds);
  remember_tried(candidate.vocabulary_only ? vocabulary : whole);
}

}  // namespace sled
