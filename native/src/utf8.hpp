#pragma once

#include <cstdint>

namespace sled {

// See sled_utf8_complete_bytes().
inline int32_t utf8_complete_bytes(const unsigned char *bytes, int32_t count) {
  // Look back at most 3 bytes for a leading byte that promises more than is there.
  for (int32_t back = 1; back <= 3 && back <= count; back++) {
    const unsigned char c = bytes[count - back];
    if ((c & 0xC0) == 0x80) {
      continue;  // a continuation byte: its leading byte is further back
    }
    int32_t expected = 1;
    if (c >= 0xC2 && c <= 0xDF) {
      expected = 2;
    } else if (c >= 0xE0 && c <= 0xEF) {
      expected = 3;
    } else if (c >= 0xF0 && c <= 0xF4) {
      expected = 4;
    }
    return expected > back ? count - back : count;
  }
  return count;
}

}  // namespace sled
