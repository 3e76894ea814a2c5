// The contract: a session's tokens are a function of target, prompt and sampling alone. Whatever the drafts, the block lengths,
// the prefill chunks, the neighbours in the batch, evictions and the padding: the same tokens come out.
//
// Runs over the demo target and small random models of other architectures and weight types (random logits have many
// near ties, so that a single wrong bit shows soon); or over the files given on the command line.
#include <algorithm>
#include <random>

#include "random_model.hpp"
#include "streams.hpp"
#include "support.hpp"

namespace {

using Names = std::vector<const char *>;
using test::address;
using test::Stream;

int64_t guessed = 0;  // by the library, in rows that a pass was filled up with
int64_t guessed_right = 0;

// flags: of the engine that has them all.
void together(int64_t model, int32_t context, int32_t new_tokens, uint32_t seed, int32_t flags = 0) {
  std::mt19937 random(seed);
  sled_model_info model_info;
  CHECK_OK(sled_model_describe(model, &model_info));
  const int32_t stream_count = test::effort(9, 5);
  std::vector<Stream> streams(static_cast<size_t>(stream_count));
  std::vector<std::vector<int32_t>> prompts;
  for (int32_t i = 0; i < stream_count; i++) {
    std::vector<int32_t> prompt(1 + random() % static_cast<uint32_t>(test::effort(150, 40)));
    for (int32_t &token : prompt) {
      token = static_cast<int32_t>(random() % static_cast<uint32_t>(model_info.vocabulary_tokens));
    }
    prompts.push_back(prompt);
  }
  for (int32_t i = 0; i < stream_count; i++) {
    auto &stream = streams[static_cast<size_t>(i)];
    stream.prompt_tokens = static_cast<int32_t>(prompts[static_cast<size_t>(i)].size());
    stream.sampling = test::random_sampling(static_cast<uint32_t>(random()));
    stream.expected = test::alone(model, prompts[static_cast<size_t>(i)], new_tokens, context, stream.sampling);
  }

  sled_engine_params params = test::engine_params(stream_count + 2, context);
  params.flags = flags;
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  // Sequences with a gap: passes are cut at it.
  const int32_t gap = test::open_session(engine, prompts[0], 4);
  for (int32_t i = 0; i < stream_count; i++) {
    if (i == 4) {
      test::open_session(engine, prompts[1], 4);
    }
    streams[static_cast<size_t>(i)].session =
        test::open_session(engine, prompts[static_cast<size_t>(i)], new_tokens, SLED_SESSION_IGNORE_END,
                           &streams[static_cast<size_t>(i)].sampling);
  }
  CHECK_OK(sled_session_close(engine, gap));

  std::vector<sled_slot> slots;
  int64_t verdicts = 0;
  int64_t accepted = 0;
  int64_t drafted = 0;
  for (;;) {
    slots.clear();
    bool unfinished = false;
    for (Stream &stream : streams) {
      sled_session_info info = test::session(engine, stream.session);
      if (info.finish != SLED_FINISH_NONE) {
        continue;
      }
      unfinished = true;
      if (random() % 4 == 0) {
        continue;  // not in this step
      }
      if (random() % 50 == 0) {
        const int32_t keep = static_cast<int32_t>(random() % static_cast<uint32_t>(info.cached_tokens + 1));
        CHECK_OK(sled_session_evict(engine, stream.session, keep));
        info = test::session(engine, stream.session);
      }
      const int32_t missing = info.committed_tokens - info.cached_tokens;
      const int32_t lead = std::min(missing, missing == 1 ? 1 : static_cast<int32_t>(1 + random() % 45));
      if (lead == missing) {
        test::draft(stream, info.committed_tokens, model_info.vocabulary_tokens, random);
      } else {
        stream.drafts.clear();
      }
      slots.push_back(test::slot(stream.session, info.cached_tokens, lead, stream.drafts));
      slots.back().guess_count = static_cast<int32_t>(random() % 8);
    }
    if (!unfinished) {
      break;
    }
    sled_step_stats stats{};
    CHECK_OK(sled_engine_tune(engine, static_cast<int32_t>(random() % 200)));  // all arrangements, many bridges
    CHECK_OK(sled_step(engine, address(slots.data()), static_cast<int32_t>(slots.size()), address(&stats)));
    for (const sled_slot &s : slots) {
      CHECK_OK(s.status);
      CHECK(s.row_count >= 1 && s.row_count <= SLED_MAX_EXACT_ROWS);
      CHECK(s.accepted <= s.verified && s.verified <= (s.draft_count > 0 ? s.draft_count : s.guess_count));
      if (s.draft_count == 0) {
        guessed += s.verified;
        guessed_right += s.accepted;
      }
      if (s.next_token >= 0) {
        verdicts++;
        accepted += s.accepted;
        drafted += s.draft_count;
      }
    }
  }
  for (const Stream &stream : streams) {
    const std::vector<int32_t> tokens = test::committed(engine, stream.session);
    CHECK_EQ(tokens.size(), stream.expected.size());
    for (size_t i = 0; i < tokens.size(); i++) {
      if (tokens[i] != stream.expected[i]) {
        std::fprintf(stderr, "seed %u: session %d differs from the target alone at position %zu: %d, expected %d\n",
                     seed, stream.session, i, tokens[i], stream.expected[i]);
        std::exit(1);
      }
    }
  }
  std::printf("  seed %u: %lld verdicts, %lld of %lld drafts accepted, all equal\n", seed,
              static_cast<long long>(verdicts), static_cast<long long>(accepted), static_cast<long long>(drafted));
  CHECK_OK(sled_engine_close(engine));
}

void run(const std::string &path, int32_t new_tokens, uint32_t seeds) {
  const int64_t model = test::open_exact_model(path);
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  const int32_t context = std::min(info.context_train_tokens, 1024);
  std::printf("%s\n", path.c_str());
  for (uint32_t seed = 1; seed <= seeds; seed++) {
    together(model, context, new_tokens, seed);
  }
  CHECK_OK(sled_model_close(model));
}

// The device may leave only the largest logits of each row, where a session's sampling needs no others: sequences change
// between the two as sessions come and go. (On the CPU, where that gains nothing: a GPU is not exact.)
void check_top_rows(const std::string &path) {
  const int64_t model = test::open_exact_model(path);
  sled_engine_params params = test::engine_params(2, 256);
  int64_t engine = 0;
  for (const int32_t flags : {0, int32_t{SLED_ENGINE_WHOLE_ROWS}, int32_t{SLED_ENGINE_TOP_ROWS},
                              SLED_ENGINE_TOP_ROWS | SLED_ENGINE_WHOLE_ROWS}) {
    params.flags = flags;
    CHECK_OK(sled_engine_open(model, &params, &engine));
    sled_engine_info info;
    CHECK_OK(sled_engine_describe(engine, &info));
    if (flags == SLED_ENGINE_TOP_ROWS) {
      CHECK_EQ(info.top_row, SLED_TOP_ROW);
    } else if (flags != (SLED_ENGINE_TOP_ROWS | SLED_ENGINE_WHOLE_ROWS)) {
      CHECK_EQ(info.top_row, 0);
    }
    CHECK_OK(sled_engine_close(engine));
  }
  // Rows of the vocabulary that are no tokens: the device would not know.
  const test::TemporaryDirectory directory;
  const std::string padded = directory.file("padded.gguf");
  test::write_random_model(padded, "llama", GGML_TYPE_Q8_0, 7, 5);
  const int64_t other = test::open_exact_model(padded);
  params.flags = SLED_ENGINE_TOP_ROWS;
  CHECK_EQ(sled_engine_open(other, &params, &engine), SLED_ERR_UNSUPPORTED);
  CHECK(test::last_error().find("are no tokens") != std::string::npos);
  params.flags |= SLED_ENGINE_WHOLE_ROWS;
  CHECK_OK(sled_engine_open(other, &params, &engine));
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(other));
  std::printf("%s, with the largest logits alone\n", path.c_str());
  for (uint32_t seed = 1; seed <= test::effort(2U, 1U); seed++) {
    together(model, 512, test::effort(120, 20), seed, SLED_ENGINE_TOP_ROWS);
  }
  CHECK_OK(sled_model_close(model));
}

