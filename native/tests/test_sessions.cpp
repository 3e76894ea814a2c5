// Sessions and the sequences of the K/V cache: attached, detached, saved, shared, thousands on a few. Wherever a session's
// K/V was in between, the same tokens come out; and nothing of it is left at the end.
#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "random_model.hpp"
#include "streams.hpp"
#include "support.hpp"

namespace {

using test::address;
using test::error_names;
using test::next_slot;
using test::step;

constexpr int32_t kContext = 256;

int64_t open_engine(int64_t model, int32_t sequences, int32_t sessions, int32_t context = kContext,
                    bool unified = false) {
  sled_engine_params params = test::engine_params(sequences, context);
  params.session_count = sessions;
  if (unified) {
    params.numerics = SLED_NUMERICS_FAST;
    params.kv_layout = SLED_KV_LAYOUT_UNIFIED;
  }
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  return engine;
}

sled_engine_info describe(int64_t engine) {
  sled_engine_info info;
  CHECK_OK(sled_engine_describe(engine, &info));
  return info;
}

void check_empty(int64_t engine) {
  const sled_engine_info info = describe(engine);
  CHECK_EQ(info.sessions_in_use, 0);
  CHECK_EQ(info.sequences_in_use, 0);
  CHECK_EQ(info.saved_bytes, 0);
}

// ------------------------------------------------------------------ call by call

void check_residence(int64_t model) {
  const int64_t engine = open_engine(model, 3, 5);
  sled_engine_info info = describe(engine);
  CHECK(info.session_count == 5 && info.sequence_count == 3 && info.step_slots == 3);
  CHECK(info.cells_per_sequence >= kContext && info.kv_layout == SLED_KV_LAYOUT_SPLIT && info.pass_cost_rows > 0);
  const std::vector<int32_t> prompt = {5, 6, 7, 8, 9};
  for (int32_t i = 0; i < 5; i++) {
    CHECK_EQ(test::open_parked(engine, prompt, 0, SLED_SESSION_IGNORE_END), i);
    CHECK_EQ(test::session(engine, i).sequence, -1);
    CHECK_EQ(test::session(engine, i).session, i);
  }
  int32_t session = 0;
  CHECK_EQ(sled_session_open(engine, address(prompt.data()), 5, 0, 0, 0, &session), SLED_ERR_NO_SEQUENCE);
  CHECK(error_names("all 5 sessions") && session == -1);
  CHECK_EQ(step(engine, test::slot(0, 0, 5)).status, SLED_ERR_NO_SEQUENCE);
  CHECK(error_names("attach"));

  for (const int32_t wish : {-2, 3, SLED_MAX_SEQUENCES, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_session_attach(engine, 0, wish), SLED_ERR_ARGUMENT);
  }
  for (const int32_t nobody : {-1, 5, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_session_attach(engine, nobody, -1), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_detach(engine, nobody, 1), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_share(engine, nobody, 0, 1, 1), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_share(engine, 0, nobody, 1, 1), SLED_ERR_SESSION);
  }
  CHECK_OK(sled_session_attach(engine, 0, 1));
  CHECK_OK(sled_session_attach(engine, 0, 1));
  CHECK_OK(sled_session_attach(engine, 0, 2));  // resident already
  CHECK_EQ(test::session(engine, 0).sequence, 1);
  CHECK_EQ(sled_session_attach(engine, 1, 1), SLED_ERR_NO_SEQUENCE);
  CHECK(error_names("session 0"));
  CHECK_OK(sled_session_attach(engine, 1, -1));
  CHECK_OK(sled_session_attach(engine, 2, -1));
  CHECK(test::session(engine, 1).sequence == 0 && test::session(engine, 2).sequence == 2);
  CHECK_EQ(sled_session_attach(engine, 3, -1), SLED_ERR_NO_SEQUENCE);
  CHECK_EQ(test::session(engine, 3).sequence, -1);
  CHECK_EQ(describe(engine).sequences_in_use, 3);

  // Step, save, restore elsewhere.
  CHECK_OK(step(engine, next_slot(engine, 0)).status);
  const std::vector<int32_t> tokens = test::committed(engine, 0);
  for (const int32_t keep : {-1, 2, INT32_MAX}) {
    CHECK_EQ(sled_session_detach(engine, 0, keep), SLED_ERR_ARGUMENT);
  }
  CHECK_OK(sled_session_detach(engine, 0, 1));
  sled_session_info s = test::session(engine, 0);
  CHECK(s.sequence == -1 && s.cached_tokens == 5 && s.committed_tokens == 6 && s.saved_bytes > 0);
  CHECK_EQ(describe(engine).saved_bytes, s.saved_bytes);
  CHECK_EQ(describe(engine).sequences_in_use, 2);
  CHECK(test::committed(engine, 0) == tokens);
  CHECK_EQ(step(engine, next_slot(engine, 0)).status, SLED_ERR_NO_SEQUENCE);
  CHECK_OK(sled_session_detach(engine, 0, 1));  // already
  CHECK_EQ(test::session(engine, 0).saved_bytes, s.saved_bytes);
  CHECK_OK(sled_session_detach(engine, 2, 1));  // nothing to save
  CHECK(test::session(engine, 2).sequence == -1 && test::session(engine, 2).saved_bytes == 0);
  CHECK_OK(sled_session_attach(engine, 0, 2));
  s = test::session(engine, 0);
  CHECK(s.sequence == 2 && s.cached_tokens == 5 && s.saved_bytes == 0);
  CHECK_EQ(describe(engine).saved_bytes, 0);

  // Evicted where it is saved.
  CHECK_OK(sled_session_detach(engine, 0, 1));
  CHECK_EQ(sled_session_evict(engine, 0, 6), SLED_ERR_OFFSET);
  CHECK_OK(sled_session_evict(engine, 0, 3));
  CHECK(test::session(engine, 0).cached_tokens == 3 && test::session(engine, 0).saved_bytes > 0);
  CHECK_EQ(sled_session_evict(engine, 0, 4), SLED_ERR_OFFSET);
  CHECK_OK(sled_session_attach(engine, 0, -1));
  CHECK_EQ(test::session(engine, 0).cached_tokens, 3);
  CHECK_OK(step(engine, next_slot(engine, 0)).status);
  CHECK_OK(sled_session_detach(engine, 0, 1));
  CHECK_OK(sled_session_evict(engine, 0, 0));
  CHECK(test::session(engine, 0).cached_tokens == 0 && test::session(engine, 0).saved_bytes == 0);
  CHECK_OK(sled_session_attach(engine, 0, -1));
  CHECK_OK(step(engine, next_slot(engine, 0)).status);
  // Forgotten, resident and saved.
  CHECK_OK(sled_session_detach(engine, 0, 0));
  CHECK(test::session(engine, 0).cached_tokens == 0 && test::session(engine, 0).sequence == -1);
  CHECK_OK(sled_session_attach(engine, 0, -1));
  CHECK_OK(step(engine, next_slot(engine, 0)).status);
  CHECK_OK(sled_session_detach(engine, 0, 1));
  CHECK_OK(sled_session_detach(engine, 0, 0));
  CHECK(test::session(engine, 0).cached_tokens == 0 && test::session(engine, 0).saved_bytes == 0);

  // Closed in every place; ids are used again from the lowest on.
  CHECK_OK(sled_session_attach(engine, 0, -1));
  CHECK_OK(step(engine, next_slot(engine, 0)).status);
  CHECK_OK(sled_session_detach(engine, 0, 1));
  CHECK_OK(sled_session_attach(engine, 2, -1));
  CHECK_OK(step(engine, next_slot(engine, 2)).status);
  CHECK_OK(sled_session_close(engine, 2));
  CHECK_OK(sled_session_close(engine, 0));
  CHECK_EQ(describe(engine).saved_bytes, 0);
  CHECK_EQ(test::open_parked(engine, prompt, 0), 0);
  CHECK_EQ(test::open_parked(engine, prompt, 0), 2);
  for (int32_t i = 0; i < 5; i++) {
    CHECK_OK(sled_session_close(engine, i));
  }
  check_empty(engine);
  CHECK_OK(sled_engine_close(engine));
  std::printf("  residence\n");
}

void check_share(int64_t model) {
  const int64_t engine = open_engine(model, 2, 4);
  std::vector<int32_t> prompt(40);
  for (size_t i = 0; i < prompt.size(); i++) {
    prompt[i] = static_cast<int32_t>(i * 5 % 200);
  }
  std::vector<int32_t> other = prompt;
  other[30]++;
  const int32_t from = test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END);
  const int32_t to = test::open_parked(engine, other, 0, SLED_SESSION_IGNORE_END);
  const int32_t same = test::open_parked(engine, prompt, 0, SLED_SESSION_IGNORE_END);
  CHECK_EQ(sled_session_share(engine, same, from, 1, 1), SLED_ERR_OFFSET);  // no K/V yet
  const int32_t choice = step(engine, next_slot(engine, from)).next_token;
  for (const int32_t count : {-1, 0, 41, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_session_share(engine, to, from, count, 1), SLED_ERR_OFFSET);
  }
  CHECK_EQ(sled_session_share(engine, same, from, 40, 1), SLED_ERR_OFFSET);  // its last token must be computed
  for (const int32_t move : {-1, 2, INT32_MAX}) {
    CHECK_EQ(sled_session_share(engine, to, from, 10, move), SLED_ERR_ARGUMENT);
  }
  CHECK_EQ(sled_session_share(engine, from, from, 10, 0), SLED_ERR_ARGUMENT);
  for (const int32_t move : {0, 1}) {
    CHECK_EQ(sled_session_share(engine, to, from, 31, move), SLED_ERR_ARGUMENT);
    CHECK(error_names("position 30"));
  }
  CHECK_EQ(sled_session_share(engine, to, from, 30, 0), SLED_ERR_NO_SEQUENCE);
  CHECK_OK(sled_session_attach(engine, to, -1));
  CHECK_EQ(sled_session_share(engine, to, from, 30, 1), SLED_ERR_ARGUMENT);
  CHECK_EQ(test::session(engine, from).cached_tokens, 40);  // nothing happened so far
  CHECK_EQ(test::session(engine, to).cached_tokens, 0);

