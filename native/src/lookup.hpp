// Guesses by lookup: a text that says again what it has said before goes on as it did then.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sled {

// Finds the newest place where the last three tokens stood before (else the last two, or the last one), and copies what
// followed there: at most `wanted` ids to `guesses`. Returns how many; 0 if the last token is new. Pure.
inline int32_t guess_by_lookup(const int32_t *tokens, int32_t count, int32_t wanted, int32_t *guesses) {
  for (int32_t length = std::min(3, count - 1); length >= 1; length--) {
    const int32_t *const suffix = tokens + count - length;
    for (int32_t at = count - length - 1; at >= 0; at--) {
      if (std::equal(suffix, suffix + length, tokens + at)) {
        const int32_t known = std::min(wanted, count - (at + length));
        std::copy_n(tokens + at + length, known, guesses);
        return known;
      }
    }
  }
  return 0;
}

}  // namespace sled
