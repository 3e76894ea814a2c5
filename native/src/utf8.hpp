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
    if (expected <= back) {
      return count;
    }
    if (back >= 2) {  // overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte
      const unsigned char second = bytes[count - back + 1];
      if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) || (c == 0xF0 && second < 0x90) ||
          (c == 0xF4 && second > 0x8F)) {
        return count;
      }
    }
    return count - back;
  }
  return count;
}

}  // namespace sled
