// Programs that libsled runs in a process of their own, for what must not end or stop this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sled {

struct ChildCommand {
  std::string program;  // lies beside libsled
  std::vector<std::string> arguments;
  std::string input;    // its standard input
  size_t output_bytes;  // of its standard output are kept, the rest is dropped
  int64_t timeout_ms;   // then it is killed
};

struct ChildResult {
  int start_error = 0;       // errno: why it was not run; 0: it was
  std::string output;        // of standard output
  std::string errors;        // the beginning of standard error
  int32_t exit_status = -1;  // -1: ended by a signal, or unknown
  int32_t signal = 0;        // 0: none
  bool timed_out = false;
};

// Runs a program and reads its outputs to the end. It has the environment of this process, nothing of its signal handling,
// and a process group of its own: Ctrl-C at a terminal is not meant for it. Bounds of memory and processor time the program
// sets itself. Fails with SLED_ERR_IO where there is no pipe or no memory for the input. Any thread.
ChildResult run_child(const ChildCommand &command);

// Where a program lies, for messages.
std::string path_beside(const std::string &program);

// "SIGSEGV" and the like, "signal 64" of others, "" for 0.
std::string signal_name(int32_t signal);

}  // namespace sled
