#include "engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "choice.hpp"
#include "hash.hpp"
#include "log_queue.hpp"
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

void set_row(llama_batch &batch, int32_t row, int32_t token, int32_t position, int32_t sequence, bool output) {
  batch.token[row] = token;
  batch.pos[row] = position;
  batch.n_seq_id[row] = 1;
  batch.seq_id[row][0] = sequence;
  batch.logits[row] = output ? 1 : 0;
}

}  // namespace

int32_t conclude_threads(int32_t requested) {
  if (requested < 0 || requested > GGML_MAX_N_THREADS) {
    fail(SLED_ERR_ARGUMENT, "%d threads: 0 (all cores) to %d are possible", requested, GGML_MAX_N_THREADS);
  }
  return requested == 0 ? usable_cores() : requested;
}

int32_t cells_for(int64_t positions) {
  // llama.cpp rounds each sequence's share of the cache up to this.
  constexpr int64_t kCellGranule = 256;
  const int64_t cells = (positions + kCellGranule - 1) / kCellGranule * kCellGranule;
  return static_cast<int32_t>(std::min(cells, INT32_MAX / kCellGranule * kCellGranule));
}

Context make_context(const Model &model, const ContextShape &shape, int32_t threads, ggml_threadpool *pool) {
  const int64_t cells = static_cast<int64_t>(shape.cells_per_sequence) * shape.sequences;
  if (cells > INT32_MAX) {
    fail(SLED_ERR_UNSUPPORTED, "%d sequences of %d tokens: llama.cpp counts at most %d in all", shape.sequences,
         shape.cells_per_sequence, INT32_MAX);
  }
  llama_context_params p = llama_context_default_params();
  p.n_seq_max = static_cast<uint32_t>(shape.sequences);
  p.n_ctx = static_cast<uint32_t>(cells);
  p.n_batch = static_cast<uint32_t>(shape.pass_rows);
  p.n_ubatch = static_cast<uint32_t>(shape.pass_rows);
  p.n_outputs_max = static_cast<uint32_t>(shape.result_rows);
  p.n_threads = threads;
  p.n_threads_batch = threads;
  p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  p.type_k = kv_ggml_type(shape.type_k);
  p.type_v = kv_ggml_type(shape.type_v);
  p.kv_unified = false;  // a sequence's cells stay in order, whoever comes and goes beside it
  p.swa_full = true;     // a windowed cache could not be rolled back
  p.no_perf = true;
  forget_logged_errors();
  Context context(llama_init_from_model(model.weights(), p));
  if (!context) {
    const std::string why = last_logged_error();
    fail(SLED_ERR_UNSUPPORTED, "llama.cpp cannot make a context with flash attention for this model%s%s",
         why.empty() ? "" : ": ", why.c_str());
  }
  if (pool != nullptr) {
    llama_attach_threadpool(context.get(), pool, pool);
  }
  return context;
}

ContextShape Engine::shape_of(const Model &model, const sled_engine_params &params) {
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
  context_ = make_context(*model_, shape_, threads_, pool_.get());
  if (llama_n_ctx_seq(context_.get()) < static_cast<uint32_t>(shape_.cells_per_sequence)) {
    fail(SLED_ERR_INTERNAL, "llama.cpp made a context of %u cells per sequence instead of %d",
         llama_n_ctx_seq(context_.get()), shape_.cells_per_sequence);
  }
  batch_ = llama_batch_init(shape_.pass_rows, 0, 1);
  numerics_id_ = Hash()
                     .number(model_->info().weights_hash)
                     .text(SLED_BUILD_LLAMA_COMMIT)
                     .text(compute_identity())
                     .number(threads_)
                     .number(shape_.type_k)
                     .number(shape_.type_v)
                     .text("exact: split kv, flash attention, 2-63 rows")
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

int32_t Engine::open_session(const void *prompt, int32_t prompt_count, int32_t max_new_tokens, int32_t flags) {
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
  sessions_[static_cast<size_t>(sequence)] = std::make_unique<Session>(std::move(tokens), limit, by_context,
                                                                       (flags & SLED_SESSION_IGNORE_END) != 0);
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
  if (slot.lead_count < 1 || slot.draft_count < 0 || slot.lead_count > SLED_MAX_EXACT_ROWS ||
      slot.draft_count > SLED_MAX_EXACT_ROWS - slot.lead_count) {
    fail(SLED_ERR_ARGUMENT, "%d committed and %d draft tokens in a slot: at least 1 and together at most %d",
         slot.lead_count, slot.draft_count, SLED_MAX_EXACT_ROWS);
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
  items_.push_back({index, slot.sequence, slot.lead_count + row.draft_count,
                    std::min(SLED_MAX_EXACT_ROWS, position_limit_ - slot.kv_offset)});
}

void Engine::decode_group(const sled_slot *slots, const ShapeGroup &group, sled_step_stats &stats) {
  batch_.n_tokens = 0;
  for (const ShapeItem &item : group.members) {
    const sled_slot &slot = slots[item.index];
    const Session &s = session(item.sequence);
    Row &row = rows_[static_cast<size_t>(item.index)];
    const int32_t first_output = slot.lead_count - 1;
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
      set_row(batch_, batch_.n_tokens++, token, slot.kv_offset + i, item.sequence, output);
    }
  }

  const int64_t start = now_ns();
  const int32_t result = llama_decode(context_.get(), batch_);
  if (result != 0) {
    const std::string why = last_logged_error();
    fail(SLED_ERR_DECODE, "llama_decode failed with %d%s%s", result, why.empty() ? "" : ": ", why.c_str());
  }
  llama_synchronize(context_.get());
  const int64_t decoded = now_ns();
  stats.decode_ns += decoded - start;
  stats.passes += passes_of(group);
  stats.rows += batch_.n_tokens;

  // A later group's decode overwrites the logits, so every row's token is chosen now.
  int32_t first = 0;
  for (const ShapeItem &item : group.members) {
    Row &row = rows_[static_cast<size_t>(item.index)];
    stats.useful_rows += item.rows;
    row.first_choice = static_cast<int32_t>(choices_.size());
    for (int32_t i = 0; i < row.choice_count; i++) {
      const int32_t at = first + slots[item.index].lead_count - 1 + i;
      const float *const logits = llama_get_logits_ith(context_.get(), at);
      const int32_t token = logits == nullptr ? -1 : argmax(logits, model_->info().vocabulary_tokens);
      if (token < 0) {
        fail(SLED_ERR_DECODE, "the target gave no usable logits (all NaN or minus infinity) for sequence %d",
             item.sequence);
      }
      choices_.push_back(token);
    }
    first += group.rows;
  }
  stats.sampling_ns += now_ns() - decoded;
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
    plan_shape(items_, shape_.pass_rows, kDefaultPassCostRows, groups_);
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
