// sled.h, function by function: checks arguments, finds the objects, and hands over.
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "backend.hpp"
#include "cgroups.hpp"
#include "chat.hpp"
#include "draft.hpp"
#include "engine.hpp"
#include "grow.hpp"
#include "handles.hpp"
#include "log_queue.hpp"
#include "model.hpp"
#include "quantize.hpp"
#include "sled.h"
#include "sled_build_config.h"
#include "status.hpp"
#include "utf8.hpp"
#include "vocabulary.hpp"

using namespace sled;

// The layouts that bindings rely on.
static_assert(sizeof(sled_device_info) == 792, "sled_device_info");
static_assert(sizeof(sled_model_params) == 16, "sled_model_params");
static_assert(sizeof(sled_model_info) == 96, "sled_model_info");
static_assert(sizeof(sled_engine_params) == 48, "sled_engine_params");
static_assert(sizeof(sled_memory_plan) == 64, "sled_memory_plan");
static_assert(sizeof(sled_engine_info) == 152, "sled_engine_info");
static_assert(sizeof(sled_session_info) == 40, "sled_session_info");
static_assert(sizeof(sled_slot) == 64, "sled_slot");
static_assert(sizeof(sled_step_stats) == 40, "sled_step_stats");
static_assert(sizeof(sled_draft_params) == 24, "sled_draft_params");
static_assert(sizeof(sled_draft_choice) == 32, "sled_draft_choice");
static_assert(sizeof(sled_chat_params) == 24, "sled_chat_params");
static_assert(sizeof(sled_logit_bias) == 8, "sled_logit_bias");
static_assert(sizeof(sled_sampling) == 56, "sled_sampling");
static_assert(sizeof(sled_grow_params) == 24, "sled_grow_params");
static_assert(sizeof(sled_grow_info) == 48, "sled_grow_info");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SLED is little-endian");

namespace {

// Never destroyed: threads of the host program may still call in while the process exits.
HandleTable<Model> &models() {
  static auto *const table = new HandleTable<Model>("model");
  return *table;
}
HandleTable<Engine> &engines() {
  static auto *const table = new HandleTable<Engine>("engine");
  return *table;
}
HandleTable<Draft> &drafts() {
  static auto *const table = new HandleTable<Draft>("draft");
  return *table;
}

template <typename T>
T &required(T *pointer, const char *name) {
  if (pointer == nullptr) {
    fail(SLED_ERR_ARGUMENT, "%s is null", name);
  }
  return *pointer;
}

template <typename T>
T *at_address(int64_t address) {
  return reinterpret_cast<T *>(address);
}

template <typename Params>
const Params &checked(const Params *params) {
  if (required(params, "params").struct_size != static_cast<int32_t>(sizeof(Params))) {
    fail(SLED_ERR_ARGUMENT, "params.struct_size is %d, this library's is %d", params->struct_size,
         static_cast<int32_t>(sizeof(Params)));
  }
  return *params;
}

template <typename Params>
Params &blank(Params *params) {
  std::memset(&required(params, "params"), 0, sizeof(Params));
  params->struct_size = static_cast<int32_t>(sizeof(Params));
  return *params;
}

// Runs body(engine) with the engine held for this thread.
template <typename Body>
int32_t with_engine(int64_t handle, Body &&body) {
  return guarded([&] {
    const std::shared_ptr<Engine> engine = engines().get(handle);
    const Exclusive use(engine->mutex, "engine");
    body(*engine);
    return SLED_OK;
  });
}

}  // namespace

// ------------------------------------------------------------------ version and process-wide state

int32_t sled_abi_version(void) { return SLED_ABI_VERSION; }

