// The command line of numerics_table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace numerics {

extern const char *const kHelp;

constexpr int32_t kLongestBlock = 128;  // rows of one sequence in one batch

// A column of the tables.
struct WeightForm {
  std::string type;         // as llama.cpp names it
  bool as_in_file = false;  // not rearranged for this CPU, what SLED_MODEL_EXACT asks for

  std::string label() const { return as_in_file ? type + " as in file" : type; }
};

struct Options {
  std::string backends;
  std::vector<std::string> models;
  std::vector<WeightForm> types;
  std::vector<int32_t> contexts = {100, 700, 2000};  // ascending
  std::vector<int32_t> threads;
  int32_t rows = 16;
  int32_t reference = 5;
  int32_t gpu_layers = 0;
  bool help = false;
  bool quick = false;
  bool each = false;
  bool repack = true;
};

// Fails with SLED_ERR_ARGUMENT.
Options parse_options(std::vector<std::string> arguments);


}  // namespace numerics
