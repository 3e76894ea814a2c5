// Is rejection sampling's better acceptance worth its bytes? Measures a pair of models and prints Markdown.
//
// SLED samples coupled: device and server add the same noise to their own logits, so ids and one seed are all that
// crosses the wire (../../SAMPLING.md). Classic speculative sampling accepts more drafts, but the server needs the
// draft model's probabilities for it. This program does both with real models:
//
//   distribution.*   what a row of logits stands for, and what two distributions have in common
//   model.*, view.*  models, their rows, SLED's choice at a row
//   measure.*        along the target's texts: how well do the two models agree at each position?
//   expected.*       what that means for tokens per round, exactly
//   rounds.*         speculative decoding with either scheme, run for real
//   wire.hpp         bytes of the frames
//   report.*         the tables
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.hpp"
#include "model.hpp"
#include "report.hpp"
#include "status.hpp"
#include "support.hpp"

namespace acceptance {
namespace {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string backends = SLED_LIB_DIR;
  std::string target = test::demo_model("target");
  std::string draft;
  std::string draft_type;
  int32_t prompts = 16;
  int32_t tokens = 200;
  uint64_t seed = 1;
  int32_t short_list = 16;
};

const char *const kHelp =
    R"(Compares coupled with rejection sampling for a pair of models; prints Markdown on stdout.

  acceptance_table [options]

  --target FILE       the target model (default: the demo target)
  --draft FILE        the draft model (default: the demo draft)
  --draft-type TYPE   instead of a draft model: the target, its weights converted into this type, such as Q4_0
  --prompts N         texts per way to sample, 1 to 1000; the demo's requests, again and again (default 16)
  --tokens N          tokens per text at most (default 200)
  --seed N            of the first text; the others count on (default 1)
  --short-list N      tokens of the draft's distribution in the variant "short list" (default 16)
  --backends DIR      where llama.cpp's compute backends lie (default: where they were built)
  --help

Examples:
  acceptance_table                                  the demo pair
  acceptance_table --draft-type Q4_0                the demo target, drafted for by its own smaller version
  acceptance_table --target big.gguf --draft small.gguf --prompts 4
)";

// As in the demo (engine/cli, DemoPrompts.java): within what the demo pair has learned, and harmless for other models.
constexpr std::array<const char *, 16> kRequests = {
    "Tell me a story about a fox and a lantern.",
    "Write a story about a princess who finds a map.",
    "Tell me a short story about a bear in a garden.",
    "Write a tale about a robot and a violin.",
    "Please tell me a story about an owl named Rufus.",
    "Could you write a story about a wizard and a bell, please?",
    "Tell me a long story about a rabbit and a boat.",
    "I would like to hear a story about a penguin.",
    "Write a story about a hedgehog with a kite in it.",
    "Tell me a story about a pirate by the sea.",
    "Write a short story about a mouse and a piece of cheese.",
    "Tell me a story about a knight who lost a key.",
    "Can you tell me a story about a dragon in a village?",
    "Tell me a story about a girl and a compass.",
    "Write a tale about a turtle on an island.",
    "Tell me a story about a baker and a goose.",
};

constexpr int32_t kMostPrompts = 1000;
constexpr int32_t kLongestBlock = 8;
const std::vector<int32_t> kBlocks = {1, 4, kLongestBlock};

uint64_t parse_number(const std::string &option, const std::string &value, uint64_t low, uint64_t high) {
  char *end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(value.c_str(), &end, 10);
  const bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || *end != '\0' || errno != 0 || number < low || number > high) {
    throw UsageError(sled::format_text("%s: '%s' is not a number from %llu to %llu", option.c_str(), value.c_str(),
                                       static_cast<unsigned long long>(low), static_cast<unsigned long long>(high)));
  }
  return number;
}

