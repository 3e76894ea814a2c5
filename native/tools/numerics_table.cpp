// Measures how often the logits of a row depend on what else is computed with it, and prints the answer as Markdown.
//
// Every row is a token of one sequence at one position, behind the same K/V. The reference computes it in a block of 5
// rows of that sequence alone (split K/V, flash attention, the first thread count). All other shapes compute the same
// rows again, from the reference's K/V, and are compared with it bit by bit. A shape is measured at several places:
// behind the whole context, then a little earlier, and so on, so that rows meet different alignments.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdarg>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"
#include "gguf.h"
#include "llama.h"
#include "random_model.hpp"
#include "sled_build_config.h"

namespace {

// ---------------------------------------------------------------- sampling: to be replaced by src/sampling.hpp

constexpr double kTemperature = 0.8;

uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  return x ^ (x >> 32);
}

// Gumbel-max: the same seed and position give every token the same luck, whatever the logits are.
int32_t choose(const float *logits, int32_t count, int64_t seed, int32_t position) {
  const uint64_t key = mix(static_cast<uint64_t>(seed) + mix(static_cast<uint64_t>(position)));
  int32_t best = 0;
  double best_score = -INFINITY;
  for (int32_t token = 0; token < count; token++) {
    const uint64_t bits = mix(key ^ mix(static_cast<uint64_t>(token) + 1)) >> 12;
    const double uniform = (static_cast<double>(bits) + 0.5) / 4503599627370496.0;
    const double score = static_cast<double>(logits[token]) / kTemperature - std::log(-std::log(uniform));
    if (score > best_score) {
      best_score = score;
      best = token;
    }
  }
  return best;
}

// ---------------------------------------------------------------- errors, progress

constexpr int64_t kSeed = 20240607;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

__attribute__((format(printf, 1, 2))) std::string text(const char *format, ...) {
  char buffer[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  return buffer;
}

volatile std::sig_atomic_t g_interrupted = 0;

// Between two batches: the temporary directory is removed on the way out.
void stop_if_interrupted() {
  if (g_interrupted != 0) {
    throw std::runtime_error("interrupted");
  }
}

std::string g_logged_error;  // llama.cpp says only in its log why something failed

void on_log(ggml_log_level level, const char *line, void *) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    g_logged_error = line;
    while (!g_logged_error.empty() && g_logged_error.back() == '\n') {
      g_logged_error.pop_back();
    }
  }
}

[[noreturn]] void fail(const std::string &what) {
  throw std::runtime_error(g_logged_error.empty() ? what : what + ": " + g_logged_error);
}

