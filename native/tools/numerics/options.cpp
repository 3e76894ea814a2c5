#include "options.hpp"

#include <algorithm>
#include <cstdlib>

#include "backend.hpp"
#include "sled.h"
#include "status.hpp"
#include "weights.hpp"

namespace numerics {

const char *const kHelp =
    R"(Measures how often a row's logits depend on what else is in the batch; prints Markdown on stdout.

  numerics_table [options]        or: ./sled numerics [options]

  --model FILE      measure this GGUF file as it is (repeatable); without it: the demo target and a random model of
                    usual proportions, both converted into each weight type
  --types LIST      weight types to convert into (default F32,BF16,F16,Q8_0,Q4_0,Q4_K,Q4_K-file,Q5_K,Q6_K); with
                    "-file" behind it: as the weights lie in the file, not rearranged for this CPU
  --contexts LIST   tokens in the K/V cache before the rows (default 100,700,2000)
  --threads LIST    thread counts; the first one is the reference's (default 1 and all cores)
  --rows N          rows compared per shape and context, at least (default 16)
  --reference N     rows per block of the reference (default 5)
  --gpu-layers N    layers on a GPU (default 0; 999: all)
  --no-repack       all weights as they lie in the file
  --each            a line for each shape and context instead of each kind of shape
  --quick           contexts 100 and 700, three types, fewer rows, a smaller random model: about a minute
  --backends DIR    where llama.cpp's compute backends lie (default: where they were built)
  --help

Examples:
  numerics_table                                  the whole table, about a quarter of an hour
  numerics_table --quick
  numerics_table --types Q4_K,Q4_K-file --contexts 2000 --threads 1 --each
  numerics_table --model target.gguf --threads 8,16
  numerics_table --model target.gguf --no-repack --reference 4
)";

namespace {

std::vector<std::string> split_list(const std::string &list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

int32_t parse_number(const std::string &option, const std::string &value, int32_t low, int32_t high) {
  char *end = nullptr;
  const long number = std::strtol(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || number < low || number > high) {
    sled::fail(SLED_ERR_ARGUMENT, "%s: '%s' is not a number from %d to %d", option.c_str(), value.c_str(), low, high);
  }
  return static_cast<int32_t>(number);
}

std::vector<int32_t> parse_numbers(const std::string &option, const std::string &list, int32_t low, int32_t high) {
  std::vector<int32_t> numbers;
  for (const std::string &part : split_list(list)) {
    numbers.push_back(parse_number(option, part, low, high));
  }
  return numbers;
}

WeightForm parse_type(std::string type) {
  const std::string suffix = "-FILE";
  type = upper_case(type);
  const bool as_in_file = type.size() > suffix.size() && type.substr(type.size() - suffix.size()) == suffix;
  if (as_in_file) {
    type.resize(type.size() - suffix.size());
  }
  if (!is_convertible(type)) {
    sled::fail(SLED_ERR_ARGUMENT, "--types: '%s' is none of%s, with or without -file", type.c_str(),
               convertible_types().c_str());
  }
  return {type, as_in_file};
}

std::vector<WeightForm> parse_types(const std::string &list) {
  std::vector<WeightForm> types;
  for (const std::string &type : split_list(list)) {
    types.push_back(parse_type(type));
  }
  return types;
}

// Options without a value, before the others: what --quick sets can still be changed.
void take_flags(Options &options, std::vector<std::string> &arguments) {
  const auto take = [&](const char *flag) {
    const auto end = std::remove(arguments.begin(), arguments.end(), flag);
    const bool given = end != arguments.end();
    arguments.erase(end, arguments.end());
    return given;
  };
  options.help = take("--help");
  options.each = take("--each");
  options.repack = !take("--no-repack");
  options.quick = take("--quick");
  options.types = parse_types(options.quick ? "F32,Q8_0,Q4_K" : "F32,BF16,F16,Q8_0,Q4_0,Q4_K,Q4_K-file,Q5_K,Q6_K");
  if (options.quick) {
    options.contexts = {100, 700};
    options.rows = 8;
  }
}

void take_option(Options &options, const std::string &name, const std::string &value) {
  if (name == "--model") {
    options.models.push_back(value);
  } else if (name == "--types") {
    options.types = parse_types(value);
  } else if (name == "--contexts") {
    options.contexts = parse_numbers(name, value, 8, 1000000);
    std::sort(options.contexts.begin(), options.contexts.end());
    options.contexts.erase(std::unique(options.contexts.begin(), options.contexts.end()), options.contexts.end());
  } else if (name == "--threads") {
    options.threads = parse_numbers(name, value, 1, GGML_MAX_N_THREADS);
  } else if (name == "--rows") {
    options.rows = parse_number(name, value, 1, 10000);
  } else if (name == "--reference") {
    options.reference = parse_number(name, value, 1, kLongestBlock);
  } else if (name == "--gpu-layers") {
    options.gpu_layers = parse_number(name, value, 0, 9999);
  } else if (name == "--backends") {
    options.backends = value;
  } else {
    sled::fail(SLED_ERR_ARGUMENT, "unknown option %s", name.c_str());
  }
}

}  // namespace

Options parse_options(std::vector<std::string> arguments) {
  Options options;
  options.backends = SLED_LIB_DIR;
  take_flags(options, arguments);
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      sled::fail(SLED_ERR_ARGUMENT, "%s is unknown or needs a value", arguments[i].c_str());
    }
    take_option(options, arguments[i], arguments[i + 1]);
  }
  if (options.threads.empty()) {
    options.threads = {1, std::max(2, sled::usable_cores())};
  }
  return options;
}

}  // namespace numerics
