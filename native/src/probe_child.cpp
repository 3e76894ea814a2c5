// sled-probe's side of probe.hpp: does with a model file what it is told to, and lives or dies of it.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.hpp"
#include "chat.hpp"
#include "draft.hpp"
#include "engine.hpp"
#include "grow.hpp"
#include "log_queue.hpp"
#include "model.hpp"
#include "probe_result.hpp"
#include "quantize.hpp"
#include "sled.h"
#include "sled_build_config.h"
#include "status.hpp"

extern "C" SLED_API int sled_probe_main(int argc, char **argv);

namespace sled {
namespace {

// One write for each line: nothing of it is lost when the process dies.
void say(const char *word, const std::string &text) {
  std::string line = word + text.substr(0, 2000);
  std::replace(line.begin(), line.end(), '\n', ' ');
  line.push_back('\n');
  const ssize_t unused = write(STDOUT_FILENO, line.data(), line.size());
  static_cast<void>(unused);  // who started it is gone, and so will this process be
}

void on_abort(const char *message) {
  // "/where/it/was/compiled/ggml.c:12: ..."
  const char *const colon = std::strstr(message, ": ");
  const char *begin = message;
  for (const char *c = message; colon != nullptr && c < colon; c++) {
    begin = *c == '/' ? c + 1 : begin;
  }
  say(kProbeDied, begin);
}

[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr exception = std::current_exception()) {
      std::rethrow_exception(exception);
    }
  } catch (const std::exception &e) {
    say(kProbeDied, e.what());
  } catch (...) {
    say(kProbeDied, "an exception of unknown type");
  }
  std::abort();
}

// It may crash, hang or allocate without end, and all of that is its own affair.
void confine(int64_t memory_bytes, int64_t seconds) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {  // short of memory, the system ends this process and not a server beside it
    const ssize_t unused = write(score, "1000", 4);
    static_cast<void>(unused);
    close(score);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);  // a core dump that goes to a program knows no limit
#ifdef SYS_close_range
  syscall(SYS_close_range, 3U, ~0U, 0U);  // what the host program left open, such as its sockets
#endif
  const auto cpu_seconds = static_cast<rlim_t>(seconds * usable_cores());
  const rlimit cpu{cpu_seconds, cpu_seconds + 5};
  setrlimit(RLIMIT_CPU, &cpu);  // SIGXCPU
  if (std::strcmp(SLED_BUILD_SANITIZER, "none") == 0) {  // AddressSanitizer takes more than all memory
    const rlimit memory{static_cast<rlim_t>(memory_bytes), static_cast<rlim_t>(memory_bytes)};
    setrlimit(RLIMIT_DATA, &memory);  // not what is mapped from the file
  }
}

// Threads wait for each other at every matrix, and long where other processes compute: a model of this size takes a second
// or two with one.
constexpr int64_t kOneCoreBytes = int64_t{256} << 20;

constexpr int64_t kSmallFileBytes = int64_t{64} << 20;  // a token costs next to nothing

// Whether `body` went well. What is refused by name here is refused by name in the host program too.
template <typename Body>
bool accepted(Body &&body) {
  try {
    body();
    return true;
  } catch (const Failure &failure) {
    if (failure.status == SLED_ERR_UNSUPPORTED || failure.status == SLED_ERR_MEMORY ||
        failure.status == SLED_ERR_ARGUMENT) {
      return false;
    }
    throw;
  }
}

[[noreturn]] void refuse(const std::string &path, const std::string &why) {
  fail(SLED_ERR_FORMAT, "'%s' cannot be used: %s", path.c_str(), why.c_str());
}

void tokenize(const Model &model, const std::string &path, const std::string &text) {
  for (const bool special : {false, true}) {
    accepted([&] {
      const std::vector<int32_t> tokens =
          model.tokenize(text.data(), static_cast<int32_t>(text.size()), special, special);
      for (const int32_t token : tokens) {
        if (token < 0 || token >= model.info().vocabulary_rows) {
          refuse(path, format_text("its tokenizer gives the token %d, and there are %d", token, model.info().vocabulary_rows));
        }
        model.bytes_of(token, special);
      }
    });
  }
}