int32_t sled_struct_size(int32_t struct_id) {
  switch (struct_id) {
    case SLED_STRUCT_MODEL_PARAMS: return sizeof(sled_model_params);
    case SLED_STRUCT_MODEL_INFO: return sizeof(sled_model_info);
    case SLED_STRUCT_ENGINE_PARAMS: return sizeof(sled_engine_params);
    case SLED_STRUCT_ENGINE_INFO: return sizeof(sled_engine_info);
    case SLED_STRUCT_MEMORY_PLAN: return sizeof(sled_memory_plan);
    case SLED_STRUCT_SESSION_INFO: return sizeof(sled_session_info);
    case SLED_STRUCT_SLOT: return sizeof(sled_slot);
    case SLED_STRUCT_STEP_STATS: return sizeof(sled_step_stats);
    case SLED_STRUCT_DRAFT_PARAMS: return sizeof(sled_draft_params);
    case SLED_STRUCT_DRAFT_CHOICE: return sizeof(sled_draft_choice);
    case SLED_STRUCT_DEVICE_INFO: return sizeof(sled_device_info);
    case SLED_STRUCT_SAMPLING: return sizeof(sled_sampling);
    case SLED_STRUCT_GROW_PARAMS: return sizeof(sled_grow_params);
    case SLED_STRUCT_GROW_INFO: return sizeof(sled_grow_info);
    case SLED_STRUCT_CHAT_PARAMS: return sizeof(sled_chat_params);
    default: return SLED_ERR_ARGUMENT;
  }
}

int32_t sled_last_error(char *buffer, int32_t capacity) {
  if (buffer == nullptr || capacity < 1) {
    return 0;
  }
  const std::string &text = last_error();
  const size_t length = std::min(text.size(), static_cast<size_t>(capacity) - 1);
  std::memcpy(buffer, text.data(), length);
  buffer[length] = '\0';
  return static_cast<int32_t>(length);
}

const char *sled_status_name(int32_t status) {
  switch (status) {
    case SLED_OK: return "SLED_OK";
    case SLED_ERR_ARGUMENT: return "SLED_ERR_ARGUMENT";
    case SLED_ERR_HANDLE: return "SLED_ERR_HANDLE";
    case SLED_ERR_BUSY: return "SLED_ERR_BUSY";
    case SLED_ERR_IO: return "SLED_ERR_IO";
    case SLED_ERR_FORMAT: return "SLED_ERR_FORMAT";
    case SLED_ERR_MEMORY: return "SLED_ERR_MEMORY";
    case SLED_ERR_UNSUPPORTED: return "SLED_ERR_UNSUPPORTED";
    case SLED_ERR_CAPACITY: return "SLED_ERR_CAPACITY";
    case SLED_ERR_TOKEN: return "SLED_ERR_TOKEN";
    case SLED_ERR_SESSION: return "SLED_ERR_SESSION";
    case SLED_ERR_NO_SEQUENCE: return "SLED_ERR_NO_SEQUENCE";
    case SLED_ERR_OFFSET: return "SLED_ERR_OFFSET";
    case SLED_ERR_CONTEXT_FULL: return "SLED_ERR_CONTEXT_FULL";
    case SLED_ERR_DECODE: return "SLED_ERR_DECODE";
    case SLED_ERR_INTERNAL: return "SLED_ERR_INTERNAL";
    default: return "unknown status";
  }
}

int32_t sled_backend_load(const char *directory) {
  return guarded([&] {
    load_backends(&required(directory, "directory"));
    return SLED_OK;
  });
}

int32_t sled_backend_problems(char *buffer, int32_t capacity, int32_t *length) {
  return guarded([&] { return copy_text(backend_problems(), buffer, capacity, length); });
}

int32_t sled_log_take(char *buffer, int32_t capacity, int32_t *length, int32_t *level) {
  return guarded([&] {
    if (capacity < 1) {
      fail(SLED_ERR_ARGUMENT, "a log line needs a buffer");
    }
    std::string line;
    required(length, "length") = -1;
    if (take_log(line, required(level, "level"))) {
      line.resize(std::min(line.size(), static_cast<size_t>(capacity) - 1));
      copy_text(line, buffer, capacity, length);
    }
    return SLED_OK;
  });
}

int32_t sled_build_info(char *buffer, int32_t capacity, int32_t *length) {
  return guarded([&] {
    return copy_text("sled=" SLED_BUILD_VERSION "\nllama.cpp=" SLED_BUILD_LLAMA_COMMIT "\ncompiler=" SLED_BUILD_COMPILER
                     "\nplatform=" SLED_BUILD_PLATFORM "\nbuild=" SLED_BUILD_TYPE "\nsanitizer=" SLED_BUILD_SANITIZER "\n",
                     buffer, capacity, length);
  });
}

