// Programs that libsled runs in a process of their own, for what must not end or stop this one.
#pragma once

#include <cstdint>
#include <string>

namespace sled {

struct ChildResult {
  std::string output;
  int32_t exit_status;  // -1: ended by a signal, or unknown
  int32_t signal;       // 0: none
  bool timed_out;
};

// Runs a program that lies beside libsled, gives it `input` as standard input and reads its standard output to the end.
// It is killed after timeout_ms, or where it writes more than output_bytes (exit_status -1, signal SIGKILL). Fails with
// SLED_ERR_IO if it cannot be started; the text says which and why. Any thread.
ChildResult run_beside(const char *program, const std::string &input, int64_t output_bytes, int32_t timeout_ms);

// A program that runs the others, for a libsled that runs in an emulator (SLED_EMULATOR in the environment), or null.
const char *program_emulator();

}  // namespace sled
