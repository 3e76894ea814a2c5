// Model files that are not what they should be: missing, foreign, cut off, damaged, split, padded. Every one gets a
// status and a text that helps; none ends the process. Damaged files are opened in a child process, so that an abort
// inside llama.cpp is seen.
//
//   test_files [corruptions per model] [seed]
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "gguf_edit.hpp"
#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::address;

std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string &path, const std::string &bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  CHECK(out.good());
}

bool error_names(const std::string &part) { return test::last_error().find(part) != std::string::npos; }

int32_t try_open(const std::string &path, int32_t flags = SLED_MODEL_MMAP) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  params.flags = flags;
  int64_t model = 0;
  const int32_t status = sled_model_open(path.c_str(), &params, &model);
  if (status == SLED_OK) {
    CHECK_OK(sled_model_close(model));
  } else {
    CHECK_EQ(model, 0);
    CHECK(error_names(path) || path.empty() || path.size() > 1000);  // last_error() cuts there
  }
  return status;
}

sled_model_info describe(int64_t model) {
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  return info;
}

sled_model_info describe(const std::string &path, int32_t flags = SLED_MODEL_MMAP) {
  const int64_t model = test::open_model(path, flags);
  const sled_model_info info = describe(model);
  CHECK_OK(sled_model_close(model));
  return info;
}

std::vector<int32_t> generate(int64_t model, int32_t new_tokens) {
  const int64_t engine = test::open_engine(model, 1, 256);
  const int32_t sequence = test::open_session(engine, {20, 21, 22}, new_tokens, SLED_SESSION_IGNORE_END);
  while (test::session(engine, sequence).finish == SLED_FINISH_NONE) {
    const sled_session_info info = test::session(engine, sequence);
    sled_slot slot = test::slot(sequence, info.cached_tokens, info.committed_tokens - info.cached_tokens);
    CHECK_OK(sled_step(engine, address(&slot), 1, 0));
    CHECK_OK(slot.status);
  }
  std::vector<int32_t> tokens = test::committed(engine, sequence);
  CHECK_OK(sled_engine_close(engine));
  return tokens;
}

// ------------------------------------------------------------------ a child process for each damaged file

// Everything that can be done with a model that opens. 0 = refused, 1 = works.
int use(const std::string &path) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  int64_t model = 0;
  const int32_t status = sled_model_open(path.c_str(), &params, &model);
  if (status != SLED_OK) {
    CHECK(status == SLED_ERR_FORMAT || status == SLED_ERR_MEMORY || status == SLED_ERR_UNSUPPORTED);
    CHECK(!test::last_error().empty());
    return 0;
  }
  const sled_model_info info = describe(model);
  char text[4096];
  int32_t length = 0;
  for (const int32_t id : {SLED_TEXT_DESCRIPTION, SLED_TEXT_ARCHITECTURE, SLED_TEXT_NAME, SLED_TEXT_WEIGHT_TYPE}) {
    CHECK_OK(sled_model_text(model, id, text, sizeof(text), &length));
  }
  for (int32_t token = 0; token < std::min(info.vocabulary_rows, 5000); token++) {
    sled_token_bytes(model, token, 1, text, sizeof(text), &length);
  }
  const std::string words = "then the hand of \xC3\xA4 and <|end|> 1234";
  int32_t ids[256];
  sled_tokenize(model, words.data(), static_cast<int32_t>(words.size()), 1, 1, ids, 256, &length);
  test::render_hi(model, nullptr);
  int works = 0;
  const sled_engine_params ep = test::engine_params(2, 32);
  int64_t engine = 0;
  if (sled_engine_open(model, &ep, &engine) == SLED_OK) {
    const int32_t prompt[] = {0, 1, 2};
    int32_t sequence = -1;
    if (sled_session_open(engine, address(prompt), 3, 0, 0, 0, &sequence) == SLED_OK) {
      CHECK_OK(sled_session_attach(engine, sequence, -1));
      sled_slot slot = test::slot(sequence, 0, 3);
      works = sled_step(engine, address(&slot), 1, 0) == SLED_OK && slot.status == SLED_OK ? 1 : 0;
    }
    CHECK_OK(sled_engine_close(engine));
  }
  CHECK_OK(sled_model_close(model));
  return works;
}

