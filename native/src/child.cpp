#include "child.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "descriptor.hpp"
#include "status.hpp"

extern char **environ;

namespace sled {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kErrorBytes = 16384;  // of standard error: the cause is in the first lines

// Where a program cannot be run, some systems (emulators among them) say so only in the process that was to become it,
// which then ends as a shell does that finds no program.
constexpr int kNoProgram = 127;

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> result;
  for (std::string &text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

// The environment, with what keeps ggml from calling a debugger when it gives up.
std::vector<std::string> child_environment() {
  std::vector<std::string> variables;
  for (char **variable = environ; variable != nullptr && *variable != nullptr; variable++) {
    variables.emplace_back(*variable);
  }
  variables.emplace_back("GGML_NO_BACKTRACE=1");
  return variables;
}

// A libsled that runs in an emulator names it in SLED_EMULATOR, where the system would not run its programs otherwise.
std::vector<std::string> command_line(const ChildCommand &command) {
  std::vector<std::string> line;
  const char *const emulator = std::getenv("SLED_EMULATOR");
  if (emulator != nullptr && *emulator != '\0') {
    line.emplace_back(emulator);
  }
  line.push_back(path_beside(command.program));
  line.insert(line.end(), command.arguments.begin(), command.arguments.end());
  return line;
}

// A file without a name: a pipe would have to be written while others are read.
int file_with(const std::string &input, const std::string &program) {
  const int file = memfd_create("sled-input", MFD_CLOEXEC);
  if (file < 0) {
    fail(SLED_ERR_IO, "%s cannot be started: no memory file: %s", program.c_str(), std::strerror(errno));
  }
  for (size_t at = 0; at < input.size();) {
    const ssize_t count = pwrite(file, input.data() + at, input.size() - at, static_cast<off_t>(at));
    if (count <= 0) {
      const int error = errno;
      close(file);
      fail(SLED_ERR_IO, "%s cannot be started: its input of %zu bytes: %s", program.c_str(), input.size(),
           std::strerror(error));
    }
    at += static_cast<size_t>(count);
  }
  return file;
}

// One of a child's outputs, read while it runs.
class Output {
 public:
  Output(size_t most_bytes, const std::string &program) : most_bytes_(most_bytes), reading_(-1), writing_(-1) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      fail(SLED_ERR_IO, "%s cannot be started: no pipe: %s", program.c_str(), std::strerror(errno));
    }
    reading_.reset(ends[0]);
    writing_.reset(ends[1]);
  }

  int child_end() const { return writing_.number(); }
  void close_child_end() { writing_.reset(-1); }
  bool is_open() const { return reading_.number() >= 0; }
  pollfd readable() const { return {reading_.number(), POLLIN, 0}; }  // poll() leaves a negative descriptor out
  std::string take_text() { return std::move(text_); }

  // Reads what is there. Behind the last byte it is no longer open.
  void read_some() {
    char buffer[16384];
    const ssize_t count = read(reading_.number(), buffer, sizeof(buffer));
    if (count > 0) {
      text_.append(buffer, std::min(static_cast<size_t>(count), most_bytes_ - text_.size()));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      reading_.reset(-1);
    }
  }

 private:
  const size_t most_bytes_;
  Descriptor reading_;
  Descriptor writing_;
  std::string text_;
};

// A started program. Whoever has started one waits for its end.
class Child {
 public:
  explicit Child(const ChildCommand &command)
      : input_(file_with(command.input, command.program)),
        output_(command.output_bytes, command.program),
        errors_(kErrorBytes, command.program) {
    start_error_ = start(command);
    input_.reset(-1);
    output_.close_child_end();
    errors_.close_child_end();
  }

  ChildResult finish(int64_t timeout_ms) {
    ChildResult result;
    result.start_error = start_error_;
    if (start_error_ == 0) {
      result.timed_out = !read_outputs(Clock::now() + std::chrono::milliseconds(timeout_ms));
      take_status(result);
      result.output = output_.take_text();
      result.errors = errors_.take_text();
      if (result.exit_status == kNoProgram && result.output.empty()) {
        result.start_error = ENOEXEC;
      }
    }
    return result;
  }

 private:
  int start(const ChildCommand &command) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input_.number(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_.child_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_.child_end(), STDERR_FILENO);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    std::vector<std::string> line = command_line(command);
    std::vector<std::string> environment = child_environment();
    const int error = posix_spawn(&id_, line[0].c_str(), &actions, &attributes, pointers(line).data(),
                                  pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }

  // False if it had to be killed because the time was over.
  bool read_outputs(Clock::time_point deadline) {
    while (output_.is_open() || errors_.is_open()) {
      const int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left_ms <= 0) {
        kill(id_, SIGKILL);
        return false;
      }
      pollfd outputs[2] = {output_.readable(), errors_.readable()};
      constexpr int64_t kMostPollMs = 60000;  // poll() takes an int
      if (poll(outputs, 2, static_cast<int>(std::min(left_ms, kMostPollMs))) < 0 && errno != EINTR) {
        kill(id_, SIGKILL);  // nothing can be read any more
        return true;
      }
      if (outputs[0].revents != 0) {
        output_.read_some();
      }
      if (outputs[1].revents != 0) {
        errors_.read_some();
      }
    }
    return true;
  }

  void take_status(ChildResult &result) const {
    int status = 0;
    pid_t waited = -1;
    do {
      waited = waitpid(id_, &status, 0);
    } while (waited < 0 && errno == EINTR);
    // Unknown where the host program ignores SIGCHLD, or waits for all children: then the outputs alone decide.
    result.exit_status = waited == id_ && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.signal = waited == id_ && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  Descriptor input_;
  Output output_;
  Output errors_;
  pid_t id_ = -1;
  int start_error_ = 0;
};

}  // namespace

std::string path_beside(const std::string &program) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void *>(&sled_abi_version), &info) == 0 || info.dli_fname == nullptr) {
    fail(SLED_ERR_IO, "where libsled.so lies is unknown, so %s beside it cannot be started", program.c_str());
  }
  const std::string library = info.dli_fname;
  return library.substr(0, library.rfind('/') + 1) + program;
}

std::string signal_name(int32_t signal) {
  switch (signal) {
    case 0: return "";
    case SIGABRT: return "SIGABRT";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGKILL: return "SIGKILL";
    case SIGXCPU: return "SIGXCPU";
    default: return format_text("signal %d", signal);
  }
}

ChildResult run_child(const ChildCommand &command) { return Child(command).finish(command.timeout_ms); }

}  // namespace sled
