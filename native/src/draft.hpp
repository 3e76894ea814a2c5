// The draft context: one sequence of a small model on a device.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "backend.hpp"
#include "context.hpp"
#include "model.hpp"
#include "row_batch.hpp"
#include "row_rule.hpp"
#include "sampling.hpp"
#include "sled.h"

namespace sled {

// All calls under `mutex`: one thread at a time.
class Draft {
 public:
  Draft(std::shared_ptr<Model> model, const sled_draft_params &params);

  void sample(const sled_sampling *sampling);
  void decode(int32_t position, const void *tokens, int32_t token_count, sled_draft_choice &choice);

  std::mutex mutex;

 private:
  ModelUse model_;
  const int32_t threads_;
  ThreadPool pool_;
  int32_t context_tokens_;
  Context context_;
  RowRule rule_{1, 1, INT32_MAX};  // fast rows have none
  int32_t cached_ = 0;
  std::vector<int32_t> tokens_;  // what stands at each position with K/V: the history for penalties
  Sampling sampling_;
  Sampler sampler_;

  RowBatch batch_;
};

}  // namespace sled
