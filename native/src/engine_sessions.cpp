// The engine's sessions: opening and closing, and where their K/V is. Steps are in engine.cpp.
#include <algorithm>
#include <cstring>

#include "engine.hpp"
#include "kv_state.hpp"
#include "status.hpp"

namespace sled {

const Session &Engine::session(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= sessions_.size() || !sessions_[static_cast<size_t>(id)]) {
    fail(SLED_ERR_SESSION, "no session %d is open", id);
  }
  return *sessions_[static_cast<size_t>(id)];
}

Session &Engine::session(int32_t id) { return const_cast<Session &>(static_cast<const Engine *>(this)->session(id)); }

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
  const int32_t count = static_cast<int32_t>(sessions_.size());
  while (first_free_ < count && sessions_[static_cast<size_t>(first_free_)]) {
    first_free_++;
  }
  if (first_free_ == count) {
    fail(SLED_ERR_NO_SEQUENCE, "all %d sessions are taken", count);
  }
  const bool by_context = max_new_tokens == 0 || max_new_tokens > context_tokens_ - prompt_count;
  const int32_t limit = by_context ? context_tokens_ : prompt_count + max_new_tokens;
  std::vector<int32_t> tokens(static_cast<size_t>(prompt_count));
  std::memcpy(tokens.data(), prompt, tokens.size() * sizeof(int32_t));
  sessions_[static_cast<size_t>(first_free_)] = std::make_unique<Session>(
      std::move(tokens), limit, by_context, (flags & SLED_SESSION_IGNORE_END) != 0, std::move(checked));
  sessions_in_use_++;
  return first_free_++;
}

void Engine::close_session(int32_t id) {
  Session &s = session(id);
  save(s, SavedKv());
  disown(s);
  sessions_[static_cast<size_t>(id)].reset();
  sessions_in_use_--;
  first_free_ = std::min(first_free_, id);
}

sled_session_info Engine::describe_session(int32_t id) const {
  const Session &s = session(id);
  sled_session_info info{};
  info.session = id;
  info.sequence = s.sequence();
  info.prompt_tokens = s.prompt();
  info.committed_tokens = s.committed();
  info.cached_tokens = s.cached();
  info.limit_tokens = s.limit();
  info.finish = s.finish();
  info.saved_bytes = static_cast<int64_t>(s.saved().size);
  return info;
}

void Engine::copy_tokens(int32_t id, int32_t from, int32_t count, void *to) const {
  const Session &s = session(id);
  if (from < 0 || count < 0 || from > s.committed() - count) {
    fail(SLED_ERR_OFFSET, "tokens %d..%lld of a session with %d", from, static_cast<long long>(from) + count,
         s.committed());
  }
  std::memcpy(to, s.tokens() + from, static_cast<size_t>(count) * sizeof(int32_t));
}

void Engine::evict(int32_t id, int32_t cached_tokens) {
  Session &s = session(id);
  if (cached_tokens < 0 || cached_tokens > s.cached()) {
    fail(SLED_ERR_OFFSET, "cannot keep %d cached tokens of %d", cached_tokens, s.cached());
  }
  if (s.resident()) {
    drop_kv(s.sequence(), cached_tokens);
  } else if (cached_tokens == 0) {
    save(s, SavedKv());
  }  // what is saved stays whole otherwise, and attach() drops the rest of it
  s.set_cached(cached_tokens);
}

void Engine::drop_kv(int32_t sequence, int32_t from) {
  llama_memory_t memory = llama_get_memory(context_.get());
  if (llama_memory_seq_pos_max(memory, sequence) < from) {
    return;  // to look through all cells would take longer
  }
  if (!llama_memory_seq_rm(memory, sequence, from, -1)) {
    // Only models without rollback refuse, and the constructor refuses those.
    fail(SLED_ERR_INTERNAL, "llama.cpp refused to drop K/V of sequence %d from position %d", sequence, from);
  }
}

// ------------------------------------------------------------------ residence

// The sequence that a session which wants this one (-1: any) can have, or a failure.
int32_t Engine::free_sequence(int32_t wish) const {
  if (wish < -1 || wish >= shape_.sequences) {
    fail(SLED_ERR_ARGUMENT, "sequence %d: there are 0 to %d, and -1 for any", wish, shape_.sequences - 1);
  }
  const auto end = owners_.begin() + shape_.sequences;
  const auto found = wish >= 0 ? owners_.begin() + wish : std::find(owners_.begin(), end, -1);
  if (found == end) {
    fail(SLED_ERR_NO_SEQUENCE, "all %d sequences are taken", shape_.sequences);
  }
  if (*found >= 0) {
    fail(SLED_ERR_NO_SEQUENCE, "sequence %d is taken by session %d", wish, *found);
  }
  return static_cast<int32_t>(found - owners_.begin());
}

// What is left of the results of a sequence that the session is to have.
void Engine::cut_results(int32_t sequence, const Session &s) {
  if (top_rows_ && !top_rows_->set(sequence, s.sampling().needs_only(TopRows::kCount))) {
    fail(SLED_ERR_INTERNAL, "llama.cpp refused to cut down the results of sequence %d, as it did before", sequence);
  }
}

