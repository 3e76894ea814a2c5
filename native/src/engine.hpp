// The verify engine: one llama.cpp context, many sessions, one step at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "backend.hpp"
#include "batch_shape.hpp"
#include "context.hpp"
#include "memory.hpp"
#include "model.hpp"
#include "row_batch.hpp"
#include "row_rule.hpp"
#include "sampling.hpp"
#include "session.hpp"
#include "sled.h"
#include "top_rows.hpp"

namespace sled {

// All calls under `mutex` (see Exclusive): one thread at a time.
class Engine {
 public:
  Engine(std::shared_ptr<Model> model, const sled_engine_params &params);

  static sled_memory_plan plan(const Model &model, const sled_engine_params &params);

  sled_engine_info describe() const;

  int32_t open_session(const void *prompt, int32_t prompt_count, int32_t max_new_tokens, int32_t flags,
                       const sled_sampling *sampling);
  void close_session(int32_t id);
  sled_session_info describe_session(int32_t id) const;
  void copy_tokens(int32_t id, int32_t from, int32_t count, void *to) const;
  void evict(int32_t id, int32_t cached_tokens);
  void attach(int32_t id, int32_t sequence);
  void detach(int32_t id, int32_t keep);
  void share(int32_t to_id, int32_t from_id, int32_t token_count, int32_t move);

  void tune(int32_t pass_cost_rows);
  void step(sled_slot *slots, int32_t slot_count, sled_step_stats *stats);

  std::mutex mutex;

 private:
  // One slot's way through a step.
  struct Row {
    int32_t draft_count;   // after trimming to what the session has room for; or guesses
    int32_t first_guess;   // index into guesses_; -1: drafts are the caller's
    int32_t first_choice;  // index into choices_; one per output row up to the first wrong draft
    int32_t choice_count;  // output rows
  };

  static ContextShape shape_of(const Model &model, const sled_engine_params &params);
  const Session &session(int32_t id) const;
  Session &session(int32_t id);
  int32_t free_sequence(int32_t wish) const;
  void cut_results(int32_t sequence, const Session &s);
  void own(Session &s, int32_t id, int32_t sequence);
  void disown(Session &s);
  void save(Session &s, SavedKv kv);
  void require_savable() const;
  void move_kv(Session &to, int32_t to_id, Session &from, int32_t token_count);
  void copy_kv(Session &to, const Session &from, int32_t token_count);
  void admit(sled_slot *slots, int32_t index);
  int32_t idle_cached(int32_t sequence) const;
  void note_idle_rows();
  void add_bridge(int32_t sequence, int32_t rows);
  void decode_group(const sled_slot *slots, const ShapeGroup &group, sled_step_stats &stats);
  void choose(const sled_slot &slot, Row &row, int32_t first_output);
  void drop_kv(int32_t sequence, int32_t from);
  int32_t choose_at(const Sampling &sampling, int32_t output, int32_t position, const int32_t *window);
  void conclude_numerics(int32_t wish);
  void conclude_top_rows(int32_t flags);
  int64_t time_results();
  int32_t slot_rows() const { return std::min(rule_.most, pass_rows()); }
  int32_t pass_rows() const { return shape_.pass_rows / rule_.multiple * rule_.multiple; }
  void want_exact_results(const ShapeGroup &group);
  void abandon(const sled_slot *slots);
  int32_t draft_token(const sled_slot &slot, const Row &row, int32_t index) const;
  void guess(const sled_slot &slot, int32_t most, Row &row);

  ModelUse model_;
  const int32_t threads_;
  std::vector<int32_t> cores_;  // of pinned threads, the caller's last; empty: they are not
  ThreadPool pool_;
  ContextShape shape_;
  int32_t context_tokens_;
  int32_t position_limit_;
  Context context_;
  std::unique_ptr<TopRows> top_rows_;  // null: results are whole rows
  sled_memory_plan memory_{};
  int32_t numerics_ = SLED_NUMERICS_EXACT;  // or SLED_NUMERICS_FAST
  RowRule rule_{1, 1, INT32_MAX};           // of exact numerics; fast ones allow everything
  int64_t numerics_id_ = 0;
  int32_t pass_cost_rows_ = kDefaultPassCostRows;
  bool tuned_ = false;  // pass_cost_rows_ is not the default
  std::vector<std::unique_ptr<Session>> sessions_;  // by session id
  int32_t first_free_ = 0;                          // lowest id that may be free
  int32_t sessions_in_use_ = 0;
  int64_t saved_bytes_ = 0;
  std::array<int32_t, SLED_MAX_SEQUENCES> owners_;  // session id by sequence, -1 = free
  int32_t sequences_in_use_ = 0;

  // Reused by every step.
  std::unique_ptr<RowBatch> batch_;
  std::vector<ShapeItem> items_;
  std::vector<int32_t> idle_rows_;    // by sequence: see plan_shape()
  std::vector<ShapeGroup> groups_;
  std::vector<Row> rows_;             // by slot index
  std::vector<int32_t> choices_;      // the target's token at each output row
  std::vector<int32_t> drafts_;       // one slot's drafts, gathered
  std::vector<int32_t> guesses_;  // of a step
  std::vector<int32_t> history_;      // one slot's committed tokens and drafts, for penalties
  Sampler sampler_;
  std::array<bool, SLED_MAX_SEQUENCES> sequence_seen_{};
};

}  // namespace sled
