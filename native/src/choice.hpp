// Choosing a token from a row of logits. Greedy: the largest logit, the lowest id among equals.
#pragma once

#include <cstdint>

namespace sled {

// -1 if no logit is a number larger than minus infinity: the model is broken, not the caller.
int32_t argmax(const float *logits, int32_t count);

struct DraftOdds {
  int32_t token;      // -1 as above
  float probability;  // softmax of the largest
  float margin;       // to the second largest
  float entropy;      // nats
};

DraftOdds draft_odds(const float *logits, int32_t count);

}  // namespace sled
