#include "status.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace sled {
namespace {

thread_local std::string t_last_error;

std::string format_list(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  const int length = std::vsnprintf(nullptr, 0, format, args);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  if (length > 0) {
    std::vsnprintf(text.data(), text.size() + 1, format, again);
  }
  va_end(again);
  return text;
}

}  // namespace

void fail(int32_t status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = format_list(format, args);
  va_end(args);
  throw Failure{status, std::move(text)};
}

std::string format_text(const char *format, ...) {
  va_list args;
  va_start(args, format);
  std::string text = format_list(format, args);
  va_end(args);
  return text;
}

std::string human_bytes(int64_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
    value /= 1024.0;
    unit++;
  }
  return format_text(unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void set_last_error(std::string text) {
  // One line, whatever words of a file are in it.
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  t_last_error = std::move(text);
}

const std::string &last_error() { return t_last_error; }

int32_t copy_text(const std::string &text, char *buffer, int32_t capacity, int32_t *length) {
  if (length == nullptr || capacity < 0 || (buffer == nullptr && capacity > 0)) {
    fail(SLED_ERR_ARGUMENT, "a text result needs a buffer and a place for its length");
  }
  *length = static_cast<int32_t>(text.size());
  if (static_cast<size_t>(capacity) < text.size() + 1) {
    fail(SLED_ERR_CAPACITY, "the text needs %zu bytes, the buffer has %d", text.size() + 1, capacity);
  }
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  return SLED_OK;
}

int32_t status_of_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (Failure &failure) {
      set_last_error(std::move(failure.text));
      return failure.status;
    } catch (const std::bad_alloc &) {
      set_last_error("out of memory");
      return SLED_ERR_MEMORY;
    } catch (const std::exception &e) {
      set_last_error(std::string("internal error: ") + e.what());
      return SLED_ERR_INTERNAL;
    } catch (...) {
      set_last_error("internal error of unknown type");
      return SLED_ERR_INTERNAL;
    }
  } catch (...) {  // not even the text could be stored
    return SLED_ERR_INTERNAL;
  }
}

}  // namespace sled