int32_t sled_thread_give_way(void) {
  return guarded([&] {
    const sched_param priority{};
    if (sched_setscheduler(0, SCHED_IDLE, &priority) != 0) {  // 0: the calling thread
      fail(SLED_ERR_UNSUPPORTED, "the system does not let this thread give way: %s", std::strerror(errno));
    }
    return SLED_OK;
  });
}

int32_t sled_device_count(int32_t *count) {
  return guarded([&] {
    require_backends();
    required(count, "count") = device_count();
    return SLED_OK;
  });
}

int32_t sled_cpu_limits(int32_t *cores, int32_t *quota_millicores, int32_t *threads) {
  return guarded([&] {
    required(cores, "cores") = usable_cores();
    required(quota_millicores, "quota_millicores") = cpu_quota_millicores("");
    required(threads, "threads") = default_threads(*cores, *quota_millicores);
    return SLED_OK;
  });
}

int32_t sled_device_describe(int32_t index, sled_device_info *info) {
  return guarded([&] {
    require_backends();
    required(info, "info") = describe_device(index);
    return SLED_OK;
  });
}

// ------------------------------------------------------------------ models

int32_t sled_model_params_default(sled_model_params *params) {
  return guarded([&] {
    sled_model_params &p = blank(params);
    p.gpu_layers = -1;
    p.flags = SLED_MODEL_MMAP;
    return SLED_OK;
  });
}

int32_t sled_model_open(const char *path, const sled_model_params *params, int64_t *model) {
  return guarded([&] {
    capture_logs();
    required(model, "model") = 0;
    *model = models().put(std::make_shared<Model>(&required(path, "path"), checked(params)));
    return SLED_OK;
  });
}

int32_t sled_model_close(int64_t model) {
  return guarded([&] {
    models().remove(model, [](const Model &m) {
      if (m.users > 0) {
        fail(SLED_ERR_BUSY, "%d engines or drafts made from this model are open; close them first", m.users.load());
      }
    });
    return SLED_OK;
  });
}

int32_t sled_model_describe(int64_t model, sled_model_info *info) {
  return guarded([&] {
    required(info, "info") = models().get(model)->info();
    return SLED_OK;
  });
}

int32_t sled_model_text(int64_t model, int32_t text_id, char *buffer, int32_t capacity, int32_t *length) {
  return guarded([&] { return copy_text(models().get(model)->text(text_id), buffer, capacity, length); });
}

int32_t sled_model_vocabulary(const char *path, int64_t buffer_address, int64_t capacity, int64_t *length) {
  return guarded([&] {
    capture_logs();
    required(length, "length") = 0;
    if (capacity < 0 || (buffer_address == 0 && capacity > 0)) {
      fail(SLED_ERR_ARGUMENT, "a buffer of %lld bytes at %lld", static_cast<long long>(capacity),
           static_cast<long long>(buffer_address));
    }
    const std::vector<char> bytes = vocabulary_file(&required(path, "path"));
    *length = static_cast<int64_t>(bytes.size());
    if (*length > capacity) {
      fail(SLED_ERR_CAPACITY, "the vocabulary has %zu bytes, there is room for %lld", bytes.size(),
           static_cast<long long>(capacity));
    }
    std::memcpy(reinterpret_cast<void *>(buffer_address), bytes.data(), bytes.size());
    return SLED_OK;
  });
}

// ------------------------------------------------------------------ model files for benchmarks

int32_t sled_model_quantize(const char *in, const char *out, const char *weight_type, int32_t threads, int32_t flags) {
  return guarded([&] {
    capture_logs();
    require_backends();
    quantize_model(&required(in, "in"), &required(out, "out"), &required(weight_type, "weight_type"), threads, flags);
    return SLED_OK;
  });
}

int32_t sled_model_grow(const char *in, const char *out, const sled_grow_params *params, sled_grow_info *info) {
  return guarded([&] {
    capture_logs();
    required(info, "info") = sled_grow_info{};
    *info = grow_model(&required(in, "in"), out, checked(params));
    return SLED_OK;
  });
}