Options parse(const std::vector<std::string> &arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string &name = arguments[i];
    if (i + 1 == arguments.size()) {
      throw UsageError(name + " is unknown or needs a value");
    }
    const std::string &value = arguments[i + 1];
    if (name == "--target") {
      options.target = value;
    } else if (name == "--draft") {
      options.draft = value;
    } else if (name == "--draft-type") {
      options.draft_type = value;
    } else if (name == "--prompts") {
      options.prompts = static_cast<int32_t>(parse_number(name, value, 1, kMostPrompts));
    } else if (name == "--tokens") {
      options.tokens = static_cast<int32_t>(parse_number(name, value, 2, 100000));
    } else if (name == "--seed") {
      options.seed = parse_number(name, value, 0, UINT32_MAX);
    } else if (name == "--short-list") {
      options.short_list = static_cast<int32_t>(parse_number(name, value, 1, INT32_MAX));
    } else if (name == "--backends") {
      options.backends = value;
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  if (!options.draft_type.empty() && !options.draft.empty()) {
    throw UsageError("--draft-type makes the draft out of the target: leave out --draft");
  }
  if (!options.draft_type.empty() && !can_convert(options.draft_type)) {
    throw UsageError("--draft-type: '" + options.draft_type + "' is none of " + known_types());
  }
  if (options.draft.empty()) {
    options.draft = test::demo_model("draft");
  }
  return options;
}

std::vector<Setting> settings() {
  std::vector<Setting> list;
  for (const float temperature : {0.0F, 0.5F, 0.7F, 1.0F, 1.3F}) {
    sled::Sampling plain;
    plain.temperature = temperature;
    list.push_back({sled::format_text("T %g", static_cast<double>(temperature)), plain});
  }
  sled::Sampling nucleus;
  nucleus.temperature = 0.9F;
  nucleus.top_p = 0.95F;
  nucleus.repeat_penalty = 1.1F;
  nucleus.penalty_last_n = 64;
  list.push_back({"T 0.9, top-p 0.95, repeat 1.1", nucleus});
  sled::Sampling best;
  best.temperature = 0.8F;
  best.top_k = 40;
  list.push_back({"T 0.8, top-k 40", best});
  return list;
}

class Stopwatch {
 public:
  void say(const std::string &what) const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    std::fprintf(stderr, "%6.1f s  %s\n", elapsed.count(), what.c_str());
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void run(const Options &options) {
  const Stopwatch watch;
  start_llama(options.backends);
  const Model target(options.target);
  const test::TemporaryDirectory directory;
  std::string draft_path = options.draft;
  if (!options.draft_type.empty()) {
    watch.say("converting the target into " + options.draft_type);
    draft_path = directory.file("draft.gguf");
    convert(options.target, draft_path, options.draft_type);
  }
  const Model draft(draft_path);
  const int32_t vocabulary = require_same_vocabulary(target, draft);

  std::vector<std::vector<int32_t>> prompts;
  size_t longest = 0;
  for (int32_t i = 0; i < options.prompts; i++) {
    prompts.push_back(target.tokenize(kRequests[static_cast<size_t>(i) % kRequests.size()]));
    longest = std::max(longest, prompts.back().size());
  }
  const int32_t positions = static_cast<int32_t>(longest) + options.tokens + kLongestBlock + 1;
  const int32_t trained = std::min(target.trained_positions(), draft.trained_positions());
  if (positions > trained) {
    throw std::runtime_error(sled::format_text(
        "%d tokens behind the prompt and a block: %d positions, but the models know %d", options.tokens, positions,
        trained));
  }
  Measurement measurement(target, draft, vocabulary, positions, options.short_list);
  Results results;
  for (const Setting &setting : settings()) {
    const auto progress = [&](int32_t prompt) {
      watch.say(sled::format_text("%s: text %d of %d", setting.name.c_str(), prompt, options.prompts));
    };
    // Other noise for every setting, so that their errors have nothing to do with each other.
    const uint64_t seed = options.seed + results.size() * kMostPrompts;
    results.emplace_back(setting, measurement.run(setting, prompts, options.tokens, seed, kBlocks, progress));
  }
  print_report({target.description(), draft.description(), vocabulary, options.prompts, options.tokens, options.seed,
                options.short_list},
               results);
  watch.say("done");
}

}  // namespace
}  // namespace acceptance

int main(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::fputs(acceptance::kHelp, stdout);
    return 0;
  }
  std::signal(SIGINT, [](int) { acceptance::interrupt(); });
  std::signal(SIGTERM, [](int) { acceptance::interrupt(); });
  try {
    acceptance::run(acceptance::parse(arguments));
    return 0;
  } catch (const acceptance::UsageError &error) {
    std::fprintf(stderr, "acceptance_table: %s\nSee acceptance_table --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "acceptance_table: %s\n", error.what());
    return 1;
  }
}
