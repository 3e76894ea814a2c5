// A native session: the committed tokens of one generation stream and the bookkeeping of its K/V.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sampling.hpp"
#include "sled.h"

namespace sled {

// What a block's verdict is, from the target's own choices at its rows. Pure.
struct Verdict {
  int32_t verified;
  int32_t accepted;
  int32_t next_token;
  int32_t finish;      // enum sled_finish
};

// K/V of a session in host memory.
struct SavedKv {
  std::unique_ptr<uint8_t[]> bytes;
  size_t size = 0;
};

class Session {
 public:
  // limit: the committed length is never more than this; context: the limit is the context's, not the caller's.
  Session(std::vector<int32_t> prompt, int32_t limit, bool limited_by_context, bool ignore_end, Sampling sampling)
      : tokens_(std::move(prompt)),
        sampling_(std::move(sampling)),
        prompt_(static_cast<int32_t>(tokens_.size())),
        limit_(limit),
        limited_by_context_(limited_by_context),
        ignore_end_(ignore_end) {
    tokens_.reserve(static_cast<size_t>(limit));  // no allocation while generating
  }

  int32_t prompt() const { return prompt_; }
  int32_t committed() const { return static_cast<int32_t>(tokens_.size()); }
  int32_t cached() const { return cached_; }
  int32_t limit() const { return limit_; }
  int32_t finish() const { return finish_; }
  bool ignores_end() const { return ignore_end_; }
  const int32_t *tokens() const { return tokens_.data(); }
  const Sampling &sampling() const { return sampling_; }

  // Drafts that can still be of use: one place is the target's own token.
  int32_t room_for_drafts() const { return limit_ - committed() - 1; }

  // Walks the target's choices against the drafts. choice(i): the target's token after i drafts; ends(token): whether
  // it ends the generation. Called with draft_count <= room_for_drafts() and an unfinished session.
  template <typename Choice, typename Ends>
  Verdict judge(int32_t draft_count, const int32_t *drafts, Choice &&choice, Ends &&ends) const {
    Verdict verdict{0, 0, -1, SLED_FINISH_NONE};
    int32_t length = committed();
    for (int32_t i = 0;; i++) {
      const int32_t token = choice(i);
      const bool drafted = i < draft_count && drafts[i] == token;
      length++;
      if (!ignore_end_ && ends(token)) {
        verdict.finish = SLED_FINISH_STOP;
      } else if (length >= limit_) {
        verdict.finish = limited_by_context_ ? SLED_FINISH_CONTEXT : SLED_FINISH_LENGTH;
      }
      if (drafted && verdict.finish == SLED_FINISH_NONE) {
        verdict.accepted++;
        continue;
      }
      // The last token of a generation is always the target's own, also where it was drafted: a verdict has a next
      // token, and the committed length is kv_offset + accepted + 2, without exception.
      verdict.verified = verdict.accepted + (i < draft_count && !drafted ? 1 : 0);
      verdict.next_token = token;
      return verdict;
    }
  }

  // Commits a verdict; the rows of the lead and of the accepted drafts have K/V now.
  void commit(const Verdict &verdict, const int32_t *drafts) {
    tokens_.insert(tokens_.end(), drafts, drafts + verdict.accepted);
    tokens_.push_back(verdict.next_token);
    finish_ = verdict.finish;
    cached_ = committed() - 1;
  }

  void set_cached(int32_t cached) { cached_ = cached; }

  // The sequence of the K/V cache that it owns, -1 = none. The first cached() positions have K/V there, or in saved().
  int32_t sequence() const { return sequence_; }
  bool resident() const { return sequence_ >= 0; }
  void set_sequence(int32_t sequence) { sequence_ = sequence; }
  const SavedKv &saved() const { return saved_; }
  void set_saved(SavedKv saved) { saved_ = std::move(saved); }

 private:
  std::vector<int32_t> tokens_;
  const Sampling sampling_;
  const int32_t prompt_;
  const int32_t limit_;
  const bool limited_by_context_;
  const bool ignore_end_;
  int32_t cached_ = 0;
  int32_t sequence_ = -1;
  SavedKv saved_;
  int32_t finish_ = SLED_FINISH_NONE;
};

}  // namespace sled