  CHECK_OK(sled_session_share(engine, to, from, 30, 0));
  CHECK_EQ(test::session(engine, from).cached_tokens, 40);
  CHECK_EQ(test::session(engine, to).cached_tokens, 30);
  CHECK_EQ(sled_session_share(engine, to, from, 30, 0), SLED_ERR_OFFSET);  // has them
  CHECK_OK(step(engine, next_slot(engine, to)).status);
  CHECK_OK(sled_session_detach(engine, to, 0));
  // Out of host memory.
  CHECK_OK(sled_session_detach(engine, from, 1));
  CHECK_OK(sled_session_attach(engine, to, -1));
  CHECK_EQ(sled_session_share(engine, same, from, 39, 1), SLED_ERR_NO_SEQUENCE);
  CHECK_OK(sled_session_share(engine, to, from, 20, 0));
  CHECK_EQ(test::session(engine, to).cached_tokens, 20);
  CHECK(test::session(engine, from).saved_bytes > 0);
  CHECK_OK(sled_session_detach(engine, to, 0));
  CHECK_OK(sled_session_attach(engine, from, 1));
  // Moved, to one that had something saved.
  CHECK_OK(sled_session_attach(engine, same, -1));
  CHECK_OK(step(engine, test::slot(same, 0, 7)).status);
  CHECK_OK(sled_session_detach(engine, same, 1));
  CHECK_OK(sled_session_share(engine, same, from, 39, 1));
  sled_session_info info = test::session(engine, same);
  CHECK(info.sequence == 1 && info.cached_tokens == 39 && info.saved_bytes == 0);
  info = test::session(engine, from);
  CHECK(info.sequence == -1 && info.cached_tokens == 0 && info.committed_tokens == 41);
  CHECK_EQ(describe(engine).sequences_in_use, 1);
  CHECK_EQ(describe(engine).saved_bytes, 0);
  CHECK_EQ(step(engine, next_slot(engine, same)).next_token, choice);
  for (const int32_t id : {from, to, same}) {
    CHECK_OK(sled_session_close(engine, id));
  }
  check_empty(engine);
  CHECK_OK(sled_engine_close(engine));
  std::printf("  share\n");
}

