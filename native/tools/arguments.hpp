// What the command lines of several tools have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace tools {

// A command line that makes no sense; the text says what is wrong with it.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws UsageError, as all below.
inline int32_t parse_number(const std::string &option, const std::string &value, int32_t low, int32_t high) {
  char *end = nullptr;
  const long number = std::strtol(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || number < low || number > high) {
    throw UsageError(option + ": '" + value + "' is not a number from " + std::to_string(low) + " to " +
                     std::to_string(high));
  }
  return static_cast<int32_t>(number);
}

// "a,b" -> a, b.
inline std::vector<std::string> split_list(const std::string &list) {
  std::vector<std::string> parts;
  for (size_t from = 0; from <= list.size();) {
    const size_t to = std::min(list.find(',', from), list.size());
    parts.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

inline std::vector<int32_t> parse_numbers(const std::string &option, const std::string &list, int32_t low, int32_t high) {
  std::vector<int32_t> numbers;
  for (const std::string &part : split_list(list)) {
    numbers.push_back(parse_number(option, part, low, high));
  }
  return numbers;
}

}  // namespace tools