// ------------------------------------------------------------------ tokens and text

int32_t sled_tokenize(int64_t model, const char *text, int32_t text_bytes, int32_t add_special, int32_t parse_special,
                      int32_t *tokens, int32_t capacity, int32_t *count) {
  return guarded([&] {
    if (text_bytes < 0 || capacity < 0 || (text == nullptr && text_bytes > 0) ||
        (tokens == nullptr && capacity > 0)) {
      fail(SLED_ERR_ARGUMENT, "%d bytes of text, room for %d tokens", text_bytes, capacity);
    }
    const std::vector<int32_t> ids =
        models().get(model)->tokenize(text == nullptr ? "" : text, text_bytes, add_special != 0, parse_special != 0);
    required(count, "count") = static_cast<int32_t>(ids.size());
    if (ids.size() > static_cast<size_t>(capacity)) {
      fail(SLED_ERR_CAPACITY, "the text has %zu tokens, there is room for %d", ids.size(), capacity);
    }
    std::copy(ids.begin(), ids.end(), tokens);
    return SLED_OK;
  });
}

int32_t sled_token_bytes(int64_t model, int32_t token, int32_t render_special, char *buffer, int32_t capacity,
                         int32_t *length) {
  return guarded([&] {
    const std::string bytes = models().get(model)->bytes_of(token, render_special != 0);
    required(length, "length") = static_cast<int32_t>(bytes.size());
    if (capacity < 0 || bytes.size() > static_cast<size_t>(capacity) || (buffer == nullptr && !bytes.empty())) {
      fail(SLED_ERR_CAPACITY, "the token has %zu bytes, there is room for %d", bytes.size(), capacity);
    }
    std::copy(bytes.begin(), bytes.end(), buffer);
    return SLED_OK;
  });
}

int32_t sled_utf8_complete_bytes(const char *bytes, int32_t byte_count, int32_t *complete) {
  return guarded([&] {
    if (byte_count < 0 || (bytes == nullptr && byte_count > 0)) {
      fail(SLED_ERR_ARGUMENT, "%d bytes", byte_count);
    }
    required(complete, "complete") =
        utf8_complete_bytes(reinterpret_cast<const unsigned char *>(bytes), byte_count);
    return SLED_OK;
  });
}

int32_t sled_token_is_end(int64_t model, int32_t token, int32_t *result) {
  return guarded([&] {
    const std::shared_ptr<Model> m = models().get(model);
    required(result, "result") = m->is_token(token) && m->ends_generation(token) ? 1 : 0;
    return SLED_OK;
  });
}

int32_t sled_tokens_compare(int64_t target, int64_t draft, int64_t equal_address, int32_t capacity) {
  return guarded([&] {
    const std::shared_ptr<Model> one = models().get(target);
    const std::shared_ptr<Model> other = models().get(draft);
    const int32_t count = one->info().vocabulary_tokens;
    if (capacity < count) {
      fail(SLED_ERR_CAPACITY, "the target has %d tokens, there is room for %d", count, capacity);
    }
    auto *const equal = &required(at_address<char>(equal_address), "equal_address");
    for (int32_t token = 0; token < count; token++) {
      equal[token] = other->is_token(token) && one->bytes_of(token, true) == other->bytes_of(token, true) ? 1 : 0;
    }
    return SLED_OK;
  });
}

int32_t sled_token_is_control(int64_t model, int32_t token, int32_t *result) {
  return guarded([&] {
    const std::shared_ptr<Model> m = models().get(model);
    required(result, "result") = m->is_token(token) && m->is_control(token) ? 1 : 0;
    return SLED_OK;
  });
}

int32_t sled_chat_params_default(int64_t model, sled_chat_params *params) {
  return guarded([&] {
    const std::shared_ptr<Model> m = models().get(model);
    required(params, "params") = default_chat_params(*m);
    return SLED_OK;
  });
}

