#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.h"

namespace exactness {

extern const char *const kHelp;

struct Options {
  std::string architecture = "."; // a regular expression, looked for in the names
  std::vector<ggml_type> types;
  std::vector<std::string> models;  // files, instead of random models
  int32_t streams = 6;              // of a round
  int32_t tokens = 40;              // new ones of a stream
  int32_t rounds = 3;
  int32_t seconds = 60;  // no further round of a model begins after that
  int32_t width = 256;   // columns of random models
  uint32_t seed = 1;     // of the first round
  int32_t kv_type = 0;   // enum sled_kv_type
  std::string backends;
  bool fast = false;  // with fast numerics: what the search finds then
  bool help = false;
};

// Throws tools::UsageError.
Options parse_options(const std::vector<std::string> &arguments);

}  // namespace exactness