class Progress {
 public:
  void say(const std::string &what) const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    std::fprintf(stderr, "%6.1f s  %s\n", elapsed.count(), what.c_str());
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// ---------------------------------------------------------------- options

struct Options {
  std::string backends = SLED_LIB_DIR;
  std::vector<std::string> models;
  std::vector<std::string> types = {"F32", "BF16", "F16", "Q8_0", "Q4_0", "Q4_K"};
  std::vector<int32_t> contexts = {100, 700, 2000};
  std::vector<int32_t> threads;
  int32_t rows = 24;
  int32_t reference = 5;
  bool quick = false;
  bool each = false;
  bool repack = true;
};

const std::map<std::string, llama_ftype> &file_types() {
  static const std::map<std::string, llama_ftype> types = {
      {"F32", LLAMA_FTYPE_ALL_F32},          {"F16", LLAMA_FTYPE_MOSTLY_F16},   {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
      {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0}, {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
      {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1}, {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_S},
      {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_S},   {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K}, {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
      {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
  };
  return types;
}

const char *const kHelp =
    R"(Measures how often a row's logits depend on what else is in the batch; prints Markdown on stdout.

  numerics_table [options]

  --model FILE      measure this GGUF file as it is (repeatable); without it: the demo target and a random model of
                    usual proportions, both converted into each weight type
  --types LIST      weight types to convert into (default F32,BF16,F16,Q8_0,Q4_0,Q4_K)
  --contexts LIST   tokens in the K/V cache before the rows (default 100,700,2000)
  --threads LIST    thread counts; the first one is the reference's (default 1 and all cores)
  --rows N          rows compared per shape, at least (default 24)
  --reference N     rows per block of the reference (default 5)
  --no-repack       weights stay as they are in the file: llama.cpp without its interleaved layouts
  --each            a line for each shape instead of each kind of shape
  --quick           contexts 100 and 700, three types, fewer rows, a smaller random model: under a minute
  --backends DIR    where llama.cpp's compute backends lie (default: where they were built)
  --help

Examples:
  numerics_table                                  the whole table, several minutes
  numerics_table --quick
  numerics_table --types Q4_0,Q4_K --contexts 2000 --threads 1 --each
  numerics_table --model target.gguf --threads 8,16
)";

constexpr int32_t kLongestBlock = 128;

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
    throw UsageError(text("%s: '%s' is not a number from %d to %d", option.c_str(), value.c_str(), low, high));
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

std::vector<std::string> parse_types(const std::string &list) {
  std::vector<std::string> types = split_list(list);
  for (std::string &type : types) {
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::toupper(c); });
    if (file_types().count(type) == 0) {
      std::string known;
      for (const auto &entry : file_types()) {
        known += " " + entry.first;
      }
      throw UsageError("--types: '" + type + "' is none of" + known);
    }
  }
  return types;
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
  } else if (name == "--backends") {
    options.backends = value;
  } else {
    throw UsageError("unknown option " + name);
  }
}

// Options without a value, before the others: what --quick sets can still be changed.
void take_flags(Options &options, std::vector<std::string> &arguments) {
  const auto take = [&](const char *flag) {
    const auto end = std::remove(arguments.begin(), arguments.end(), flag);
    const bool given = end != arguments.end();
    arguments.erase(end, arguments.end());
    return given;
  };
  options.each = take("--each");
  options.repack = !take("--no-repack");
  options.quick = take("--quick");
  if (options.quick) {
    options.types = {"F32", "Q8_0", "Q4_K"};
    options.contexts = {100, 700};
    options.rows = 8;
  }
}

Options parse(std::vector<std::string> arguments) {
  Options options;
  take_flags(options, arguments);
  for (size_t i = 0; i < arguments.size(); i++) {
    if (i + 1 == arguments.size()) {
      throw UsageError(arguments[i].rfind("--", 0) == 0 ? arguments[i] + " is unknown or needs a value"
                                                        : "unexpected '" + arguments[i] + "'");
    }
    take_option(options, arguments[i], arguments[i + 1]);
    i++;
  }
  if (options.threads.empty()) {
    options.threads = {1, std::max(2, static_cast<int32_t>(std::thread::hardware_concurrency()))};
  }
  return options;
}

// ---------------------------------------------------------------- shapes

// The measured sequence has neighbours on both sides: llama.cpp puts sequences with consecutive ids into one pass of a
// split cache. Those below it are as long as it, those above have other lengths.
constexpr int32_t kSequences = 7;
constexpr int32_t kMeasured = 3;
constexpr int32_t kChainRows = 8;  // lone rows one after the other, before a new start

using Rows = std::array<int32_t, kSequences>;

enum class Which { kAll, kFirst, kLast, kLastTwo };

struct Shape {
  std::string group;  // line of the table
  Rows rows;          // per sequence
  Which compared = Which::kAll;
  Which results = Which::kAll;  // of each sequence; llama.cpp computes the end of the network only for these rows
  bool chained = false;         // again and again: one more row each time
};

std::string rows_of(const Shape &shape) {
  std::string list;
  for (int32_t sequence = 0; sequence < kSequences; sequence++) {
    const int32_t rows = shape.rows[static_cast<size_t>(sequence)];
    if (rows > 0) {
      list += text(sequence == kMeasured ? "%s**%d**" : "%s%d", list.empty() ? "" : " ", rows);
    }
  }
  return list;
}

Rows alone(int32_t rows) { return {0, 0, 0, rows, 0, 0, 0}; }

void add_alone(std::vector<Shape> &shapes, const std::string &prefix, const std::vector<int32_t> &counts) {
  for (const int32_t rows : counts) {
    if (rows == 1) {
      shapes.push_back({prefix + "lone row", alone(1), Which::kAll, Which::kAll, true});
    } else {
      shapes.push_back({prefix + (rows < 64 ? "2-63 rows alone" : "64+ rows alone"), alone(rows)});
    }
  }
}

void add_padded(std::vector<Shape> &shapes) {
  shapes.push_back({"lone row + padding row", alone(2), Which::kFirst, Which::kAll, true});
  shapes.push_back({"lone row + padding row, 1 result", alone(2), Which::kFirst, Which::kFirst, true});
  for (const int32_t rows : {3, 8}) {
    shapes.push_back({"2-63 rows alone, 1 result", alone(rows), Which::kLast, Which::kLast});
    shapes.push_back({"2-63 rows alone, 2 results", alone(rows), Which::kLastTwo, Which::kLastTwo});
  }
}

// What is left when the shorter sequences of a pass are finished is cut again; the comments give the rows per cut.
void add_mixes(std::vector<Shape> &shapes) {
  const std::string even = "mix, 2-63 rows each";
  shapes.push_back({even, {5, 5, 5, 5, 0, 0, 0}});
  shapes.push_back({even, {2, 5, 9, 16, 0, 0, 0}});  // 2 of all, 3 of three, 4 of two, 7
  shapes.push_back({even, {8, 6, 4, 2, 0, 0, 0}});   // 2 of all, 2 of three, 2 of two, 2
  shapes.push_back({even, {5, 16, 2, 9, 0, 0, 0}});
  shapes.push_back({even, {6, 5, 5, 5, 0, 0, 0}});  // the lone row is somebody else's
  const std::string others = "mix, other context lengths";
  shapes.push_back({others, {0, 0, 0, 5, 5, 5, 5}});
  shapes.push_back({others, {0, 0, 0, 16, 9, 5, 2}});
  const std::string many = "mix, 64+ rows in all";
  shapes.push_back({many, {20, 20, 20, 20, 0, 0, 0}});
  shapes.push_back({many, {63, 63, 63, 63, 0, 0, 0}});
  const std::string lone = "mix, row left lone";
  shapes.push_back({lone, {3, 4, 5, 4, 0, 0, 0}, Which::kLast});  // 3 of all, 1 of three
  shapes.push_back({lone, {4, 4, 4, 5, 0, 0, 0}, Which::kLast});  // 4 of all, 1
  shapes.push_back({lone, {1, 1, 1, 1, 0, 0, 0}, Which::kAll, Which::kAll, true});
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  add_alone(shapes, "", {1, 2, 3, 4, 5, 8, 16, 32, 33, 63, 64, 128});
  add_padded(shapes);
  add_mixes(shapes);
  return shapes;
}

std::vector<Shape> other_threads_shapes(int32_t threads) {
  std::vector<Shape> shapes;
  const std::string prefix = std::to_string(threads) + (threads == 1 ? " thread: " : " threads: ");
  add_alone(shapes, prefix, {1, 2, 5, 63, 64});
  shapes.push_back({prefix + "mix, 2-63 rows each", {5, 5, 5, 5, 0, 0, 0}});
  return shapes;
}

std::vector<Shape> disorder_shapes() {
  std::vector<Shape> shapes;
  for (const int32_t rows : {2, 5, 16}) {
    shapes.push_back({"cells out of order", alone(rows)});
  }
  return shapes;
}

// ---------------------------------------------------------------- llama.cpp

struct ModelFree {
  void operator()(llama_model *model) const { llama_model_free(model); }
};
struct ContextFree {
  void operator()(llama_context *context) const { llama_free(context); }
};
using Model = std::unique_ptr<llama_model, ModelFree>;

Model load_model(const std::string &path, bool repack) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.use_extra_bufts = repack;
  Model model(llama_model_load_from_file(path.c_str(), params));
  if (!model) {
    fail("cannot load " + path);
  }
  if (llama_model_is_recurrent(model.get()) || llama_model_is_hybrid(model.get()) ||
      llama_model_has_encoder(model.get())) {
    fail(path + ": K/V of this kind of model cannot be rolled back");
  }
  return model;
}

