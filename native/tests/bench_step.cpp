// What a step costs: time per step for sessions x rows, and how much of it is not the model.
//
//   bench_step [model.gguf [threads [steps [exact|fast [exact-weights|any-weights [largest|whole]]]]]]
//
// All sessions send blocks of the same length at a context of about 200 tokens; drafts are wrong, so that the length of
// the context stays about the same. Medians over the steps.
#include <algorithm>
#include <cstdlib>

#include "support.hpp"

namespace {

using test::address;

constexpr int32_t kContext = 1024;
constexpr int32_t kPrompt = 200;

double median_us(std::vector<int64_t> &times_ns) {
  std::sort(times_ns.begin(), times_ns.end());
  return static_cast<double>(times_ns[times_ns.size() / 2]) / 1000.0;
}

struct Row {
  std::vector<int64_t> total;
  std::vector<int64_t> decode;
  std::vector<int64_t> sampling;
  std::vector<int64_t> overhead;
  sled_step_stats last{};
};

Row measure(int64_t engine, int32_t sessions, int32_t rows, int32_t steps, int32_t vocabulary) {
  std::vector<int32_t> sequences;
  const std::vector<int32_t> prompt(kPrompt, 5);
  for (int32_t i = 0; i < sessions; i++) {
    sequences.push_back(test::open_session(engine, prompt, 0, SLED_SESSION_IGNORE_END));
  }
  std::vector<int32_t> drafts(static_cast<size_t>(rows - 1));
  std::vector<sled_slot> slots;
  Row row;
  for (int32_t step = -3; step < steps;) {
    slots.clear();
    bool prefill = false;
    for (const int32_t sequence : sequences) {
      const sled_session_info info = test::session(engine, sequence);
      if (info.committed_tokens + SLED_MAX_EXACT_ROWS > kContext) {
        std::fprintf(stderr, "the drafts were right too often\n");
        std::exit(1);
      }
      const int32_t missing = info.committed_tokens - info.cached_tokens;
      prefill = prefill || missing > 1;
      slots.push_back(missing > 1 ? test::slot(sequence, info.cached_tokens, std::min(missing - 1, 50))
                                  : test::slot(sequence, info.cached_tokens, 1, drafts));
    }
    sled_step_stats stats{};
    CHECK_OK(sled_step(engine, address(slots.data()), sessions, address(&stats)));
    for (const sled_slot &slot : slots) {
      CHECK_OK(slot.status);
    }
    if (prefill) {
      continue;
    }
    // Whatever was chosen now is unlikely to be chosen next.
    for (int32_t &draft : drafts) {
      draft = (slots[0].next_token + 1 + step) % vocabulary;
      draft = draft < 0 ? 0 : draft;
    }
    if (step++ >= 0) {
      row.total.push_back(stats.total_ns);
      row.decode.push_back(stats.decode_ns);
      row.sampling.push_back(stats.sampling_ns);
      row.overhead.push_back(stats.total_ns - stats.decode_ns - stats.sampling_ns);
      row.last = stats;
    }
  }
  for (const int32_t sequence : sequences) {
    CHECK_OK(sled_session_close(engine, sequence));
  }
  return row;
}

}  // namespace

int main(int argc, char **argv) {
  const std::string path = argc > 1 ? argv[1] : test::demo_model("target");
  const int32_t threads = argc > 2 ? std::atoi(argv[2]) : 0;
  const int32_t steps = argc > 3 ? std::max(1, std::atoi(argv[3])) : 30;
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const bool fast = argc > 4 && std::string(argv[4]) == "fast";
  const bool exact_weights = argc > 5 && std::string(argv[5]) == "exact-weights";
  const std::string result_rows = argc > 6 ? argv[6] : "";
  const int64_t model = test::open_model(path, SLED_MODEL_MMAP | (exact_weights ? SLED_MODEL_EXACT : 0));
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  sled_engine_params params = test::engine_params(32, std::min(info.context_train_tokens, kContext), threads);
  params.numerics = fast ? SLED_NUMERICS_FAST : SLED_NUMERICS_EXACT;
  if (!result_rows.empty()) {
    params.flags = result_rows == "largest" ? SLED_ENGINE_TOP_ROWS : SLED_ENGINE_WHOLE_ROWS;
  }
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  sled_engine_info engine_info;
  CHECK_OK(sled_engine_describe(engine, &engine_info));
  std::printf("%s, %s numerics, %d threads, %s rows of results, medians of %d steps, microseconds\n\n", path.c_str(),
              fast ? "fast" : "exact", engine_info.threads, engine_info.top_row > 0 ? "the largest of" : "whole", steps);
  std::printf("| sessions | rows | rows computed | passes |    total |   decode | sampling | overhead | total/row |\n");
  std::printf("|---------:|-----:|--------------:|-------:|---------:|---------:|---------:|---------:|----------:|\n");
  for (const int32_t sessions : {1, 2, 4, 8, 16, 32}) {
    for (const int32_t rows : {1, 2, 5, 9, 17}) {
      Row row = measure(engine, sessions, rows, steps, info.vocabulary_tokens);
      const double total = median_us(row.total);
      std::printf("| %8d | %4d | %13d | %6d | %8.1f | %8.1f | %8.1f | %8.1f | %9.1f |\n", sessions, rows, row.last.rows,
                  row.last.passes, total, median_us(row.decode), median_us(row.sampling), median_us(row.overhead),
                  total / (sessions * rows));
      std::fflush(stdout);
    }
  }
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  return 0;
}