struct Outcome {
  bool crashed;
  std::string what;  // of a crash
  int works;
};

Outcome use_in_child(const std::string &path, const std::string &stderr_path) {
  std::fflush(stdout);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (dup2(open(stderr_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDERR_FILENO) < 0) {
      _exit(3);
    }
    setenv("GGML_NO_BACKTRACE", "1", 1);  // it would call a debugger
    alarm(60);  // a hang counts as a crash
    _exit(10 + use(path));
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) >= 10) {
    return {false, "", WEXITSTATUS(status) - 10};
  }
  const std::string said = read_file(stderr_path).substr(0, 1500);
  return {true,
          (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                               : "exit status " + std::to_string(WEXITSTATUS(status))) +
              ": " + said,
          0};
}

// ------------------------------------------------------------------ checks

void check_not_models(const test::TemporaryDirectory &directory) {
  CHECK_EQ(try_open(directory.file("missing.gguf")), SLED_ERR_IO);
  CHECK(error_names("No such file"));
  CHECK_EQ(try_open(""), SLED_ERR_IO);
  CHECK_EQ(try_open(std::string(5000, 'x')), SLED_ERR_IO);
  CHECK_EQ(try_open(directory.file("")), SLED_ERR_IO);
  CHECK(error_names("not a regular file"));
  const std::string pipe = directory.file("pipe.gguf");
  CHECK_EQ(mkfifo(pipe.c_str(), 0600), 0);
  CHECK_EQ(try_open(pipe), SLED_ERR_IO);
  const std::string locked = directory.file("locked.gguf");
  write_file(locked, "GGUF");
  if (geteuid() != 0) {
    CHECK_EQ(chmod(locked.c_str(), 0), 0);
    CHECK_EQ(try_open(locked), SLED_ERR_IO);
    CHECK(error_names("Permission denied"));
  }
  const std::string other = directory.file("other.gguf");
  for (const std::string &bytes :
       {std::string(), std::string("G"), std::string("GGU"), std::string("GGML and more of it"), std::string(9000, '\0'),
        std::string("#!/bin/sh\nexit\n"), std::string("version https://git-lfs.github.com/spec/v1\n")}) {
    write_file(other, bytes);
    CHECK_EQ(try_open(other), SLED_ERR_FORMAT);
    CHECK(error_names("not a GGUF file"));
  }
  write_file(other, "GGUF");
  CHECK_EQ(try_open(other), SLED_ERR_FORMAT);

  std::mt19937 random(1);
  const std::string errors = directory.file("stderr");
  for (int32_t round = 0; round < 60; round++) {
    std::string bytes("GGUF\3\0\0\0", 8);
    bytes.resize(8 + random() % 4000);
    for (size_t i = round % 2 == 0 ? 4 : 8; i < bytes.size(); i++) {
      // Small numbers reach further into the parser than random ones.
      bytes[i] = static_cast<char>(round % 3 == 0 ? random() % 256 : random() % 8 != 0 ? 0 : random() % 14);
    }
    write_file(other, bytes);
    const Outcome outcome = use_in_child(other, errors);
    if (outcome.crashed) {
      std::fprintf(stderr, "random bytes, round %d: %s\n", round, outcome.what.c_str());
    }
    CHECK(!outcome.crashed && outcome.works == 0);
  }
  std::printf("  not models: refused\n");
}