void try_vocabulary(const Model &model, const std::string &path) {
  say(kProbeDoing, "its tokens are turned into text");
  for (int32_t token = 0; token < model.info().vocabulary_rows; token++) {
    model.bytes_of(token, false);
    model.bytes_of(token, true);
    static_cast<void>(model.ends_generation(token));
  }
  say(kProbeDoing, "text is turned into tokens");
  std::string all_bytes;
  for (int byte = 1; byte < 256; byte++) {
    const std::string one(1, static_cast<char>(byte));
    tokenize(model, path, one);
    all_bytes += one;
  }
  for (const std::string &text :
       {std::string(), all_bytes, std::string("Once upon a time, the fox said: \"I'm 12,345.67 years old!\"\n\n\tif (a<b) { }"),
        std::string("\xC3\xA4\xC3\xB6\xC3\xBC \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\xA6\x8A\xE2\x80\x8D\xF0\x9F\x94\xA5 e\xCC\x81 \xD7\xA9\xD7\x9C "
                    "\xE0\xA4\xA8\xE0\xA4\xAE \xED\x95\x9C"),
        std::string(2000, 'a'), std::string(500, ' '), std::string(300, '\n'),
        std::string("<s></s><|endoftext|><|im_start|>user\n<|im_end|>[INST]<unk><pad>")}) {
    tokenize(model, path, text);
  }
  for (const int32_t token : {model.info().bos_token, model.info().eos_token, model.info().eot_token,
                              model.info().newline_token}) {
    if (token >= 0) {
      tokenize(model, path, "a" + model.bytes_of(token, true) + "b");
    }
  }
  say(kProbeDoing, "its chat template is used");
  accepted([&] {
    const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Yes?"}, {"user", "Bye"}};
    render_chat(model, "", "", messages, default_chat_params(model));
  });
}

// Ids that occur nowhere near each other.
std::vector<int32_t> some_tokens(const Model &model, int32_t count) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < count; i++) {
    tokens.push_back(static_cast<int32_t>((int64_t{i} * 7919 + 1) % model.info().vocabulary_tokens));
  }
  return tokens;
}

class TargetTrial {
 public:
  TargetTrial(const std::shared_ptr<Model> &model, const std::string &path) : path_(path), model_(*model) {
    sled_engine_params params{};
    params.struct_size = sizeof(params);
    params.sequence_count = 2;
    params.session_count = 3;
    params.context_tokens = std::min(kContext, model->info().context_train_tokens);
    params.numerics = SLED_NUMERICS_FAST;  // exact ones were tried while the model was opened
    params.flags = SLED_ENGINE_WHOLE_ROWS;
    engine_ = std::make_unique<Engine>(model, params);
  }

  void run() {
    const int32_t context = std::min(kContext, model_.info().context_train_tokens);
    const std::vector<int32_t> prompt = some_tokens(model_, std::clamp(context - 8, 1, 20));
    sled_sampling sampling{};
    sampling.struct_size = sizeof(sampling);
    sampling.temperature = 0.8F;
    sampling.top_p = 0.9F;
    sampling.repeat_penalty = 1.1F;
    sampling.penalty_last_n = 64;
    sampling.seed = 1;
    const auto count = static_cast<int32_t>(prompt.size());
    const int32_t one = engine_->open_session(prompt.data(), count, 0, SLED_SESSION_IGNORE_END, nullptr);
    const int32_t two = engine_->open_session(prompt.data(), count, 0, SLED_SESSION_IGNORE_END, &sampling);
    engine_->attach(one, -1);
    engine_->attach(two, -1);
    const int32_t chunk = std::min(count, 7);
    if (chunk < count) {
      step({slot(one, chunk, {})});
    }
    step({rest(one, {}), rest(two, {})});
    step({rest(one, some_tokens(model_, 3)), rest(two, some_tokens(model_, 1))});
    accepted([&] {
      engine_->detach(two, 1);
      engine_->attach(two, -1);
    });
    step({rest(one, {}), rest(two, {})});
    engine_->evict(one, std::min(5, engine_->describe_session(one).cached_tokens));
    step({rest(one, {})});
    engine_->close_session(two);
    const int32_t three = engine_->open_session(prompt.data(), count, 0, SLED_SESSION_IGNORE_END, nullptr);
    engine_->attach(three, -1);
    const int32_t common = std::min(count - 1, engine_->describe_session(one).cached_tokens);
    if (common > 0) {
      accepted([&] { engine_->share(three, one, common, 0); });
    }
    step({rest(three, {})});
  }

 private:
  static constexpr int32_t kContext = 64;

  struct Part {
    sled_slot slot;
    std::vector<int32_t> drafts;
  };

  Part slot(int32_t session, int32_t lead, const std::vector<int32_t> &drafts) const {
    const sled_session_info info = engine_->describe_session(session);
    Part part{};
    part.drafts = drafts;
    part.slot.session = session;
    part.slot.kv_offset = info.cached_tokens;
    part.slot.lead_count = lead;
    return part;
  }

  // All that has no K/V yet, and drafts behind it as far as there is room.
  Part rest(int32_t session, std::vector<int32_t> drafts) const {
    const sled_session_info info = engine_->describe_session(session);
    const int32_t room = std::max(0, info.limit_tokens - info.committed_tokens - 1);
    drafts.resize(std::min(drafts.size(), static_cast<size_t>(room)));
    return slot(session, info.committed_tokens - info.cached_tokens, drafts);
  }

  void step(std::vector<Part> parts) {
    std::vector<sled_slot> slots;
    for (Part &part : parts) {
      if (engine_->describe_session(part.slot.session).finish == SLED_FINISH_NONE) {
        part.slot.draft_count = static_cast<int32_t>(part.drafts.size());
        part.slot.tokens_address = reinterpret_cast<int64_t>(part.drafts.data());
        slots.push_back(part.slot);
      }
    }
    if (slots.empty()) {
      return;  // a context of a few tokens is full
    }
    engine_->step(slots.data(), static_cast<int32_t>(slots.size()), nullptr);
    for (const sled_slot &slot : slots) {
      if (slot.status != SLED_OK) {
        refuse(path_, "a step of a few tokens failed: " + last_error());
      }
    }
  }

