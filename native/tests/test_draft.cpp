// The draft context: its choices do not depend on how it got to a position; with the same model on both sides and
// SLED_DRAFT_EXACT the engine accepts every draft.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "random_model.hpp"
#include "support.hpp"

namespace {

using Names = std::vector<const char *>;
using test::address;

int64_t open_draft(int64_t model, int32_t context, int32_t flags = SLED_DRAFT_EXACT) {
  sled_draft_params params;
  CHECK_OK(sled_draft_params_default(&params));
  params.context_tokens = context;
  params.threads = 1;
  params.flags = flags;
  int64_t draft = 0;
  CHECK_OK(sled_draft_open(model, &params, &draft));
  return draft;
}

sled_draft_choice decode(int64_t draft, int32_t position, const int32_t *tokens, int32_t count) {
  sled_draft_choice choice;
  CHECK_OK(sled_draft_decode(draft, position, address(tokens), count, address(&choice)));
  CHECK_EQ(choice.cached, position + count);
  CHECK(choice.decode_ns > 0);
  return choice;
}

void check_sane(const sled_draft_choice &choice, int32_t vocabulary) {
  CHECK(choice.token >= 0 && choice.token < vocabulary);
  CHECK(choice.probability > 0.0F && choice.probability <= 1.0F);
  CHECK(choice.probability * static_cast<float>(vocabulary) >= 0.999F);  // the largest of them
  CHECK(choice.margin >= 0.0F && choice.margin <= choice.probability);
  CHECK(choice.entropy >= -1e-5F && choice.entropy <= std::log(static_cast<float>(vocabulary)) + 1e-4F);
  CHECK(choice.entropy >= -std::log(choice.probability) - 1e-4F);
}

// Equal bits, not just the same token.
void check_equal(const sled_draft_choice &a, const sled_draft_choice &b) {
  CHECK_EQ(a.token, b.token);
  CHECK(a.probability == b.probability && a.margin == b.margin && a.entropy == b.entropy);
}

void check_draft(int64_t model, int32_t context) {
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  const int64_t draft = open_draft(model, context);

  // Token by token, each the choice before it.
  std::vector<int32_t> tokens = {30, 31, 32};
  std::vector<sled_draft_choice> choices(3);
  for (int32_t i = 0; i < context; i++) {
    const sled_draft_choice choice = decode(draft, i, &tokens[static_cast<size_t>(i)], 1);
    check_sane(choice, info.vocabulary_tokens);
    if (i < 3) {
      choices[static_cast<size_t>(i)] = choice;
    } else {
      choices.push_back(choice);
    }
    if (i >= 2) {
      tokens.push_back(choice.token);
    }
  }
  tokens.resize(static_cast<size_t>(context));

  // Positions and the end of the context.
  sled_draft_choice untouched;
  std::memset(&untouched, 0x5A, sizeof(untouched));
  const auto refuse = [&](int32_t position, int64_t ids, int32_t count, int32_t status) {
    sled_draft_choice choice;
    std::memset(&choice, 0x5A, sizeof(choice));
    CHECK_EQ(sled_draft_decode(draft, position, ids, count, address(&choice)), status);
    CHECK(std::memcmp(&choice, &untouched, sizeof(choice)) == 0);
  };
  refuse(context, address(tokens.data()), 1, SLED_ERR_CONTEXT_FULL);
  refuse(context - 1, address(tokens.data()), 2, SLED_ERR_CONTEXT_FULL);
  refuse(0, address(tokens.data()), context + 1, SLED_ERR_CONTEXT_FULL);
  refuse(0, address(tokens.data()), INT32_MAX, SLED_ERR_CONTEXT_FULL);
  refuse(-1, address(tokens.data()), 1, SLED_ERR_OFFSET);
  refuse(INT32_MIN, address(tokens.data()), 1, SLED_ERR_OFFSET);
  refuse(context + 1, address(tokens.data()), 1, SLED_ERR_OFFSET);
  refuse(INT32_MAX, address(tokens.data()), 1, SLED_ERR_OFFSET);
  for (const int32_t count : {0, -1, INT32_MIN}) {
    refuse(0, address(tokens.data()), count, SLED_ERR_ARGUMENT);
  }
  refuse(0, 0, 1, SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_draft_decode(draft, 0, address(tokens.data()), 1, 0), SLED_ERR_ARGUMENT);
  for (const int32_t stranger : {-1, INT32_MIN, info.vocabulary_tokens, INT32_MAX}) {
    const int32_t ids[] = {1, stranger};
    refuse(0, address(ids), 2, SLED_ERR_TOKEN);
  }
  // None of that moved it.
  check_equal(decode(draft, context - 1, &tokens[static_cast<size_t>(context) - 1], 1), choices.back());

  // Rollback to every position, then again; and the rest in one call.
  for (int32_t i = 0; i < context; i++) {
    const auto at = static_cast<size_t>(i);
    check_equal(decode(draft, i, &tokens[at], 1), choices[at]);
    if (i % 16 == 3) {
      check_equal(decode(draft, i, &tokens[at], context - i), choices.back());
    }
  }
  check_equal(decode(draft, 0, tokens.data(), context), choices.back());
  for (const int32_t count : {1, 2, 3, 31, 32, 33, 34, 63, 64, 65, 255, 256, 257, 258, 290}) {
    if (count <= context) {
      check_equal(decode(draft, 0, tokens.data(), count), choices[static_cast<size_t>(count) - 1]);
    }
  }
  refuse(std::min(context, 290) + 1, address(tokens.data()), 1, SLED_ERR_OFFSET);  // rolled back above
  // Ids at any alignment.
  std::vector<char> bytes(1 + 40 * sizeof(int32_t));
  std::memcpy(bytes.data() + 1, tokens.data(), 40 * sizeof(int32_t));
  sled_draft_choice choice;
  CHECK_OK(sled_draft_decode(draft, 0, address(bytes.data() + 1), 40, address(&choice)));
  check_equal(choice, choices[39]);
  CHECK_OK(sled_draft_close(draft));

  // Without the flag: close, if not equal.
  const int64_t fast = open_draft(model, context, 0);
  const sled_draft_choice quick = decode(fast, 0, tokens.data(), context);
  check_sane(quick, info.vocabulary_tokens);
  CHECK(std::fabs(quick.probability - choices.back().probability) < 0.05F);
  CHECK_OK(sled_draft_close(fast));
}

// Drafts of every length, from the target itself.
void check_accepted(int64_t model, int32_t new_tokens, int32_t context, const sled_sampling &sampling) {
  const int64_t engine = test::open_engine(model, 2, context);
  const int64_t draft = open_draft(model, context);
  const std::vector<int32_t> prompt(40, 33);
  const int32_t sequence = test::open_session(engine, prompt, new_tokens, SLED_SESSION_IGNORE_END, &sampling);
  CHECK_OK(sled_draft_sample(draft, address(&sampling)));
  sled_slot slot = test::slot(sequence, 0, 39);
  CHECK_OK(sled_step(engine, address(&slot), 1, 0));
  CHECK_OK(slot.status);
  int32_t drafted = 0;
  int32_t cached = 0;
  int32_t length = 0;
  while (test::session(engine, sequence).finish == SLED_FINISH_NONE) {
    const std::vector<int32_t> committed = test::committed(engine, sequence);
    const auto c = static_cast<int32_t>(committed.size());
    const int32_t room = 40 + new_tokens - c - 1;
    length = std::min(room, length % 17 + 1);
    std::vector<int32_t> drafts;
    sled_draft_choice choice = decode(draft, cached, committed.data() + cached, c - cached);
    while (static_cast<int32_t>(drafts.size()) < length) {
      drafts.push_back(choice.token);
      choice = decode(draft, choice.cached, &drafts.back(), 1);
    }
    slot = test::slot(sequence, c - 1, 1, drafts);
    CHECK_OK(sled_step(engine, address(&slot), 1, 0));
    CHECK_OK(slot.status);
    CHECK_EQ(slot.accepted, length);
    CHECK_EQ(slot.next_token, choice.token);
    drafted += length;
    cached = c + length;
  }
  CHECK_EQ(test::session(engine, sequence).committed_tokens, 40 + new_tokens);
  std::printf("  the target as its own draft: all %d drafts accepted\n", drafted);
  CHECK_OK(sled_draft_close(draft));
  CHECK_OK(sled_engine_close(engine));
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  std::vector<std::string> paths = {test::demo_model("draft")};
  for (const char *architecture : test::effort<Names>({"llama", "gpt2"}, {"llama"})) {
    for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
      paths.push_back(directory.file(std::string(architecture) + ggml_type_name(type)));
      test::write_random_model(paths.back(), architecture, type, 8);
    }
  }
  for (const std::string &path : paths) {
    std::printf("%s\n", path.substr(path.rfind('/') + 1).c_str());
    if (!test::can_be_exact(path)) {
      continue;
    }
    const int64_t model = test::open_exact_model(path);
    sled_model_info info;
    CHECK_OK(sled_model_describe(model, &info));
    // One less than gpt2's table of positions: behind its last one there is no position to pad a lone row with. (And
    // nothing to draft: the choice would stand beyond the context.)
    check_draft(model, std::min(info.context_train_tokens - 1, test::effort(320, 48)));
    for (const uint32_t random : {0U, 2U, 54U, 319U}) {  // greedy; plain; filters; everything
      check_accepted(model, test::effort(220, 20), std::min(info.context_train_tokens, 320), test::random_sampling(random));
    }
    CHECK_OK(sled_model_close(model));
  }
  return 0;
}
