// Steps of one engine in several shapes, timed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "options.hpp"
#include "sled.h"

namespace layouts {

// How many rows the sessions of a step give, and where they are.
struct Shape {
  const char *name;
  int32_t least_rows;
  int32_t most_rows;
  int32_t stride;  // of sequence ids: 2 = every second one, the others are idle
};

constexpr Shape kShapes[] = {{"1 row each", 1, 1, 1},
                             {"5 rows each", 5, 5, 1},
                             {"2 to 8 rows", 2, 8, 1},
                             {"5 rows each, every second id", 5, 5, 2}};

struct Cell {
  int32_t context;
  int32_t sessions;
  const Shape *shape;
  double step_ms;  // median
  int32_t passes;
  int32_t rows;         // computed
  int32_t useful_rows;
};

// A way to open an engine.
struct Setup {
  const char *name;
  int32_t kv_layout;
  int32_t numerics;
};

// In the order of contexts, sessions, shapes. *info: what came out. Empty where the engine is not possible (exact numerics
// with these weights, say): *why has the reason. Throws std::runtime_error with the library's text otherwise.
std::vector<Cell> measure(int64_t model, const Setup &setup, const Options &options, sled_engine_info *info,
                          std::string *why);

// Throws std::runtime_error unless the status is SLED_OK.
void check(int32_t status, const char *what);

std::string last_error();

}  // namespace layouts