int32_t sled_chat_render(int64_t model, const char *chat_template, const char *arguments, const char *messages,
                         int32_t messages_bytes, int32_t message_count, const sled_chat_params *params, char *buffer,
                         int32_t capacity, int32_t *length, int32_t *tokens, int32_t token_capacity,
                         int32_t *token_count, int32_t *uses_time) {
  return guarded([&] {
    const std::shared_ptr<Model> m = models().get(model);
    const sled_chat_params &p = checked(params);
    if (messages_bytes < 0 || token_capacity < 0 || (tokens == nullptr && token_capacity > 0)) {
      fail(SLED_ERR_ARGUMENT, "%d bytes of messages, room for %d tokens", messages_bytes, token_capacity);
    }
    for (const int32_t token : {p.bos_token, p.eos_token}) {
      if (token != -1 && !m->is_token(token)) {
        fail(SLED_ERR_TOKEN, "the begin or end token %d is not within the vocabulary of %d tokens", token,
             m->info().vocabulary_tokens);
      }
    }
    if (((p.flags & SLED_CHAT_ADDS_BOS) != 0 && p.bos_token < 0) ||
        ((p.flags & SLED_CHAT_ADDS_EOS) != 0 && p.eos_token < 0)) {
      fail(SLED_ERR_ARGUMENT, "a begin or end token is to be added, and there is none");
    }
    const ChatPrompt prompt =
        render_chat(*m, chat_template == nullptr ? "" : chat_template, arguments == nullptr ? "" : arguments,
                    split_messages(&required(messages, "messages"), messages_bytes, message_count), p);
    required(uses_time, "uses_time") = prompt.uses_time ? 1 : 0;
    required(token_count, "token_count") = static_cast<int32_t>(prompt.tokens.size());
    const int32_t status = copy_text(prompt.text, buffer, capacity, length);
    if (prompt.tokens.size() > static_cast<size_t>(token_capacity)) {
      fail(SLED_ERR_CAPACITY, "the prompt has %zu tokens, there is room for %d", prompt.tokens.size(), token_capacity);
    }
    std::copy(prompt.tokens.begin(), prompt.tokens.end(), tokens);
    return status;
  });
}

// ------------------------------------------------------------------ the verify engine

int32_t sled_engine_params_default(sled_engine_params *params) {
  return guarded([&] {
    blank(params).sequence_count = 16;
    return SLED_OK;
  });
}

int32_t sled_engine_plan(int64_t model, const sled_engine_params *params, sled_memory_plan *plan) {
  return guarded([&] {
    required(plan, "plan") = Engine::plan(*models().get(model), checked(params));
    return SLED_OK;
  });
}

int32_t sled_engine_open(int64_t model, const sled_engine_params *params, int64_t *engine) {
  return guarded([&] {
    required(engine, "engine") = 0;
    *engine = engines().put(std::make_shared<Engine>(models().get(model), checked(params)));
    return SLED_OK;
  });
}

int32_t sled_engine_close(int64_t engine) {
  return guarded([&] {
    engines().remove(engine, [](Engine &e) { const Exclusive unused(e.mutex, "engine"); });
    return SLED_OK;
  });
}

int32_t sled_engine_describe(int64_t engine, sled_engine_info *info) {
  return with_engine(engine, [&](Engine &e) { required(info, "info") = e.describe(); });
}

int32_t sled_session_open(int64_t engine, int64_t prompt_address, int32_t prompt_count, int32_t max_new_tokens,
                          int32_t flags, int64_t sampling_address, int32_t *session) {
  return with_engine(engine, [&](Engine &e) {
    required(session, "session") = -1;
    *session = e.open_session(&required(at_address<const char>(prompt_address), "prompt_address"), prompt_count,
                               max_new_tokens, flags, at_address<const sled_sampling>(sampling_address));
  });
}

int32_t sled_session_close(int64_t engine, int32_t session) {
  return with_engine(engine, [&](Engine &e) { e.close_session(session); });
}

int32_t sled_session_attach(int64_t engine, int32_t session, int32_t sequence) {
  return with_engine(engine, [&](Engine &e) { e.attach(session, sequence); });
}

int32_t sled_session_detach(int64_t engine, int32_t session, int32_t keep) {
  return with_engine(engine, [&](Engine &e) { e.detach(session, keep); });
}

int32_t sled_session_share(int64_t engine, int32_t to, int32_t from, int32_t token_count, int32_t move) {
  return with_engine(engine, [&](Engine &e) { e.share(to, from, token_count, move); });
}

