// What the tool is doing, on stderr.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace numerics {

class Progress {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  void say(const std::string &what) const { std::fprintf(stderr, "%6.1f s  %s\n", seconds(), what.c_str()); }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace numerics
