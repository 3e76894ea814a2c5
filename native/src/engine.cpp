#include "engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>

#include "hash.hpp"
#include "log_queue.hpp"
#include "lookup.hpp"
#include "numerics.hpp"
#include "sled_build_config.h"
#include "status.hpp"

namespace sled {
namespace {

constexpr int32_t kEngineFlags = SLED_ENGINE_PIN_THREADS | SLED_ENGINE_TOP_ROWS | SLED_ENGINE_WHOLE_ROWS;
constexpr int32_t kDefaultPassRows = 512;
constexpr int32_t kMostPassCostRows = 65536;

// Cells behind a session's context, so that the last block can be padded like any other.
constexpr int32_t kPaddingCells = SLED_MAX_EXACT_ROWS + 1;

// The longest block of a session in one pass, whatever RowRule makes of it.
constexpr int32_t kLeastResultRows = SLED_MAX_EXACT_ROWS + 1;

// Logits of a pass on a CPU take so much memory at most: with as many rows as that, another pass over the weights costs little
// more than the rows themselves.
constexpr int64_t kMostResultBytes = int64_t{64} << 20;

// Any row of a pass may be a draft whose logits are wanted, but no more than all sessions' longest blocks.
int32_t result_rows(const Model &model, int32_t pass_rows, int32_t sequences) {
  const int32_t most = std::min(pass_rows, sequences * (SLED_MAX_EXACT_ROWS + 1));
  if (model.on_gpu()) {
    return most;
  }
  const int64_t rows = kMostResultBytes / (int64_t{4} * model.info().vocabulary_rows);
  return std::min(most, std::max(kLeastResultRows, static_cast<int32_t>(std::min<int64_t>(rows, most))));
}

// Whether trial decides what is left of result rows.
bool rows_by_trial(int32_t flags) {
  return (flags & SLED_ENGINE_TOP_ROWS) == 0 || (flags & SLED_ENGINE_WHOLE_ROWS) != 0;
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ContextShape Engine::shape_of(const Model &model, const sled_engine_params &params) {
  if (params.numerics < SLED_NUMERICS_AUTO || params.numerics > SLED_NUMERICS_FAST) {
    fail(SLED_ERR_ARGUMENT, "numerics is %d: 0 (auto), 1 (exact) and 2 (fast) are possible", params.numerics);
  }
  if (params.sequence_count < 1 || params.sequence_count > SLED_MAX_SEQUENCES) {
    fail(SLED_ERR_ARGUMENT, "%d sequences: 1 to %d are possible", params.sequence_count, SLED_MAX_SEQUENCES);
  }
  if (params.session_count < 0 || params.session_count > SLED_MAX_SESSIONS) {
    fail(SLED_ERR_ARGUMENT, "%d sessions: 1 to %d are possible, 0 for as many as sequences", params.session_count,
         SLED_MAX_SESSIONS);
  }
  if (params.kv_layout < SLED_KV_LAYOUT_AUTO || params.kv_layout > SLED_KV_LAYOUT_UNIFIED) {
    fail(SLED_ERR_ARGUMENT, "K/V layout %d: 0 (default), 1 (split) and 2 (unified) are possible", params.kv_layout);
  }
  const bool unified = params.kv_layout == SLED_KV_LAYOUT_UNIFIED;
  if (unified && params.numerics == SLED_NUMERICS_EXACT) {
    fail(SLED_ERR_UNSUPPORTED,
         "exact numerics is not possible with a unified K/V cache: there a row's bits depend on what else is in it; choose "
         "fast numerics, or a split K/V cache");
  }
  if ((params.flags & ~kEngineFlags) != 0 || params.reserved != 0) {
    fail(SLED_ERR_ARGUMENT, "flags of an engine are %d: 1 (pin threads), 2 and 4 (top rows, whole rows) are possible; a "
         "reserved field is %d, and must be 0",
         params.flags, params.reserved);
  }
  const int32_t pass_rows = params.pass_rows == 0 ? kDefaultPassRows : params.pass_rows;
  if (pass_rows <= SLED_MAX_EXACT_ROWS || pass_rows > 8192) {
    fail(SLED_ERR_ARGUMENT, "%d rows in a pass: %d to 8192 are possible", pass_rows, SLED_MAX_EXACT_ROWS + 1);
  }
  model.require_rollback();
  const int32_t context = model.conclude_context(params.context_tokens);
  ContextShape shape{};
  shape.sequences = params.sequence_count;
  shape.cells_per_sequence = cells_for(context + int64_t{kPaddingCells});
  shape.pass_rows = pass_rows;
  shape.result_rows = result_rows(model, pass_rows, params.sequence_count);
  shape.type_k = params.kv_type_k;
  shape.type_v = params.kv_type_v;
  shape.unified = unified;
  const int32_t rows = params.flags & (SLED_ENGINE_TOP_ROWS | SLED_ENGINE_WHOLE_ROWS);
  shape.top_rows = rows == 0 ? model.on_gpu() : rows != SLED_ENGINE_WHOLE_ROWS;
  if (model.info().vocabulary_rows != model.info().vocabulary_tokens) {
    // The device would take rows that are no tokens for the largest.
    if (rows == SLED_ENGINE_TOP_ROWS) {
      fail(SLED_ERR_UNSUPPORTED, "only the largest logits of each row are wanted, but %d of its %d are no tokens",
           model.info().vocabulary_rows - model.info().vocabulary_tokens, model.info().vocabulary_rows);
    }
    shape.top_rows = false;
  }
  return shape;
}

sled_memory_plan Engine::plan(const Model &model, const sled_engine_params &params) {
  return plan_memory(model, shape_of(model, params));
}

Engine::Engine(std::shared_ptr<Model> model, const sled_engine_params &params)
    : model_(std::move(model)), threads_(conclude_threads(params.threads)) {
  shape_ = shape_of(*model_, params);
  context_tokens_ = model_->conclude_context(params.context_tokens);
  position_limit_ = model_->position_limit(shape_.cells_per_sequence);
  memory_ = plan_memory(*model_, shape_);
  if (memory_.total_bytes - memory_.device_kv_bytes > memory_.available_bytes && rows_by_trial(params.flags)) {
    shape_.top_rows = false;  // what nobody asked for is no reason to refuse
    memory_ = plan_memory(*model_, shape_);
  }
  require_memory(memory_, "an engine", shape_);
  if ((params.flags & SLED_ENGINE_PIN_THREADS) != 0) {
    cores_ = cores_for(threads_);
  }
  pool_ = make_thread_pool(threads_, cores_);
  context_ = make_context(model_->weights(), shape_, threads_, pool_.get());
  if (llama_n_ctx_seq(context_.get()) < static_cast<uint32_t>(shape_.cells_per_sequence)) {
    fail(SLED_ERR_INTERNAL, "llama.cpp made a context of %u cells per sequence instead of %d",
         llama_n_ctx_seq(context_.get()), shape_.cells_per_sequence);
  }
  sessions_.resize(static_cast<size_t>(params.session_count == 0 ? params.sequence_count : params.session_count));
  owners_.fill(-1);
  batch_ = std::make_unique<RowBatch>(shape_.pass_rows);
  drafts_.reserve(SLED_MAX_EXACT_ROWS);
  conclude_numerics(params.numerics);
  if (shape_.top_rows) {
    conclude_top_rows(params.flags);
  }
}

void Engine::conclude_numerics(int32_t wish) {
  numerics_ = SLED_NUMERICS_FAST;
  if (wish != SLED_NUMERICS_FAST && !shape_.unified) {
    const KernelTrial trial = try_rows(*model_, context_.get(), shape_, threads_);
    if (trial.obstacle.empty()) {
      numerics_ = SLED_NUMERICS_EXACT;
      rule_ = trial.rule;
      // Positions of a table end with the context: room to fill up the last pass.
      context_tokens_ = std::min(context_tokens_, position_limit_ - rule_.fill(1) + 2);
    } else if (wish == SLED_NUMERICS_EXACT) {
      refuse_exact(*model_, trial.obstacle);
    }
  }
  numerics_id_ = Hash()
                     .number(model_->info().weights_hash)
                     .text(SLED_BUILD_LLAMA_COMMIT)
                     .text(compute_identity())
                     .number(threads_)
                     .number(shape_.type_k)
                     .number(shape_.type_v)
                     .number(model_->as_in_file() ? 1 : 0)
                     .number(model_->rotates_for_long_contexts(shape_.cells_per_sequence) ? 1 : 0)
                     .number(rule_.multiple)
                     .number(rule_.least)
                     .number(rule_.most)
                     .text(numerics_ == SLED_NUMERICS_EXACT ? "exact: split kv, flash attention, reference kernels"
                           : shape_.unified                  ? "fast, unified kv"
                                                             : "fast")
                     .value();
}

// Attaches the stage to all sequences at once, and leaves it there if it pays. (After conclude_numerics(), which looks at
// whole rows.) If not, llama.cpp keeps the room that it made for it: the memory plan stays.
void Engine::conclude_top_rows(int32_t flags) {
  const bool by_trial = rows_by_trial(flags);
  const int64_t whole_ns = by_trial ? time_results() : INT64_MAX;
  top_rows_ = std::make_unique<TopRows>(context_.get(), model_->info().vocabulary_tokens, shape_.sequences);
  bool pays = true;
  for (int32_t sequence = 0; pays && sequence < shape_.sequences; sequence++) {
    pays = top_rows_->set(sequence, true);
  }
  if (!pays && !by_trial) {
    fail(SLED_ERR_UNSUPPORTED, "the device that computes results cannot leave only the largest logits of %d",
         model_->info().vocabulary_tokens);
  }
  try {
    pays = pays && time_results() < whole_ns;
  } catch (const Failure &) {
    if (!by_trial) {
      throw;
    }
    pays = false;  // what nobody asked for is no reason to refuse
  }
  if (!pays) {
    top_rows_.reset();
  }
}

// The least time that a pass and a greedy choice from each of its rows took in a few tries.
int64_t Engine::time_results() {
  constexpr int32_t kTries = 6;
  constexpr int32_t kRowsPerSequence = 4;
  constexpr int32_t kMostSequences = 16;
  const int32_t sequences = std::min({shape_.sequences, kMostSequences, shape_.pass_rows / kRowsPerSequence});
  int64_t least = INT64_MAX;
  for (int32_t i = 0; i < kTries; i++) {
    batch_->clear();
    for (int32_t sequence = 0; sequence < sequences; sequence++) {
      for (int32_t position = 0; position < kRowsPerSequence; position++) {
        batch_->add(0, position, sequence, true);
      }
    }
    const int64_t start = now_ns();
    if (batch_->decode(context_.get()) != 0) {
      fail(SLED_ERR_DECODE, "llama_decode failed at a trial of %d rows: %s", batch_->rows(), first_logged_error().c_str());
    }
    llama_synchronize(context_.get());
    for (int32_t row = 0; row < batch_->rows(); row++) {
      choose_at(Sampling(), row, 0, nullptr);
    }
    least = std::min(least, now_ns() - start);
    for (int32_t sequence = 0; sequence < sequences; sequence++) {
      drop_kv(sequence, 0);
    }
  }
  return least;
}

sled_engine_info Engine::describe() const {
  sled_engine_info info{};
  info.sequence_count = shape_.sequences;
  info.sequences_in_use = sequences_in_use_;
  info.context_tokens = context_tokens_;
  info.threads = threads_;
  info.pass_rows = shape_.pass_rows;
  info.step_slots = shape_.sequences;
  info.numerics = numerics_;
  info.slot_rows = slot_rows();
  info.numerics_id = numerics_id_;
  info.session_count = static_cast<int32_t>(sessions_.size());
  info.sessions_in_use = sessions_in_use_;
  info.cells_per_sequence = shape_.cells_per_sequence;
  info.kv_layout = shape_.unified ? SLED_KV_LAYOUT_UNIFIED : SLED_KV_LAYOUT_SPLIT;
  info.pass_cost_rows = pass_cost_rows_;
  info.top_row = top_rows_ ? TopRows::kCount : 0;
  info.saved_bytes = saved_bytes_;
  info.memory = memory_;
  info.row_multiple = rule_.multiple;
  info.row_least = rule_.least;
  info.as_in_file = model_->as_in_file() ? 1 : 0;
  return info;
}

void Engine::tune(int32_t pass_cost_rows) {
  if (pass_cost_rows < 0 || pass_cost_rows > kMostPassCostRows) {
    fail(SLED_ERR_ARGUMENT, "a pass costs as much as %d rows: 0 (default) to %d are possible", pass_cost_rows,
         kMostPassCostRows);
  }
  pass_cost_rows_ = pass_cost_rows == 0 ? kDefaultPassCostRows : pass_cost_rows;
  tuned_ = pass_cost_rows > 0;
}

int32_t Engine::draft_token(const sled_slot &slot, const Row &row, int32_t index) const {
  if (row.first_guess >= 0) {
    return guesses_[static_cast<size_t>(row.first_guess + index)];
  }
  int32_t token = 0;  // the address may be unaligned: it points into a network buffer
  std::memcpy(&token, reinterpret_cast<const char *>(slot.tokens_address) + static_cast<size_t>(index) * 4, 4);
  return token;
}

// Checks one slot and takes it into the step, or throws why not.
void Engine::admit(sled_slot *slots, int32_t index) {
  sled_slot &slot = slots[index];
  const Session &s = session(slot.session);
  if (!s.resident()) {
    fail(SLED_ERR_NO_SEQUENCE, "session %d has no sequence: attach it first", slot.session);
  }
  if (sequence_seen_[static_cast<size_t>(s.sequence())]) {
    fail(SLED_ERR_ARGUMENT, "session %d has two slots in one step", slot.session);
  }
  if (s.finish() != SLED_FINISH_NONE) {
    fail(SLED_ERR_CONTEXT_FULL, "session %d has finished", slot.session);
  }
  if (slot.kv_offset != s.cached()) {
    fail(SLED_ERR_OFFSET, "the slot starts at position %d, the session's K/V ends at %d", slot.kv_offset, s.cached());
  }
  if (slot.lead_count < 1 || slot.draft_count < 0 || slot.lead_count > slot_rows() ||
      slot.draft_count > slot_rows() - slot.lead_count || slot.draft_count >= SLED_MAX_EXACT_ROWS || slot.guess_count < 0) {
    fail(SLED_ERR_ARGUMENT, "%d committed and %d draft tokens in a slot: at least 1, together at most %d, %d drafts",
         slot.lead_count, slot.draft_count, slot_rows(), SLED_MAX_EXACT_ROWS - 1);
  }
  const int32_t lead_end = slot.kv_offset + slot.lead_count;
  if (lead_end > s.committed() || (slot.draft_count > 0 && lead_end != s.committed())) {
    fail(SLED_ERR_OFFSET, "the slot's lead ends at %d, the session has %d committed tokens", lead_end, s.committed());
  }
  if (slot.draft_count > 0 && slot.tokens_address == 0) {
    fail(SLED_ERR_ARGUMENT, "draft tokens at address 0");
  }
  Row &row = rows_[static_cast<size_t>(index)];
  for (int32_t i = 0; i < slot.draft_count; i++) {
    const int32_t token = draft_token(slot, row, i);
    if (!model_->is_token(token)) {
      fail(SLED_ERR_TOKEN, "draft token %d is %d: not an id of this vocabulary (0..%d)", i, token,
           model_->info().vocabulary_tokens - 1);
    }
  }
  row.draft_count = std::min(slot.draft_count, s.room_for_drafts());
  row.choice_count = lead_end == s.committed() ? row.draft_count + 1 : 0;
  sequence_seen_[static_cast<size_t>(s.sequence())] = true;
  const int32_t rows = slot.lead_count + row.draft_count;
  const int32_t most = std::min(slot_rows(), position_limit_ - slot.kv_offset);
  int32_t results = row.choice_count;
  if (results == 1 && slot.draft_count == 0) {
    results += std::min(slot.guess_count, SLED_MAX_EXACT_ROWS - 1);  // in padding rows, see guess()
  }
  items_.push_back({index, s.sequence(), rows, std::max(rows, most), results});
}

// Positions behind the cached tokens of a sequence that is not in this step.
int32_t Engine::idle_cached(int32_t sequence) const {
  const int32_t owner = owners_[static_cast<size_t>(sequence)];
  return owner < 0 ? 0 : session(owner).cached();
}

void Engine::note_idle_rows() {
  // Bridges are for those who have measured: for a small model a pass costs less than a row, and the rows of bridges, which
  // look through their sequences' K/V as well, made steps of the demo target twice as long.
  idle_rows_.assign(tuned_ ? static_cast<size_t>(shape_.sequences) : 0, 0);
  for (int32_t sequence = 0; sequence < static_cast<int32_t>(idle_rows_.size()); sequence++) {
    if (!sequence_seen_[static_cast<size_t>(sequence)]) {
      idle_rows_[static_cast<size_t>(sequence)] = position_limit_ - idle_cached(sequence);
    }
  }
}

// Padding alone: any valid id, seen by nobody.
void Engine::add_bridge(int32_t sequence, int32_t rows) {
  const int32_t cached = idle_cached(sequence);
  for (int32_t i = 0; i < rows; i++) {
    batch_->add(0, cached + i, sequence, false);
  }
}

void Engine::want_exact_results(const ShapeGroup &group) {
  int32_t first = 0;  // row of the pass
  for (size_t from = 0; from < group.members.size();) {
    const size_t to = end_of_pass(group, from);
    const int32_t end = first + static_cast<int32_t>(to - from) * group.rows;
    batch_->want_exact(rule_, first, end);
    first = end;
    from = to;
  }
}

// Lets a row that has no drafts look at what the session's text may go on with, in rows that are computed anyway.
void Engine::guess(const sled_slot &slot, int32_t most, Row &row) {
  const Session &s = session(slot.session);
  const int32_t wanted = std::min({most, s.room_for_drafts(), SLED_MAX_EXACT_ROWS - 1});
  if (wanted <= 0) {
    return;
  }
  const size_t first = guesses_.size();
  guesses_.resize(first + static_cast<size_t>(wanted));
  const int32_t found = guess_by_lookup(s.tokens(), s.committed(), wanted, guesses_.data() + first);
  guesses_.resize(first + static_cast<size_t>(found));
  if (found > 0) {
    row.first_guess = static_cast<int32_t>(first);
    row.draft_count = found;
    row.choice_count = found + 1;
  }
}

void Engine::decode_group(const sled_slot *slots, const ShapeGroup &group, sled_step_stats &stats) {
  batch_->clear();
  for (const ShapeItem &item : group.members) {
    if (item.is_bridge()) {
      add_bridge(item.sequence, group.rows);
      continue;
    }
    const sled_slot &slot = slots[item.index];
    const Session &s = session(slot.session);
    Row &row = rows_[static_cast<size_t>(item.index)];
    const int32_t first_output = slot.lead_count - 1;
    if (slot.guess_count > 0 && slot.draft_count == 0 && row.choice_count == 1) {
      guess(slot, std::min(slot.guess_count, group.rows_of(item) - item.rows), row);
    }
    const int32_t drafts_end = slot.lead_count + row.draft_count;
    for (int32_t i = 0; i < group.rows_of(item); i++) {
      int32_t token = 0;
      if (i < slot.lead_count) {
        token = s.tokens()[slot.kv_offset + i];
      } else if (i < drafts_end) {
        token = draft_token(slot, row, i - slot.lead_count);
      } else {
        token = s.tokens()[slot.kv_offset];  // padding: any valid id, seen by nobody before it
      }
      const bool result = i >= first_output && i < first_output + row.choice_count;
      batch_->add(token, slot.kv_offset + i, item.sequence, result);
    }
  }
  want_exact_results(group);

  const int64_t start = now_ns();
  const int32_t result = batch_->decode(context_.get());
  for (const ShapeItem &item : group.members) {
    if (item.is_bridge()) {  // at once: it may be one of another group of this step too
      drop_kv(item.sequence, idle_cached(item.sequence));
    }
  }
  if (result != 0) {
    const std::string why = first_logged_error();
    fail(SLED_ERR_DECODE, "llama_decode failed with %d%s%s", result, why.empty() ? "" : ": ", why.c_str());
  }
  llama_synchronize(context_.get());
  const int64_t decoded = now_ns();
  stats.decode_ns += decoded - start;
  stats.passes += passes_of(group);
  stats.rows += batch_->rows();

  // A later group's decode overwrites the logits, so every row's token is chosen now.
  int32_t first = 0;
  for (const ShapeItem &item : group.members) {
    if (!item.is_bridge()) {
      Row &row = rows_[static_cast<size_t>(item.index)];
      stats.useful_rows += slots[item.index].lead_count + row.draft_count;
      choose(slots[item.index], row, first + slots[item.index].lead_count - 1);
    }
    first += group.rows_of(item);
  }
  stats.sampling_ns += now_ns() - decoded;
}

// The target's tokens at a slot's output rows, as far as its drafts agree: rows behind a wrong draft mean nothing.
void Engine::choose(const sled_slot &slot, Row &row, int32_t first_output) {
  row.first_choice = static_cast<int32_t>(choices_.size());
  if (row.choice_count == 0) {
    return;
  }
  const Session &s = session(slot.session);
  const int32_t committed = s.committed();
  const bool penalties = s.sampling().has_penalties();
  if (penalties) {
    history_.assign(s.tokens(), s.tokens() + committed);
    for (int32_t i = 0; i < row.draft_count; i++) {
      history_.push_back(draft_token(slot, row, i));
    }
  }
  for (int32_t i = 0; i < row.choice_count; i++) {
    const int32_t position = committed + i;
    const int32_t *const window =
        penalties ? history_.data() + (position - s.sampling().penalty_window(position)) : nullptr;
    const int32_t token = choose_at(s.sampling(), first_output + i, position, window);
    if (token < 0) {
      fail(SLED_ERR_DECODE, "the target gave no usable logits (all NaN or minus infinity) for session %d",
           slot.session);
    }
    choices_.push_back(token);
    if (i < row.draft_count && draft_token(slot, row, i) != token) {
      return;
    }
  }
}

// The target's token at an output row of the last pass; -1 if no logit can be used.
int32_t Engine::choose_at(const Sampling &sampling, int32_t output, int32_t position, const int32_t *window) {
  if (top_rows_) {
    const TopRow top = top_rows_->row(output);
    if (top.count > 0) {
      return sampler_.choose_among(sampling, top.ids, top.logits, top.count, position, window);
    }
  }
  float *const logits = llama_get_logits_ith(context_.get(), output);
  return logits == nullptr ? -1
                           : sampler_.choose(sampling, logits, model_->info().vocabulary_tokens, position, window);
}

// After a failed decode nobody knows which K/V was written: all sessions of the step start over.
void Engine::abandon(const sled_slot *slots) {
  for (const ShapeItem &item : items_) {
    drop_kv(item.sequence, 0);
    session(slots[item.index].session).set_cached(0);
  }
}

void Engine::step(sled_slot *slots, int32_t slot_count, sled_step_stats *stats_out) {
  if (slots == nullptr || slot_count < 0 || slot_count > shape_.sequences) {
    fail(SLED_ERR_ARGUMENT, "%d slots in a step: 0 to %d are possible", slot_count, shape_.sequences);
  }
  const int64_t start = now_ns();
  const OnCore pinned(cores_.empty() ? -1 : cores_.back());  // ggml gives its other threads the cores before it
  sled_step_stats stats{};
  items_.clear();
  choices_.clear();
  rows_.assign(static_cast<size_t>(slot_count), Row{0, -1, 0, 0});
  guesses_.clear();
  sequence_seen_.fill(false);

  for (int32_t i = 0; i < slot_count; i++) {
    sled_slot &slot = slots[i];
    slot.status = SLED_OK;
    slot.verified = 0;
    slot.accepted = 0;
    slot.next_token = -1;
    slot.committed = 0;
    slot.finish = SLED_FINISH_NONE;
    slot.first_row = -1;
    slot.row_count = 0;
    try {
      admit(slots, i);
    } catch (const Failure &failure) {
      slot.status = failure.status;
      set_last_error(failure.text);
    }
  }
  stats.slots = static_cast<int32_t>(items_.size());

  try {
    note_idle_rows();
    const ShapeRules rules{rule_, pass_rows(), shape_.result_rows, pass_cost_rows_, shape_.unified};
    plan_shape(items_, idle_rows_, rules, groups_);
    for (const ShapeGroup &group : groups_) {
      int32_t first_row = stats.rows;
      for (const ShapeItem &item : group.members) {
        if (!item.is_bridge()) {
          slots[item.index].first_row = first_row;
          slots[item.index].row_count = group.rows_of(item);
        }
        first_row += group.rows_of(item);
      }
      decode_group(slots, group, stats);
    }
  } catch (const std::bad_alloc &) {
    abandon(slots);
    fail(SLED_ERR_DECODE, "no memory for a step of %d slots", slot_count);
  } catch (...) {
    abandon(slots);
    throw;
  }

  // From here on nothing is allocated: all slots take effect.
  const int64_t commit_start = now_ns();
  for (const ShapeItem &item : items_) {
    sled_slot &slot = slots[item.index];
    const Row &row = rows_[static_cast<size_t>(item.index)];
    Session &s = session(slot.session);
    if (row.choice_count == 0) {
      s.set_cached(slot.kv_offset + slot.lead_count);
    } else {
      drafts_.clear();
      for (int32_t i = 0; i < row.draft_count; i++) {
        drafts_.push_back(draft_token(slot, row, i));
      }
      const Verdict verdict = s.judge(
          row.draft_count, drafts_.data(),
          [&](int32_t i) { return choices_[static_cast<size_t>(row.first_choice + i)]; },
          [&](int32_t token) { return model_->ends_generation(token); });
      s.commit(verdict, drafts_.data());
      slot.verified = verdict.verified;
      slot.accepted = verdict.accepted;
      slot.next_token = verdict.next_token;
      slot.finish = verdict.finish;
    }
    slot.committed = s.committed();
    drop_kv(item.sequence, s.cached());  // padding and rejected drafts
  }
  const int64_t end = now_ns();
  stats.sampling_ns += end - commit_start;
  stats.total_ns = end - start;
  if (stats_out != nullptr) {
    *stats_out = stats;
  }
}

}  // namespace sled