// ------------------------------------------------------------------ passes

// Sequences that have nothing to do, or are free, fill the gaps between those that have: one pass instead of four.
void check_bridges(int64_t model) {
  const int64_t engine = open_engine(model, 9, 20);
  for (const int32_t rows : {-1, 65537, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_engine_tune(engine, rows), SLED_ERR_ARGUMENT);
  }
  CHECK_OK(sled_engine_tune(engine, 30));
  CHECK_EQ(describe(engine).pass_cost_rows, 30);
  CHECK_OK(sled_engine_tune(engine, 0));
  CHECK(describe(engine).pass_cost_rows != 30);
  const std::vector<int32_t> prompt(20, 9);
  const std::vector<int32_t> expected = test::generate(engine, prompt, 40);
  for (int32_t i = 0; i < 8; i++) {  // the ninth stays free
    test::open_session(engine, prompt, 40, SLED_SESSION_IGNORE_END);
    CHECK_OK(step(engine, test::slot(i, 0, 19)).status);
  }
  CHECK_OK(sled_session_close(engine, 3));
  CHECK_OK(sled_session_detach(engine, 5, 1));
  const std::vector<int32_t> drafts = {expected[20], expected[21], 0};
  const std::vector<int32_t> none;
  for (int32_t round = 0; round < 4; round++) {
    // Bridged, then not.
    const int32_t costs[] = {8, 8, 1, 0};
    CHECK_OK(sled_engine_tune(engine, costs[round]));
    std::vector<sled_slot> slots;
    for (int32_t i = 0; i < 8; i += 2) {
      slots.push_back(next_slot(engine, i, round == 0 ? drafts : none));
    }
    sled_step_stats stats;
    CHECK_OK(sled_step(engine, address(slots.data()), 4, address(&stats)));
    CHECK_EQ(stats.useful_rows, round == 0 ? 16 : 4);
    CHECK_EQ(stats.passes, round < 2 ? 1 : 4);
    CHECK_EQ(stats.rows, round == 0 ? 28 : round == 1 ? 7 : 8);
    for (const sled_slot &slot : slots) {
      CHECK_OK(slot.status);
      CHECK_EQ(slot.accepted, round == 0 ? 2 : 0);
    }
    CHECK_EQ(test::session(engine, 1).cached_tokens, 19);
  }
  // Those between them are undisturbed.
  CHECK_OK(sled_session_attach(engine, 5, 3));
  for (const int32_t i : {0, 1, 2, 4, 5, 6, 7}) {
    while (test::session(engine, i).finish == SLED_FINISH_NONE) {
      CHECK_OK(step(engine, next_slot(engine, i)).status);
    }
    CHECK(test::committed(engine, i) == expected);
  }
  CHECK_OK(sled_engine_close(engine));
  std::printf("  bridges\n");
}

