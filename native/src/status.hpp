// Failures inside the library and how they become statuses at the boundary.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <string>

#include "sled.h"

namespace sled {

// Thrown anywhere below the boundary; guarded() turns it into a status and the thread's last error text.
struct Failure {
  int32_t status;
  std::string text;
};

// Throws a Failure with a printf-formatted text. The text is for people: say what is wrong and what would be right.
[[noreturn]] void fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

std::string format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

// 1536 -> "1.5 KiB"
std::string human_bytes(int64_t bytes);

void set_last_error(std::string text);
const std::string &last_error();

// Copies `text` to a caller's buffer by the header's rule 3.
int32_t copy_text(const std::string &text, char *buffer, int32_t capacity, int32_t *length);

int32_t status_of_current_exception() noexcept;

// Runs a function of the boundary: no exception leaves it.
template <typename Body>
int32_t guarded(Body &&body) noexcept {
  try {
    return body();
  } catch (...) {
    return status_of_current_exception();
  }
}

}  // namespace sled
