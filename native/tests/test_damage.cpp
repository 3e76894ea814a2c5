// Damaged model files: each is refused or right, as a target, as a draft and as a vocabulary, and none ends the process
// that opens it, or makes another file of it, which does so with hundreds of them one after the other.
//
//   test_damage [files per model] [seed] [sound file ...]     0 files: all that there are
//   test_damage --write DIRECTORY [files per model] [seed] [sound file ...]     writes them instead
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>

#include "damage.hpp"
#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::address;
using test::GgufBytes;

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

enum Outcome { kRefused = 0, kWorks = 1, kTokenizes = 2, kOpens = 3, kOutcomes = 4 };

void use_tokenizer(int64_t model) {
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  std::vector<char> text(200000);
  int32_t length = 0;
  for (int32_t token = 0; token < info.vocabulary_rows; token++) {
    for (const int32_t special : {0, 1}) {
      CHECK_OK(sled_token_bytes(model, token, special, text.data(), static_cast<int32_t>(text.size()), &length));
    }
    CHECK_OK(sled_token_is_end(model, token, &length));
  }
  for (const std::string &words : {std::string("then the hand of \xC3\xA4 and <|end|> 1234"), std::string("\x01\x7F\xF0\x9F\xA6\x8A ..."),
                                   std::string(300, 'b')}) {
    std::vector<int32_t> ids(4 * words.size() + 16);
    for (const int32_t special : {0, 1}) {
      const int32_t status = sled_tokenize(model, words.data(), static_cast<int32_t>(words.size()), special, special, ids.data(),
                                           static_cast<int32_t>(ids.size()), &length);
      CHECK(status == SLED_OK || status == SLED_ERR_UNSUPPORTED);
      for (int32_t i = 0; status == SLED_OK && i < length; i++) {
        CHECK(ids[static_cast<size_t>(i)] >= 0 && ids[static_cast<size_t>(i)] < info.vocabulary_rows);
      }
    }
  }
  test::render_hi(model, nullptr);
}

// Whether it serves.
bool use_as_target(int64_t model, int32_t context) {
  sled_engine_params params = test::engine_params(2, std::min(context, 64));
  params.numerics = SLED_NUMERICS_AUTO;
  int64_t engine = 0;
  const int32_t status = sled_engine_open(model, &params, &engine);
  if (status != SLED_OK) {
    CHECK(status == SLED_ERR_UNSUPPORTED || status == SLED_ERR_MEMORY || status == SLED_ERR_ARGUMENT);
    return false;
  }
  const std::vector<int32_t> prompt = {0, 1, 2};
  if (context > 8) {
    CHECK(!test::generate(engine, prompt, 6).empty());
  }
  CHECK_OK(sled_engine_close(engine));
  return true;
}

bool use_as_draft(int64_t model, int32_t context) {
  sled_draft_params params;
  CHECK_OK(sled_draft_params_default(&params));
  params.threads = 1;
  int64_t draft = 0;
  const int32_t status = sled_draft_open(model, &params, &draft);
  if (status != SLED_OK) {
    CHECK(status == SLED_ERR_UNSUPPORTED || status == SLED_ERR_MEMORY || status == SLED_ERR_ARGUMENT);
    return false;
  }
  int32_t token = 1;
  for (int32_t i = 0; i < std::min(context, 6); i++) {
    sled_draft_choice choice;
    CHECK_OK(sled_draft_decode(draft, i, address(&token), 1, address(&choice)));
    CHECK(choice.token >= 0);
    token = choice.token;
  }
  CHECK_OK(sled_draft_close(draft));
  return true;
}

int64_t open_or_refuse(const std::string &path, int32_t flags) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  params.flags = flags;
  int64_t model = 0;
  const int32_t status = sled_model_open(path.c_str(), &params, &model);
  if (status != SLED_OK) {
    const std::string why = test::last_error();
    CHECK(status == SLED_ERR_FORMAT || status == SLED_ERR_MEMORY || status == SLED_ERR_UNSUPPORTED || status == SLED_ERR_IO);
    CHECK(why.size() > 20 && why.find('\n') == std::string::npos);
    return 0;
  }
  return model;
}

// Both read the file in ways of their own and write another, or say why not.
void make_files_of(const std::string &path) {
  const std::string out = path + ".made";
  const auto made_or_refused = [](int32_t status) {
    const std::string why = status == SLED_OK ? "" : test::last_error();
    CHECK(status == SLED_OK || status == SLED_ERR_FORMAT || status == SLED_ERR_MEMORY || status == SLED_ERR_UNSUPPORTED ||
          status == SLED_ERR_IO || status == SLED_ERR_ARGUMENT);
    CHECK(status == SLED_OK || (why.size() > 20 && why.find('\n') == std::string::npos));
  };
  made_or_refused(sled_model_quantize(path.c_str(), out.c_str(), "q8_0", 1, SLED_OUTPUT_REPLACE));
  sled_grow_params params{};
  params.struct_size = sizeof(params);
  params.flags = SLED_OUTPUT_REPLACE;
  params.parameters = 20000000;
  sled_grow_info info;
  made_or_refused(sled_model_grow(path.c_str(), out.c_str(), &params, &info));
  std::remove(out.c_str());
}