void check_unified(int64_t model) {
  sled_engine_params params = test::engine_params(4, kContext);
  params.kv_layout = SLED_KV_LAYOUT_UNIFIED;
  int64_t engine = 0;
  sled_memory_plan plan;
  CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_UNSUPPORTED);
  CHECK(error_names("unified"));
  CHECK_EQ(sled_engine_plan(model, &params, &plan), SLED_ERR_UNSUPPORTED);
  params.numerics = SLED_NUMERICS_AUTO;
  CHECK_OK(sled_engine_plan(model, &params, &plan));
  CHECK_OK(sled_engine_open(model, &params, &engine));
  CHECK(describe(engine).numerics == SLED_NUMERICS_FAST && describe(engine).kv_layout == SLED_KV_LAYOUT_UNIFIED);
  // All sessions to the end of their contexts, every step with other rows, on every second sequence: one pass each.
  const std::vector<int32_t> prompt(30, 9);
  for (int32_t i = 0; i < 4; i++) {
    test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END);
  }
  std::mt19937 random(1);
  const std::vector<int32_t> many(60, 3);
  for (int32_t open = 4; open > 0;) {
    std::vector<std::vector<int32_t>> drafts;
    std::vector<sled_slot> slots;
    open = 0;
    int32_t rows = 0;
    for (int32_t i = 0; i < 4; i++) {
      const sled_session_info info = test::session(engine, i);
      if (info.finish == SLED_FINISH_NONE) {
        open++;
        if (random() % 2 == 0) {
          drafts.emplace_back(many.begin(), many.begin() + static_cast<std::ptrdiff_t>(random() % 60));
          slots.push_back(next_slot(engine, i, drafts.back()));
        }
      }
    }
    if (slots.empty()) {
      continue;
    }
    sled_step_stats stats;
    CHECK_OK(sled_step(engine, address(slots.data()), static_cast<int32_t>(slots.size()), address(&stats)));
    CHECK_EQ(stats.passes, 1);
    CHECK_EQ(stats.rows, stats.useful_rows);
    for (const sled_slot &slot : slots) {
      CHECK_OK(slot.status);
      CHECK_EQ(slot.first_row, rows);
      rows += slot.row_count;
    }
    CHECK_EQ(stats.rows, rows);
  }
  for (int32_t i = 0; i < 4; i++) {
    CHECK_EQ(test::session(engine, i).committed_tokens, kContext);
  }
  CHECK_OK(sled_engine_close(engine));
  std::printf("  unified\n");
}

