#pragma once

#include <cstdint>
#include <string>

namespace sled {

// Bytes of the character that a byte begins; 0 if no character begins with it.
inline int32_t utf8_bytes_from(unsigned char first) {
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return 2;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    return 3;
  }
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

// Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
inline bool utf8_second_fits(unsigned char first, unsigned char second) {
  return (second & 0xC0) == 0x80 && !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F) &&
         !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
}

// See sled_utf8_complete_bytes().
inline int32_t utf8_complete_bytes(const unsigned char *bytes, int32_t count) {
  // Look back at most 3 bytes for a leading byte that promises more than is there.
  for (int32_t back = 1; back <= 3 && back <= count; back++) {
    const unsigned char *const c = bytes + (count - back);
    if ((*c & 0xC0) == 0x80) {
      continue;  // a continuation byte: its leading byte is further back
    }
    const bool fits = back == 1 || utf8_second_fits(c[0], c[1]);
    return fits && utf8_bytes_from(*c) > back ? count - back : count;
  }
  return count;
}

// The text with U+FFFD in place of every byte that is not part of a well-formed character.
inline std::string utf8_repaired(const char *text, int32_t count) {
  const auto *const bytes = reinterpret_cast<const unsigned char *>(text);
  std::string result;
  result.reserve(static_cast<size_t>(count));
  for (int32_t at = 0; at < count;) {
    const int32_t length = utf8_bytes_from(bytes[at]);
    bool sound = length > 0 && length <= count - at && (length == 1 || utf8_second_fits(bytes[at], bytes[at + 1]));
    for (int32_t i = 2; sound && i < length; i++) {
      sound = (bytes[at + i] & 0xC0) == 0x80;
    }
    if (sound) {
      result.append(text + at, static_cast<size_t>(length));
      at += length;
    } else {
      result.append("\xEF\xBF\xBD");
      at++;
    }
  }
  return result;
}

}  // namespace sled
