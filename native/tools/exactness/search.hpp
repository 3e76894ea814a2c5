// Serves random streams side by side and compares every row's logits and every token with the same streams alone.
#pragma once

#include <string>

#include "options.hpp"

namespace exactness {

enum class Verdict {
  kExact,
  kRefused,    // by name, when the engine is opened: as it should be
  kNotServed,  // exact or not
  kInexact,    // opened as exact, and is not
  kFailed
};

struct Result {
  Verdict verdict;
  std::string words;  // why, or what was compared
};

// Backends must be loaded. A broken call of sled.h ends the process with a message on stderr (support.hpp).
Result search(const std::string &path, const Options &options);

}  // namespace exactness