// Opened for speed, weights may be rearranged in a way that is not exact: then exact numerics is refused by name, and
// without a wish the engine says that it is fast.
void check_refusal(const std::string &path) {
  const int64_t model = test::open_model(path);
  sled_engine_params params = test::engine_params(2, 256);
  int64_t engine = 0;
  const int32_t status = sled_engine_open(model, &params, &engine);
  const bool exact = status == SLED_OK;
  if (!exact) {
    CHECK_EQ(status, SLED_ERR_UNSUPPORTED);
    CHECK(test::last_error().find("exact numerics is not possible for") != std::string::npos);
  } else {
    CHECK_OK(sled_engine_close(engine));
  }
  std::printf("%s: exact as rearranged for this CPU: %s\n", path.c_str(), exact ? "yes" : test::last_error().c_str());
  params.numerics = SLED_NUMERICS_AUTO;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  sled_engine_info info;
  CHECK_OK(sled_engine_describe(engine, &info));
  CHECK_EQ(info.numerics, exact ? SLED_NUMERICS_EXACT : SLED_NUMERICS_FAST);
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
}

}  // namespace

int main(int argc, char **argv) {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  if (argc > 1) {
    for (int i = 1; i < argc; i++) {
      run(argv[i], 500, 3);
    }
    return 0;
  }
  run(test::demo_model("target"), test::effort(600, 8), 1);
  check_top_rows(test::demo_model("target"));
  const test::TemporaryDirectory directory;
  for (const char *architecture : test::effort<Names>({"llama", "gpt2"}, {"llama"})) {
    for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
      const std::string path = directory.file(std::string(architecture) + "-" + ggml_type_name(type) + ".gguf");
      test::write_random_model(path, architecture, type, 7);
      if (!test::can_be_exact(path)) {
        continue;
      }
      // gpt2's positions are a table that ends with the context: generate to its very end there.
      run(path, std::string(architecture) == "gpt2" ? 0 : test::effort(120, 24), 1);
    }
  }
  test::RandomModelSize wide;  // K-quants come in blocks of 256 weights
  wide.width = 256;
  wide.forward = 512;
  for (const ggml_type type : {GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K}) {
    const std::string path = directory.file(std::string("llama-") + ggml_type_name(type) + ".gguf");
    test::write_random_model(path, "llama", type, 7, 0, true, wide);
    check_refusal(path);
    if (!test::can_be_exact(path)) {
      continue;
    }
    run(path, test::effort(60, 8), 1);
  }
  std::printf("%lld of %lld guesses were right\n", static_cast<long long>(guessed_right), static_cast<long long>(guessed));
  CHECK(guessed < 50 || guessed_right > 0);  // an emulated CPU makes few
  return 0;
}
