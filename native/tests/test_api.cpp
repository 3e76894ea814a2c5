// The boundary: every wrong input gets the status that sled.h promises and disturbs nothing.
#include <algorithm>
#include <climits>
#include <cstring>
#include <functional>

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

using Call = std::function<int32_t(int64_t)>;

sled_model_params model_params() {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  return params;
}

sled_draft_params draft_params() {
  sled_draft_params params;
  CHECK_OK(sled_draft_params_default(&params));
  params.threads = 1;
  return params;
}

int32_t try_session(int64_t engine, const std::vector<int32_t> &prompt, int32_t max_new_tokens = 0) {
  int32_t sequence = -1;
  return sled_session_open(engine, address(prompt.data()), static_cast<int32_t>(prompt.size()), max_new_tokens, 0,
                           0, &sequence);
}

// ------------------------------------------------------------------ before and without models

void check_before_backends(const std::string &path) {
  const sled_model_params params = model_params();
  int64_t model = 5;
  CHECK_EQ(sled_model_open(path.c_str(), &params, &model), SLED_ERR_ARGUMENT);
  CHECK(error_names("sled_backend_load"));
  CHECK_EQ(model, 0);
  int32_t count = 0;
  CHECK_EQ(sled_device_count(&count), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_backend_load(nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_backend_load("/nonexistent/directory"), SLED_ERR_IO);
  CHECK(error_names("/nonexistent/directory"));
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  CHECK_EQ(sled_backend_load("/elsewhere"), SLED_ERR_ARGUMENT);
}

void check_process_wide() {
  CHECK_EQ(sled_abi_version(), SLED_ABI_VERSION);
  CHECK_EQ(sled_struct_size(SLED_STRUCT_SLOT), sizeof(sled_slot));
  CHECK_EQ(sled_struct_size(SLED_STRUCT_DEVICE_INFO), sizeof(sled_device_info));
  CHECK_EQ(sled_struct_size(SLED_STRUCT_SAMPLING), sizeof(sled_sampling));
  for (const int32_t id : {0, -1, 16, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_struct_size(id), SLED_ERR_ARGUMENT);
  }
  for (int32_t status = SLED_ERR_INTERNAL; status <= SLED_OK; status++) {
    CHECK(std::string(sled_status_name(status)).rfind("SLED_", 0) == 0);
  }
  CHECK(std::string(sled_status_name(1)) == "unknown status");
  CHECK(std::string(sled_status_name(-16)) == "unknown status");

  int32_t count = 0;
  CHECK_OK(sled_device_count(&count));
  CHECK(count >= 1);
  CHECK_EQ(sled_device_count(nullptr), SLED_ERR_ARGUMENT);
  sled_device_info device;
  CHECK_OK(sled_device_describe(0, &device));
  CHECK_EQ(sled_device_describe(0, nullptr), SLED_ERR_ARGUMENT);
  for (const int32_t index : {-1, count, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_device_describe(index, &device), SLED_ERR_ARGUMENT);
  }

  char text[512];
  int32_t length = 0;
  CHECK_OK(sled_build_info(text, sizeof(text), &length));
  CHECK_EQ(std::strlen(text), length);
  const int32_t needed = length + 1;
  CHECK_EQ(sled_build_info(text, needed - 1, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(length, needed - 1);
  CHECK_OK(sled_build_info(text, needed, &length));
  CHECK_EQ(sled_build_info(nullptr, 0, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_build_info(nullptr, 10, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_build_info(text, -1, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_build_info(text, sizeof(text), nullptr), SLED_ERR_ARGUMENT);

  int32_t level = 0;
  CHECK_EQ(sled_log_take(text, 0, &length, &level), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_log_take(text, -1, &length, &level), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_log_take(text, sizeof(text), nullptr, &level), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_log_take(text, sizeof(text), &length, nullptr), SLED_ERR_ARGUMENT);
  int32_t lines = 0;
  do {
    CHECK_OK(sled_log_take(text, 16, &length, &level));  // lines are cut, not refused
    CHECK(length < 16);
    lines++;
  } while (length >= 0 && lines < 5000);
  CHECK(lines < 5000);

  CHECK_EQ(sled_model_params_default(nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_engine_params_default(nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_draft_params_default(nullptr), SLED_ERR_ARGUMENT);
  int32_t complete = 0;
  CHECK_EQ(sled_utf8_complete_bytes("a", -1, &complete), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_utf8_complete_bytes(nullptr, 1, &complete), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_utf8_complete_bytes("a", 1, nullptr), SLED_ERR_ARGUMENT);
  CHECK_OK(sled_utf8_complete_bytes(nullptr, 0, &complete));

  CHECK_EQ(sled_build_info(text, 3, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_last_error(nullptr, 10), 0);
  CHECK_EQ(sled_last_error(text, 0), 0);
  CHECK_EQ(sled_last_error(text, -5), 0);
  CHECK_EQ(sled_last_error(text, 1), 0);
  CHECK_EQ(text[0], 0);
  CHECK_EQ(sled_last_error(text, 4), 3);
  CHECK_EQ(std::strlen(text), 3);
}

// ------------------------------------------------------------------ handles

void check_handles(const std::string &path) {
  const int64_t model = test::open_model(path);
  const int64_t engine = test::open_engine(model, 2, kContext);
  const sled_draft_params dp = draft_params();
  int64_t draft = 0;
  CHECK_OK(sled_draft_open(model, &dp, &draft));

  const int64_t closed_model = test::open_model(path);
  const int64_t closed_engine = test::open_engine(closed_model, 2, kContext);
  int64_t closed_draft = 0;
  CHECK_OK(sled_draft_open(closed_model, &dp, &closed_draft));
  CHECK_EQ(sled_model_close(closed_model), SLED_ERR_BUSY);
  CHECK_OK(sled_engine_close(closed_engine));
  CHECK_EQ(sled_model_close(closed_model), SLED_ERR_BUSY);
  CHECK_OK(sled_draft_close(closed_draft));
  CHECK_OK(sled_model_close(closed_model));
  CHECK_EQ(sled_engine_close(closed_engine), SLED_ERR_HANDLE);
  CHECK_EQ(sled_draft_close(closed_draft), SLED_ERR_HANDLE);
  CHECK_EQ(sled_model_close(closed_model), SLED_ERR_HANDLE);

  static char buffer[4096];
  static int32_t number;
  static int32_t tokens[64] = {1, 2, 3};
  static int64_t handle;
  static const sled_engine_params ep = test::engine_params(1, kContext);
  const std::vector<Call> on_models = {
      [](int64_t h) { return sled_model_close(h); },
      [](int64_t h) { sled_model_info info; return sled_model_describe(h, &info); },
      [](int64_t h) { return sled_model_text(h, SLED_TEXT_NAME, buffer, sizeof(buffer), &number); },
      [](int64_t h) { return sled_tokenize(h, "a", 1, 0, 0, tokens, 64, &number); },
      [](int64_t h) { return sled_token_bytes(h, 1, 0, buffer, sizeof(buffer), &number); },
      [](int64_t h) { return sled_token_is_end(h, 1, &number); },
      [](int64_t h) { return sled_tokens_compare(h, h, address(buffer), sizeof(buffer)); },
      [](int64_t h) { return sled_token_is_control(h, 1, &number); },
      [](int64_t h) { sled_chat_params params; return sled_chat_params_default(h, &params); },
      [](int64_t h) { return test::render_hi(h, "x"); },
      [](int64_t h) { sled_memory_plan plan; return sled_engine_plan(h, &ep, &plan); },
      [](int64_t h) { return sled_engine_open(h, &ep, &handle); },
      [dp](int64_t h) { return sled_draft_open(h, &dp, &handle); },
  };
  const std::vector<Call> on_engines = {
      [](int64_t h) { return sled_engine_close(h); },
      [](int64_t h) { sled_engine_info info; return sled_engine_describe(h, &info); },
      [](int64_t h) { return sled_session_open(h, address(tokens), 3, 0, 0, 0, &number); },
      [](int64_t h) { return sled_session_close(h, 0); },
      [](int64_t h) { sled_session_info info; return sled_session_describe(h, 0, &info); },
      [](int64_t h) { return sled_session_tokens(h, 0, 0, 1, address(tokens)); },
      [](int64_t h) { return sled_session_evict(h, 0, 0); },
      [](int64_t h) { sled_slot s = test::slot(0, 0, 1); return sled_step(h, address(&s), 1, 0); },
  };
  const std::vector<Call> on_drafts = {
      [](int64_t h) { return sled_draft_close(h); },
      [](int64_t h) { sled_draft_choice c; return sled_draft_decode(h, 0, address(tokens), 3, address(&c)); },
  };
  const auto refuse = [](const std::vector<Call> &calls, const std::vector<int64_t> &handles) {
    for (size_t i = 0; i < calls.size(); i++) {
      for (const int64_t h : handles) {
        CHECK_EQ(calls[i](h), SLED_ERR_HANDLE);
        CHECK(!test::last_error().empty());
      }
    }
  };
  const std::vector<int64_t> never = {0, 1, -1, INT64_MAX, INT64_MIN, 0x51ED0000};
  const auto with = [&](std::vector<int64_t> more) {
    more.insert(more.end(), never.begin(), never.end());
    return more;
  };
  refuse(on_models, with({engine, draft, closed_model, closed_engine, closed_draft}));
  refuse(on_engines, with({model, draft, closed_model, closed_engine, closed_draft}));
  refuse(on_drafts, with({model, engine, closed_model, closed_engine, closed_draft}));
  std::printf("  handles: %zu functions\n", on_models.size() + on_engines.size() + on_drafts.size());

  CHECK_OK(sled_draft_close(draft));
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
}

// ------------------------------------------------------------------ arguments

void check_model_arguments(const std::string &path) {
  int64_t model = 0;
  sled_model_params params = model_params();
  CHECK_EQ(sled_model_open(nullptr, &params, &model), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_open(path.c_str(), nullptr, &model), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_open(path.c_str(), &params, nullptr), SLED_ERR_ARGUMENT);
  for (const int32_t size : {0, -1, static_cast<int32_t>(sizeof(params)) - 4, static_cast<int32_t>(sizeof(params)) + 4}) {
    params.struct_size = size;
    CHECK_EQ(sled_model_open(path.c_str(), &params, &model), SLED_ERR_ARGUMENT);
    CHECK(error_names("struct_size"));
  }
  model = test::open_model(path);
  CHECK_EQ(sled_model_describe(model, nullptr), SLED_ERR_ARGUMENT);
  char buffer[256];
  int32_t length = 0;
  for (const int32_t id : {0, -1, 6, INT32_MAX}) {
    CHECK_EQ(sled_model_text(model, id, buffer, sizeof(buffer), &length), SLED_ERR_ARGUMENT);
  }
  CHECK_EQ(sled_model_text(model, SLED_TEXT_NAME, buffer, 3, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(length, 6);
  CHECK_EQ(sled_model_text(model, SLED_TEXT_NAME, nullptr, 3, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_text(model, SLED_TEXT_NAME, buffer, -3, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_text(model, SLED_TEXT_NAME, buffer, sizeof(buffer), nullptr), SLED_ERR_ARGUMENT);

  int32_t tokens[8];
  int32_t count = 0;
  CHECK_EQ(sled_tokenize(model, "a", -1, 0, 0, tokens, 8, &count), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_tokenize(model, nullptr, 1, 0, 0, tokens, 8, &count), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_tokenize(model, "a", 1, 0, 0, nullptr, 8, &count), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_tokenize(model, "a", 1, 0, 0, tokens, -8, &count), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_tokenize(model, "a", 1, 0, 0, tokens, 8, nullptr), SLED_ERR_ARGUMENT);
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  for (const int32_t token : {-1, INT32_MIN, info.vocabulary_rows, INT32_MAX}) {
    CHECK_EQ(sled_token_bytes(model, token, 0, buffer, sizeof(buffer), &length), SLED_ERR_TOKEN);
    CHECK_OK(sled_token_is_end(model, token, &length));
    CHECK_EQ(length, 0);
  }
  CHECK_EQ(sled_token_bytes(model, 5, 0, nullptr, 8, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_token_bytes(model, 5, 0, buffer, -1, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_token_bytes(model, 5, 0, buffer, 8, nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_token_is_end(model, 5, nullptr), SLED_ERR_ARGUMENT);
  std::vector<char> equal(static_cast<size_t>(info.vocabulary_tokens));
  CHECK_OK(sled_tokens_compare(model, model, address(equal.data()), info.vocabulary_tokens));
  CHECK(std::count(equal.begin(), equal.end(), 1) == info.vocabulary_tokens);
  CHECK_EQ(sled_tokens_compare(model, model, address(equal.data()), info.vocabulary_tokens - 1), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_tokens_compare(model, model, address(equal.data()), -1), SLED_ERR_CAPACITY);
  CHECK_EQ(sled_tokens_compare(model, model, 0, info.vocabulary_tokens), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_tokens_compare(model, 0, address(equal.data()), info.vocabulary_tokens), SLED_ERR_HANDLE);

  sled_memory_plan plan;
  int64_t engine = 0;
  const auto refuse = [&](const sled_engine_params &p, int32_t status) {
    CHECK_EQ(sled_engine_open(model, &p, &engine), status);
    CHECK_EQ(engine, 0);
    CHECK(!test::last_error().empty());
  };
  sled_engine_params good = test::engine_params(2, kContext);
  CHECK_EQ(sled_engine_plan(model, nullptr, &plan), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_engine_plan(model, &good, nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_engine_open(model, nullptr, &engine), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_engine_open(model, &good, nullptr), SLED_ERR_ARGUMENT);
  const auto each = [&](int32_t sled_engine_params::*field, const std::vector<int32_t> &values) {
    for (const int32_t value : values) {
      sled_engine_params p = good;
      p.*field = value;
      refuse(p, SLED_ERR_ARGUMENT);
    }
  };
  each(&sled_engine_params::struct_size, {0, -1, 32, 44, 52});
  each(&sled_engine_params::session_count, {-1, SLED_MAX_SESSIONS + 1, INT32_MAX, INT32_MIN});
  each(&sled_engine_params::kv_layout, {-1, 3, INT32_MAX, INT32_MIN});
  each(&sled_engine_params::flags, {-1, 8, 9, INT32_MAX, INT32_MIN});
  each(&sled_engine_params::reserved, {-1, 1});
  each(&sled_engine_params::sequence_count, {0, -1, SLED_MAX_SEQUENCES + 1, INT32_MAX, INT32_MIN});
  each(&sled_engine_params::context_tokens, {-1, 1, INT32_MIN, INT32_MAX, info.context_train_tokens + 1});
  each(&sled_engine_params::threads, {-1, INT32_MIN, INT32_MAX});
  each(&sled_engine_params::pass_rows, {-1, 1, SLED_MAX_EXACT_ROWS, 8193, INT32_MAX, INT32_MIN});
  each(&sled_engine_params::kv_type_k, {-1, 5, INT32_MAX});
  each(&sled_engine_params::kv_type_v, {-1, 5, INT32_MAX});

  int64_t draft = 0;
  sled_draft_params good_draft = draft_params();
  CHECK_EQ(sled_draft_open(model, nullptr, &draft), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_draft_open(model, &good_draft, nullptr), SLED_ERR_ARGUMENT);
  const auto each_draft = [&](int32_t sled_draft_params::*field, const std::vector<int32_t> &values) {
    for (const int32_t value : values) {
      sled_draft_params p = good_draft;
      p.*field = value;
      CHECK_EQ(sled_draft_open(model, &p, &draft), SLED_ERR_ARGUMENT);
      CHECK_EQ(draft, 0);
    }
  };
  each_draft(&sled_draft_params::struct_size, {0, -1, 20, 28});
  each_draft(&sled_draft_params::context_tokens, {-1, 1, INT32_MIN, INT32_MAX});
  each_draft(&sled_draft_params::threads, {-1, INT32_MIN, INT32_MAX});
  each_draft(&sled_draft_params::kv_type_k, {-1, 5, INT32_MAX});
  each_draft(&sled_draft_params::kv_type_v, {-1, 5, INT32_MAX});

  // Nothing of all that left a user behind.
  CHECK_OK(sled_model_close(model));
  std::printf("  arguments of models, engines and drafts\n");
}

void check_memory(const std::string &path, const test::TemporaryDirectory &directory) {
  const std::string vast = directory.file("vast.gguf");
  for (const uint32_t context : {uint32_t{1} << 24, static_cast<uint32_t>(INT32_MAX)}) {
    test::edit_gguf(path, vast, [&](gguf_context *g) { gguf_set_val_u32(g, "llama.context_length", context); });
    const int64_t model = test::open_model(vast);
    sled_engine_params params = test::engine_params(SLED_MAX_SEQUENCES, static_cast<int32_t>(context));
    params.kv_type_k = SLED_KV_F32;
    params.kv_type_v = SLED_KV_F32;
    sled_memory_plan plan;
    CHECK_OK(sled_engine_plan(model, &params, &plan));
    CHECK(plan.kv_bytes > int64_t{1} << 40);
    CHECK(plan.total_bytes > plan.available_bytes && plan.available_bytes > 0);
    int64_t engine = 0;
    CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_MEMORY);
    CHECK(error_names("256 sequences") && error_names("TiB") && error_names("available"));
    params.sequence_count = 1;  // whether or not it fits: no crash
    if (context == static_cast<uint32_t>(INT32_MAX)) {
      CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_MEMORY);
      sled_draft_params dp = draft_params();
      dp.context_tokens = INT32_MAX;
      int64_t draft = 0;
      CHECK_EQ(sled_draft_open(model, &dp, &draft), SLED_ERR_MEMORY);
    }
    CHECK_OK(sled_model_close(model));
  }
  std::printf("  memory: %s\n", test::last_error().c_str());
  for (const uint32_t context : {0U, 1U}) {  // as long as a number can say is INT32_MAX: above, and test_probe
    test::edit_gguf(path, vast, [&](gguf_context *g) { gguf_set_val_u32(g, "llama.context_length", context); });
    const int64_t model = test::open_model(vast);
    for (const int32_t wanted : {0, 128}) {
      const sled_engine_params params = test::engine_params(1, wanted);
      int64_t engine = 0;
      CHECK_EQ(sled_engine_open(model, &params, &engine), SLED_ERR_UNSUPPORTED);
    }
    CHECK_OK(sled_model_close(model));
  }
}

void check_sessions(int64_t model) {
  sled_model_info vocabulary;
  CHECK_OK(sled_model_describe(model, &vocabulary));
  const int64_t engine = test::open_engine(model, 3, kContext);
  const std::vector<int32_t> prompt = {5, 6, 7};
  int32_t sequence = 0;
  CHECK_EQ(sled_session_open(engine, 0, 3, 0, 0, 0, &sequence), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_session_open(engine, address(prompt.data()), 3, 0, 0, 0, nullptr), SLED_ERR_ARGUMENT);
  for (const int32_t count : {0, -1, INT32_MIN}) {
    CHECK_EQ(sled_session_open(engine, address(prompt.data()), count, 0, 0, 0, &sequence), SLED_ERR_ARGUMENT);
  }
  for (const int32_t count : {kContext, kContext + 1, INT32_MAX}) {
    CHECK_EQ(sled_session_open(engine, address(prompt.data()), count, 0, 0, 0, &sequence), SLED_ERR_CONTEXT_FULL);
  }
  CHECK_EQ(try_session(engine, prompt, -1), SLED_ERR_ARGUMENT);
  CHECK_EQ(try_session(engine, prompt, INT32_MIN), SLED_ERR_ARGUMENT);
  for (const int32_t token : {-1, INT32_MIN, vocabulary.vocabulary_tokens, INT32_MAX}) {
    CHECK_EQ(try_session(engine, {5, 6, token}), SLED_ERR_TOKEN);
    CHECK(error_names("token 2"));
  }
  sled_engine_info info;
  CHECK_EQ(sled_engine_describe(engine, nullptr), SLED_ERR_ARGUMENT);
  CHECK_OK(sled_engine_describe(engine, &info));
  CHECK_EQ(info.sequences_in_use, 0);

  CHECK_EQ(test::open_session(engine, prompt, 0), 0);
  CHECK_EQ(test::open_session(engine, prompt, INT32_MAX), 1);
  CHECK_EQ(test::session(engine, 1).limit_tokens, kContext);
  CHECK_EQ(test::open_session(engine, std::vector<int32_t>(kContext - 1, 9), 0), 2);
  CHECK_EQ(try_session(engine, prompt), SLED_ERR_NO_SEQUENCE);
  CHECK_OK(sled_session_close(engine, 1));
  CHECK_EQ(sled_session_close(engine, 1), SLED_ERR_SESSION);
  CHECK_EQ(test::open_session(engine, prompt, 0), 1);
  CHECK_OK(sled_session_close(engine, 1));
  for (const int32_t nobody : {1, 3, -1, SLED_MAX_SEQUENCES, INT32_MAX, INT32_MIN}) {
    sled_session_info session;
    CHECK_EQ(sled_session_close(engine, nobody), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_describe(engine, nobody, &session), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_tokens(engine, nobody, 0, 1, address(&session)), SLED_ERR_SESSION);
    CHECK_EQ(sled_session_evict(engine, nobody, 0), SLED_ERR_SESSION);
    CHECK_EQ(step(engine, test::slot(nobody, 0, 1)).status, SLED_ERR_SESSION);
  }
  CHECK_EQ(sled_session_describe(engine, 0, nullptr), SLED_ERR_ARGUMENT);
  int32_t tokens[4] = {-7, -7, -7, -7};
  CHECK_EQ(sled_session_tokens(engine, 0, 0, 1, 0), SLED_ERR_ARGUMENT);
  const int32_t ranges[][2] = {{-1, 1}, {0, -1}, {0, 4}, {3, 1}, {4, 0}, {1, INT32_MAX}, {INT32_MAX, 1},
                               {INT32_MAX, INT32_MAX}, {INT32_MIN, 1}, {0, INT32_MIN}};
  for (const auto &range : ranges) {
    CHECK_EQ(sled_session_tokens(engine, 0, range[0], range[1], address(tokens)), SLED_ERR_OFFSET);
  }
  CHECK_EQ(tokens[0], -7);
  CHECK_OK(sled_session_tokens(engine, 0, 3, 0, address(tokens)));
  CHECK_OK(sled_session_tokens(engine, 0, 1, 2, address(tokens)));
  CHECK(tokens[0] == 6 && tokens[1] == 7 && tokens[2] == -7);
  for (const int32_t keep : {-1, 1, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_session_evict(engine, 0, keep), SLED_ERR_OFFSET);
  }
  CHECK_OK(sled_session_evict(engine, 0, 0));
  CHECK_OK(sled_engine_close(engine));
  std::printf("  sessions\n");
}

// ------------------------------------------------------------------ steps

void check_slots(int64_t model) {
  sled_model_info vocabulary;
  CHECK_OK(sled_model_describe(model, &vocabulary));
  const int64_t engine = test::open_engine(model, 4, kContext);
  std::vector<int32_t> prompt(20, 11);
  const std::vector<int32_t> reference = generate(engine, prompt, 90);

  sled_slot nothing{};
  CHECK_EQ(sled_step(engine, 0, 1, 0), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_step(engine, 0, 0, 0), SLED_ERR_ARGUMENT);
  for (const int32_t count : {-1, 5, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(sled_step(engine, address(&nothing), count, 0), SLED_ERR_ARGUMENT);
  }
  sled_step_stats stats;
  std::memset(&stats, 0x55, sizeof(stats));
  CHECK_OK(sled_step(engine, address(&nothing), 0, address(&stats)));
  CHECK(stats.slots == 0 && stats.rows == 0 && stats.passes == 0 && stats.decode_ns == 0);

  // Good sessions on both sides of the bad one, another beside them that has finished.
  const int32_t left = test::open_session(engine, prompt, 80, SLED_SESSION_IGNORE_END);
  const int32_t bad = test::open_session(engine, prompt, 80, SLED_SESSION_IGNORE_END);
  const int32_t finished = test::open_session(engine, prompt, 1, SLED_SESSION_IGNORE_END);
  const int32_t right = test::open_session(engine, prompt, 80, SLED_SESSION_IGNORE_END);
  for (const int32_t sequence : {left, bad, finished, right}) {
    CHECK_OK(step(engine, next_slot(engine, sequence)).status);
  }
  CHECK_EQ(test::session(engine, finished).finish, SLED_FINISH_LENGTH);
  const sled_session_info before = test::session(engine, bad);
  const int32_t c = before.committed_tokens;

  struct Bad {
    sled_slot slot;
    int32_t status;
  };
  const std::vector<int32_t> drafts = {1, 2, 3};
  const std::vector<int32_t> many(64, 1);
  std::vector<Bad> cases;
  const auto add = [&](const sled_slot &s, int32_t status) { cases.push_back({s, status}); };
  for (const int32_t offset : {c, c - 2, 0, -1, INT32_MAX, INT32_MIN}) {
    add(test::slot(bad, offset, 1), SLED_ERR_OFFSET);
    add(test::slot(bad, offset, 1, drafts), SLED_ERR_OFFSET);
  }
  sled_engine_info engine_info;
  CHECK_OK(sled_engine_describe(engine, &engine_info));
  for (const int32_t lead : {0, -1, engine_info.slot_rows + 1, INT32_MAX, INT32_MIN}) {
    add(test::slot(bad, c - 1, lead), SLED_ERR_ARGUMENT);
    add(test::slot(bad, c - 1, lead, drafts), SLED_ERR_ARGUMENT);
  }
  add(test::slot(bad, c - 1, 2), SLED_ERR_OFFSET);
  add(test::slot(bad, c - 1, 2, drafts), SLED_ERR_OFFSET);
  for (const int32_t count : {-1, SLED_MAX_EXACT_ROWS, INT32_MAX, INT32_MIN}) {
    sled_slot s = test::slot(bad, c - 1, 1, many);
    s.draft_count = count;
    add(s, SLED_ERR_ARGUMENT);
  }
  sled_slot fewer_than_none = test::slot(bad, c - 1, 1);
  fewer_than_none.guess_count = -1;
  add(fewer_than_none, SLED_ERR_ARGUMENT);
  sled_slot nowhere = test::slot(bad, c - 1, 1, drafts);
  nowhere.tokens_address = 0;
  add(nowhere, SLED_ERR_ARGUMENT);
  const std::vector<std::vector<int32_t>> strangers = {
      {-1}, {1, INT32_MIN}, {1, 2, vocabulary.vocabulary_tokens}, {1, INT32_MAX, 3}};
  for (const auto &stranger : strangers) {
    add(test::slot(bad, c - 1, 1, stranger), SLED_ERR_TOKEN);
  }
  add(test::slot(finished, 20, 1), SLED_ERR_CONTEXT_FULL);
  add(test::slot(finished, 20, 1, drafts), SLED_ERR_CONTEXT_FULL);
  add(test::slot(-1, 0, 1), SLED_ERR_SESSION);
  add(test::slot(SLED_MAX_SEQUENCES, 0, 1), SLED_ERR_SESSION);
  add(test::slot(left, c - 1, 1), SLED_ERR_ARGUMENT);  // its second slot

  size_t at = 21;  // committed tokens of left and right
  for (const Bad &wrong : cases) {
    if (wrong.slot.session == left) {
      break;
    }
    if (at + 2 >= 100) {  // start them anew
      for (const int32_t sequence : {left, right}) {
        CHECK_OK(sled_session_close(engine, sequence));
        CHECK_EQ(test::open_session(engine, prompt, 80, SLED_SESSION_IGNORE_END), sequence);
        CHECK_OK(step(engine, next_slot(engine, sequence)).status);
      }
      at = 21;
    }
    const std::vector<int32_t> hit = {reference[at]};
    sled_slot slots[3] = {next_slot(engine, left), wrong.slot, next_slot(engine, right, hit)};
    slots[0].reserved = 1;
    slots[1].reserved = INT32_MIN;
    CHECK_OK(sled_step(engine, address(slots), 3, address(&stats)));
    CHECK_OK(slots[0].status);
    CHECK_EQ(slots[1].status, wrong.status);
    CHECK(!test::last_error().empty());
    CHECK_OK(slots[2].status);
    CHECK(slots[0].reserved == 1 && slots[1].reserved == INT32_MIN && slots[2].reserved == 0);
    CHECK_EQ(stats.slots, 2);
    CHECK_EQ(slots[0].next_token, reference[at]);
    CHECK_EQ(slots[1].next_token, -1);
    CHECK_EQ(slots[1].accepted, 0);
    CHECK_EQ(slots[1].row_count, 0);
    CHECK_EQ(slots[2].accepted, 1);
    CHECK_EQ(slots[2].next_token, reference[at + 1]);
    // Level with each other again.
    CHECK_EQ(step(engine, next_slot(engine, left)).next_token, reference[at + 1]);
    at += 2;
    const sled_session_info after = test::session(engine, bad);
    CHECK(std::memcmp(&before, &after, sizeof(after)) == 0);
  }
  // Two slots for one sequence: the first counts.
  sled_slot twice[2] = {next_slot(engine, left), next_slot(engine, left)};
  CHECK_OK(sled_step(engine, address(twice), 2, 0));
  CHECK_OK(twice[0].status);
  CHECK_EQ(twice[1].status, SLED_ERR_ARGUMENT);
  // The bad one was not harmed, and takes ids at any alignment.
  std::vector<char> bytes(1 + 2 * sizeof(int32_t));
  std::memcpy(bytes.data() + 1, &reference[static_cast<size_t>(c)], 2 * sizeof(int32_t));
  sled_slot unaligned = test::slot(bad, c - 1, 1);
  unaligned.draft_count = 2;
  unaligned.tokens_address = address(bytes.data() + 1);
  unaligned = step(engine, unaligned);
  CHECK_OK(unaligned.status);
  CHECK_EQ(unaligned.accepted, 2);
  CHECK_EQ(unaligned.next_token, reference[static_cast<size_t>(c) + 2]);
  CHECK_OK(sled_engine_close(engine));

  // Drafts behind a lead that does not end at C, and prefill in chunks.
  const int64_t chunks = test::open_engine(model, 1, kContext);
  const int32_t s = test::open_session(chunks, prompt, 10, SLED_SESSION_IGNORE_END);
  CHECK_EQ(step(chunks, test::slot(s, 0, 10, drafts)).status, SLED_ERR_OFFSET);
  CHECK_EQ(step(chunks, test::slot(s, 0, 21)).status, SLED_ERR_OFFSET);
  sled_slot chunk = step(chunks, test::slot(s, 0, 7));
  CHECK_OK(chunk.status);
  CHECK(chunk.next_token == -1 && chunk.committed == 20 && chunk.verified == 0);
  CHECK_EQ(test::session(chunks, s).cached_tokens, 7);
  CHECK_EQ(step(chunks, test::slot(s, 0, 7)).status, SLED_ERR_OFFSET);
  CHECK_OK(sled_session_evict(chunks, s, 3));
  CHECK_EQ(step(chunks, test::slot(s, 7, 1)).status, SLED_ERR_OFFSET);
  CHECK_OK(step(chunks, test::slot(s, 3, 16)).status);
  chunk = step(chunks, test::slot(s, 19, 1, {reference[20], reference[21], reference[22] + 1}));
  CHECK(chunk.accepted == 2 && chunk.verified == 3 && chunk.next_token == reference[22] && chunk.committed == 23);
  CHECK_OK(sled_engine_close(chunks));
  std::printf("  slots: %zu wrong ones, their neighbours undisturbed\n", cases.size());
}

}  // namespace

int main() {
  const test::TemporaryDirectory directory;
  const std::string llama = directory.file("llama.gguf");
  test::write_random_model(llama, "llama", GGML_TYPE_BF16, 1);
  check_before_backends(llama);
  check_process_wide();
  check_handles(llama);
  check_model_arguments(llama);
  check_memory(llama, directory);
  const int64_t model = test::open_model(llama);
  check_sessions(model);
  check_slots(model);
  CHECK_OK(sled_model_close(model));
  return 0;
}
