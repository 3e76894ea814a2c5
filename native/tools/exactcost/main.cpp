// Measures what exact numerics costs: steps and prompts of one session, exact and fast in turns, so that a machine whose
// speed drifts does not decide. Prints a row of Markdown for each model.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "sled.h"

namespace {

constexpr char kHelp[] =
    R"(What exact numerics costs, measured with one session: steps of some rows behind a context, and whole prompts.
Prints a row of a Markdown table for each model: the fast time, and the exact one divided by it (medians of
steps, the best of prompts).

  ./sled exact-cost [OPTIONS] MODEL.gguf...

      --context N    tokens before the steps; default 200
      --rows A,B     rows of the steps; default 1,4,8,16
      --steps N      steps of each kind; default 15
      --prompts A,B  lengths of prompts; default 64,256,1024
      --threads N    default: all cores that may be used
      --backends DIR where the CPU backend is; ./sled sets it

  ./sled exact-cost ~/models/*.gguf
)";

constexpr int32_t kPromptRuns = 3;
constexpr int32_t kNumerics[] = {SLED_NUMERICS_FAST, SLED_NUMERICS_EXACT};

struct Options {
  std::string backends;
  int32_t context = 200;
  int32_t steps = 15;
  int32_t threads = 0;
  std::vector<int32_t> rows = {1, 4, 8, 16};
  std::vector<int32_t> prompts = {64, 256, 1024};
  std::vector<std::string> models;
  bool help = false;
};

void check(int32_t status, const char *what) {
  if (status != SLED_OK) {
    char text[1024];
    sled_last_error(text, sizeof(text));
    std::fprintf(stderr, "exact-cost: cannot %s: %s\n", what, text);
    std::exit(1);
  }
}

Options parse(const std::vector<std::string> &arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string &name = arguments[i];
    if (name == "--help") {
      options.help = true;
      continue;
    }
    if (name.compare(0, 2, "--") != 0) {
      options.models.push_back(name);
      continue;
    }
    if (i + 1 == arguments.size()) {
      throw tools::UsageError(name + " is unknown or needs a value");
    }
    const std::string &value = arguments[++i];
    if (name == "--backends") {
      options.backends = value;
    } else if (name == "--context") {
      options.context = tools::parse_number(name, value, 1, 100'000);
    } else if (name == "--rows") {
      options.rows = tools::parse_numbers(name, value, 1, SLED_MAX_EXACT_ROWS);
    } else if (name == "--steps") {
      options.steps = tools::parse_number(name, value, 1, 10'000);
    } else if (name == "--threads") {
      options.threads = tools::parse_number(name, value, 0, 512);
    } else if (name == "--prompts") {
      options.prompts = tools::parse_numbers(name, value, 1, 100'000);
    } else {
      throw tools::UsageError("unknown option " + name);
    }
  }
  if (options.models.empty() && !options.help) {
    throw tools::UsageError("no model is given");
  }
  return options;
}

int64_t address(const void *pointer) { return static_cast<int64_t>(reinterpret_cast<intptr_t>(pointer)); }

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One session of an engine of its own.
class Server {
 public:
  Server(int64_t model, int32_t numerics, const Options &options, int32_t context) {
    sled_engine_params params;
    check(sled_engine_params_default(&params), "prepare an engine");
    params.sequence_count = 1;
    params.context_tokens = context;
    params.threads = options.threads;
    params.numerics = numerics;
    check(sled_engine_open(model, &params, &engine_), "open an engine");
    check(sled_engine_describe(engine_, &info_), "describe an engine");
  }
  ~Server() { sled_engine_close(engine_); }
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  const sled_engine_info &info() const { return info_; }

  void open(int32_t prompt_tokens, int32_t new_tokens) {
    std::vector<int32_t> prompt;
    for (int32_t i = 0; i < prompt_tokens; i++) {
      prompt.push_back(100 + i * 79 % 1000);
    }
    check(sled_session_open(engine_, address(prompt.data()), prompt_tokens, new_tokens, SLED_SESSION_IGNORE_END, 0, &session_),
          "open a session");
    check(sled_session_attach(engine_, session_, -1), "attach a session");
  }
  void close() { check(sled_session_close(engine_, session_), "close a session"); }

  // A block of so many rows, or the next piece of the prompt; ms.
  double step(int32_t rows) {
    sled_session_info session;
    check(sled_session_describe(engine_, session_, &session), "describe a session");
    const int32_t missing = session.committed_tokens - session.cached_tokens;
    const std::vector<int32_t> drafts(static_cast<size_t>(rows - 1), 7);  // wrong, or the context would grow
    sled_slot slot{};
    slot.session = session_;
    slot.kv_offset = session.cached_tokens;
    slot.lead_count = std::min(missing, info_.slot_rows);
    slot.draft_count = missing == 1 ? rows - 1 : 0;
    slot.tokens_address = address(drafts.data());
    const double begun = now_ms();
    check(sled_step(engine_, address(&slot), 1, 0), "take a step");
    check(slot.status, "take part in a step");
    return now_ms() - begun;
  }

  // All of the prompt, up to the first new token; ms.
  double prefill() {
    const double begun = now_ms();
    sled_session_info session;
    do {
      step(1);
      check(sled_session_describe(engine_, session_, &session), "describe a session");
    } while (session.committed_tokens == session.prompt_tokens);
    return now_ms() - begun;
  }

 private:
  int64_t engine_ = 0;
  int32_t session_ = 0;
  sled_engine_info info_{};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(double fast, double exact) {
  std::printf(" %.0f · %.2f |", fast, exact / fast);
  std::fflush(stdout);
}

void measure(const std::string &path, const Options &options) {
  sled_model_params params;
  check(sled_model_params_default(&params), "prepare a model");
  params.flags |= SLED_MODEL_EXACT;
  int64_t model = 0;
  check(sled_model_open(path.c_str(), &params, &model), ("open " + path).c_str());
  sled_model_info info;
  check(sled_model_describe(model, &info), "describe a model");
  char type[64];
  int32_t length = 0;
  check(sled_model_text(model, SLED_TEXT_WEIGHT_TYPE, type, sizeof(type), &length), "read a model's type");
  {
    const int32_t longest = *std::max_element(options.prompts.begin(), options.prompts.end());
    const int32_t most_rows = *std::max_element(options.rows.begin(), options.rows.end());
    const int32_t steps_end = options.context + static_cast<int32_t>(options.rows.size()) * (options.steps + 1) * most_rows;
    const int32_t context = std::min(info.context_train_tokens, std::max(longest + 2, steps_end));
    Server fast(model, kNumerics[0], options, context);
    Server exact(model, kNumerics[1], options, context);
    Server *const servers[] = {&fast, &exact};
    const sled_engine_info &way = exact.info();
    std::printf("| %s | %s, multiple of %d, at least %d |", type, way.as_in_file != 0 ? "as in the file" : "as llama.cpp has it",
                way.row_multiple, way.row_least);
    for (Server *server : servers) {
      server->open(options.context, 0);
      server->prefill();
    }
    for (const int32_t rows : options.rows) {
      std::vector<double> times[2];
      for (int32_t i = -1; i < options.steps; i++) {
        for (int n = 0; n < 2; n++) {
          const double ms = servers[n]->step(rows);
          if (i >= 0) {
            times[n].push_back(ms);
          }
        }
      }
      print(median(times[0]), median(times[1]));
    }
    for (Server *server : servers) {
      server->close();
    }
    for (const int32_t prompt : options.prompts) {
      double best[2] = {std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
      for (int32_t run = 0; run < kPromptRuns; run++) {
        for (int n = 0; n < 2; n++) {
          servers[n]->open(prompt, 1);
          best[n] = std::min(best[n], servers[n]->prefill());
          servers[n]->close();
        }
      }
      print(best[0], best[1]);
    }
    std::printf("\n");
  }
  check(sled_model_close(model), "close a model");
}

void run(const Options &options) {
  check(sled_backend_load(options.backends.c_str()), "load the backends");
  std::printf("Steps behind %d tokens, prompts from an empty context: fast ms · exact divided by fast.\n\n", options.context);
  std::printf("| weights | exact |");
  for (const int32_t rows : options.rows) {
    std::printf(" %d row%s |", rows, rows == 1 ? "" : "s");
  }
  for (const int32_t prompt : options.prompts) {
    std::printf(" prompt of %d |", prompt);
  }
  std::printf("\n|---|---|");
  for (size_t i = 0; i < options.rows.size() + options.prompts.size(); i++) {
    std::printf("---:|");
  }
  std::printf("\n");
  for (const std::string &model : options.models) {
    measure(model, options);
  }
}

}  // namespace

int main(int argc, char **argv) {
  try {
    const Options options = parse({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(kHelp, stdout);
    } else {
      run(options);
    }
    return 0;
  } catch (const tools::UsageError &error) {
    std::fprintf(stderr, "exact-cost: %s\nTry './sled exact-cost --help'.\n", error.what());
    return 2;
  }
}
