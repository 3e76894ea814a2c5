// Choosing a token from a row of logits, as ../SAMPLING.md specifies it: penalties, bias, top-k, top-p, min-p,
// temperature, and noise that server and device share.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sled.h"

namespace sled {

// Parameters whose ranges are checked.
struct Sampling {
  float temperature = 0.0F;
  int32_t top_k = 0;
  float top_p = 1.0F;
  float min_p = 0.0F;
  float repeat_penalty = 1.0F;
  float presence_penalty = 0.0F;
  float frequency_penalty = 0.0F;
  int32_t penalty_last_n = 0;
  uint64_t seed = 0;
  std::vector<sled_logit_bias> logit_bias;

  // From the C struct; null: greedy. Fails with SLED_ERR_ARGUMENT or SLED_ERR_TOKEN. vocabulary: ids are below it.
  static Sampling checked(const sled_sampling *params, int32_t vocabulary);

  bool has_penalties() const {
    return penalty_last_n != 0 && (repeat_penalty != 1.0F || presence_penalty != 0.0F || frequency_penalty != 0.0F);
  }

  // The tokens of a history of this length that the penalties look at: the last so many.
  int32_t penalty_window(int32_t history_count) const {
    return penalty_last_n < 0 || penalty_last_n > history_count ? history_count : penalty_last_n;
  }

  // Whether the `count` largest logits of a row are all that a choice depends on. Of tokens with the last one's very logit
  // it is open which ones are among them.
  bool needs_only(int32_t count) const;
};

// How sure a choice was, in the distribution that it was drawn from; at temperature 0 in the softmax at temperature 1.
struct Odds {
  float probability;  // of the choice
  float margin;       // minus that of the likeliest other token
  float entropy;      // nats
};

// Scratch memory for choosing; one thread at a time. Nothing of one choice has an effect on the next.
class Sampler {
 public:
  // Chooses for position `position`. logits: `count` of them; penalties and bias are written into them. window: the
  // last penalty_window(position) tokens before it, looked at only if there are penalties.
  // Returns -1 if no logit is above minus infinity: the model is broken, not the caller.
  int32_t choose(const Sampling &sampling, float *logits, int32_t count, int32_t position, const int32_t *window);

  // The same, from a row's largest logits, of tokens `ids`, in any order. For parameters that need only those.
  int32_t choose_among(const Sampling &sampling, const int32_t *ids, const float *logits, int32_t count, int32_t position,
                       const int32_t *window);

  // Of the last choice from a whole row; `logits` as it left them.
  Odds odds(const float *logits) const;

 private:
  static constexpr float kNothing = -std::numeric_limits<float>::infinity();

  // A filter keeps a beginning of the order (larger logit, then lower id). Where it ends: at this token.
  struct Cut {
    float logit;
    int32_t id;
    double floor;  // least logit minus maximum that min-p lets through

    bool cuts() const { return logit > kNothing || floor > kNothing; }
    bool keeps(float l, int32_t x, double maximum) const {
      return (l > logit || (l == logit && x <= id)) && static_cast<double>(l) - maximum >= floor;
    }
    // Whether it may keep a token of this logit, whatever its id: monotone, so that a block's maximum answers for it.
    bool may_keep(float l, double maximum) const { return l >= logit && static_cast<double>(l) - maximum >= floor; }
  };

  struct Candidate {
    float logit;
    int32_t id;
    int64_t weight;
  };

  // at(token): where its logit is, null for none.
  template <typename At>
  void penalize(const Sampling &sampling, int32_t window_count, const int32_t *window, At &&at);
  int32_t choose_penalized(const Sampling &sampling, const float *logits, int32_t count, int32_t position);
  void scan(const float *logits, int32_t count);
  const float *block(const float *logits, int32_t index) const;
  int32_t first_of(const float *logits, float value) const;
  void cut_top_k(const float *logits, int32_t k);
  void cut_top_p(const float *logits, float p, bool after_top_k);
  void collect(const float *logits, float least);
  int64_t total_weight(const float *logits) const;
  int32_t draw(const Sampling &sampling, const float *logits, int32_t position) const;
  int32_t id_of(int32_t index) const { return ids_ == nullptr ? index : ids_[index]; }

  int32_t count_ = 0;
  int32_t blocks_ = 0;
  float maximum_ = 0.0F;
  Cut cut_{};
  double temperature_ = 1.0;
  int32_t choice_ = -1;
  std::vector<float> block_maximum_;
  std::vector<float> tail_;  // the last, incomplete block, filled up with minus infinity
  std::vector<float> ranked_;
  std::vector<Candidate> candidates_;
  std::vector<int32_t> occurrences_;  // by token; zero between choices
  const int32_t *ids_ = nullptr;      // by index in the row, ascending; null: a whole row, whose indices are ids
  std::vector<int32_t> top_ids_;
  std::vector<float> top_logits_;
};

}  // namespace sled