void check_cut_off(const std::string &path, const test::TemporaryDirectory &directory) {
  const std::string whole = read_file(path);
  const std::string cut = directory.file("cut.gguf");
  gguf_init_params params{};
  params.no_alloc = true;
  gguf_context *const header = gguf_init_from_file(path.c_str(), params);
  const size_t data = gguf_get_data_offset(header);
  gguf_free(header);
  std::vector<size_t> points = {4, 7, 8, 15, 16, 23, 24, 25, 31, 32, data - 33, data - 1, data, data + 1};
  std::mt19937 random(2);
  for (int32_t i = 0; i < 60; i++) {
    points.push_back(4 + random() % (data - 4));
    points.push_back(data + random() % (whole.size() - data - 32));
  }
  points.push_back(whole.size() - 33);
  for (const size_t size : points) {
    write_file(cut, whole.substr(0, size));
    for (const int32_t flags : {0, static_cast<int32_t>(SLED_MODEL_MMAP)}) {
      CHECK_EQ(try_open(cut, flags), SLED_ERR_FORMAT);
      CHECK(error_names("cut off") || error_names("cut-off"));
    }
  }
  std::printf("  %s cut off at %zu points: refused; e.g. %s\n", path.substr(path.rfind('/') + 1).c_str(), points.size(),
              test::last_error().c_str());
}

void check_vocabulary_only(const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("vocabulary.gguf");
  const std::string full = directory.file("full.gguf");
  test::write_random_model(path, "llama", GGML_TYPE_BF16, 3, 0, false);
  test::write_random_model(full, "llama", GGML_TYPE_BF16, 3);
  CHECK_EQ(try_open(path), SLED_ERR_FORMAT);
  CHECK(error_names("vocabulary only"));
  for (const std::string &file : {path, full}) {
    const int64_t model = test::open_model(file, SLED_MODEL_VOCAB_ONLY);
    CHECK((describe(model).flags & SLED_MODEL_INFO_VOCAB_ONLY) != 0);
    CHECK_EQ(test::tokenize(model, "the").size(), 1 + ((describe(model).flags & SLED_MODEL_INFO_ADDS_BOS) != 0 ? 1 : 0));
    CHECK_EQ(describe(model).tokens_hash, describe(full).tokens_hash);
    CHECK_EQ(describe(model).specials_hash, describe(full).specials_hash);
    const sled_engine_params ep = test::engine_params(1, 0);
    int64_t engine = 0;
    sled_memory_plan plan;
    CHECK_EQ(sled_engine_open(model, &ep, &engine), SLED_ERR_UNSUPPORTED);
    CHECK_EQ(sled_engine_plan(model, &ep, &plan), SLED_ERR_UNSUPPORTED);
    sled_draft_params dp;
    CHECK_OK(sled_draft_params_default(&dp));
    CHECK_EQ(sled_draft_open(model, &dp, &engine), SLED_ERR_UNSUPPORTED);
    CHECK(error_names("vocabulary only"));
    CHECK_OK(sled_model_close(model));
  }
  std::printf("  vocabulary only: tokenizes, serves nothing\n");
}

bool same_tokenizer(const sled_model_info &a, const sled_model_info &b) {
  return a.tokens_hash == b.tokens_hash && a.merges_hash == b.merges_hash && a.specials_hash == b.specials_hash &&
         a.pretokenizer_hash == b.pretokenizer_hash && a.vocabulary_tokens == b.vocabulary_tokens;
}