// Two sequences with the same cells, and then the first of them goes: a trained model's text does not change.
void check_unified_share() {
  const int64_t model = test::open_model(test::demo_model("target"));
  const int64_t engine = open_engine(model, 3, 3, kContext, true);
  const std::vector<int32_t> prompt =
      test::tokenize(model, "Once upon a time there was a little fox who lived in a wood with her mother and her father.");
  const auto count = static_cast<int32_t>(prompt.size()) - 1;
  const std::vector<int32_t> expected = test::generate(engine, prompt, 24);
  const int32_t from = test::open_session(engine, prompt, 24, SLED_SESSION_IGNORE_END);
  CHECK_OK(step(engine, next_slot(engine, from)).status);
  for (int32_t i = 0; i < 2; i++) {
    const int32_t to = test::open_session(engine, prompt, 24, SLED_SESSION_IGNORE_END);
    CHECK_OK(sled_session_share(engine, to, from, i == 0 ? count : count / 2, 0));
    if (i == 1) {
      CHECK_OK(sled_session_close(engine, from));
      CHECK_OK(sled_session_detach(engine, 1, 1));
      CHECK_OK(sled_session_attach(engine, 1, -1));
    }
  }
  for (const int32_t id : {2, 1}) {
    while (test::session(engine, id).finish == SLED_FINISH_NONE) {
      CHECK_OK(step(engine, next_slot(engine, id)).status);
    }
    CHECK(test::committed(engine, id) == expected);
    CHECK_OK(sled_session_close(engine, id));
  }
  check_empty(engine);
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  std::printf("  unified: shared\n");
}

// ------------------------------------------------------------------ threads

std::string allowed_cores() {
  cpu_set_t set;
  CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  std::string cores;
  for (size_t core = 0; core < CPU_SETSIZE; core++) {
    cores += CPU_ISSET(core, &set) ? "1" : "0";
  }
  return cores;
}

void check_pinned(int64_t model) {
  const std::string before = allowed_cores();
  const auto cores = static_cast<int32_t>(std::count(before.begin(), before.end(), '1'));
  sled_engine_params params = test::engine_params(1, kContext);
  params.flags = SLED_ENGINE_PIN_THREADS;
  int64_t engine = 0;
  params.threads = cores + 1;
  CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_ARGUMENT);
  CHECK(error_names("pinned"));
  const std::vector<int32_t> prompt(20, 9);
  std::vector<int32_t> expected;
  for (int32_t threads = 0; threads <= std::min(cores, 2); threads++) {  // 0: the reference, not pinned
    params.threads = std::max(1, threads);
    params.flags = threads == 0 ? 0 : SLED_ENGINE_PIN_THREADS;
    CHECK_OK(sled_engine_open(model, &params, &engine));
    CHECK(allowed_cores() == before);
    const std::vector<int32_t> tokens = test::generate(engine, prompt, 5);
    CHECK(allowed_cores() == before);
    CHECK(expected.empty() || tokens == expected);
    expected = tokens;
    CHECK_OK(sled_engine_close(engine));
  }
  std::printf("  pinned threads\n");
}

// ------------------------------------------------------------------ random schedules

struct Life : test::Stream {
  std::vector<int32_t> prompt;
  bool done = false;
};

int32_t below(std::mt19937 &random, int32_t bound) {
  return static_cast<int32_t>(random() % static_cast<uint32_t>(bound));
}

class Schedule {
 public:
  // unified: fast, where a token may be another one; what must hold then is the bookkeeping.
  Schedule(int64_t model, int32_t context, int32_t streams, int32_t new_tokens, uint32_t seed, bool unified)
      : random_(seed), new_tokens_(new_tokens), unified_(unified), lives_(static_cast<size_t>(streams)) {
    CHECK_OK(sled_model_describe(model, &model_info_));
    // Every second one begins like the one before it, every fourth is its twin to the end: they can share.
    for (size_t i = 0; i < lives_.size(); i++) {
      Life &life = lives_[i];
      if (i % 4 == 3) {
        life.prompt = lives_[i - 1].prompt;
        life.sampling = lives_[i - 1].sampling;
        life.expected = lives_[i - 1].expected;
        continue;
      }
      if (i % 2 == 1) {
        life.prompt = lives_[i - 1].prompt;
        life.prompt.resize(static_cast<size_t>(1 + below(random_, static_cast<int32_t>(life.prompt.size()))));
      }
      const size_t length = life.prompt.size() + 1 + static_cast<size_t>(below(random_, test::effort(90, 30)));
      while (life.prompt.size() < length) {
        life.prompt.push_back(below(random_, model_info_.vocabulary_tokens));
      }
      life.sampling = test::random_sampling(static_cast<uint32_t>(random_()));
      life.expected = test::alone(model, life.prompt, new_tokens, context, life.sampling);
    }
    engine_ = open_engine(model, kSequences, streams, context, unified);
  }

