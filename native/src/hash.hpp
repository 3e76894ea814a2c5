// FNV-1a, 64 bit: for identities (fingerprints, numerics id), where accidents matter and attackers do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sled {

class Hash {
 public:
  Hash &bytes(const void *data, size_t size) {
    const auto *p = static_cast<const unsigned char *>(data);
    for (size_t i = 0; i < size; i++) {
      state_ = (state_ ^ p[i]) * UINT64_C(0x100000001B3);
    }
    return *this;
  }
  // Length first, so that "ab","c" and "a","bc" differ.
  Hash &text(const std::string &s) { return number(static_cast<int64_t>(s.size())).bytes(s.data(), s.size()); }
  Hash &number(int64_t value) { return bytes(&value, sizeof(value)); }
  int64_t value() const { return static_cast<int64_t>(state_); }

 private:
  uint64_t state_ = UINT64_C(0xCBF29CE484222325);
};

}  // namespace sled
