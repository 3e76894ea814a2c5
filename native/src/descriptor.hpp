// An open file that closes itself.
#pragma once

#include <unistd.h>

namespace sled {

class Descriptor {
 public:
  // number: of an open file, which it owns from now on, or negative for none.
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(-1); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  int number() const { return number_; }

  // Closes it and takes another one.
  void reset(int number) {
    if (number_ >= 0) {
      close(number_);
    }
    number_ = number;
  }

 private:
  int number_;
};

}  // namespace sled