  const std::string &path_;
  const Model &model_;
  std::unique_ptr<Engine> engine_;
};

void try_target(const std::shared_ptr<Model> &model, const std::string &path) {
  say(kProbeDoing, "a context for serving is made");
  std::unique_ptr<TargetTrial> trial;
  if (accepted([&] { trial = std::make_unique<TargetTrial>(model, path); })) {
    say(kProbeDoing, "a few tokens are verified");
    trial->run();
  }
}

void try_draft(const std::shared_ptr<Model> &model, const std::string &path) {
  say(kProbeDoing, "a context for drafting is made");
  sled_draft_params params{};
  params.struct_size = sizeof(params);
  std::unique_ptr<Draft> draft;
  if (!accepted([&] { draft = std::make_unique<Draft>(model, params); })) {
    return;
  }
  say(kProbeDoing, "a few tokens are drafted");
  const std::vector<int32_t> tokens = some_tokens(*model, 40);
  // Where a few tokens cost nothing, there are enough of them for what begins at 32 rows.
  const int32_t most = model->info().weight_bytes < kSmallFileBytes ? 40 : 4;
  const int32_t context = std::min(model->info().context_train_tokens, most + 2);
  sled_draft_choice choice{};
  const int32_t count = std::clamp(context - 2, 1, most);
  draft->decode(0, tokens.data(), count, choice);
  if (count + 1 <= context) {
    draft->decode(count, tokens.data(), 1, choice);
  }
  draft->decode(count / 2, tokens.data(), 1, choice);
  if (choice.token < 0) {
    refuse(path, "it computes no usable numbers (all are NaN or minus infinity)");
  }
}

void try_file(const std::string &path, bool vocabulary_only) {
  say(kProbeDoing, "the file is opened");
  sled_model_params params{};
  params.struct_size = sizeof(params);
  params.flags = SLED_MODEL_MMAP | SLED_MODEL_TRUSTED | (vocabulary_only ? SLED_MODEL_VOCAB_ONLY : SLED_MODEL_EXACT);
  const auto model = std::make_shared<Model>(path, params);
  for (const int32_t text : {SLED_TEXT_DESCRIPTION, SLED_TEXT_ARCHITECTURE, SLED_TEXT_NAME, SLED_TEXT_CHAT_TEMPLATE,
                             SLED_TEXT_WEIGHT_TYPE}) {
    static_cast<void>(model->text(text));
  }
  try_vocabulary(*model, path);
  if (!vocabulary_only) {
    try_target(model, path);
    try_draft(model, path);
  }
}

// How many arguments there are of a kind, 0 if there is no such kind.
int argument_count(const std::string &kind) {
  return kind == kProbeWhole || kind == kProbeVocabulary ? kProbeMore
         : kind == kProbeGrow                            ? kProbeMore + 2
         : kind == kProbeQuantize                        ? kProbeMore + 3
                                                         : 0;
}

void do_as_told(const std::string &kind, const std::string &path, char **more) {
  if (kind == kProbeQuantize) {
    say(kProbeDoing, "its weights are converted");
    convert_weights(path, more[0], more[1], std::atoi(more[2]));
  } else if (kind == kProbeGrow) {
    say(kProbeDoing, "a larger model is planned");
    sled_grow_params params{};
    params.parameters = std::atoll(more[0]);
    params.width = std::atoi(more[1]);
    try {
      plan_growth(path, params);
    } catch (const Failure &) {  // a refusal, which whoever started this process comes to as well
    }
  } else {
    try_file(path, kind == kProbeVocabulary);
  }
}

}  // namespace
}  // namespace sled

int sled_probe_main(int argc, char **argv) {
  using namespace sled;
  if (argc <= kProbeKind || argc != argument_count(argv[kProbeKind])) {
    std::fputs("sled-probe does what libsled, which starts it, tells it to do with model files; it is of no use by itself\n", stderr);
    return 2;
  }
  confine(std::atoll(argv[kProbeMemory]), std::atoll(argv[kProbeSeconds]));
  const int32_t status = guarded([&] {
    say(kProbeDoing, "it starts");
    capture_logs();
    if (*argv[kProbeBackend] != '\0') {
      load_cpu_backend(argv[kProbeBackend]);
    }
    struct stat file {};
    if (stat(argv[kProbePath], &file) == 0 && file.st_size < kOneCoreBytes) {
      use_one_core();
    }
    ggml_set_abort_callback(on_abort);
    std::set_terminate(on_terminate);
    do_as_told(argv[kProbeKind], argv[kProbePath], argv + kProbeMore);
    return SLED_OK;
  });
  say(kProbeResult, std::to_string(status) + (status == SLED_OK ? "" : " " + last_error()));
  _exit(0);  // what is left to free is of no interest to anybody
}