  void run() {
    while (opened_ < lives_.size() || describe(engine_).sessions_in_use > 0) {
      if (opened_ < lives_.size() && below(random_, 3) == 0) {
        open(lives_[opened_++]);
      }
      for (Life &life : lives_) {
        if (life.session >= 0) {
          disturb(life);
        }
      }
      compute();
    }
    check_empty(engine_);
    CHECK_OK(sled_engine_close(engine_));
    std::printf("  %zu sessions on %d sequences%s: %d saved, %d restored, %d forgotten, %d evicted, %d moved, %d copied; "
                "%d of %zu equal\n",
                lives_.size(), kSequences, unified_ ? ", unified" : "", saved_, restored_, forgotten_, evicted_, moved_,
                copied_, equal_, lives_.size());
    CHECK(unified_ || equal_ == static_cast<int32_t>(lives_.size()));
    if (test::effort(true, false)) {  // everything occurred
      CHECK(saved_ > 0 && restored_ > 0 && forgotten_ > 0 && evicted_ > 0 && moved_ > 0 && copied_ > 0);
    }
  }

 private:
  static constexpr int32_t kSequences = 4;

  void open(Life &life) {
    life.session = test::open_parked(engine_, life.prompt, new_tokens_, SLED_SESSION_IGNORE_END, &life.sampling);
    attach(life);
    share(life);
  }

  void attach(Life &life) {
    const sled_session_info before = test::session(engine_, life.session);
    const int32_t status = sled_session_attach(engine_, life.session, below(random_, kSequences + 1) - 1);
    CHECK(status == SLED_OK || status == SLED_ERR_NO_SEQUENCE);
    const sled_session_info after = test::session(engine_, life.session);
    CHECK_EQ(after.cached_tokens, before.cached_tokens);
    restored_ += before.saved_bytes > 0 && after.saved_bytes == 0 ? 1 : 0;
  }

  void detach(Life &life) {
    const sled_session_info before = test::session(engine_, life.session);
    const int32_t keep = below(random_, 5) == 0 ? 0 : 1;
    CHECK_OK(sled_session_detach(engine_, life.session, keep));
    const sled_session_info after = test::session(engine_, life.session);
    CHECK_EQ(after.sequence, -1);
    CHECK_EQ(after.cached_tokens, keep == 1 ? before.cached_tokens : 0);
    CHECK_EQ(after.saved_bytes > 0, after.cached_tokens > 0);
    (keep == 1 ? saved_ : forgotten_)++;
  }

  // From any session that has more K/V of the same tokens than this one.
  void share(Life &to) {
    const sled_session_info mine = test::session(engine_, to.session);
    for (const Life &from : lives_) {
      if (from.session < 0 || &from == &to) {
        continue;
      }
      const sled_session_info theirs = test::session(engine_, from.session);
      const std::vector<int32_t> a = test::committed(engine_, to.session);
      const std::vector<int32_t> b = test::committed(engine_, from.session);
      int32_t common = 0;
      while (common < std::min(theirs.cached_tokens, mine.committed_tokens - 1) &&
             a[static_cast<size_t>(common)] == b[static_cast<size_t>(common)]) {
        common++;
      }
      if (common <= mine.cached_tokens) {
        continue;
      }
      const int32_t count = mine.cached_tokens + 1 + below(random_, common - mine.cached_tokens);
      const int32_t move = mine.sequence < 0 ? 1 : 0;
      if (move == 1 && theirs.sequence < 0) {
        continue;
      }
      CHECK_OK(sled_session_share(engine_, to.session, from.session, count, move));
      CHECK_EQ(test::session(engine_, to.session).cached_tokens, count);
      CHECK_EQ(test::session(engine_, from.session).cached_tokens, move == 1 ? 0 : theirs.cached_tokens);
      (move == 1 ? moved_ : copied_)++;
      return;
    }
  }

  void disturb(Life &life) {
    const int32_t what = below(random_, 24);
    const sled_session_info info = test::session(engine_, life.session);
    if (info.sequence < 0) {
      if (what < 8) {
        attach(life);
      } else if (what < 12) {
        share(life);
      }
    } else if (what < 4) {
      detach(life);
    } else if (what < 6) {
      share(life);
    }
    if (below(random_, 30) == 0) {
      const int32_t cached = test::session(engine_, life.session).cached_tokens;
      CHECK_OK(sled_session_evict(engine_, life.session, below(random_, cached + 1)));
      evicted_++;
    }
  }

