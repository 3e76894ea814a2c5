// The command line of layouts_table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace layouts {

extern const char *const kHelp;

struct Options {
  std::string model;
  std::string backends;
  std::vector<int32_t> sessions = {1, 4, 8, 16, 32};
  std::vector<int32_t> contexts = {128, 1000};
  int32_t threads = 0;  // all cores
  int32_t steps = 9;
  int32_t pass_cost_rows = 0;  // the library's default
  bool pin = false;
  bool help = false;
};

// Throws tools::UsageError.
Options parse_options(const std::vector<std::string> &arguments);

}  // namespace layouts