Outcome use(const std::string &path) {
  make_files_of(path);
  const int64_t vocabulary = open_or_refuse(path, SLED_MODEL_MMAP | SLED_MODEL_VOCAB_ONLY);
  if (vocabulary != 0) {
    use_tokenizer(vocabulary);
    CHECK_OK(sled_model_close(vocabulary));
  }
  const int64_t model = open_or_refuse(path, SLED_MODEL_MMAP | SLED_MODEL_EXACT);
  if (model == 0) {
    return vocabulary == 0 ? kRefused : kTokenizes;
  }
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  use_tokenizer(model);
  const bool serves = use_as_target(model, info.context_train_tokens);
  const bool drafts = use_as_draft(model, info.context_train_tokens);
  CHECK_OK(sled_model_close(model));
  return serves && drafts ? kWorks : kOpens;
}

// The quantiser or the plan of a larger model ended the process at these: they are always among those that are tried.
bool ended_once(const std::string &damage) {
  for (const char *known : {"output_norm.weight: first dimension 0", "ffn_gate.weight: first dimension 0",
                            "llama.expert_used_count is strange value 39 of type 9"}) {
    if (damage.find(known) != std::string::npos) {
      return true;
    }
  }
  return false;
}

struct Files {
  std::string name;
  GgufBytes sound;
  std::vector<test::Damage> damage;

  Files(const std::string &path, int32_t count, uint32_t seed) : name(path.substr(path.rfind('/') + 1)), sound(read_file(path)) {
    std::string architecture = sound.find("general.architecture")->bytes.substr(8);
    damage = test::all_damage(sound, architecture);
    std::mt19937 random(seed);
    std::shuffle(damage.begin(), damage.end(), random);
    std::stable_partition(damage.begin(), damage.end(), [](const test::Damage &one) { return ended_once(one.first); });
    if (count > 0 && static_cast<size_t>(count) < damage.size()) {
      damage.resize(static_cast<size_t>(count));
    }
  }

  std::string bytes(size_t index) const {
    GgufBytes damaged = sound;
    damage[index].second(damaged);
    return damaged.file();
  }
};

struct Progress {
  size_t index;
  int32_t outcome;
};

// Opens files from this one on in a process of its own, which goes on to the next as long as it lives. Returns the index
// behind the last that it opened; ended: the file that it did not survive.
size_t work(const Files &files, size_t from, const std::string &path, std::vector<int32_t> &outcomes, bool &ended) {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  std::fflush(stdout);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(ends[0]);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    setenv("GGML_NO_BACKTRACE", "1", 1);
    for (size_t i = from; i < files.damage.size(); i++) {
      write_file(path, files.bytes(i));
      alarm(300);  // a hang counts as a crash
      const Progress progress = {i, use(path)};
      if (write(ends[1], &progress, sizeof(progress)) != sizeof(progress)) {
        _exit(1);
      }
    }
    _exit(0);
  }
  close(ends[1]);
  Progress progress{};
  size_t next = from;
  while (read(ends[0], &progress, sizeof(progress)) == sizeof(progress)) {
    outcomes[static_cast<size_t>(progress.outcome)]++;
    next = progress.index + 1;
  }
  close(ends[0]);
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  ended = next < files.damage.size();
  if (ended) {
    std::fprintf(stderr, "%s, %s: %s %d\n", files.name.c_str(), files.damage[next].first.c_str(),
                 WIFSIGNALED(status) ? "signal" : "exit status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  return next;
}

int32_t check(const Files &files, const std::string &path) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<int32_t> outcomes(kOutcomes);
  int32_t ends = 0;
  for (size_t next = 0; next < files.damage.size();) {
    bool ended = false;
    next = work(files, next, path, outcomes, ended);
    if (ended) {
      ends++;
      next++;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("  %s: %zu damaged files in %.1f s: %d refused, %d work, %d have a sound tokenizer alone, %d open and are refused as "
              "a target or draft; %d ended the process\n",
              files.name.c_str(), files.damage.size(), seconds, outcomes[kRefused], outcomes[kWorks], outcomes[kTokenizes],
              outcomes[kOpens], ends);
  return ends;
}

}  // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::string write_to;
  if (arguments.size() > 1 && arguments[0] == "--write") {
    write_to = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  const int32_t count = !arguments.empty() ? std::atoi(arguments[0].c_str()) : test::effort(50, 3);
  const uint32_t seed = arguments.size() > 1 ? static_cast<uint32_t>(std::atoi(arguments[1].c_str())) : 1;
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  // What passes is remembered there: neither does an earlier run's memory count, nor is the user's filled.
  CHECK_EQ(setenv("XDG_CACHE_HOME", directory.file("cache").c_str(), 1), 0);
  std::vector<std::string> paths(arguments.begin() + std::min<int64_t>(2, static_cast<int64_t>(arguments.size())), arguments.end());
  if (paths.empty()) {
    for (const char *architecture : {"llama", "gpt2"}) {
      paths.push_back(directory.file(std::string(architecture) + ".gguf"));
      test::write_random_model(paths.back(), architecture, GGML_TYPE_BF16, 6);
    }
    paths.push_back(test::demo_model("draft"));
  }
  int32_t ends = 0;
  for (const std::string &path : paths) {
    const Files files(path, count, seed);
    for (size_t i = 0; !write_to.empty() && i < files.damage.size(); i++) {
      write_file(write_to + "/" + files.name + "-" + std::to_string(i) + ".gguf", files.bytes(i));
    }
    if (write_to.empty()) {
      ends += check(files, directory.file("damaged.gguf"));
    }
  }
  CHECK_EQ(ends, 0);
  return 0;
}