  void compute() {
    std::vector<sled_slot> slots;
    for (Life &life : lives_) {
      if (life.session < 0 || below(random_, 5) == 0) {
        continue;
      }
      const sled_session_info info = test::session(engine_, life.session);
      if (info.sequence < 0) {
        continue;
      }
      const int32_t missing = info.committed_tokens - info.cached_tokens;
      const int32_t lead = std::min(missing, missing == 1 ? 1 : 1 + below(random_, 45));
      life.drafts.clear();
      if (lead == missing) {
        test::draft(life, info.committed_tokens, model_info_.vocabulary_tokens, random_);
      }
      slots.push_back(test::slot(life.session, info.cached_tokens, lead, life.drafts));
    }
    if (!slots.empty()) {
      CHECK_OK(sled_step(engine_, address(slots.data()), static_cast<int32_t>(slots.size()), 0));
    }
    for (const sled_slot &slot : slots) {
      CHECK_OK(slot.status);
    }
    for (Life &life : lives_) {
      if (life.session >= 0 && test::session(engine_, life.session).finish != SLED_FINISH_NONE) {
        const std::vector<int32_t> tokens = test::committed(engine_, life.session);
        CHECK_EQ(tokens.size(), life.expected.size());
        equal_ += tokens == life.expected ? 1 : 0;
        if (below(random_, 2) == 0) {
          detach(life);  // closed wherever it is
        }
        CHECK_OK(sled_session_close(engine_, life.session));
        life.session = -1;
      }
    }
  }

  std::mt19937 random_;
  const int32_t new_tokens_;
  const bool unified_;
  sled_model_info model_info_{};
  std::vector<Life> lives_;
  size_t opened_ = 0;
  int64_t engine_ = 0;
  int32_t saved_ = 0, restored_ = 0, forgotten_ = 0, evicted_ = 0, moved_ = 0, copied_ = 0, equal_ = 0;
};

void check_schedules(const std::string &path, int32_t new_tokens, uint32_t seeds) {
  if (!test::can_be_exact(path)) {
    return;
  }
  const int64_t model = test::open_exact_model(path);
  for (uint32_t seed = 1; seed <= seeds; seed++) {
    Schedule(model, kContext, test::effort(20, 8), new_tokens, seed, false).run();
  }
  Schedule(model, kContext, test::effort(20, 8), new_tokens, 1, true).run();
  CHECK_OK(sled_model_close(model));
}

// ------------------------------------------------------------------ many

// 1,000 sessions take turns on 4 sequences: each comes twice, and goes on where it stood.
void check_many(int64_t model) {
  const int32_t many = test::effort(1000, 40);
  const int64_t engine = open_engine(model, 4, many);
  const std::vector<int32_t> prompt = {5, 6, 7};
  std::vector<std::vector<int32_t>> expected;
  for (int32_t kind = 0; kind < 8; kind++) {
    std::vector<int32_t> start = prompt;
    start.push_back(kind);
    expected.push_back(test::generate(engine, start, 6));
  }
  for (int32_t i = 0; i < many; i++) {
    std::vector<int32_t> start = prompt;
    start.push_back(i % 8);
    CHECK_EQ(test::open_parked(engine, start, 6, SLED_SESSION_IGNORE_END), i);
  }
  CHECK_EQ(describe(engine).sessions_in_use, many);
  for (int32_t turn = 0; turn < 2; turn++) {
    for (int32_t first = 0; first + 4 <= many; first += 4) {
      for (int32_t i = first; i < first + 4; i++) {
        CHECK_OK(sled_session_attach(engine, i, -1));
        CHECK_EQ(test::session(engine, i).cached_tokens, turn == 0 ? 0 : 6);
      }
      for (int32_t token = 0; token < 3; token++) {
        std::vector<sled_slot> slots;
        for (int32_t i = first; i < first + 4; i++) {
          slots.push_back(next_slot(engine, i));
        }
        CHECK_OK(sled_step(engine, address(slots.data()), 4, 0));
      }
      for (int32_t i = first; i < first + 4; i++) {
        CHECK_OK(sled_session_detach(engine, i, 1));
      }
    }
    CHECK_EQ(describe(engine).sequences_in_use, 0);
    CHECK(describe(engine).saved_bytes > many);
  }
  int64_t saved = describe(engine).saved_bytes;
  for (int32_t i = 0; i < many; i++) {
    CHECK(test::committed(engine, i) == expected[static_cast<size_t>(i % 8)]);
    saved -= test::session(engine, i).saved_bytes;
    if (i % 2 == 0) {
      CHECK_OK(sled_session_detach(engine, i, 0));
    }
    CHECK_OK(sled_session_close(engine, i));
  }
  CHECK_EQ(saved, 0);
  check_empty(engine);
  CHECK_OK(sled_engine_close(engine));
  std::printf("  %d sessions on 4 sequences\n", many);
}

