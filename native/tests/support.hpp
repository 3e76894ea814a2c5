// What the native tests share: checks, RAII around sled.h, and small random models.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "sled.h"

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);           \
      std::exit(1);                                                                          \
    }                                                                                        \
  } while (false)

#define CHECK_EQ(actual, expected)                                                                              \
  do {                                                                                                          \
    const long long check_a = static_cast<long long>(actual);                                                   \
    const long long check_e = static_cast<long long>(expected);                                                 \
    if (check_a != check_e) {                                                                                   \
      std::fprintf(stderr, "%s:%d: %s is %lld, expected %s = %lld (last error: %s)\n", __FILE__, __LINE__,      \
                   #actual, check_a, #expected, check_e, test::last_error().c_str());                           \
      std::exit(1);                                                                                             \
    }                                                                                                           \
  } while (false)

#define CHECK_OK(call) CHECK_EQ(call, SLED_OK)

namespace test {

inline std::string last_error() {
  char text[2048];
  sled_last_error(text, sizeof(text));
  return text;
}

inline bool error_names(const char *part) { return last_error().find(part) != std::string::npos; }

inline int64_t address(const void *pointer) { return reinterpret_cast<int64_t>(pointer); }

inline std::string demo_model(const char *which) { return std::string(SLED_MODELS_DIR) + "/demo-" + which + ".gguf"; }

// A directory of its own that goes away at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sled-test-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string &name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// An emulated processor (a cross build's tests) is a hundred times slower: there a test does `few` of what it does
// `many` of elsewhere. ctest sets the variable.
template <typename Amount>
Amount effort(Amount many, Amount few) {
  return std::getenv("SLED_TEST_EMULATED") == nullptr ? many : few;
}

// Of a file that a test made itself, which need not be tried in a process of its own first.
inline int64_t open_model(const std::string &path, int32_t flags = SLED_MODEL_MMAP) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  params.flags = flags | SLED_MODEL_TRUSTED;
  int64_t model = 0;
  CHECK_OK(sled_model_open(path.c_str(), &params, &model));
  return model;
}

// Exact numerics is possible then on every CPU; which weights it must not rearrange for that differs between them.
inline int64_t open_exact_model(const std::string &path) {
  return open_model(path, SLED_MODEL_MMAP | SLED_MODEL_EXACT);
}

inline sled_engine_params engine_params(int32_t sequences, int32_t context, int32_t threads = 1) {
  sled_engine_params params;
  CHECK_OK(sled_engine_params_default(&params));
  params.sequence_count = sequences;
  params.context_tokens = context;
  params.threads = threads;
  params.numerics = SLED_NUMERICS_EXACT;  // refused where it does not hold: no test passes by luck
  return params;
}

inline int64_t open_engine(int64_t model, int32_t sequences, int32_t context, int32_t threads = 1) {
  const sled_engine_params params = engine_params(sequences, context, threads);
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  return engine;
}

// On x86-64 every type that the tests use must be exact. On Arm some are not (toolchains/README.md) and are refused by
// name: tests of exactness leave them out there. The demo pair (Q8_0) is exact everywhere.
inline bool can_be_exact([[maybe_unused]] const std::string &path) {
#ifdef __aarch64__
  const int64_t model = open_exact_model(path);
  const sled_engine_params params = engine_params(2, 256);
  int64_t engine = 0;
  const int32_t status = sled_engine_open(model, &params, &engine);
  if (status == SLED_OK) {
    CHECK_OK(sled_engine_close(engine));
  } else {
    CHECK_EQ(status, SLED_ERR_UNSUPPORTED);
    std::printf("%s: left out: %s\n", path.c_str(), last_error().c_str());
  }
  CHECK_OK(sled_model_close(model));
  return status == SLED_OK || path.find("demo-") != std::string::npos;
#else
  return true;
#endif
}

inline std::vector<int32_t> tokenize(int64_t model, const std::string &text) {
  std::vector<int32_t> tokens(text.size() + 8);
  int32_t count = 0;
  CHECK_OK(sled_tokenize(model, text.data(), static_cast<int32_t>(text.size()), 1, 0, tokens.data(),
                         static_cast<int32_t>(tokens.size()), &count));
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

// Renders "hi" of a user and forgets it, with a handle that may be none.
inline int32_t render_hi(int64_t model, const char *source) {
  const sled_chat_params params{static_cast<int32_t>(sizeof(sled_chat_params)), SLED_CHAT_ASSISTANT, -1, -1, 0};
  std::vector<char> text(70000);
  std::vector<int32_t> tokens(text.size());
  int32_t length = 0;
  int32_t count = 0;
  int32_t uses_time = 0;
  return sled_chat_render(model, source, nullptr, "user\0hi", 8, 1, &params, text.data(),
                          static_cast<int32_t>(text.size()), &length, tokens.data(), static_cast<int32_t>(tokens.size()),
                          &count, &uses_time);
}

inline sled_session_info session(int64_t engine, int32_t id) {
  sled_session_info info;
  CHECK_OK(sled_session_describe(engine, id, &info));
  return info;
}

inline std::vector<int32_t> committed(int64_t engine, int32_t id) {
  std::vector<int32_t> tokens(static_cast<size_t>(session(engine, id).committed_tokens));
  CHECK_OK(sled_session_tokens(engine, id, 0, static_cast<int32_t>(tokens.size()), address(tokens.data())));
  return tokens;
}

// Without a sequence.
inline int32_t open_parked(int64_t engine, const std::vector<int32_t> &prompt, int32_t max_new_tokens,
                           int32_t flags = 0, const sled_sampling *sampling = nullptr) {
  int32_t session = -1;
  CHECK_OK(sled_session_open(engine, address(prompt.data()), static_cast<int32_t>(prompt.size()), max_new_tokens,
                             flags, address(sampling), &session));
  return session;
}

// On the lowest free sequence.
inline int32_t open_session(int64_t engine, const std::vector<int32_t> &prompt, int32_t max_new_tokens,
                            int32_t flags = 0, const sled_sampling *sampling = nullptr) {
  const int32_t session = open_parked(engine, prompt, max_new_tokens, flags, sampling);
  CHECK_OK(sled_session_attach(engine, session, -1));
  return session;
}

// Random sampling parameters; now and then greedy.
inline sled_sampling random_sampling(uint32_t random) {
  sled_sampling s;
  CHECK_OK(sled_sampling_default(&s));
  const float temperatures[] = {0.0F, 0.5F, 0.9F, 1.0F, 1.6F};
  s.temperature = temperatures[random % 5];
  s.top_k = random / 5 % 2 == 0 ? 0 : 40;
  s.top_p = random / 10 % 2 == 0 ? 1.0F : 0.95F;
  s.min_p = random / 20 % 2 == 0 ? 0.0F : 0.02F;
  s.repeat_penalty = random / 40 % 2 == 0 ? 1.0F : 1.1F;
  s.frequency_penalty = random / 80 % 2 == 0 ? 0.0F : 0.2F;
  s.penalty_last_n = random / 160 % 2 == 0 ? 64 : -1;
  s.seed = static_cast<int64_t>(random) * 0x9E3779B97F4A7C15;
  return s;
}

inline sled_slot slot(int32_t session, int32_t kv_offset, int32_t lead_count,
                      const std::vector<int32_t> &drafts = {}) {
  sled_slot s{};
  s.session = session;
  s.kv_offset = kv_offset;
  s.lead_count = lead_count;
  s.draft_count = static_cast<int32_t>(drafts.size());
  s.tokens_address = address(drafts.data());
  return s;
}

// One slot alone.
inline sled_slot step(int64_t engine, sled_slot slot) {
  CHECK_OK(sled_step(engine, address(&slot), 1, 0));
  return slot;
}

// The next slot of a session that needs no more than one chunk.
inline sled_slot next_slot(int64_t engine, int32_t id, const std::vector<int32_t> &drafts = {}) {
  const sled_session_info info = session(engine, id);
  return slot(id, info.cached_tokens, info.committed_tokens - info.cached_tokens, drafts);
}

inline std::vector<int32_t> generate(int64_t engine, const std::vector<int32_t> &prompt, int32_t max_new_tokens) {
  const int32_t id = open_session(engine, prompt, max_new_tokens, SLED_SESSION_IGNORE_END);
  while (session(engine, id).finish == SLED_FINISH_NONE) {
    CHECK_OK(step(engine, next_slot(engine, id)).status);
  }
  const std::vector<int32_t> tokens = committed(engine, id);
  CHECK_OK(sled_session_close(engine, id));
  return tokens;
}

}  // namespace test
