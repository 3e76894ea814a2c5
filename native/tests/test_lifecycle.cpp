// What a session lives through: limits, its end, fast numerics, and several threads that want the same engine.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstring>
#include <random>
#include <thread>

#include "gguf_edit.hpp"
#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::address;
using test::error_names;
using test::generate;
using test::next_slot;
using test::step;

constexpr int32_t kContext = 128;

void check_limits(int64_t model, int32_t wanted) {
  const int64_t engine = test::open_engine(model, 2, wanted);
  // Where positions come from a table that ends with the context, and rows come in groups, the last group needs some.
  sled_engine_info info;
  CHECK_OK(sled_engine_describe(engine, &info));
  const int32_t context = info.context_tokens;
  CHECK(context <= wanted && context > wanted - info.row_multiple);
  std::mt19937 random(9);
  std::vector<int32_t> prompt(17, 12);
  const std::vector<int32_t> reference = generate(engine, prompt, 0);
  CHECK_EQ(reference.size(), context);

  // Right drafts reach far beyond the limit; it is kept exactly.
  for (int32_t limit = 1; limit <= 12; limit++) {
    for (int32_t extra = 0; extra <= 3; extra++) {
      const int32_t s = test::open_session(engine, prompt, limit, SLED_SESSION_IGNORE_END);
      CHECK_OK(step(engine, test::slot(s, 0, 16)).status);
      const std::vector<int32_t> drafts(reference.begin() + 17, reference.begin() + 17 + limit + extra);
      const sled_slot slot = step(engine, next_slot(engine, s, drafts));
      CHECK_OK(slot.status);
      CHECK_EQ(slot.finish, SLED_FINISH_LENGTH);
      CHECK_EQ(slot.committed, 17 + limit);
      CHECK_EQ(slot.accepted, limit - 1);
      CHECK_EQ(slot.next_token, reference[static_cast<size_t>(16 + limit)]);
      CHECK_EQ(test::session(engine, s).committed_tokens, 17 + limit);
      CHECK_EQ(step(engine, next_slot(engine, s)).status, SLED_ERR_CONTEXT_FULL);
      CHECK_OK(sled_session_close(engine, s));
    }
  }
  // The context is filled to its last token, however the blocks fall.
  for (int32_t round = 0; round < 6; round++) {
    const int32_t s = test::open_session(engine, prompt, round % 2 == 0 ? 0 : INT32_MAX, SLED_SESSION_IGNORE_END);
    sled_slot slot{};
    while (test::session(engine, s).finish == SLED_FINISH_NONE) {
      const auto committed = static_cast<size_t>(test::session(engine, s).committed_tokens);
      std::vector<int32_t> drafts;
      for (size_t i = 0; i < random() % 30; i++) {
        drafts.push_back(committed + i < reference.size() ? reference[committed + i] : 3);
      }
      slot = step(engine, next_slot(engine, s, drafts));
      CHECK_OK(slot.status);
      CHECK(slot.committed <= context);
    }
    CHECK_EQ(slot.finish, SLED_FINISH_CONTEXT);
    CHECK_EQ(slot.committed, context);
    CHECK(test::committed(engine, s) == reference);
    // A finished session can still be read and evicted.
    CHECK_OK(sled_session_evict(engine, s, 5));
    CHECK_EQ(test::session(engine, s).committed_tokens, context);
    CHECK_OK(sled_session_close(engine, s));
  }
  CHECK_OK(sled_engine_close(engine));
  std::printf("  limits: max_new_tokens and a context of %d kept exactly\n", context);
}

