#include "options.hpp"

#include "../arguments.hpp"
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

using tools::parse_number;
using tools::parse_numbers;
using tools::UsageError;

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
