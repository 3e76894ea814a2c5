// SHA-256: for what an attacker might forge. (hash.hpp is for accidents.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

extern "C" {
#include "hash/sha256/sha256.h"
}

namespace sled {

class Sha256 {
 public:
  Sha256() { sha256_init(&state_); }
  Sha256 &bytes(const void *data, size_t size) {
    sha256_update(&state_, static_cast<const unsigned char *>(data), size);
    return *this;
  }
  // Length first, so that "ab","c" and "a","bc" differ.
  Sha256 &text(const std::string &s) { return number(static_cast<int64_t>(s.size())).bytes(s.data(), s.size()); }
  Sha256 &number(int64_t value) { return bytes(&value, sizeof(value)); }

  // In hexadecimal digits. Ends the hash.
  std::string digest() {
    unsigned char bytes[SHA256_DIGEST_SIZE];
    sha256_final(&state_, bytes);
    std::string text;
    for (const unsigned char byte : bytes) {
      char digits[3];
      std::snprintf(digits, sizeof(digits), "%02x", byte);
      text += digits;
    }
    return text;
  }

 private:
  sha256_t state_{};
};

}  // namespace sled