std::string vocabulary_of(const std::string &path) {
  int64_t length = 0;
  CHECK_EQ(sled_model_vocabulary(path.c_str(), 0, 0, &length), SLED_ERR_CAPACITY);
  CHECK(length > 0);
  std::string bytes(static_cast<size_t>(length), '\0');
  CHECK_EQ(sled_model_vocabulary(path.c_str(), address(bytes.data()), length - 1, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(length, bytes.size());
  CHECK_OK(sled_model_vocabulary(path.c_str(), address(bytes.data()), length, &length));
  CHECK_EQ(length, bytes.size());
  return bytes;
}

void check_vocabulary_files(const test::TemporaryDirectory &directory) {
  const std::string random = directory.file("whole.gguf");
  const std::string padded = directory.file("wide.gguf");
  test::write_random_model(random, "llama", GGML_TYPE_BF16, 3);
  test::write_random_model(padded, "qwen2", GGML_TYPE_BF16, 4, 700);
  const std::string out = directory.file("written.gguf");
  for (const std::string &path : {random, padded, test::demo_model("target"), test::demo_model("draft")}) {
    const std::string bytes = vocabulary_of(path);
    write_file(out, bytes);
    CHECK(bytes.size() < read_file(path).size());
    const sled_model_info whole = describe(path);
    const sled_model_info info = describe(out, SLED_MODEL_VOCAB_ONLY);
    CHECK(same_tokenizer(whole, info));
    CHECK_EQ(info.vocabulary_rows, whole.vocabulary_rows);
    CHECK_EQ(info.flags & SLED_MODEL_INFO_HAS_TEMPLATE, 0);
    CHECK_EQ(try_open(out), SLED_ERR_FORMAT);  // no weights
    CHECK(vocabulary_of(out) == bytes);        // nothing more to leave out
    const int64_t one = test::open_model(path);
    const int64_t other = test::open_model(out, SLED_MODEL_VOCAB_ONLY);
    CHECK(test::tokenize(one, "Once upon a time, the fox.") == test::tokenize(other, "Once upon a time, the fox."));
    CHECK_OK(sled_model_close(one));
    CHECK_OK(sled_model_close(other));
  }
  int64_t length = 7;
  CHECK_EQ(sled_model_vocabulary(directory.file("missing.gguf").c_str(), 0, 0, &length), SLED_ERR_IO);
  CHECK_EQ(length, 0);
  CHECK_EQ(sled_model_vocabulary(nullptr, 0, 0, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_vocabulary(random.c_str(), 0, 0, nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_vocabulary(random.c_str(), 0, 10, &length), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_vocabulary(random.c_str(), 0, -1, &length), SLED_ERR_ARGUMENT);
  write_file(out, read_file(random).substr(0, 100));
  CHECK_EQ(sled_model_vocabulary(out.c_str(), 0, 0, &length), SLED_ERR_FORMAT);
  test::edit_gguf(random, out, [](gguf_context *g) { gguf_remove_key(g, "tokenizer.ggml.tokens"); });
  CHECK_EQ(sled_model_vocabulary(out.c_str(), 0, 0, &length), SLED_ERR_FORMAT);
  CHECK(error_names("no tokenizer"));
  std::printf("  vocabularies as files of their own: the same tokens\n");
}

// One text of an array is another one.
std::function<void(gguf_context *)> with_string(const char *key, size_t index, const char *value) {
  return [=](gguf_context *g) {
    const int64_t id = gguf_find_key(g, key);
    std::vector<std::string> strings;
    std::vector<const char *> pointers;
    for (size_t i = 0; i < gguf_get_arr_n(g, id); i++) {
      strings.emplace_back(i == index ? value : gguf_get_arr_str(g, id, i));
    }
    for (const std::string &text : strings) {
      pointers.push_back(text.c_str());
    }
    gguf_set_arr_str(g, key, pointers.data(), pointers.size());
  };
}

void check_fingerprints(const test::TemporaryDirectory &directory) {
  const std::string plain = directory.file("plain.gguf");
  const std::string padded = directory.file("padded.gguf");
  const std::string edited = directory.file("edited.gguf");
  test::write_random_model(plain, "llama", GGML_TYPE_BF16, 4);
  test::write_random_model(padded, "llama", GGML_TYPE_BF16, 4, 700);
  const sled_model_info info = describe(plain);
  const sled_model_info wide = describe(padded);
  CHECK_EQ(wide.vocabulary_rows, info.vocabulary_rows + 700);
  CHECK(same_tokenizer(info, wide));
  CHECK(same_tokenizer(info, describe(plain, SLED_MODEL_VOCAB_ONLY)));
  CHECK(info.weights_hash != wide.weights_hash);
  CHECK_EQ(info.weights_hash, describe(plain, 0).weights_hash);

  // Three rows in four are padding, with weights like any other: all of them would win now and then.
  const int64_t model = test::open_model(padded);
  for (const int32_t token : generate(model, 200)) {
    CHECK(token >= 0 && token < wide.vocabulary_tokens);
  }
  sled_draft_params dp;
  CHECK_OK(sled_draft_params_default(&dp));
  dp.threads = 1;
  int64_t draft = 0;
  CHECK_OK(sled_draft_open(model, &dp, &draft));
  int32_t token = 5;
  for (int32_t i = 0; i < 200; i++) {
    sled_draft_choice choice;
    CHECK_OK(sled_draft_decode(draft, i, address(&token), 1, address(&choice)));
    token = choice.token;
    CHECK(token >= 0 && token < wide.vocabulary_tokens);
  }
  CHECK_OK(sled_draft_close(draft));
  CHECK_OK(sled_model_close(model));

  const auto rewritten = [&](const std::function<void(gguf_context *)> &edit) {
    test::edit_gguf(plain, edited, edit);
    return describe(edited);
  };
  CHECK(same_tokenizer(info, rewritten([](gguf_context *) {})));
  sled_model_info other = rewritten([](gguf_context *g) { gguf_set_val_str(g, "general.name", "another"); });
  CHECK(same_tokenizer(info, other) && info.weights_hash != other.weights_hash);
  other = rewritten(with_string("tokenizer.ggml.tokens", 266, "<|helper|>"));
  CHECK(other.tokens_hash != info.tokens_hash && other.merges_hash == info.merges_hash);
  other = rewritten(with_string("tokenizer.ggml.merges", 6, "a r"));
  CHECK(other.tokens_hash == info.tokens_hash && other.merges_hash != info.merges_hash);
  other = rewritten([](gguf_context *g) { gguf_set_val_str(g, "tokenizer.ggml.pre", "qwen2"); });
  CHECK(other.pretokenizer_hash != info.pretokenizer_hash && other.tokens_hash == info.tokens_hash);
  const auto with_bool = [](const char *key, bool value) {
    return [=](gguf_context *g) { gguf_set_val_bool(g, key, value); };
  };
  const std::vector<std::pair<const char *, bool>> rules = {{"tokenizer.ggml.add_space_prefix", true},
                                                           {"tokenizer.ggml.remove_extra_whitespaces", true},
                                                           {"tokenizer.ggml.escape_whitespaces", false}};
  std::set<int64_t> hashes = {info.pretokenizer_hash};
  for (const auto &[key, value] : rules) {
    CHECK(same_tokenizer(info, rewritten(with_bool(key, !value))));  // what holds anyway
    other = rewritten(with_bool(key, value));
    CHECK(hashes.insert(other.pretokenizer_hash).second && other.tokens_hash == info.tokens_hash);
  }
  for (uint8_t byte = 1; byte <= 2; byte++) {
    other = rewritten([&](gguf_context *g) {
      const uint8_t map[] = {4, 0, 0, 0, 0, 0, 0, 0, 0, byte};
      gguf_set_arr_data(g, "tokenizer.ggml.precompiled_charsmap", GGUF_TYPE_UINT8, map, sizeof(map));
    });
    CHECK(hashes.insert(other.pretokenizer_hash).second && other.tokens_hash == info.tokens_hash);
  }
  const bool adds = (info.flags & SLED_MODEL_INFO_ADDS_BOS) != 0;
  other = rewritten([&](gguf_context *g) { gguf_set_val_bool(g, "tokenizer.ggml.add_bos_token", !adds); });
  CHECK(other.specials_hash != info.specials_hash && other.tokens_hash == info.tokens_hash);
  std::printf("  fingerprints: padding does not count, the rest does\n");
}

// The types of some tokens.
std::function<void(gguf_context *)> with_types(size_t from, size_t to, int32_t type) {
  return [=](gguf_context *g) {
    const int64_t id = gguf_find_key(g, "tokenizer.ggml.token_type");
    const auto *const old = static_cast<const int32_t *>(gguf_get_arr_data(g, id));
    std::vector<int32_t> types(old, old + gguf_get_arr_n(g, id));
    std::fill(types.begin() + static_cast<std::ptrdiff_t>(from), types.begin() + static_cast<std::ptrdiff_t>(to), type);
    gguf_set_arr_data(g, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
  };
}

void check_shared_tokens(const test::TemporaryDirectory &directory) {
  constexpr int32_t kControl = 3;
  constexpr int32_t kUserDefined = 4;
  constexpr int32_t kPadding = 5;
  const std::string plain = directory.file("plain.gguf");
  const std::string padded = directory.file("padded.gguf");
  const std::string edited = directory.file("edited.gguf");
  test::write_random_model(plain, "llama", GGML_TYPE_BF16, 4);
  test::write_random_model(padded, "llama", GGML_TYPE_BF16, 4, kPadding);
  const int32_t tokens = describe(plain).vocabulary_tokens;
  // Ids of `target` that `draft` does not share.
  const auto others = [](const std::string &target, const std::string &draft) {
    const int64_t one = test::open_model(target, SLED_MODEL_VOCAB_ONLY);
    const int64_t other = test::open_model(draft, SLED_MODEL_VOCAB_ONLY);
    sled_model_info info;
    CHECK_OK(sled_model_describe(one, &info));
    std::vector<char> equal(static_cast<size_t>(info.vocabulary_tokens), 7);
    CHECK_OK(sled_tokens_compare(one, other, address(equal.data()), info.vocabulary_tokens));
    CHECK_OK(sled_model_close(one));
    CHECK_OK(sled_model_close(other));
    std::vector<int32_t> result;
    for (size_t i = 0; i < equal.size(); i++) {
      CHECK(equal[i] == 0 || equal[i] == 1);
      if (equal[i] == 0) {
        result.push_back(static_cast<int32_t>(i));
      }
    }
    return result;
  };
  using Ids = std::vector<int32_t>;
  CHECK(others(plain, plain).empty() && others(plain, padded).empty() && others(padded, plain).empty());
  test::edit_gguf(plain, edited, with_string("tokenizer.ggml.tokens", 266, "<|helper|>"));
  CHECK(others(plain, edited) == Ids{266} && others(edited, plain) == Ids{266});
  // A token says the same whatever its type, and whatever cuts texts into tokens.
  test::edit_gguf(plain, edited, with_types(static_cast<size_t>(tokens) - 2, static_cast<size_t>(tokens), kUserDefined));
  CHECK(others(plain, edited).empty());
  test::edit_gguf(plain, edited, with_types(80, 81, kControl));  // of printable ASCII: spelled as it stands
  CHECK(others(plain, edited).empty());
  test::edit_gguf(plain, edited, with_string("tokenizer.ggml.merges", 6, "a r"));
  CHECK(others(plain, edited).empty());
  test::edit_gguf(plain, edited, [](gguf_context *g) { gguf_set_val_str(g, "tokenizer.ggml.pre", "qwen2"); });
  CHECK(others(plain, edited).empty());
  // Padding that is typed as if it were text: the other has no such ids.
  const auto rows = static_cast<size_t>(tokens);
  test::edit_gguf(padded, edited, with_types(rows, rows + kPadding, kUserDefined));
  CHECK(others(plain, edited).empty());
  CHECK_EQ(others(edited, plain).size(), static_cast<size_t>(kPadding));
  CHECK_EQ(others(edited, padded).front(), tokens);
  std::printf("  shared tokens: those that are spelled alike\n");
}

void check_split(const test::TemporaryDirectory &directory) {
  const std::string whole = directory.file("whole.gguf");
  test::write_random_model(whole, "llama", GGML_TYPE_BF16, 5);
  const std::string parts[] = {directory.file("story-00001-of-00002.gguf"), directory.file("story-00002-of-00002.gguf")};
  const test::GgufCopy copy(whole);
  const size_t middle = copy.tensor_count() / 2;
  const auto write_part = [&](uint16_t number, const std::string &path) {
    const std::unique_ptr<gguf_context, void (*)(gguf_context *)> part(gguf_init_empty(), gguf_free);
    if (number == 0) {
      gguf_set_kv(part.get(), copy.header());
    }
    gguf_set_val_u16(part.get(), "split.no", number);
    gguf_set_val_u16(part.get(), "split.count", 2);
    gguf_set_val_i32(part.get(), "split.tensors.count", static_cast<int32_t>(copy.tensor_count()));
    copy.add_tensors(part.get(), number == 0 ? 0 : middle, number == 0 ? middle : copy.tensor_count());
    CHECK(gguf_write_to_file(part.get(), path.c_str(), false));
  };
  write_part(0, parts[0]);
  write_part(1, parts[1]);

  int64_t model = test::open_model(whole);
  const std::vector<int32_t> reference = generate(model, 50);
  const sled_model_info info = describe(model);
  CHECK_OK(sled_model_close(model));
  for (const std::string &part : parts) {
    model = test::open_model(part);
    CHECK(generate(model, 50) == reference);
    CHECK(same_tokenizer(describe(model), info));
    CHECK_EQ(describe(model).weight_bytes, info.weight_bytes);
    CHECK_EQ(describe(model).weights_hash, info.weights_hash);
    CHECK_OK(sled_model_close(model));
    CHECK(vocabulary_of(part) == vocabulary_of(whole));
  }
  // Under another name the parts cannot be found.
  const std::string renamed = directory.file("renamed.gguf");
  std::filesystem::copy_file(parts[0], renamed);
  CHECK_EQ(try_open(renamed), SLED_ERR_FORMAT);
  CHECK(error_names("one of 2 parts"));

  const std::string second = read_file(parts[1]);
  const std::string errors = directory.file("stderr");
  write_file(parts[1], second.substr(0, second.size() - 100));
  for (const std::string &part : parts) {
    sled_model_params params;
    CHECK_OK(sled_model_params_default(&params));
    CHECK_EQ(sled_model_open(part.c_str(), &params, &model), SLED_ERR_FORMAT);
    CHECK(error_names(parts[1]) && error_names("cut off"));
  }
  // Parts that do not belong together.
  for (const std::string &stranger : {whole, parts[0]}) {
    std::filesystem::copy_file(stranger, parts[1], std::filesystem::copy_options::overwrite_existing);
    for (const std::string &part : parts) {
      const Outcome outcome = use_in_child(part, errors);
      const bool is_whole = stranger == whole && part == parts[1];  // whatever its name is
      if (outcome.crashed || outcome.works != (is_whole ? 1 : 0)) {
        std::fprintf(stderr, "'%s' as part 2: %s\n", stranger.c_str(), outcome.what.c_str());
      }
      CHECK(!outcome.crashed && outcome.works == (is_whole ? 1 : 0));
    }
  }
  std::filesystem::remove(parts[1]);
  CHECK_EQ(try_open(parts[1]), SLED_ERR_IO);
  CHECK(error_names("No such file"));
  CHECK_EQ(try_open(parts[0]), SLED_ERR_IO);
  CHECK(error_names(parts[1]) && error_names("part 2 of 2") && error_names("is missing"));

  // A whole model that is named like a part is whole: the header decides.
  const std::string named = directory.file("whole-00001-of-00003.gguf");
  std::filesystem::copy_file(whole, named);
  CHECK_OK(try_open(named));
  CHECK(vocabulary_of(named) == vocabulary_of(whole));

  // Hugging Face's cache: the content under its hash, the name as a link to it.
  const std::string blob = directory.file("models--a--b/blobs/0123abcd");
  const std::string snapshot = directory.file("models--a--b/snapshots/77/q8");
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_directories(directory.file("models--a--b/blobs"));
  std::filesystem::copy_file(parts[0], blob);
  CHECK_EQ(try_open(blob), SLED_ERR_FORMAT);
  CHECK(error_names("one of 2 parts") && error_names("-00001-of-00002.gguf"));
  std::filesystem::create_symlink("../../../blobs/0123abcd", snapshot + "/story-00001-of-00002.gguf");
  CHECK_EQ(try_open(blob), SLED_ERR_FORMAT);
  CHECK(error_names(snapshot + "/story-00001-of-00002.gguf"));
  std::printf("  split: opens from any part; %s\n", test::last_error().c_str());
}

// One byte of the header is another one.
int32_t check_corruptions(const std::string &architecture, int32_t rounds, uint32_t seed,
                          const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("sound.gguf");
  const std::string damaged = directory.file("damaged.gguf");
  const std::string errors = directory.file("stderr");
  test::write_random_model(path, architecture, GGML_TYPE_BF16, 6);
  const std::string sound = read_file(path);
  gguf_init_params params{};
  params.no_alloc = true;
  gguf_context *const header = gguf_init_from_file(path.c_str(), params);
  const size_t data = gguf_get_data_offset(header);
  gguf_free(header);
  // The lists of the tokenizer are long and much alike: half of the damage is outside of them.
  const size_t lists = sound.find("tokenizer.ggml.tokens");
  const size_t lists_end = sound.find("tokenizer.ggml.bos_token_id");
  CHECK(lists < lists_end && lists_end < data);

  std::mt19937 random(seed);
  std::map<std::string, int32_t> crashes;
  int32_t works = 0;
  for (int32_t round = 0; round < rounds; round++) {
    size_t at = 4 + random() % (data - 4);
    if (round % 2 == 0) {
      at = 4 + random() % (data - 4 - (lists_end - lists));
      at += at >= lists ? lists_end - lists : 0;
    }
    std::string bytes = sound;
    const auto old = static_cast<unsigned char>(bytes[at]);
    const unsigned kinds[] = {static_cast<unsigned>(random() % 256), old ^ (1U << (random() % 8)), 0U, 0xFFU, old + 1U,
                              old - 1U};
    bytes[at] = static_cast<char>(kinds[random() % 6]);
    write_file(damaged, bytes);
    const Outcome outcome = use_in_child(damaged, errors);
    works += outcome.works;
    if (outcome.crashed) {
      if (crashes[outcome.what]++ == 0) {
        std::string near = sound.substr(at < 60 ? 0 : at - 60, 70);
        for (char &c : near) {
          c = c >= 32 && c < 127 ? c : '.';
        }
        std::fprintf(stderr, "%s, seed %u, round %d: byte %zu %02x -> %02x (behind \"%s\"): %s\n", architecture.c_str(),
                     seed, round, at, old, static_cast<unsigned char>(bytes[at]), near.c_str(), outcome.what.c_str());
      }
    }
  }
  std::printf("  %s: %d files with one wrong byte in the header: %d work all the same, %zu kinds of crash\n",
              architecture.c_str(), rounds, works, crashes.size());
  return static_cast<int32_t>(crashes.size());
}

}  // namespace

int main(int argc, char **argv) {
  const int32_t rounds = argc > 1 ? std::atoi(argv[1]) : test::effort(300, 10);
  const uint32_t seed = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  CHECK_EQ(setenv("XDG_CACHE_HOME", directory.file("cache").c_str(), 1), 0);  // not the user's: what passed is remembered there
  // First, while this process has no threads: they would be missing in the children.
  int32_t crashes = check_corruptions("llama", rounds, seed, directory);
  crashes += check_corruptions("gpt2", rounds, seed, directory);
  CHECK_EQ(crashes, 0);
  check_not_models(directory);
  check_split(directory);
  check_cut_off(test::demo_model("draft"), directory);
  check_cut_off(directory.file("sound.gguf"), directory);
  check_vocabulary_only(directory);
  check_vocabulary_files(directory);
  check_fingerprints(directory);
  check_shared_tokens(directory);
  return 0;
}
