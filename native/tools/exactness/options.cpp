#include "options.hpp"

#include <algorithm>
#include <cctype>

#include "../arguments.hpp"
#include "sled.h"

namespace exactness {

using tools::parse_number;
using tools::UsageError;

const char *const kHelp =
    R"(Looks for models that are opened as exact and are not. Prints a line for each: exact, refused, or NOT EXACT.

  exactness_search [options]      or: ./sled exactness [options]

For every architecture of llama.cpp a small model with random weights is made and opened for exact numerics. If that is
not refused, streams of tokens are generated side by side: with random drafts, prefill chunks of all sizes, evictions,
swaps to host memory, resumed sessions and shared beginnings. Every row's logits and every token are compared with those
of the same stream alone, bit by bit.

  --architecture REGEX  those whose names it is found in (default: all); mixtures of experts are named "..., experts"
  --type LIST           weight types, such as q4_k,q8_0, or all (default: f32,f16,bf16,q8_0,q4_0,q4_k,q6_k)
  --model FILE          a GGUF file instead of random models; may be given several times
  --streams N           of a round, side by side (default 6)
  --tokens N            new ones of a stream (default 40)
  --rounds N            of each model (default 3); every second one with two threads, every third one with contexts
                        beyond 512 and 1,024 tokens
  --seconds N           begin no further round of a model after that time (default 60)
  --seed N              of the first round; the next has N + 1 (default 1)
  --width N             columns of random models, a multiple of 256 (default 256)
  --kv TYPE             of the K/V cache: f16 (default), bf16, f32, q8_0 or q4_0
  --fast                with fast numerics: nearly everything is NOT EXACT then, which shows what the search finds
  --backends DIR        where llama.cpp's compute backends lie (default: where they were built)
  --help

Everything, which takes about an hour on one core:

  ./sled exactness

One case again, with the seed that the table names:

  ./sled exactness --architecture '^qwen3moe, experts$' --type q4_k --seed 17 --rounds 1

A file of your own, 40 streams in rounds of eight:

  ./sled exactness --model my.gguf --streams 8 --rounds 5 --tokens 300 --seconds 3600

Exit status: 0 if nothing is inexact that was opened as exact, otherwise 1.
)";

namespace {

// Those that llama.cpp multiplies with on a CPU and that hold weights of a file.
const std::vector<ggml_type> kAllTypes = {
    GGML_TYPE_F32,    GGML_TYPE_F16,     GGML_TYPE_BF16,    GGML_TYPE_Q8_0,  GGML_TYPE_Q4_0,    GGML_TYPE_Q4_1,
    GGML_TYPE_Q5_0,   GGML_TYPE_Q5_1,    GGML_TYPE_Q2_K,    GGML_TYPE_Q3_K,  GGML_TYPE_Q4_K,    GGML_TYPE_Q5_K,
    GGML_TYPE_Q6_K,   GGML_TYPE_IQ4_NL,  GGML_TYPE_IQ4_XS,  GGML_TYPE_MXFP4, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S,
    GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S,   GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M,   GGML_TYPE_TQ1_0,
    GGML_TYPE_TQ2_0,  GGML_TYPE_NVFP4,   GGML_TYPE_Q1_0,    GGML_TYPE_Q2_0};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<ggml_type> parse_types(const std::string &list) {
  if (list == "all") {
    return kAllTypes;
  }
  std::vector<ggml_type> types;
  for (const std::string &part : tools::split_list(list)) {
    const std::string name = lower(part);
    const auto found = std::find_if(kAllTypes.begin(), kAllTypes.end(),
                                    [&](ggml_type type) { return lower(ggml_type_name(type)) == name; });
    if (found == kAllTypes.end()) {
      throw UsageError("--type: '" + name + "' is no weight type of a model file");
    }
    types.push_back(*found);
  }
  return types;
}

int32_t parse_kv_type(const std::string &name) {
  if (name == "f16") return SLED_KV_F16;
  if (name == "bf16") return SLED_KV_BF16;
  if (name == "f32") return SLED_KV_F32;
  if (name == "q8_0") return SLED_KV_Q8_0;
  if (name == "q4_0") return SLED_KV_Q4_0;
  throw UsageError("--kv: '" + name + "' is no type of a K/V cache");
}

}  // namespace

Options parse_options(const std::vector<std::string> &arguments) {
  Options options;
  options.types = parse_types("f32,f16,bf16,q8_0,q4_0,q4_k,q6_k");
  options.kv_type = SLED_KV_F16;
  options.backends = SLED_LIB_DIR;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string &name = arguments[i];
    if (name == "--help" || name == "--fast") {
      (name == "--fast" ? options.fast : options.help) = true;
      continue;
    }
    if (i + 1 == arguments.size()) {
      throw UsageError(name + " is unknown or needs a value");
    }
    const std::string &value = arguments[++i];
    if (name == "--architecture") {
      options.architecture = value;
    } else if (name == "--type") {
      options.types = parse_types(value);
    } else if (name == "--model") {
      options.models.push_back(value);
    } else if (name == "--streams") {
      options.streams = parse_number(name, value, 1, SLED_MAX_SEQUENCES - 1);
    } else if (name == "--tokens") {
      options.tokens = parse_number(name, value, 1, 100000);
    } else if (name == "--rounds") {
      options.rounds = parse_number(name, value, 1, 1000000);
    } else if (name == "--seconds") {
      options.seconds = parse_number(name, value, 1, 1000000);
    } else if (name == "--seed") {
      options.seed = static_cast<uint32_t>(parse_number(name, value, 0, INT32_MAX));
    } else if (name == "--width") {
      options.width = parse_number(name, value, 256, 4096);
      if (options.width % 256 != 0) {
        throw UsageError("--width: " + value + " is no multiple of 256");
      }
    } else if (name == "--kv") {
      options.kv_type = parse_kv_type(value);
    } else if (name == "--backends") {
      options.backends = value;
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  return options;
}

}  // namespace exactness