struct Setup {
  bool unified = false;
  int32_t threads = 1;
  int32_t sequences = kSequences;
  int32_t cells = 0;  // per sequence
};

using State = std::vector<uint8_t>;

// A context with its batch: K/V in, logits out.
class Decoder {
 public:
  Decoder(llama_model *model, const Setup &setup)
      : vocabulary_(llama_vocab_n_tokens(llama_model_get_vocab(model))), batch_(llama_batch_init(kBatch, 0, 1)) {
    llama_context_params p = llama_context_default_params();
    p.n_seq_max = static_cast<uint32_t>(setup.sequences);
    p.n_ctx = static_cast<uint32_t>(setup.cells * setup.sequences);
    p.n_batch = kBatch;
    p.n_ubatch = kBatch;
    p.n_threads = setup.threads;
    p.n_threads_batch = setup.threads;
    p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    p.kv_unified = setup.unified;
    p.swa_full = true;
    p.no_perf = true;
    g_logged_error.clear();
    context_.reset(llama_init_from_model(model, p));
    if (!context_) {
      llama_batch_free(batch_);
      fail("llama.cpp cannot make a context with flash attention for this model");
    }
  }
  ~Decoder() { llama_batch_free(batch_); }
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;

  void add(int32_t sequence, int32_t position, int32_t token, bool result) {
    const int32_t row = batch_.n_tokens++;
    batch_.token[row] = token;
    batch_.pos[row] = position;
    batch_.n_seq_id[row] = 1;
    batch_.seq_id[row][0] = sequence;
    batch_.logits[row] = result ? 1 : 0;
  }

  // Row 0 of the answer's numbering is the first row added since the last decode().
  void decode() {
    stop_if_interrupted();
    const int32_t status = llama_decode(context_.get(), batch_);
    batch_.n_tokens = 0;
    if (status != 0) {
      fail(text("llama_decode failed with %d", status));
    }
  }

  int32_t added() const { return batch_.n_tokens; }
  int32_t vocabulary() const { return vocabulary_; }

  const float *logits(int32_t row) const {
    const float *const values = llama_get_logits_ith(context_.get(), row);
    if (values == nullptr) {
      fail(text("llama.cpp has no logits for row %d", row));
    }
    return values;
  }

  void drop(int32_t sequence, int32_t from) {
    if (!llama_memory_seq_rm(llama_get_memory(context_.get()), sequence, from, -1)) {
      fail("llama.cpp cannot roll back this model's K/V");
    }
  }

  void clear() { llama_memory_clear(llama_get_memory(context_.get()), true); }

  State save(int32_t sequence) const {
    State state(llama_state_seq_get_size(context_.get(), sequence));
    if (llama_state_seq_get_data(context_.get(), state.data(), state.size(), sequence) != state.size()) {
      fail("llama.cpp cannot save K/V");
    }
    return state;
  }

