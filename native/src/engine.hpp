// The verify engine: one llama.cpp context, many sessions, one step at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "backend.hpp"
#include "batch_shape.hpp"
#include "memory.hpp"
#include "model.hpp"
#include "session.hpp"
#include "sled.h"

namespace sled {

struct ContextFree {
  void operator()(llama_context *context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, ContextFree>;

// Creates a context with flash attention and attaches the pool; fails with SLED_ERR_MEMORY or SLED_ERR_UNSUPPORTED.
Context make_context(const Model &model, const ContextShape &shape, int32_t threads, ggml_threadpool *pool);

// K/V cells of a sequence that is to have so many positions.
int32_t cells_for(int64_t positions);

int32_t conclude_threads(int32_t requested);

// All calls under `mutex` (see Exclusive): one thread at a time.
class Engine {
 public:
  Engine(std::shared_ptr<Model> model, const sled_engine_params &params);

  static sled_memory_plan plan(const Model &model, const sled_engine_params &params);

  sled_engine_info describe() const;

  int32_t open_session(const void *prompt, int32_t prompt_count, int32_t max_new_tokens, int32_t flags);
  void close_session(int32_t sequence);
  sled_session_info describe_session(int32_t sequence) const;
  void copy_tokens(int32_t sequence, int32_t from, int32_t count, void *to) const;
  void evict(int32_t sequence, int32_t cached_tokens);

  void step(sled_slot *slots, int32_t slot_count, sled_step_stats *stats);

  std::mutex mutex;

 private:
  // One slot's way through a step.
  struct Row {
    int32_t draft_count;   // after trimming to what the session has room for
    int32_t first_choice;  // index into choices_; one per output row
    int32_t choice_count;
  };

  static ContextShape shape_of(const Model &model, const sled_engine_params &params);
  const Session &session(int32_t sequence) const;
  Session &session(int32_t sequence);
  void admit(sled_slot *slots, int32_t index);
  void decode_group(const sled_slot *slots, const ShapeGroup &group, sled_step_stats &stats);
  void drop_kv(int32_t sequence, int32_t from);
  void abandon(const sled_slot *slots);
  int32_t draft_token(const sled_slot &slot, int32_t index) const;

  ModelUse model_;
  const int32_t threads_;
  ThreadPool pool_;
  ContextShape shape_;
  int32_t context_tokens_;
  int32_t position_limit_;
  Context context_;
  sled_memory_plan memory_{};
  int64_t numerics_id_;
  std::array<std::unique_ptr<Session>, SLED_MAX_SEQUENCES> sessions_;
  int32_t in_use_ = 0;

  // Reused by every step.
  llama_batch batch_{};
  struct BatchFree {
    llama_batch *batch;
    ~BatchFree() { llama_batch_free(*batch); }
  } batch_free_{&batch_};
  std::vector<ShapeItem> items_;
  std::vector<ShapeGroup> groups_;
  std::vector<Row> rows_;             // by slot index
  std::vector<int32_t> choices_;      // the target's token at each output row
  std::vector<int32_t> drafts_;       // one slot's drafts, gathered
  std::array<bool, SLED_MAX_SEQUENCES> sequence_seen_{};
};

}  // namespace sled
