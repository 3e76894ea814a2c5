// Generation streams whose tokens are known beforehand, for tests of exactness.
#pragma once

#include <algorithm>
#include <random>

#include "support.hpp"

namespace test {

// The target alone: one new token per step, nobody beside it.
inline std::vector<int32_t> alone(int64_t model, const std::vector<int32_t> &prompt, int32_t new_tokens, int32_t context,
                           const sled_sampling &sampling) {
  const int64_t engine = open_engine(model, 1, context);
  const int32_t id = open_session(engine, prompt, new_tokens, SLED_SESSION_IGNORE_END, &sampling);
  while (session(engine, id).finish == SLED_FINISH_NONE) {
    const sled_session_info info = session(engine, id);
    sled_slot s = slot(id, info.cached_tokens, std::min(32, info.committed_tokens - info.cached_tokens));
    CHECK_OK(sled_step(engine, address(&s), 1, 0));
    CHECK_OK(s.status);
  }
  std::vector<int32_t> tokens = committed(engine, id);
  CHECK_OK(sled_engine_close(engine));
  return tokens;
}

struct Stream {
  std::vector<int32_t> expected;
  sled_sampling sampling{};
  int32_t prompt_tokens = 0;
  int32_t session = -1;
  std::vector<int32_t> drafts;
};

// Drafts that are right up to a random point, then wrong: every length of acceptance occurs.
inline void draft(Stream &stream, int32_t committed, int32_t vocabulary, std::mt19937 &random) {
  const int32_t wanted = static_cast<int32_t>(random() % 18);  // 0 = push
  const int32_t right = static_cast<int32_t>(random() % 18);
  stream.drafts.clear();
  for (int32_t i = 0; i < wanted; i++) {
    const auto position = static_cast<size_t>(committed + i);
    const bool known = position < stream.expected.size();
    int32_t token = known ? stream.expected[position] : 1;
    if (i >= right || !known) {
      token = static_cast<int32_t>(random() % static_cast<uint32_t>(vocabulary));
    }
    stream.drafts.push_back(token);
  }
}

}  // namespace test
