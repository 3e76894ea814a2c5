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

#include "status.hpp"

extern char **environ;

namespace sled {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  int number() const { return number_; }
  void reset() {
    if (number_ >= 0) {
      close(number_);
      number_ = -1;
    }
  }

 private:
  int number_;
};

std::string path_beside(const char *program) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void *>(&path_beside), &info) == 0 || info.dli_fname == nullptr) {
    fail(SLED_ERR_IO, "where libsled.so lies is unknown, so %s beside it cannot be started", program);
  }
  const std::string library = info.dli_fname;
  const size_t slash = library.rfind('/');
  return (slash == std::string::npos ? std::string() : library.substr(0, slash + 1)) + program;
}

// A file without a name: a pipe would have to be written while another is read.
int file_with(const std::string &input, const std::string &path) {
  const int file = memfd_create("sled-request", MFD_CLOEXEC);
  if (file < 0) {
    fail(SLED_ERR_IO, "%s cannot be started: no memory file: %s", path.c_str(), std::strerror(errno));
  }
  for (size_t at = 0; at < input.size();) {
    const ssize_t count = pwrite(file, input.data() + at, input.size() - at, static_cast<off_t>(at));
    if (count <= 0) {
      const int error = errno;
      close(file);
      fail(SLED_ERR_IO, "%s cannot be started: its request of %zu bytes: %s", path.c_str(), input.size(),
           std::strerror(error));
    }
    at += static_cast<size_t>(count);
  }
  return file;
}

// Starts it with nothing of this process's signal handling, and with no descriptors but these and standard error.
pid_t start(const std::string &path, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string program = path;
  char *arguments[3] = {program.data(), nullptr, nullptr};
  std::string emulator;
  if (const char *const value = program_emulator()) {
    emulator = value;
    arguments[0] = emulator.data();
    arguments[1] = program.data();
  }
  pid_t child = -1;
  const int error = posix_spawn(&child, arguments[0], &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    fail(SLED_ERR_IO, "%s cannot be started: %s", arguments[0], std::strerror(error));
  }
  return child;
}

}  // namespace

const char *program_emulator() {
  const char *const emulator = std::getenv("SLED_EMULATOR");
  return emulator != nullptr && *emulator != '\0' ? emulator : nullptr;
}

ChildResult run_beside(const char *program, const std::string &input, int64_t output_bytes, int32_t timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const std::string path = path_beside(program);
  Descriptor request(file_with(input, path));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    fail(SLED_ERR_IO, "%s cannot be started: no pipe: %s", path.c_str(), std::strerror(errno));
  }
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const pid_t child = start(path, request.number(), writing.number());
  writing.reset();

  ChildResult result{};
  bool ended = false;  // its end of the pipe is closed
  while (!ended && !result.timed_out && static_cast<int64_t>(result.output.size()) <= output_bytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd readable{reading.number(), POLLIN, 0};
    const int ready = poll(&readable, 1, static_cast<int>(std::max<int64_t>(0, left)));
    if (ready > 0) {
      char buffer[16384];
      const ssize_t count = read(reading.number(), buffer, sizeof(buffer));
      if (count > 0) {
        result.output.append(buffer, static_cast<size_t>(count));
      } else {
        ended = count == 0 || errno != EINTR;
      }
    } else {
      result.timed_out = ready == 0;
    }
  }
  if (!ended) {
    kill(child, SIGKILL);
  }
  int status = 0;
  pid_t waited = -1;
  do {
    waited = waitpid(child, &status, 0);
  } while (waited < 0 && errno == EINTR);
  // Unknown where the host process has its children waited for elsewhere: then the output alone decides.
  result.exit_status = waited == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.signal = waited == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return result;
}

}  // namespace sled
