#include "options.hpp"

#include <algorithm>
#include <cstdlib>

#include "sled.h"

namespace layouts {

const char *const kHelp =
    R"(Measures what a step costs with a split and with a unified K/V cache; prints Markdown on stdout.

  layouts_table [options]         or: ./sled layouts [options]

  --model FILE      a GGUF file (default: the demo target)
  --sessions LIST   sessions in a step (default 1,4,8,16,32); at most 128
  --contexts LIST   tokens in the K/V cache of each (default 128,1000)
  --threads N       0 = all cores (default)
  --pin             keep each thread on a core of its own
  --steps N         steps per shape at most, fewer where they take long; their median counts (default 9)
  --pass-cost N     rows that cost as much as reading the weights once more (default: the library's guess, and then
                    idle sequences never take part to save a pass)
  --backends DIR    where llama.cpp's compute backends lie (default: where they were built)
  --help

The demo target takes a minute or two. K/V for twice the sessions at the longest context must fit into memory.
)";

namespace {

int32_t parse_number(const std::string &option, const std::string &value, int32_t low, int32_t high) {
  char *end = nullptr;
  const long number = std::strtol(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || number < low || number > high) {
    throw UsageError(option + ": '" + value + "' is not a number from " + std::to_string(low) + " to " +
                     std::to_string(high));
  }
  return static_cast<int32_t>(number);
}

std::vector<int32_t> parse_numbers(const std::string &option, const std::string &list, int32_t low, int32_t high) {
  std::vector<int32_t> numbers;
  for (size_t from = 0; from <= list.size();) {
    const size_t to = std::min(list.find(',', from), list.size());
    numbers.push_back(parse_number(option, list.substr(from, to - from), low, high));
    from = to + 1;
  }
  return numbers;
}

}  // namespace

Options parse_options(const std::vector<std::string> &arguments) {
  Options options;
  options.model = std::string(SLED_MODELS_DIR) + "/demo-target.gguf";
  options.backends = SLED_LIB_DIR;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string &name = arguments[i];
    if (name == "--help" || name == "--pin") {
      (name == "--pin" ? options.pin : options.help) = true;
      continue;
    }
    if (i + 1 == arguments.size()) {
      throw UsageError(name + " is unknown or needs a value");
    }
    const std::string &value = arguments[++i];
    if (name == "--model") {
      options.model = value;
    } else if (name == "--backends") {
      options.backends = value;
    } else if (name == "--sessions") {
      options.sessions = parse_numbers(name, value, 1, SLED_MAX_SEQUENCES / 2);
    } else if (name == "--contexts") {
      options.contexts = parse_numbers(name, value, 1, 1000000);
    } else if (name == "--threads") {
      options.threads = parse_number(name, value, 0, 512);
    } else if (name == "--steps") {
      options.steps = parse_number(name, value, 1, 1000);
    } else if (name == "--pass-cost") {
      options.pass_cost_rows = parse_number(name, value, 0, 65536);
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  return options;
}

}  // namespace layouts