// Fast numerics takes any shape: long chunks, lone rows. Its tokens are usually, not always, those of an exact engine;
// what must hold is the bookkeeping.
void check_fast(int64_t model) {
  sled_engine_params params = test::engine_params(3, 512);
  params.numerics = SLED_NUMERICS_FAST;
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  sled_engine_info info;
  CHECK_OK(sled_engine_describe(engine, &info));
  CHECK_EQ(info.numerics, SLED_NUMERICS_FAST);
  CHECK_EQ(info.slot_rows, info.pass_rows);
  const std::vector<int32_t> prompt(300, 40);
  std::vector<sled_slot> slots;
  for (int32_t i = 0; i < 3; i++) {
    slots.push_back(test::slot(test::open_session(engine, prompt, 60), 0, i == 0 ? 300 : 100 + i));
  }
  for (int32_t step = 0; !slots.empty(); step++) {
    CHECK_OK(sled_step(engine, address(slots.data()), static_cast<int32_t>(slots.size()), 0));
    std::vector<sled_slot> next;
    for (const sled_slot &slot : slots) {
      CHECK_OK(slot.status);
      const sled_session_info now = test::session(engine, slot.session);
      CHECK_EQ(slot.committed, now.committed_tokens);
      if (now.finish == SLED_FINISH_NONE) {
        next.push_back(test::slot(slot.session, now.cached_tokens, now.committed_tokens - now.cached_tokens));
      }
    }
    slots = next;
    CHECK(step < 100);
  }
  CHECK_OK(sled_engine_close(engine));
  for (const int32_t wish : {-1, 3, INT32_MAX}) {
    params.numerics = wish;
    CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_ARGUMENT);
  }
}

// A token that is made to end the generation: committed as the target's own, drafted or not.
void check_stop(const std::string &path, const test::TemporaryDirectory &directory) {
  std::vector<int32_t> prompt(5, 13);
  int64_t model = test::open_model(path);
  int64_t engine = test::open_engine(model, 1, kContext);
  const std::vector<int32_t> reference = generate(engine, prompt, 60);
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  size_t at = 0;
  for (size_t i = 5; i < reference.size(); i++) {  // the last token that comes for the first time, if not too late
    if (std::count(reference.begin() + 5, reference.begin() + static_cast<std::ptrdiff_t>(i), reference[i]) == 0) {
      at = i;
    }
  }
  CHECK(at > 5);
  const std::string ends = directory.file("ends.gguf");
  test::edit_gguf(path, ends, [&](gguf_context *g) {
    gguf_set_val_u32(g, "tokenizer.ggml.eos_token_id", static_cast<uint32_t>(reference[at]));
  });
  model = test::open_model(ends);
  for (size_t i = 5; i <= at; i++) {  // llama.cpp knows some end tokens by their names as well
    int32_t is_end = 0;
    CHECK_OK(sled_token_is_end(model, reference[i], &is_end));
    at = is_end != 0 ? i : at;
  }
  engine = test::open_engine(model, 1, kContext);
  for (int32_t round = 0; round < 4; round++) {
    const int32_t s = test::open_session(engine, prompt, 0);
    while (test::session(engine, s).finish == SLED_FINISH_NONE) {
      const sled_session_info info = test::session(engine, s);
      std::vector<int32_t> drafts;
      for (size_t i = static_cast<size_t>(info.committed_tokens); i < reference.size() && round > 0; i++) {
        drafts.push_back(round == 1 && i == at ? 0 : reference[i]);
        if (round == 2 && i == at) {
          break;
        }
      }
      drafts.resize(std::min<size_t>(drafts.size(), 50));
      const sled_slot slot = step(engine, next_slot(engine, s, drafts));
      CHECK_OK(slot.status);
      CHECK_EQ(slot.committed, info.committed_tokens + slot.accepted + 1);
      CHECK(slot.next_token >= 0 && slot.verified >= slot.accepted);
    }
    CHECK_EQ(test::session(engine, s).finish, SLED_FINISH_STOP);
    CHECK_EQ(test::session(engine, s).committed_tokens, at + 1);
    CHECK_EQ(test::committed(engine, s).back(), reference[at]);
    CHECK_OK(sled_session_close(engine, s));
  }
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  std::printf("  stop at the end token\n");
}

// ------------------------------------------------------------------ threads

