// llama.cpp's and ggml's log lines, kept until the host program takes them.
#pragma once

#include <cstdint>
#include <string>

namespace sled {

// Routes llama.cpp's and ggml's log into the queue. Idempotent, any thread.
void capture_logs();

// Puts a line of our own into it, as a warning.
void log_warning(const std::string &line);

// Takes the oldest line; false when there is none. level as in sled_log_take().
bool take_log(std::string &line, int32_t &level);

// The first error line since the last call of forget_logged_errors(): llama.cpp reports why something failed only there,
// and behind the cause each of its callers says once more that it failed. Call forget_logged_errors() before what may fail.
std::string first_logged_error();
void forget_logged_errors();

}  // namespace sled
