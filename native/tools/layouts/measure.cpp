#include "measure.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace layouts {
namespace {

constexpr int32_t kWarmUpSteps = 1;
constexpr size_t kLeastSteps = 3;
constexpr int64_t kEnoughNs = 500'000'000;  // for one shape
constexpr int32_t kChunkTokens = 32;

template <typename T>
int64_t address(const T *pointer) {
  return reinterpret_cast<int64_t>(pointer);
}

// An engine whose sessions all have the same context, each in cells of its own.
class Bench {
 public:
  Bench(int64_t engine, const Options &options, int32_t vocabulary)
      : engine_(engine), options_(options), vocabulary_(vocabulary) {}
  ~Bench() { sled_engine_close(engine_); }
  Bench(const Bench &) = delete;
  Bench &operator=(const Bench &) = delete;

  std::vector<Cell> run(const char *name) {
    std::vector<Cell> cells;
    for (const int32_t context : options_.contexts) {
      const int32_t source = prepare(context);
      for (const int32_t count : options_.sessions) {
        for (const Shape &shape : kShapes) {
          if (isatty(STDERR_FILENO) != 0) {
            std::fprintf(stderr, "%s: %d tokens, %d sessions, %s\033[K\r", name, context, count, shape.name);
          }
          const std::vector<int32_t> sessions = open(source, context, count * shape.stride);
          cells.push_back(measure(context, count, shape, sessions));
          for (const int32_t session : sessions) {
            check(sled_session_close(engine_, session), "close a session");
          }
        }
      }
      check(sled_session_close(engine_, source), "close a session");
    }
    return cells;
  }

 private:
  int32_t open_session(int32_t context) {
    std::vector<int32_t> prompt(static_cast<size_t>(context) + 1);
    for (size_t i = 0; i < prompt.size(); i++) {
      prompt[i] = static_cast<int32_t>((i * 7 + 5) % static_cast<size_t>(vocabulary_));
    }
    int32_t session = -1;
    check(sled_session_open(engine_, address(prompt.data()), context + 1, 0, SLED_SESSION_IGNORE_END, 0, &session),
          "open a session");
    return session;
  }

  sled_session_info describe(int32_t session) {
    sled_session_info info;
    check(sled_session_describe(engine_, session, &info), "describe a session");
    return info;
  }

  void step(std::vector<sled_slot> &slots, sled_step_stats &stats) {
    check(sled_step(engine_, address(slots.data()), static_cast<int32_t>(slots.size()), address(&stats)), "step");
    for (const sled_slot &slot : slots) {
      check(slot.status, "compute a slot");
    }
  }

  // A session whose K/V is computed, and saved: copies of it do not share its cells.
  int32_t prepare(int32_t context) {
    const int32_t session = open_session(context);
    check(sled_session_attach(engine_, session, -1), "attach a session");
    for (int32_t cached = 0; cached < context; cached += kChunkTokens) {
      sled_slot slot{};
      slot.session = session;
      slot.kv_offset = cached;
      slot.lead_count = std::min(kChunkTokens, context - cached);
      std::vector<sled_slot> slots = {slot};
      sled_step_stats stats;
      step(slots, stats);
    }
    check(sled_session_detach(engine_, session, 1), "save a session");
    return session;
  }

  std::vector<int32_t> open(int32_t source, int32_t context, int32_t count) {
    std::vector<int32_t> sessions;
    for (int32_t i = 0; i < count; i++) {
      sessions.push_back(open_session(context));
      check(sled_session_attach(engine_, sessions.back(), i), "attach a session");
      check(sled_session_share(engine_, sessions.back(), source, context, 0), "copy K/V");
    }
    return sessions;
  }

  Cell measure(int32_t context, int32_t count, const Shape &shape, const std::vector<int32_t> &sessions) {
    std::vector<int64_t> times;
    int64_t spent = 0;
    sled_step_stats stats{};
    std::vector<int32_t> drafts(static_cast<size_t>(shape.most_rows));
    for (int32_t n = 0; n < kWarmUpSteps + options_.steps && (times.size() < kLeastSteps || spent < kEnoughNs); n++) {
      for (size_t i = 0; i < drafts.size(); i++) {  // whatever comes is unlikely to be what is drafted
        drafts[i] = (n * 131 + static_cast<int32_t>(i) * 17 + 3) % vocabulary_;
      }
      std::vector<sled_slot> slots;
      for (int32_t i = 0; i < count; i++) {
        const sled_session_info info = describe(sessions[static_cast<size_t>(i * shape.stride)]);
        sled_slot slot{};
        slot.session = info.session;
        slot.kv_offset = info.cached_tokens;
        slot.lead_count = info.committed_tokens - info.cached_tokens;
        slot.draft_count = shape.least_rows + i * 5 % (shape.most_rows - shape.least_rows + 1) - 1;
        slot.tokens_address = address(drafts.data());
        slots.push_back(slot);
      }
      step(slots, stats);
      if (n >= kWarmUpSteps) {
        times.push_back(stats.total_ns);
        spent += stats.total_ns;
      }
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return {context, count, &shape, static_cast<double>(*middle) / 1e6, stats.passes, stats.rows, stats.useful_rows};
  }

  const int64_t engine_;
  const Options &options_;
  const int32_t vocabulary_;
};

}  // namespace

std::string last_error() {
  char text[2048];
  sled_last_error(text, sizeof(text));
  return text;
}

void check(int32_t status, const char *what) {
  if (status != SLED_OK) {
    throw std::runtime_error(std::string("cannot ") + what + ": " + last_error());
  }
}

std::vector<Cell> measure(int64_t model, const Setup &setup, const Options &options, sled_engine_info *info,
                          std::string *why) {
  const int32_t most_sessions = *std::max_element(options.sessions.begin(), options.sessions.end());
  const int32_t longest = *std::max_element(options.contexts.begin(), options.contexts.end());
  sled_model_info model_info;
  check(sled_model_describe(model, &model_info), "describe the model");
  sled_engine_params params;
  check(sled_engine_params_default(&params), "prepare an engine");
  params.sequence_count = 2 * most_sessions;
  params.session_count = 2 * most_sessions + 1;
  // Every step commits a token, or with much luck all of its rows.
  params.context_tokens = std::min(longest + 1 + 2 * (kWarmUpSteps + options.steps) + 16, model_info.context_train_tokens);
  params.threads = options.threads;
  params.kv_layout = setup.kv_layout;
  params.numerics = setup.numerics;
  params.flags = options.pin ? SLED_ENGINE_PIN_THREADS : 0;
  int64_t engine = 0;
  const int32_t status = sled_engine_open(model, &params, &engine);
  if (status == SLED_ERR_UNSUPPORTED) {
    *why = last_error();
    return {};
  }
  check(status, "open an engine");
  Bench bench(engine, options, model_info.vocabulary_tokens);
  check(sled_engine_tune(engine, options.pass_cost_rows), "tune the engine");
  check(sled_engine_describe(engine, info), "describe the engine");
  return bench.run(setup.name);
}

}  // namespace layouts
