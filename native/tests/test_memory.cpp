// Where memory runs out: whichever allocation of the library fails, what was committed stays, and the text goes on as if
// nothing had happened.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "support.hpp"

namespace {

using test::address;
using test::generate;
using test::next_slot;
using test::step;

// Allocations that code of these libraries makes are counted, and one of them fails.
thread_local const char *t_library = nullptr;  // part of their names; null: nothing fails
thread_local int32_t t_left = 0;               // allocations before the one that fails
thread_local bool t_failed = false;

bool fails(const void *caller) {
  if (t_library == nullptr || t_failed) {
    return false;
  }
  const char *const wanted = t_library;
  t_library = nullptr;  // dladdr may allocate
  Dl_info info;
  const bool counts = dladdr(caller, &info) != 0 && info.dli_fname != nullptr && std::strstr(info.dli_fname, wanted) != nullptr;
  t_library = wanted;
  if (!counts || t_left-- > 0) {
    return false;
  }
  t_failed = true;
  return true;
}

void *allocate(size_t bytes, const void *caller) {
  return fails(caller) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}

// Runs a call of the library whose allocation number `index` fails; failed: there were so many.
template <typename Call>
int32_t with_failure(const char *library, int32_t index, bool &failed, Call &&call) {
  t_left = index;
  t_failed = false;
  t_library = library;
  const int32_t status = call();
  t_library = nullptr;
  failed = t_failed;
  return status;
}

}  // namespace

// The library finds these before those of libstdc++. Not inlined: the caller's address says which library it is.
__attribute__((noinline)) void *operator new(size_t bytes) {
  void *const memory = allocate(bytes, __builtin_return_address(0));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}
