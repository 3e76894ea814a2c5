// The Markdown on stdout.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "measure.hpp"

namespace acceptance {

using Results = std::vector<std::pair<Setting, Result>>;

struct Introduction {
  std::string target;
  std::string draft;
  int32_t vocabulary;
  int32_t prompts;
  int32_t tokens;
  uint64_t seed;
  int32_t short_list;
};

void print_report(const Introduction &introduction, const Results &results);

}  // namespace acceptance