  void restore(int32_t sequence, const State &state) {
    if (llama_state_seq_set_data(context_.get(), state.data(), state.size(), sequence) == 0) {
      fail("llama.cpp cannot restore K/V");
    }
  }

 private:
  static constexpr int32_t kBatch = 512;
  const int32_t vocabulary_;
  llama_batch batch_;
  std::unique_ptr<llama_context, ContextFree> context_;
};

// ---------------------------------------------------------------- text

// Something that the model itself would say, in pieces that are generated side by side. Positions wrap around.
class Text {
 public:
  Text(llama_model *model, int32_t tokens, int32_t threads) {
    constexpr int32_t kPieces = 32;
    const int32_t length = (tokens + kPieces - 1) / kPieces;
    Setup setup;
    setup.threads = threads;
    setup.sequences = kPieces;
    setup.cells = (length + 255) / 256 * 256;
    Decoder decoder(model, setup);
    std::vector<std::vector<int32_t>> pieces(kPieces);
    for (int32_t i = 0; i < kPieces; i++) {
      pieces[static_cast<size_t>(i)].push_back(first_token(model, i));
    }
    for (int32_t position = 0; position + 1 < length; position++) {
      for (int32_t i = 0; i < kPieces; i++) {
        decoder.add(i, position, pieces[static_cast<size_t>(i)].back(), true);
      }
      decoder.decode();
      for (int32_t i = 0; i < kPieces; i++) {
        pieces[static_cast<size_t>(i)].push_back(
            choose(decoder.logits(i), decoder.vocabulary(), kSeed + i, position));
      }
    }
    for (const std::vector<int32_t> &piece : pieces) {
      tokens_.insert(tokens_.end(), piece.begin(), piece.end());
    }
  }

  // Neighbours read the same text from elsewhere.
  int32_t at(int32_t sequence, int32_t position) const {
    const size_t shift = sequence == kMeasured ? 0 : tokens_.size() / 2 + static_cast<size_t>(sequence) * 37;
    return tokens_[(static_cast<size_t>(position) + shift) % tokens_.size()];
  }

 private:
  static int32_t first_token(const llama_model *model, int32_t piece) {
    const llama_vocab *const vocab = llama_model_get_vocab(model);
    const int32_t begin = llama_vocab_bos(vocab);
    return begin >= 0 ? begin : piece % llama_vocab_n_tokens(vocab);
  }

  std::vector<int32_t> tokens_;
};

// ---------------------------------------------------------------- reference

// Where shapes start: behind the context, then a little earlier each time.
struct Starts {
  int32_t count;
  int32_t step;
};

Starts starts_for(int32_t context, int32_t rows) {
  const int32_t wanted = (rows + 1) / 2;  // the shortest block that is not chained has 2 rows; one-result ones 1
  const int32_t step = std::max(1, std::min(3, (context - 2) / wanted));
  return {std::min(wanted, (context - 2) / step), step};
}

using Logits = std::vector<std::vector<float>>;

struct Reference {
  int32_t context = 0;
  int32_t first = 0;  // position of the first logits
  std::shared_ptr<Logits> logits;
  State cache;  // K/V of positions [0, context), in the layout that the reference was computed with

  const std::vector<float> &at(int32_t position) const { return (*logits)[static_cast<size_t>(position - first)]; }
};

// K/V of the measured sequence at [from, to) in blocks as the engine makes them.
void fill(Decoder &decoder, const Text &words, int32_t from, int32_t to) {
  constexpr int32_t kChunk = 32;
  for (int32_t position = from; position < to;) {
    // Never a lone row at the end.
    int32_t rows = std::min(kChunk, to - position);
    if (to - position - rows == 1) {
      rows--;
    }
    for (int32_t i = 0; i < rows; i++, position++) {
      decoder.add(kMeasured, position, words.at(kMeasured, position), false);
    }
    decoder.decode();
  }
}

void keep_logits(const Decoder &decoder, int32_t rows, Reference &reference) {
  for (int32_t i = 0; i < rows; i++) {
    const float *const values = decoder.logits(i);
    reference.logits->emplace_back(values, values + decoder.vocabulary());
  }
}

Reference make_reference(Decoder &decoder, const Text &words, int32_t context, int32_t cached,
                         const Options &options) {
  Reference reference;
  reference.context = context;
  reference.logits = std::make_shared<Logits>();
  const Starts starts = starts_for(context, options.rows);
  reference.first = context - starts.step * (starts.count - 1);
  decoder.drop(kMeasured, std::min(cached, reference.first));
  fill(decoder, words, std::min(cached, reference.first), reference.first);
  for (int32_t position = reference.first; position < context + kLongestBlock;) {
    for (int32_t i = 0; i < options.reference; i++, position++) {
      decoder.add(kMeasured, position, words.at(kMeasured, position), true);
    }
    decoder.decode();
    keep_logits(decoder, options.reference, reference);
  }
  decoder.drop(kMeasured, context);
  reference.cache = decoder.save(kMeasured);
  return reference;
}

// ---------------------------------------------------------------- comparison

struct Tally {
  int64_t rows = 0;
  int64_t bits = 0;
  int64_t greedy = 0;
  int64_t sampled = 0;
  double largest = 0;