void Engine::own(Session &s, int32_t id, int32_t sequence) {
  owners_[static_cast<size_t>(sequence)] = id;
  s.set_sequence(sequence);
  sequences_in_use_++;
}

// Gives the sequence back, empty. The caller sees to cached().
void Engine::disown(Session &s) {
  if (s.resident()) {
    drop_kv(s.sequence(), 0);
    owners_[static_cast<size_t>(s.sequence())] = -1;
    s.set_sequence(-1);
    sequences_in_use_--;
  }
}

void Engine::save(Session &s, SavedKv kv) {
  saved_bytes_ += static_cast<int64_t>(kv.size) - static_cast<int64_t>(s.saved().size);
  s.set_saved(std::move(kv));
}

void Engine::require_savable() const {
  const int32_t window = llama_model_n_swa(model_->weights());
  if (window > 0) {
    fail(SLED_ERR_UNSUPPORTED,
         "this model attends to windows of %d tokens, and llama.cpp would save the last window alone: its K/V can stay, be "
         "moved to another session or be forgotten, but not be copied",
         window);
  }
}

void Engine::attach(int32_t id, int32_t sequence) {
  Session &s = session(id);
  if (s.resident()) {
    return;
  }
  const int32_t found = free_sequence(sequence);
  cut_results(found, s);
  if (s.saved().size > 0) {
    restore_kv(context_.get(), found, s.saved());
    drop_kv(found, s.cached());  // evicted meanwhile
    save(s, SavedKv());
  }
  own(s, id, found);
}

void Engine::detach(int32_t id, int32_t keep) {
  Session &s = session(id);
  if (keep != 0 && keep != 1) {
    fail(SLED_ERR_ARGUMENT, "keep is %d: 0 and 1 are possible", keep);
  }
  if (keep == 0) {
    save(s, SavedKv());
    s.set_cached(0);
  } else if (s.resident() && s.cached() > 0) {
    require_savable();
    save(s, save_kv(context_.get(), s.sequence()));
  }
  disown(s);
}

void Engine::share(int32_t to_id, int32_t from_id, int32_t token_count, int32_t move) {
  Session &to = session(to_id);
  Session &from = session(from_id);
  if (move != 0 && move != 1) {
    fail(SLED_ERR_ARGUMENT, "move is %d: 0 and 1 are possible", move);
  }
  if (to_id == from_id) {
    fail(SLED_ERR_ARGUMENT, "session %d has its own K/V already", to_id);
  }
  if (token_count > from.cached() || token_count >= to.committed() || token_count <= to.cached()) {
    fail(SLED_ERR_OFFSET,
         "cannot share %d tokens: %d have K/V on one side; the other has %d tokens, of which %d have K/V already and the "
         "last must not",
         token_count, from.cached(), to.committed(), to.cached());
  }
  const auto differs = std::mismatch(to.tokens(), to.tokens() + token_count, from.tokens());
  if (differs.first != to.tokens() + token_count) {
    fail(SLED_ERR_ARGUMENT, "sessions %d and %d have other tokens from position %d on", to_id, from_id,
         static_cast<int32_t>(differs.first - to.tokens()));
  }
  if (move == 1) {
    move_kv(to, to_id, from, token_count);
  } else {
    copy_kv(to, from, token_count);
  }
  to.set_cached(token_count);
}

void Engine::move_kv(Session &to, int32_t to_id, Session &from, int32_t token_count) {
  if (!from.resident()) {
    fail(SLED_ERR_NO_SEQUENCE, "the session that shares its K/V has no sequence");
  }
  if (to.resident()) {
    fail(SLED_ERR_ARGUMENT, "session %d has a sequence of its own", to_id);
  }
  const int32_t sequence = from.sequence();
  cut_results(sequence, to);
  drop_kv(sequence, token_count);
  save(to, SavedKv());
  from.set_sequence(-1);
  from.set_cached(0);
  sequences_in_use_--;
  own(to, to_id, sequence);
}

// A unified cache lets sequences share cells. A split one is copied by way of bytes: llama.cpp could copy its cells itself,
// but only all of a sequence, used or not, and only at the next step, when either side may have changed. For 500 tokens in
// 4096 cells, one thread, bytes take 0.6 ms (demo target, 4 KiB for each token) and 2.4 ms (a 0.8 GB model, 16 KiB); all
// cells 2.5 ms and 10.5 ms.
void Engine::copy_kv(Session &to, const Session &from, int32_t token_count) {
  if (!to.resident()) {
    fail(SLED_ERR_NO_SEQUENCE, "the session that is to share K/V has no sequence");
  }
  if (shape_.unified && from.resident()) {
    drop_kv(to.sequence(), 0);
    llama_memory_seq_cp(llama_get_memory(context_.get()), from.sequence(), to.sequence(), 0, token_count);
    return;
  }
  require_savable();
  SavedKv copy;
  if (from.resident()) {
    copy = save_kv(context_.get(), from.sequence());
  }
  to.set_cached(0);  // nothing else is left of it if this fails
  restore_kv(context_.get(), to.sequence(), from.resident() ? copy : from.saved());
  drop_kv(to.sequence(), token_count);
}

}  // namespace sled