// As many ids as there can be.
void check_most(int64_t model) {
  const int64_t engine = open_engine(model, 1, SLED_MAX_SESSIONS);
  const std::vector<int32_t> prompt = {5};
  for (int32_t i = 0; i < SLED_MAX_SESSIONS; i++) {
    CHECK_EQ(test::open_parked(engine, prompt, 1), i);
  }
  int32_t session = 0;
  CHECK_EQ(sled_session_open(engine, address(prompt.data()), 1, 0, 0, 0, &session), SLED_ERR_NO_SEQUENCE);
  CHECK_OK(sled_session_attach(engine, SLED_MAX_SESSIONS - 1, -1));
  CHECK_OK(step(engine, test::slot(SLED_MAX_SESSIONS - 1, 0, 1)).status);
  CHECK_OK(sled_session_close(engine, 40000));
  CHECK_EQ(test::open_parked(engine, prompt, 1), 40000);
  CHECK_OK(sled_engine_close(engine));
  std::printf("  %d sessions\n", SLED_MAX_SESSIONS);
}

// ------------------------------------------------------------------ no memory

bool sanitized() {
  char text[1024];
  int32_t length = 0;
  CHECK_OK(sled_build_info(text, sizeof(text), &length));
  return std::strstr(text, "sanitizer=none") == nullptr;
}

// The process may not grow any more: what was to be saved stays where it is.
void check_no_memory(const std::string &path) {
  if (sanitized()) {
    return;  // its allocator ends the process
  }
  const int64_t model = test::open_exact_model(path);
  constexpr int32_t kLong = 1500;
  const int64_t engine = open_engine(model, 2, 3, 2048);
  const std::vector<int32_t> prompt(kLong, 9);
  const int32_t id = test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END);
  while (test::session(engine, id).cached_tokens < kLong - 1) {
    const int32_t cached = test::session(engine, id).cached_tokens;
    CHECK_OK(step(engine, test::slot(id, cached, std::min(32, kLong - 1 - cached))).status);
  }
  const int32_t other = test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END);
  const sled_session_info before = test::session(engine, id);
  rlimit limit{};
  CHECK_EQ(getrlimit(RLIMIT_AS, &limit), 0);
  const rlim_t usual = limit.rlim_cur;
  limit.rlim_cur = 1 << 20;
  CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  // An emulator of another processor may not hold its guest to the limit.
  constexpr size_t kProbeBytes = size_t{64} << 20;
  void *probe = mmap(nullptr, kProbeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe != MAP_FAILED) {
    munmap(probe, kProbeBytes);
    limit.rlim_cur = usual;
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    std::printf("  no memory: not tested, memory cannot be limited here\n");
    CHECK_OK(sled_engine_close(engine));
    CHECK_OK(sled_model_close(model));
    return;
  }
  const int32_t detached = sled_session_detach(engine, id, 1);
  const int32_t shared = sled_session_share(engine, other, id, 1000, 0);
  limit.rlim_cur = usual;
  CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  CHECK_EQ(detached, SLED_ERR_MEMORY);
  CHECK_EQ(shared, SLED_ERR_MEMORY);
  CHECK(error_names("MiB"));
  const sled_session_info after = test::session(engine, id);
  CHECK(std::memcmp(&before, &after, sizeof(after)) == 0);
  CHECK_EQ(test::session(engine, other).cached_tokens, 0);
  CHECK_EQ(describe(engine).saved_bytes, 0);
  CHECK_OK(sled_session_detach(engine, id, 1));
  std::printf("  no memory: refused; then %lld bytes saved\n",
              static_cast<long long>(test::session(engine, id).saved_bytes));
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
}

}  // namespace

int main() {
  // For check_no_memory(): other arenas have address space in reserve, and freed blocks would do for what is to be saved.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  const std::string llama = directory.file("llama.gguf");
  test::write_random_model(llama, "llama", GGML_TYPE_BF16, 1);
  const int64_t model = test::open_exact_model(llama);
  check_residence(model);
  check_share(model);
  check_bridges(model);
  check_unified(model);
  check_unified_share();
  check_pinned(model);
  check_many(model);
  check_most(model);
  CHECK_OK(sled_model_close(model));
  test::RandomModelSize wide;  // several KiB of K/V for each token
  wide.width = 256;
  wide.heads = 4;
  wide.kv_heads = 4;
  wide.layers = 4;
  const std::string wider = directory.file("wide.gguf");
  test::write_random_model(wider, "llama", GGML_TYPE_Q8_0, 2, 0, true, wide);
  check_no_memory(wider);
  check_schedules(llama, test::effort(100, 10), test::effort(3U, 1U));
  const std::string gpt2 = directory.file("gpt2.gguf");
  test::write_random_model(gpt2, "gpt2", GGML_TYPE_F16, 3);
  check_schedules(gpt2, test::effort(0, 10), 1);  // 0: to the end of the context
  check_schedules(wider, test::effort(60, 10), 1);
  check_schedules(test::demo_model("target"), test::effort(60, 8), 1);
  return 0;
}