  void add(const Tally &other) {
    rows += other.rows;
    bits += other.bits;
    greedy += other.greedy;
    sampled += other.sampled;
    largest = std::max(largest, other.largest);
  }
};

int32_t greedy(const float *logits, int32_t count) {
  return static_cast<int32_t>(std::max_element(logits, logits + count) - logits);
}

Tally compare(const std::vector<float> &expected, const float *actual, int32_t position) {
  Tally tally;
  tally.rows = 1;
  if (std::memcmp(expected.data(), actual, expected.size() * sizeof(float)) == 0) {
    return tally;
  }
  const auto count = static_cast<int32_t>(expected.size());
  tally.bits = 1;
  for (size_t i = 0; i < expected.size(); i++) {
    tally.largest = std::max(tally.largest, std::fabs(static_cast<double>(expected[i]) - actual[i]));
  }
  tally.greedy = greedy(expected.data(), count) != greedy(actual, count) ? 1 : 0;
  const int32_t sample = choose(expected.data(), count, kSeed, position);
  tally.sampled = sample != choose(actual, count, kSeed, position) ? 1 : 0;
  return tally;
}

struct Line {
  int32_t order;  // as the shapes come
  std::map<std::string, std::map<int32_t, Tally>> cells;  // by weights, context
};
using Table = std::map<std::pair<bool, std::string>, Line>;  // by unified, group

// Runs shapes over one cache that holds the reference's K/V.
class Bench {
 public:
  Bench(Decoder &decoder, const Text &words, const Reference &reference, const Starts &starts, int32_t rows)
      : decoder_(decoder), words_(words), reference_(reference), starts_(starts), rows_(rows) {}

  // All sequences get the same K/V, which saves time; their rows differ. The measured one has the first cells of a
  // unified cache: wherever others leave cells free, its next rows come behind its own.
  void fill_in_order() {
    decoder_.clear();
    decoder_.restore(kMeasured, reference_.cache);
    for (int32_t sequence = 0; sequence < kSequences; sequence++) {
      if (sequence != kMeasured) {
        decoder_.restore(sequence, reference_.cache);
      }
      lengths_[static_cast<size_t>(sequence)] = reference_.context;
    }
    const std::array<int32_t, 3> shares = {2, 5, 10};
    for (int32_t i = 0; i < 3; i++) {
      const int32_t sequence = kMeasured + 1 + i;
      const int32_t length = std::max(1, reference_.context / shares[static_cast<size_t>(i)]);
      lengths_[static_cast<size_t>(sequence)] = length;
      decoder_.drop(sequence, length);
    }
  }

  // The second half of the measured sequence goes into cells that another one has left, before those of the first.
  void fill_out_of_order() {
    decoder_.clear();
    lengths_.fill(0);
    decoder_.restore(0, reference_.cache);
    decoder_.restore(kMeasured, reference_.cache);
    const int32_t half = reference_.context / 2;
    decoder_.drop(kMeasured, half);
    decoder_.drop(0, 0);
    fill(decoder_, words_, half, reference_.context);
    lengths_[kMeasured] = reference_.context;
  }

  // Cut shorter and shorter, so that nothing has to be computed again between the starts.
  void run(const std::vector<Shape> &shapes, const std::function<void(const Shape &, const Tally &)> &report) {
    std::vector<Tally> tallies(shapes.size());
    for (int32_t i = 0; i < starts_.count; i++) {
      start_at(reference_.context - i * starts_.step);
      for (size_t s = 0; s < shapes.size(); s++) {
        if (tallies[s].rows < rows_) {
          measure(shapes[s], tallies[s]);
        }
      }
    }
    for (size_t s = 0; s < shapes.size(); s++) {
      report(shapes[s], tallies[s]);
    }
  }

 private:
  void start_at(int32_t position) {
    for (int32_t sequence = 0; sequence <= kMeasured; sequence++) {
      int32_t &length = lengths_[static_cast<size_t>(sequence)];
      length = std::min(length, position);
      decoder_.drop(sequence, length);
    }
  }

  void measure(const Shape &shape, Tally &tally) {
    const int32_t steps = shape.chained ? kChainRows : 1;
    for (int32_t step = 0; step < steps; step++) {
      decode(shape, step, tally);
      for (int32_t sequence = 0; sequence < kSequences; sequence++) {
        const auto s = static_cast<size_t>(sequence);
        if (shape.rows[s] > 0) {
          decoder_.drop(sequence, lengths_[s] + (step + 1 < steps ? step + 1 : 0));
        }
      }
    }
  }

  void decode(const Shape &shape, int32_t step, Tally &tally) {
    int32_t first = 0;
    for (int32_t sequence = 0; sequence < kSequences; sequence++) {
      if (sequence == kMeasured) {
        first = decoder_.added();
      }
      add_rows(shape, sequence, lengths_[static_cast<size_t>(sequence)] + step);
    }
    decoder_.decode();
    const int32_t rows = shape.rows[kMeasured];
    for (int32_t i = 0; i < rows; i++) {
      if (is_meant(shape.compared, i, rows)) {
        const int32_t position = lengths_[kMeasured] + step + i;
        tally.add(compare(reference_.at(position), decoder_.logits(first + i), position));
      }
    }
  }

