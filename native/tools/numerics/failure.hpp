// Failures of llama.cpp, and the user's wish to stop.
#pragma once

#include <csignal>
#include <string>

#include "log_queue.hpp"
#include "sled.h"
#include "status.hpp"

namespace numerics {

// With what llama.cpp has logged about it.
[[noreturn]] inline void fail(const std::string &what) {
  const std::string why = sled::first_logged_error();
  sled::fail(SLED_ERR_DECODE, "%s%s%s", what.c_str(), why.empty() ? "" : ": ", why.c_str());
}

// Set by a signal handler. It takes effect between two batches: the temporary directory is removed on the way out.
extern volatile std::sig_atomic_t g_interrupted;

inline void stop_if_interrupted() {
  if (g_interrupted != 0) {
    sled::fail(SLED_ERR_DECODE, "interrupted");
  }
}

}  // namespace numerics
