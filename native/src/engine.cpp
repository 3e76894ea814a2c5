#include "engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "hash.hpp"
#include "log_queue.hpp"
#include "numerics.hpp"
#include "sled_build_config.h"
#include "status.hpp"

namespace sled {
namespace {

constexpr int32_t kDefaultPassRows = 512;

// Cells behind a session's context, so that the last block can be padded like any other.
constexpr int32_t kPaddingCells = SLED_MAX_EXACT_ROWS + 1;

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
    fail(SLED_ERR_ARGUMENT, "%d sessions: 1 to %d are possible", params.sequence_count, SLED_MAX_SEQUENCES);
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
  // Every row of a pass may be a draft whose logits are wanted, but no more than all sessions' longest blocks.
  shape.result_rows = std::min(pass_rows, params.sequence_count * SLED_MAX_EXACT_ROWS);
  shape.type_k = params.kv_type_k;
  shape.type_v = params.kv_type_v;
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
  require_memory(memory_, "an engine", shape_);
  pool_ = make_thread_pool(threads_);
  context_ = make_context(model_->weights(), shape_, threads_, pool_.get());
  if (llama_n_ctx_seq(context_.get()) < static_cast<uint32_t>(shape_.cells_per_sequence)) {
    fail(SLED_ERR_INTERNAL, "llama.cpp made a context of %u cells per sequence instead of %d",
         llama_n_ctx_seq(context_.get()), shape_.cells_per_sequence);
  }
  batch_ = std::make_unique<RowBatch>(shape_.pass_rows);
  conclude_numerics(params.numerics);
}

void Engine::conclude_numerics(int32_t wish) {
  numerics_ = SLED_NUMERICS_FAST;
  if (wish != SLED_NUMERICS_FAST) {
    const std::string obstacle =
        model_->on_gpu() ? kGpuObstacle : find_inexact_shape(context_.get(), shape_.sequences, position_limit_);
    if (obstacle.empty()) {
      numerics_ = SLED_NUMERICS_EXACT;
    } else if (wish == SLED_NUMERICS_EXACT) {
      refuse_exact(*model_, obstacle);
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
                     .text(numerics_ == SLED_NUMERICS_EXACT ? "exact: split kv, flash attention, 2-63 rows" : "fast")
                     .value();
}

sled_engine_info Engine::describe() const {
  sled_engine_info info{};
  info.sequence_count = shape_.sequences;
  info.sequences_in_use = in_use_;
  info.context_tokens = context_tokens_;
  info.threads = threads_;
  info.pass_rows = shape_.pass_rows;
  info.step_slots = shape_.sequences;
  info.numerics = numerics_;
  info.slot_rows = slot_rows();
  info.numerics_id = numerics_id_;
  info.memory = memory_;
  return info;
}

const Session &Engine::session(int32_t sequence) const {
  if (sequence < 0 || sequence >= shape_.sequences || !sessions_[static_cast<size_t>(sequence)]) {
    fail(SLED_ERR_SESSION, "no session is open on sequence %d", sequence);
  }
  return *sessions_[static_cast<size_t>(sequence)];
}

Session &Engine::session(int32_t sequence) {
  return const_cast<Session &>(static_cast<const Engine *>(this)->session(sequence));
}

int32_t Engine::open_session(const void *prompt, int32_t prompt_count, int32_t max_new_tokens, int32_t flags,
                             const sled_sampling *sampling) {
  if (prompt_count < 1) {
    fail(SLED_ERR_ARGUMENT, "a session needs at least one prompt token");
  }
  if (max_new_tokens < 0) {
    fail(SLED_ERR_ARGUMENT, "max_new_tokens is %d", max_new_tokens);
  }
  if (prompt_count >= context_tokens_) {
    fail(SLED_ERR_CONTEXT_FULL, "the prompt has %d tokens, the context holds %d and needs room for an answer",
         prompt_count, context_tokens_);
  }
  model_->check_tokens(prompt, prompt_count, "prompt");
  Sampling checked = Sampling::checked(sampling, model_->info().vocabulary_tokens);
  int32_t sequence = 0;
  while (sequence < shape_.sequences && sessions_[static_cast<size_t>(sequence)]) {
    sequence++;
  }
  if (sequence == shape_.sequences) {
    fail(SLED_ERR_NO_SEQUENCE, "all %d sessions are taken", shape_.sequences);
  }
  const bool by_context = max_new_tokens == 0 || max_new_tokens > context_tokens_ - prompt_count;
  const int32_t limit = by_context ? context_tokens_ : prompt_count + max_new_tokens;
  std::vector<int32_t> tokens(static_cast<size_t>(prompt_count));
  std::memcpy(tokens.data(), prompt, tokens.size() * sizeof(int32_t));
  sessions_[static_cast<size_t>(sequence)] = std::make_unique<Session>(
      std::move(tokens), limit, by_context, (flags & SLED_SESSION_IGNORE_END) != 0, std::move(checked));
  in_use_++;
  drop_kv(sequence, 0);
  return sequence;
}

void Engine::close_session(int32_t sequence) {
  session(sequence);
  drop_kv(sequence, 0);
  sessions_[static_cast<size_t>(sequence)].reset();
  in_use_--;
}

sled_session_info Engine::describe_session(int32_t sequence) const {
  const Session &s = session(sequence);
  return {sequence, s.prompt(), s.committed(), s.cached(), s.limit(), s.finish()};
}

void Engine::copy_tokens(int32_t sequence, int32_t from, int32_t count, void *to) const {
  const Session &s = session(sequence);
  if (from < 0 || count < 0 || from > s.committed() - count) {
    fail(SLED_ERR_OFFSET, "tokens %d..%lld of a session with %d", from, static_cast<long long>(from) + count,
         s.committed());
  }
  std::memcpy(to, s.tokens() + from, static_cast<size_t>(count) * sizeof(int32_t));
}

void Engine::evict(int32_t sequence, int32_t cached_tokens) {
  Session &s = session(sequence);
  if (cached_tokens < 0 || cached_tokens > s.cached()) {
    fail(SLED_ERR_OFFSET, "cannot keep %d cached tokens of %d", cached_tokens, s.cached());
  }
  drop_kv(sequence, cached_tokens);
  s.set_cached(cached_tokens);
}

void Engine::drop_kv(int32_t sequence, int32_t from) {
  if (!llama_memory_seq_rm(llama_get_memory(context_.get()), sequence, from, -1)) {
    // Only models without rollback refuse, and the constructor refuses those.
    fail(SLED_ERR_INTERNAL, "llama.cpp refused to drop K/V of sequence %d from position %d", sequence, from);
  }
}

int32_t Engine::draft_token(const sled_slot &slot, int32_t index) const {
  int32_t token = 0;  // the address may be unaligned: it points into a network buffer
  std::memcpy(&token, reinterpret_cast<const char *>(slot.tokens_address) + static_cast<size_t>(index) * 4, 4);
  return token;
}

// Checks one slot and takes it into the step, or throws why not.
void Engine::admit(sled_slot *slots, int32_t index) {
  sled_slot &slot = slots[index];
  const Session &s = session(slot.sequence);
  if (sequence_seen_[static_cast<size_t>(slot.sequence)]) {
    fail(SLED_ERR_ARGUMENT, "sequence %d has two slots in one step", slot.sequence);
  }
  if (s.finish() != SLED_FINISH_NONE) {
    fail(SLED_ERR_CONTEXT_FULL, "the session on sequence %d has finished", slot.sequence);
  }
  if (slot.kv_offset != s.cached()) {
    fail(SLED_ERR_OFFSET, "the slot starts at position %d, the session's K/V ends at %d", slot.kv_offset, s.cached());
  }
  if (slot.lead_count < 1 || slot.draft_count < 0 || slot.lead_count > slot_rows() ||
      slot.draft_count > slot_rows() - slot.lead_count || slot.draft_count >= SLED_MAX_EXACT_ROWS) {
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
  for (int32_t i = 0; i < slot.draft_count; i++) {
    const int32_t token = draft_token(slot, i);
    if (!model_->is_token(token)) {
      fail(SLED_ERR_TOKEN, "draft token %d is %d: not an id of this vocabulary (0..%d)", i, token,
           model_->info().vocabulary_tokens - 1);
    }
  }
  Row &row = rows_[static_cast<size_t>(index)];
  row.draft_count = std::min(slot.draft_count, s.room_for_drafts());
  row.choice_count = lead_end == s.committed() ? row.draft_count + 1 : 0;
  sequence_seen_[static_cast<size_t>(slot.sequence)] = true;
  const int32_t rows = slot.lead_count + row.draft_count;
  const int32_t most = std::min(SLED_MAX_EXACT_ROWS, position_limit_ - slot.kv_offset);
  items_.push_back({index, slot.sequence, rows, std::max(rows, most)});
}

void Engine::decode_group(const sled_slot *slots, const ShapeGroup &group, sled_step_stats &stats) {
  batch_->clear();
  for (const ShapeItem &item : group.members) {
    const sled_slot &slot = slots[item.index];
    const Session &s = session(item.sequence);
    Row &row = rows_[static_cast<size_t>(item.index)];
    const int32_t first_output = slot.lead_count - 1;
    // A lone result gets company, that of the row before it or of the padding row behind it (see kLeastExactResults);
    // where every sequence has a single row, all of them are results.
    const bool exact = numerics_ == SLED_NUMERICS_EXACT;
    int32_t company = -1;
    if (exact && group.rows == 1) {
      company = 0;
    } else if (exact && row.choice_count == 1) {
      company = first_output > 0 ? first_output - 1 : item.rows;
    }
    for (int32_t i = 0; i < group.rows; i++) {
      int32_t token = 0;
      if (i < slot.lead_count) {
        token = s.tokens()[slot.kv_offset + i];
      } else if (i < item.rows) {
        token = draft_token(slot, i - slot.lead_count);
      } else {
        token = s.tokens()[slot.kv_offset];  // padding: any valid id, seen by nobody before it
      }
      const bool output = row.choice_count > 0 && i >= first_output && i < item.rows;
      batch_->add(token, slot.kv_offset + i, item.sequence, output || i == company);
    }
  }

  const int64_t start = now_ns();
  const int32_t result = batch_->decode(context_.get());
  if (result != 0) {
    const std::string why = last_logged_error();
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
    Row &row = rows_[static_cast<size_t>(item.index)];
    stats.useful_rows += item.rows;
    choose(slots[item.index], row, first + slots[item.index].lead_count - 1);
    first += group.rows;
  }
  stats.sampling_ns += now_ns() - decoded;
}

// The target's tokens at a slot's output rows, as far as its drafts agree: rows behind a wrong draft mean nothing.
void Engine::choose(const sled_slot &slot, Row &row, int32_t first_output) {
  row.first_choice = static_cast<int32_t>(choices_.size());
  if (row.choice_count == 0) {
    return;
  }
  const Session &s = session(slot.sequence);
  const int32_t committed = s.committed();
  const bool penalties = s.sampling().has_penalties();
  if (penalties) {
    history_.assign(s.tokens(), s.tokens() + committed);
    for (int32_t i = 0; i < row.draft_count; i++) {
      history_.push_back(draft_token(slot, i));
    }
  }
  for (int32_t i = 0; i < row.choice_count; i++) {
    const int32_t position = committed + i;
    const int32_t *const window =
        penalties ? history_.data() + (position - s.sampling().penalty_window(position)) : nullptr;
    float *const logits = llama_get_logits_ith(context_.get(), first_output + i);
    const int32_t token =
        logits == nullptr
            ? -1
            : sampler_.choose(s.sampling(), logits, model_->info().vocabulary_tokens, position, window);
    if (token < 0) {
      fail(SLED_ERR_DECODE, "the target gave no usable logits (all NaN or minus infinity) for sequence %d",
           slot.sequence);
    }
    choices_.push_back(token);
    if (i < row.draft_count && draft_token(slot, i) != token) {
      return;
    }
  }
}

// After a failed decode nobody knows which K/V was written: all sessions of the step start over.
void Engine::abandon(const sled_slot *slots) {
  for (const ShapeItem &item : items_) {
    drop_kv(slots[item.index].sequence, 0);
    session(slots[item.index].sequence).set_cached(0);
  }
}

void Engine::step(sled_slot *slots, int32_t slot_count, sled_step_stats *stats_out) {
  if (slots == nullptr || slot_count < 0 || slot_count > shape_.sequences) {
    fail(SLED_ERR_ARGUMENT, "%d slots in a step: 0 to %d are possible", slot_count, shape_.sequences);
  }
  const int64_t start = now_ns();
  sled_step_stats stats{};
  items_.clear();
  choices_.clear();
  rows_.assign(static_cast<size_t>(slot_count), Row{0, 0, 0});
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
    plan_shape(items_, {numerics_ == SLED_NUMERICS_EXACT, shape_.pass_rows, kDefaultPassCostRows}, groups_);
    for (const ShapeGroup &group : groups_) {
      int32_t first_row = stats.rows;
      for (const ShapeItem &item : group.members) {
        slots[item.index].first_row = first_row;
        slots[item.index].row_count = group.rows;
        first_row += group.rows;
      }
      decode_group(slots, group, stats);
    }
  } catch (const Failure &) {
    abandon(slots);
    throw;
  }

  const int64_t commit_start = now_ns();
  for (const ShapeItem &item : items_) {
    sled_slot &slot = slots[item.index];
    const Row &row = rows_[static_cast<size_t>(item.index)];
    Session &s = session(slot.sequence);
    if (row.choice_count == 0) {
      s.set_cached(slot.kv_offset + slot.lead_count);
    } else {
      drafts_.resize(static_cast<size_t>(row.draft_count));
      if (row.draft_count > 0) {
        std::memcpy(drafts_.data(), reinterpret_cast<const void *>(slot.tokens_address), drafts_.size() * 4);
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
    drop_kv(slot.sequence, s.cached());  // padding and rejected drafts
  }
  const int64_t end = now_ns();
  stats.sampling_ns += end - commit_start;
  stats.total_ns = end - start;
  if (stats_out != nullptr) {
    *stats_out = stats;
  }
}

}  // namespace sled