  void add_rows(const Shape &shape, int32_t sequence, int32_t position) {
    const int32_t rows = shape.rows[static_cast<size_t>(sequence)];
    for (int32_t i = 0; i < rows; i++) {
      // A padding row says the real row's token again, as the engine's do.
      const bool padding = shape.chained && i > 0;
      const int32_t token = words_.at(sequence, padding ? position : position + i);
      decoder_.add(sequence, position + i, token, is_meant(shape.results, i, rows));
    }
  }

  static bool is_meant(Which which, int32_t row, int32_t rows) {
    switch (which) {
      case Which::kFirst: return row == 0;
      case Which::kLast: return row == rows - 1;
      case Which::kLastTwo: return row >= rows - 2;
      default: return true;
    }
  }

  Decoder &decoder_;
  const Text &words_;
  const Reference &reference_;
  const Starts starts_;
  const int32_t rows_;
  std::array<int32_t, kSequences> lengths_{};
};

// ---------------------------------------------------------------- one model file

struct Weights {
  std::string label;
  std::string made_of;  // tensor types, if there is more than one or another one than asked for
};

// The types of the matrices; norms and biases are always F32.
std::map<std::string, int> matrix_types(const std::string &path) {
  ggml_context *tensors = nullptr;
  gguf_context *const file = gguf_init_from_file(path.c_str(), {true, &tensors});
  if (file == nullptr) {
    fail("cannot read " + path);
  }
  std::map<std::string, int> types;
  for (ggml_tensor *t = ggml_get_first_tensor(tensors); t != nullptr; t = ggml_get_next_tensor(tensors, t)) {
    if (t->ne[1] > 1) {
      std::string name = ggml_type_name(t->type);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
      types[name]++;
    }
  }
  gguf_free(file);
  ggml_free(tensors);
  return types;
}

Weights describe(const std::string &path, const std::string &asked) {
  std::string list;
  std::string most;
  int most_count = 0;
  const std::map<std::string, int> types = matrix_types(path);
  for (const auto &[name, count] : types) {
    list += text("%s%s in %d matrices", list.empty() ? "" : ", ", name.c_str(), count);
    if (count > most_count) {
      most = name;
      most_count = count;
    }
  }
  const bool plain = types.size() == 1 && (asked.empty() || most == asked);
  return {(asked.empty() ? most : asked) + (plain ? "" : "*"), plain ? "" : list};
}

class Measurement {
 public:
  Measurement(const Options &options, const Progress &progress) : options_(options), progress_(progress) {}

  void measure(const std::string &path, const std::string &asked) {
    g_logged_error.clear();
    const Weights weights = describe(path, asked);
    label_ = weights.label;
    for (int copy = 2; std::count(labels_.begin(), labels_.end(), label_) > 0; copy++) {
      label_ = weights.label + text(" (%d)", copy);
    }
    labels_.push_back(label_);
    if (!weights.made_of.empty()) {
      notes_.push_back(label_ + ": " + weights.made_of + ".");
    }
    const Model model = load_model(path, options_.repack);
    note_trained_context(model.get());
    setup_.cells = (options_.contexts.back() + kLongestBlock + options_.reference + 255) / 256 * 256;
    if (!words_) {
      progress_.say(label_ + ": writing the text");
      words_ = std::make_unique<Text>(model.get(), options_.contexts.back() + 2 * kLongestBlock,
                                      options_.threads.front());
    }
    progress_.say(label_ + ": reference");
    references_[0] = make_references(model.get(), false);
    references_[1] = make_references(model.get(), true);
    for (size_t i = 0; i < references_[1].size(); i++) {
      references_[1][i].logits = references_[0][i].logits;
    }
    for (size_t i = 0; i < options_.threads.size(); i++) {
      for (const bool unified : {false, true}) {
        setup_.unified = unified;
        setup_.threads = options_.threads[i];
        run_setup(model.get(), i == 0);
      }
    }
  }

  const Table &table() const { return table_; }
  const std::vector<std::string> &labels() const { return labels_; }
  const std::vector<std::string> &notes() const { return notes_; }

 private:
  void note_trained_context(const llama_model *model) {
    const int32_t trained = llama_model_n_ctx_train(model);
    if (options_.contexts.back() + kLongestBlock > trained && labels_.size() == 1) {
      notes_.push_back(text("Trained for %d positions only: beyond them its text means little, the bits are as good "
                            "as any.", trained));
    }
  }

  // llama.cpp does not carry K/V over from one layout to the other, so both compute the contexts. Only the split
  // layout's logits are the reference.
  std::vector<Reference> make_references(llama_model *model, bool unified) {
    setup_.unified = unified;
    setup_.threads = options_.threads.front();
    Decoder decoder(model, setup_);
    std::vector<Reference> references;
    int32_t cached = 0;
    for (const int32_t context : options_.contexts) {
      references.push_back(make_reference(decoder, *words_, context, cached, options_));
      cached = context;
    }
    return references;
  }