__attribute__((noinline)) void *operator new(size_t bytes, const std::nothrow_t &) noexcept {
  return allocate(bytes, __builtin_return_address(0));
}
__attribute__((noinline)) void *operator new[](size_t bytes, const std::nothrow_t &) noexcept {
  return allocate(bytes, __builtin_return_address(0));
}
__attribute__((noinline)) void operator delete(void *memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void *memory, size_t) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete[](void *memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete[](void *memory, size_t) noexcept { std::free(memory); }

namespace {

constexpr int32_t kContext = 256;
constexpr int32_t kNewTokens = 12;

sled_sampling with_penalties() {
  sled_sampling sampling;
  CHECK_OK(sled_sampling_default(&sampling));
  sampling.temperature = 0.8F;
  sampling.repeat_penalty = 1.2F;
  sampling.seed = 5;
  return sampling;
}

int32_t open_one(int64_t engine, const std::vector<int32_t> &prompt, const sled_sampling &sampling) {
  return test::open_session(engine, prompt, kNewTokens, SLED_SESSION_IGNORE_END, &sampling);
}

// Goes on to the end, in steps of its own.
std::vector<int32_t> finish(int64_t engine, int32_t session) {
  while (test::session(engine, session).finish == SLED_FINISH_NONE) {
    CHECK_OK(step(engine, next_slot(engine, session)).status);
  }
  return test::committed(engine, session);
}

void check_steps(int64_t model) {
  const sled_sampling sampling = with_penalties();
  const std::vector<int32_t> prompts[] = {std::vector<int32_t>(20, 12), std::vector<int32_t>(17, 40)};
  std::vector<int32_t> texts[2];
  int32_t failures = 0;
  for (int32_t steps_before = 0; steps_before < 2; steps_before++) {
    bool failed = true;
    for (int32_t index = -1; failed; index++) {  // -1: nothing fails
      const int64_t engine = test::open_engine(model, 2, kContext);
      int32_t ids[2];
      for (int32_t i = 0; i < 2; i++) {
        ids[i] = open_one(engine, prompts[i], sampling);
      }
      for (int32_t i = 0; i < steps_before; i++) {
        CHECK_OK(step(engine, next_slot(engine, ids[0])).status);
      }
      sled_session_info before[2];
      sled_slot slots[2];
      const std::vector<int32_t> drafts(3, 7);
      for (int32_t i = 0; i < 2; i++) {
        before[i] = test::session(engine, ids[i]);
        slots[i] = next_slot(engine, ids[i], drafts);
      }
      const int32_t status = with_failure(index < 0 ? "no library" : "libsled", index, failed,
                                          [&] { return sled_step(engine, address(slots), 2, 0); });
      if (index < 0) {
        failed = true;
      }
      if (failed && index >= 0) {
        CHECK(status == SLED_ERR_DECODE || status == SLED_ERR_MEMORY);
        for (int32_t i = 0; i < 2; i++) {
          const sled_session_info after = test::session(engine, ids[i]);
          CHECK_EQ(after.committed_tokens, before[i].committed_tokens);
          CHECK(after.cached_tokens == 0 || after.cached_tokens == before[i].cached_tokens);
          CHECK_EQ(after.sequence, before[i].sequence);
        }
        failures++;
      } else {
        CHECK_OK(status);
      }
      for (int32_t i = 0; i < 2; i++) {
        const std::vector<int32_t> text = finish(engine, ids[i]);
        if (texts[i].empty()) {
          texts[i] = text;
        }
        CHECK(text == texts[i]);
      }
      CHECK_OK(sled_engine_close(engine));
    }
  }
  CHECK(failures > 3);
  std::printf("  steps: %d allocations failed, one at a time\n", failures);
}

// K/V that is saved, restored and copied: what fails leaves everything as it was, or the receiver without K/V.
void check_copies(int64_t model, const char *library) {
  const std::vector<int32_t> prompt(40, 12);
  const int64_t engine = test::open_engine(model, 2, kContext);
  const std::vector<int32_t> text = generate(engine, prompt, kNewTokens);
  int32_t failures = 0;
  for (int32_t call = 0; call < 3; call++) {
    bool failed = true;
    // llama.cpp makes some for each cell: the later ones are tried by samples.
    for (int32_t index = 0; failed; index += 1 + index / 4) {
      const int32_t first = test::open_session(engine, prompt, kNewTokens, SLED_SESSION_IGNORE_END);
      CHECK_OK(step(engine, next_slot(engine, first)).status);
      const int32_t second = test::open_session(engine, prompt, kNewTokens, SLED_SESSION_IGNORE_END);
      if (call == 1) {
        CHECK_OK(sled_session_detach(engine, first, 1));
      }
      const sled_session_info before = test::session(engine, first);
      const int32_t status = with_failure(library, index, failed, [&] {
        return call == 0   ? sled_session_detach(engine, first, 1)
               : call == 1 ? sled_session_attach(engine, first, -1)
                           : sled_session_share(engine, second, first, 39, 0);
      });
      if (status != SLED_OK) {
        CHECK(failed);
        CHECK_EQ(status, SLED_ERR_MEMORY);
        failures++;
        const sled_session_info after = test::session(engine, first);
        CHECK_EQ(std::memcmp(&before, &after, sizeof(before)), 0);
        CHECK_EQ(test::session(engine, second).cached_tokens, 0);
      }
      CHECK_OK(sled_session_attach(engine, first, -1));
      CHECK(finish(engine, first) == text);
      CHECK(finish(engine, second) == text);
      CHECK_OK(sled_session_close(engine, first));
      CHECK_OK(sled_session_close(engine, second));
    }
  }
  CHECK_OK(sled_engine_close(engine));
  std::printf("  copies: %d calls failed for an allocation of %s\n", failures, library);
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const int64_t model = test::open_exact_model(test::demo_model("target"));
  check_steps(model);
  check_copies(model, "libsled");
  check_copies(model, "libllama");
  CHECK_OK(sled_model_close(model));
  std::printf("test_memory: ok\n");
  return 0;
}