void check_threads(int64_t model) {
  const int64_t engine = test::open_engine(model, 2, kContext);
  const std::vector<int32_t> prompt(20, 14);
  const std::vector<int32_t> reference = generate(engine, prompt, 0);
  std::atomic<int32_t> busy{0};
  std::atomic<int32_t> arrived{0};
  const auto run = [&](int32_t sequence) {
    arrived++;
    while (arrived < 2) {
      std::this_thread::yield();
    }
    int32_t cached = 0;
    int32_t committed = 20;
    for (;;) {
      sled_slot slot = test::slot(sequence, cached, committed - cached);
      const int32_t status = sled_step(engine, address(&slot), 1, 0);
      if (status == SLED_ERR_BUSY) {
        CHECK(error_names("another thread"));
        busy++;
        std::this_thread::yield();
        continue;
      }
      CHECK_OK(status);
      CHECK_OK(slot.status);
      committed = slot.committed;
      cached = committed - 1;
      if (slot.finish != SLED_FINISH_NONE) {
        return;
      }
    }
  };
  for (int32_t round = 0; round < 50 && (round < 3 || busy == 0); round++) {
    arrived = 0;
    for (const int32_t sequence : {0, 1}) {
      CHECK_EQ(test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END), sequence);
    }
    std::thread other(run, 0);
    run(1);
    other.join();
    for (const int32_t sequence : {0, 1}) {
      CHECK(test::committed(engine, sequence) == reference);
      CHECK_OK(sled_session_close(engine, sequence));
    }
  }
  CHECK(busy > 0);
  CHECK_OK(sled_engine_close(engine));

  int32_t refused = 0;
  for (int32_t round = 0; round < 40; round++) {
    const int64_t closing = test::open_engine(model, 1, kContext);
    const int32_t sequence = test::open_session(closing, prompt, 0, SLED_SESSION_IGNORE_END);
    std::atomic<bool> going{false};
    std::thread stepping([&] {
      int32_t cached = 0;
      int32_t committed = 20;
      for (;;) {
        sled_slot slot = test::slot(sequence, cached, committed - cached);
        const int32_t status = sled_step(closing, address(&slot), 1, 0);
        going = true;
        if (status == SLED_ERR_HANDLE) {
          return;
        }
        CHECK(status == SLED_OK || status == SLED_ERR_BUSY);
        if (status == SLED_OK && slot.status == SLED_OK) {
          committed = slot.committed;
          cached = committed - 1;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
    while (!going) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(37 * round));
    int32_t status = sled_engine_close(closing);
    while (status == SLED_ERR_BUSY) {
      refused++;
      std::this_thread::yield();
      status = sled_engine_close(closing);
    }
    CHECK_OK(status);
    stepping.join();
  }

  CHECK_EQ(sled_session_close(0, 7), SLED_ERR_HANDLE);
  const std::string mine = test::last_error();
  std::thread([] {
    CHECK(test::last_error().empty());
    CHECK_EQ(sled_utf8_complete_bytes("", -77, nullptr), SLED_ERR_ARGUMENT);
    CHECK(error_names("-77"));
  }).join();
  CHECK(test::last_error() == mine);
  std::printf("  threads: a second one was told busy %d times; %d closes during a step refused\n", busy.load(), refused);
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  const std::string llama = directory.file("llama.gguf");
  const std::string gpt2 = directory.file("gpt2.gguf");
  test::write_random_model(llama, "llama", GGML_TYPE_BF16, 1);
  test::write_random_model(gpt2, "gpt2", GGML_TYPE_BF16, 2);
  const int64_t model = test::open_model(llama);
  check_limits(model, kContext);
  check_fast(model);
  check_stop(llama, directory);
  check_threads(model);
  CHECK_OK(sled_model_close(model));
  const int64_t positions = test::open_model(gpt2);
  check_limits(positions, 300);  // all that its table of positions has
  CHECK_OK(sled_model_close(positions));
  return 0;
}