  void run_setup(llama_model *model, bool reference_threads) {
    progress_.say(label_ + text(": %s K/V, %d thread(s)", setup_.unified ? "unified" : "split", setup_.threads));
    Decoder decoder(model, setup_);
    for (const Reference &reference : references_[setup_.unified ? 1 : 0]) {
      // Threads that wait for each other on busy cores are slow, and answer yes or no early.
      const int32_t rows = reference_threads ? options_.rows : std::max(options_.rows / 4, kChainRows);
      Bench bench(decoder, *words_, reference, starts_for(reference.context, options_.rows), rows);
      const auto report = [&](const Shape &shape, const Tally &tally) { count(shape, reference.context, tally); };
      bench.fill_in_order();
      bench.run(reference_threads ? all_shapes() : other_threads_shapes(setup_.threads), report);
      if (reference_threads && setup_.unified) {
        bench.fill_out_of_order();
        bench.run(disorder_shapes(), report);
      }
    }
  }

  void count(const Shape &shape, int32_t context, const Tally &tally) {
    const auto size = static_cast<int32_t>(table_.size());
    const std::string name = options_.each ? shape.group + ": " + rows_of(shape) : shape.group;
    Line &line = table_.try_emplace({setup_.unified, name}, Line{size, {}}).first->second;
    line.cells[label_][context].add(tally);
  }

  const Options &options_;
  const Progress &progress_;
  Setup setup_;
  std::string label_;
  std::unique_ptr<Text> words_;
  std::array<std::vector<Reference>, 2> references_;  // split, unified
  Table table_;
  std::vector<std::string> labels_;
  std::vector<std::string> notes_;
};

// ---------------------------------------------------------------- output

std::string share(int64_t part, int64_t whole) {
  if (whole == 0) {
    return "–";
  }
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return part == whole ? "100 %" : text(percent < 10 ? "%.1f %%" : "%.0f %%", percent);
}

std::string verdict(const Tally &tally) { return tally.bits == 0 ? "exact" : share(tally.bits, tally.rows); }

std::vector<const Table::value_type *> in_order(const Table &table) {
  std::vector<const Table::value_type *> lines;
  for (const auto &entry : table) {
    lines.push_back(&entry);
  }
  std::sort(lines.begin(), lines.end(), [](const auto *a, const auto *b) {
    return std::make_pair(a->first.first, a->second.order) < std::make_pair(b->first.first, b->second.order);
  });
  return lines;
}

Tally all_contexts(const std::map<int32_t, Tally> &cells) {
  Tally sum;
  for (const auto &cell : cells) {
    sum.add(cell.second);
  }
  return sum;
}

void print_row(const std::vector<std::string> &cells) {
  for (const std::string &cell : cells) {
    std::printf("| %s ", cell.c_str());
  }
  std::printf("|\n");
}

void print_header(const std::vector<std::string> &cells, size_t left) {
  print_row(cells);
  for (size_t i = 0; i < cells.size(); i++) {
    std::printf(i < left ? "|---" : "|---:");
  }
  std::printf("|\n");
}

const char *layout(bool unified) { return unified ? "unified" : "split"; }

void print_summary(const Measurement &m) {
  std::printf("\nShare of rows whose logits differ from the reference in any bit, all contexts together:\n\n");
  std::vector<std::string> header = {"K/V", "shape", "rows per type"};
  header.insert(header.end(), m.labels().begin(), m.labels().end());
  print_header(header, 2);
  for (const auto *entry : in_order(m.table())) {
    std::vector<std::string> cells = {layout(entry->first.first), entry->first.second, ""};
    for (const std::string &label : m.labels()) {
      const Tally sum = all_contexts(entry->second.cells.at(label));
      cells[2] = std::to_string(sum.rows);
      cells.push_back(verdict(sum));
    }
    print_row(cells);
  }
}

void print_details(const Measurement &m, const std::vector<int32_t> &contexts) {
  std::printf("\nWhat is not exact, by context; the tokens that a choice would take, over all contexts:\n\n");
  std::vector<std::string> header = {"weights", "K/V", "shape"};
  for (const int32_t context : contexts) {
    header.push_back(text("differ at %d", context));
  }
  header.insert(header.end(), {"largest difference", "other greedy token", "other sampled token"});
  print_header(header, 3);
  for (const std::string &label : m.labels()) {
    for (const auto *entry : in_order(m.table())) {
      const std::map<int32_t, Tally> &by_context = entry->second.cells.at(label);
      const Tally sum = all_contexts(by_context);
      if (sum.bits == 0) {
        continue;
      }
      std::vector<std::string> cells = {label, layout(entry->first.first), entry->first.second};
      for (const auto &cell : by_context) {
        cells.push_back(verdict(cell.second));
      }
      cells.push_back(text("%.1e", sum.largest));
      cells.push_back(share(sum.greedy, sum.rows));
      cells.push_back(share(sum.sampled, sum.rows));
      print_row(cells);
    }
  }
}