int32_t sled_session_describe(int64_t engine, int32_t session, sled_session_info *info) {
  return with_engine(engine, [&](Engine &e) { required(info, "info") = e.describe_session(session); });
}

int32_t sled_session_tokens(int64_t engine, int32_t session, int32_t from, int32_t count, int64_t tokens_address) {
  return with_engine(engine, [&](Engine &e) {
    e.copy_tokens(session, from, count, &required(at_address<char>(tokens_address), "tokens_address"));
  });
}

int32_t sled_session_evict(int64_t engine, int32_t session, int32_t cached_tokens) {
  return with_engine(engine, [&](Engine &e) { e.evict(session, cached_tokens); });
}

int32_t sled_engine_tune(int64_t engine, int32_t pass_cost_rows) {
  return with_engine(engine, [&](Engine &e) { e.tune(pass_cost_rows); });
}

int32_t sled_step(int64_t engine, int64_t slots_address, int32_t slot_count, int64_t stats_address) {
  return with_engine(engine, [&](Engine &e) {
    e.step(at_address<sled_slot>(slots_address), slot_count, at_address<sled_step_stats>(stats_address));
  });
}

// ------------------------------------------------------------------ sampling

int32_t sled_sampling_default(sled_sampling *sampling) {
  return guarded([&] {
    blank(sampling);
    sampling->top_p = 1.0F;
    sampling->repeat_penalty = 1.0F;
    return SLED_OK;
  });
}

int32_t sled_sample(int64_t logits_address, int32_t logit_count, int64_t history_address, int32_t history_count,
                    int64_t sampling_address, int32_t *token) {
  return guarded([&] {
    required(token, "token") = -1;
    if (logit_count < 1 || history_count < 0) {
      fail(SLED_ERR_ARGUMENT, "%d logits after %d tokens: at least 1, and 0", logit_count, history_count);
    }
    std::vector<float> logits(static_cast<size_t>(logit_count));
    std::memcpy(logits.data(), &required(at_address<const char>(logits_address), "logits_address"),
                logits.size() * sizeof(float));
    std::vector<int32_t> history(static_cast<size_t>(history_count));
    if (history_count > 0) {
      std::memcpy(history.data(), &required(at_address<const char>(history_address), "history_address"),
                  history.size() * sizeof(int32_t));
    }
    const Sampling sampling = Sampling::checked(at_address<const sled_sampling>(sampling_address), logit_count);
    *token = Sampler().choose(sampling, logits.data(), logit_count, history_count,
                              history.data() + (history_count - sampling.penalty_window(history_count)));
    return SLED_OK;
  });
}

// ------------------------------------------------------------------ the draft context

int32_t sled_draft_params_default(sled_draft_params *params) {
  return guarded([&] {
    blank(params);
    return SLED_OK;
  });
}

int32_t sled_draft_open(int64_t model, const sled_draft_params *params, int64_t *draft) {
  return guarded([&] {
    required(draft, "draft") = 0;
    *draft = drafts().put(std::make_shared<Draft>(models().get(model), checked(params)));
    return SLED_OK;
  });
}

int32_t sled_draft_close(int64_t draft) {
  return guarded([&] {
    drafts().remove(draft, [](Draft &d) { const Exclusive unused(d.mutex, "draft"); });
    return SLED_OK;
  });
}

int32_t sled_draft_sample(int64_t draft, int64_t sampling_address) {
  return guarded([&] {
    const std::shared_ptr<Draft> d = drafts().get(draft);
    const Exclusive use(d->mutex, "draft");
    d->sample(at_address<const sled_sampling>(sampling_address));
    return SLED_OK;
  });
}

int32_t sled_draft_decode(int64_t draft, int32_t position, int64_t tokens_address, int32_t token_count,
                          int64_t choice_address) {
  return guarded([&] {
    const std::shared_ptr<Draft> d = drafts().get(draft);
    const Exclusive use(d->mutex, "draft");
    d->decode(position, at_address<const char>(tokens_address), token_count,
              required(at_address<sled_draft_choice>(choice_address), "choice_address"));
    return SLED_OK;
  });
}