void print_measurement(const std::string &title, const Measurement &m, const Options &options) {
  std::printf("\n## %s\n", title.c_str());
  print_summary(m);
  print_details(m, options.contexts);
  if (!m.notes().empty()) {
    std::printf("\n");
  }
  for (const std::string &note : m.notes()) {
    std::printf("- %s\n", note.c_str());
  }
  std::fflush(stdout);
}

std::string cpu_features() {
  ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  std::string names = ggml_backend_dev_description(cpu);
  const auto get = reinterpret_cast<ggml_backend_get_features_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), "ggml_backend_get_features"));
  const char *separator = ": ";
  for (const ggml_backend_feature *f = get == nullptr ? nullptr : get(ggml_backend_dev_backend_reg(cpu));
       f != nullptr && f->name != nullptr; f++) {
    if (std::strcmp(f->value, "0") != 0) {
      names += separator + std::string(f->name);
      separator = " ";
    }
  }
  return names;
}

void print_introduction(const Options &options) {
  std::printf("# How often logits depend on the batch\n\n");
  std::printf("- %s\n- llama.cpp %s, flash attention on, 16-bit K/V\n", cpu_features().c_str(),
              SLED_BUILD_LLAMA_COMMIT);
  std::printf("- Reference: the same rows in blocks of %d of their sequence alone, split K/V, %d thread(s)%s.\n",
              options.reference, options.threads.front(), options.repack ? "" : "; weights not repacked");
  std::printf("- At least %d rows per shape and context; a line sums the shapes of its kind. Shapes with \"threads\" "
              "in their name ran with that many, and on fewer rows; the others as the reference.\n", options.rows);
  std::printf("- Sampled token: Gumbel-max with one seed, temperature %.1f.\n", kTemperature);
  std::printf("- \"lone row\" is generation row by row, where differences in the K/V add up over %d rows.\n",
              kChainRows);
  std::printf("- \"1 result\": logits of one row only (the last, or the one before the padding). llama.cpp computes "
              "the end of the network only for rows with results.\n");
  std::printf("- \"row left lone\": what remains of a sequence with one row more when a split cache's batch is cut "
              "into passes (or one row each); a unified cache does not cut.\n");
  std::fflush(stdout);
}

// ---------------------------------------------------------------- what is measured

void convert(const std::string &from, const std::string &to, const std::string &type) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = file_types().at(type);
  params.allow_requantize = true;
  params.pure = true;  // embedding and output as well: nothing else shall be mixed in
  g_logged_error.clear();
  if (llama_model_quantize(from.c_str(), to.c_str(), &params) != 0) {
    fail("llama.cpp cannot convert " + from + " into " + type);
  }
}

void measure_types(const std::string &title, const std::string &source, const test::TemporaryDirectory &directory,
                   const Options &options, const Progress &progress) {
  Measurement measurement(options, progress);
  const std::string converted = directory.file("converted.gguf");
  for (const std::string &type : options.types) {
    progress.say(title + ": converting into " + type);
    convert(source, converted, type);
    measurement.measure(converted, type);
    std::filesystem::remove(converted);
  }
  print_measurement(title, measurement, options);
}

test::RandomModelSize usual_proportions(bool quick) {
  test::RandomModelSize size;
  size.width = 1024;
  size.heads = 8;
  size.kv_heads = 4;
  size.layers = quick ? 1 : 2;  // more only take longer
  size.forward = 2816;
  size.context = 4096;
  size.tensor_bytes = size_t{300} << 20;
  return size;
}

void measure_defaults(const Options &options, const Progress &progress) {
  const test::TemporaryDirectory directory;
  measure_types("Demo target", test::demo_model("target"), directory, options, progress);
  const std::string random = directory.file("random.gguf");
  const test::RandomModelSize size = usual_proportions(options.quick);
  progress.say("writing a random model");
  test::write_random_model(random, "llama", GGML_TYPE_F32, 11, 3829, true, size);
  measure_types(text("Random weights: llama, width %d, %d layers", size.width, size.layers), random, directory,
                options, progress);
}

void run(const Options &options) {
  const Progress progress;
  llama_log_set(on_log, nullptr);
  ggml_backend_load_all_from_path(options.backends.c_str());
  if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
    fail("no CPU backend (libggml-cpu*.so) in " + options.backends + " runs on this processor");
  }
  llama_backend_init();
  print_introduction(options);
  if (options.models.empty()) {
    measure_defaults(options, progress);
  }
  for (const std::string &path : options.models) {
    Measurement measurement(options, progress);
    measurement.measure(path, "");
    print_measurement(path.substr(path.rfind('/') + 1), measurement, options);
  }
  std::printf("\nMeasured in %.0f s.\n", progress.seconds());
}

}  // namespace

int main(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  std::signal(SIGINT, [](int) { g_interrupted = 1; });
  std::signal(SIGTERM, [](int) { g_interrupted = 1; });
  try {
    run(parse(arguments));
    return 0;
  } catch (const UsageError &error) {
    std::fprintf(stderr, "numerics_table: %s\nSee numerics_table --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "numerics_table: %s\n", error.what());
    return 1;
  }
}
