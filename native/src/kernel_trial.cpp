#include "kernel_trial.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "sled.h"
#include "status.hpp"
#include "tried_files.hpp"

namespace sled {
namespace {

constexpr int32_t kRows = 128;          // that there are in a trial of a matrix
constexpr int32_t kAttentionRows = 64;  // and of attention: tiles of llama.cpp's have as many
constexpr int64_t kAttentionCells = 768;  // from 512 on a lone row may have a kernel of its own
constexpr int32_t kReferenceRows = 32;  // that are computed together for the bits to compare with

// Kernels work on groups of 2 to 32 rows and have others for what is left: every remainder of the smaller groups occurs.
const std::vector<int32_t> kCounts = {1,  2,  3,  4,  5,  6,  7,  8,  9,  12, 13, 14,
                                      15, 16, 17, 20, 24, 27, 31, 32, 33, 63, 64, 128};

// Of matrices that take longer than all others of a layer, such as that of a large vocabulary.
constexpr int64_t kLargeMatrix = 64 * 1024 * 1024;  // weights
const std::vector<int32_t> kFewCounts = {1, 2, 3, 4, 5, 8, 16, 17};

struct BackendFree {
  void operator()(ggml_backend *backend) const { ggml_backend_free(backend); }
};
struct BufferFree {
  void operator()(ggml_backend_buffer *buffer) const { ggml_backend_buffer_free(buffer); }
};
struct GraphFree {
  void operator()(ggml_context *context) const { ggml_free(context); }
};
using Backend = std::unique_ptr<ggml_backend, BackendFree>;
using Buffer = std::unique_ptr<ggml_backend_buffer, BufferFree>;
using GraphContext = std::unique_ptr<ggml_context, GraphFree>;

template <typename Function>
Function *cpu_function(ggml_backend *backend, const char *name) {
  ggml_backend_reg_t reg = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend));
  return reinterpret_cast<Function *>(ggml_backend_reg_get_proc_address(reg, name));
}

GraphContext make_graph_context() {
  ggml_init_params params{};
  params.mem_size = ggml_tensor_overhead() * 32 + ggml_graph_overhead();
  params.no_alloc = true;
  GraphContext context(ggml_init(params));
  if (!context) {
    throw std::bad_alloc();
  }
  return context;
}

// One operation at a time, on the CPU, with the reference kernels.
class Bench {
 public:
  explicit Bench(int32_t threads) : pool_(make_thread_pool(threads)), backend_(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)) {
    if (!backend_) {
      fail(SLED_ERR_INTERNAL, "no CPU backend is loaded");
    }
    if (auto *set = cpu_function<decltype(ggml_backend_cpu_set_n_threads)>(backend_.get(), "ggml_backend_set_n_threads")) {
      set(backend_.get(), threads);
    }
    // Without a pool ggml would start and end its threads for every product.
    auto *set_pool = cpu_function<decltype(ggml_backend_cpu_set_threadpool)>(backend_.get(), "ggml_backend_cpu_set_threadpool");
    if (set_pool != nullptr && pool_) {
      set_pool(backend_.get(), pool_.get());
    }
    if (auto *set = cpu_function<decltype(ggml_backend_cpu_set_use_ref)>(backend_.get(), "ggml_backend_cpu_set_use_ref")) {
      set(backend_.get(), true);
    }
  }

  Buffer allocate(ggml_context *context) {
    Buffer buffer(ggml_backend_alloc_ctx_tensors(context, backend_.get()));
    if (!buffer) {
      throw std::bad_alloc();
    }
    return buffer;
  }

  // False if the CPU cannot compute it at all.
  bool compute(ggml_context *context, ggml_tensor *node) {
    if (!ggml_backend_supports_op(backend_.get(), node)) {
      return false;
    }
    ggml_cgraph *graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, node);
    if (ggml_backend_graph_compute(backend_.get(), graph) != GGML_STATUS_SUCCESS) {
      fail(SLED_ERR_DECODE, "a kernel failed while the numerics were tried out");
    }
    return true;
  }

 private:
  ThreadPool pool_;  // outlives the backend that it is attached to
  Backend backend_;
};

// Activations as a network has them: most are small, and a few columns are large.
std::vector<float> random_activations(int64_t width, int64_t rows, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(width * rows));
  for (size_t i = 0; i < values.size(); i++) {
    values[i] = normal(random) * (i % 61 == 7 ? 20.0F : 1.0F);
  }
  return values;
}

// Which counts of rows gave other bits, and what they were first seen with.
class Differences {
 public:
  void add(int32_t rows, const std::string &what) { by_rows_.emplace(rows, what); }
  bool any() const { return !by_rows_.empty(); }
  const std::string &first() const { return by_rows_.begin()->second; }

  // The first rule whose counts are all equal.
  KernelTrial conclude() const {
    for (const int32_t multiple : {1, 2, 4, 8, 16, 32}) {
      for (const int32_t least : {multiple, std::max(multiple, 2)}) {
        const RowRule rule{multiple, least, INT32_MAX};
        const bool holds = std::all_of(by_rows_.begin(), by_rows_.end(),
                                       [&](const auto &difference) { return !rule.holds(difference.first); });
        if (holds) {
          return {rule, ""};
        }
      }
    }
    const auto &[rows, what] = *by_rows_.rbegin();
    return {{}, format_text("%s: %d rows give other bits than %d", what.c_str(), rows, kReferenceRows)};
  }

 private:
  std::map<int32_t, std::string> by_rows_;
};

// A matrix or a stack of experts' matrices, multiplied with the first so many rows of one set of activations.
class MatrixTrial {
 public:
  MatrixTrial(Bench &bench, ggml_tensor *weights)
      : bench_(bench),
        weights_(weights),
        experts_(weights->ne[2]),
        used_(std::min<int64_t>(experts_, 4)),
        activations_(random_activations(weights->ne[0], kRows * used_, 11)),
        row_values_(static_cast<size_t>(weights->ne[1] * used_)) {}

  // False if the CPU cannot multiply with these weights at all.
  bool compute_reference() {
    const bool large = ggml_nelements(weights_) / experts_ > kLargeMatrix;
    counts_ = large ? kFewCounts : kCounts;
    rows_ = large ? kReferenceRows : kRows;
    reference_.resize(row_values_ * static_cast<size_t>(rows_));
    for (int32_t from = 0; from < rows_; from += kReferenceRows) {
      if (!multiply(from, kReferenceRows)) {
        return false;
      }
      std::memcpy(reference_.data() + row_values_ * static_cast<size_t>(from), result_.data(), bytes(kReferenceRows));
    }
    return true;
  }

  void compare(Differences &differences) {
    const std::string what = format_text("%s of %s", ggml_get_name(weights_), ggml_type_name(weights_->type));
    for (const int32_t count : counts_) {
      const int32_t from = count * 7 % (rows_ - count + 1);  // rows stand at all places of their groups
      multiply(from, count);
      if (std::memcmp(reference_.data() + row_values_ * static_cast<size_t>(from), result_.data(), bytes(count)) != 0) {
        differences.add(count, what);
      }
    }
  }

 private:
  size_t bytes(int32_t rows) const { return row_values_ * static_cast<size_t>(rows) * sizeof(float); }

  // Half of the rows choose among a few experts, so that these get many rows; the others get one now and then.
  int32_t expert_of(int32_t row, int64_t choice) const {
    const int64_t among = row % 2 == 0 ? std::min<int64_t>(experts_, 5) : experts_;
    return static_cast<int32_t>((row * int64_t{31} + choice * (among / used_)) % among);
  }

  bool multiply(int32_t from, int32_t count) {
    const GraphContext context = make_graph_context();
    ggml_tensor *rows = nullptr;
    ggml_tensor *ids = nullptr;
    ggml_tensor *product = nullptr;
    if (experts_ > 1) {
      rows = ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, weights_->ne[0], used_, count);
      ids = ggml_new_tensor_2d(context.get(), GGML_TYPE_I32, used_, count);
      product = ggml_mul_mat_id(context.get(), weights_, rows, ids);
    } else {
      rows = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, weights_->ne[0], count);
      product = ggml_mul_mat(context.get(), weights_, rows);
    }
    const Buffer buffer = bench_.allocate(context.get());
    ggml_backend_tensor_set(rows, activations_.data() + from * used_ * weights_->ne[0], 0, ggml_nbytes(rows));
    if (ids != nullptr) {
      std::vector<int32_t> chosen;
      for (int32_t row = from; row < from + count; row++) {
        for (int64_t choice = 0; choice < used_; choice++) {
          chosen.push_back(expert_of(row, choice));
        }
      }
      ggml_backend_tensor_set(ids, chosen.data(), 0, ggml_nbytes(ids));
    }
    if (!bench_.compute(context.get(), product)) {
      return false;
    }
    result_.resize(row_values_ * static_cast<size_t>(count));
    ggml_backend_tensor_get(product, result_.data(), 0, bytes(count));
    return true;
  }

  Bench &bench_;
  ggml_tensor *const weights_;
  const int64_t experts_;  // 1: a plain matrix
  const int64_t used_;     // experts that a row chooses
  const std::vector<float> activations_;
  const size_t row_values_;
  std::vector<int32_t> counts_;
  int32_t rows_ = 0;
  std::vector<float> reference_;
  std::vector<float> result_;
};

// Attention of up to kAttentionRows rows behind a context, and beside another sequence.
class AttentionTrial {
 public:
  AttentionTrial(Bench &bench, const AttentionShape &shape, ggml_type type_k, ggml_type type_v)
      : bench_(bench),
        type_k_(type_k),
        type_v_(type_v),
        heads_(shape.heads),
        kv_heads_(shape.heads % shape.kv_heads == 0 ? shape.kv_heads : shape.heads),
        width_k_(shape.width_k),
        width_v_(shape.width_v) {
    queries_ = random_activations(width_k_, heads_ * kAttentionRows * kStreams, 12);
    keys_ = quantized(type_k, width_k_, random_activations(width_k_, kv_heads_ * kAttentionCells * kStreams, 13));
    values_ = quantized(type_v, width_v_, random_activations(width_v_, kv_heads_ * kAttentionCells * kStreams, 14));
  }

  bool usable() const {
    return width_k_ > 0 && width_v_ > 0 && width_k_ % ggml_blck_size(type_k_) == 0 && width_v_ % ggml_blck_size(type_v_) == 0;
  }

  // Rows from..from+count-1 of the first of so many sequences; empty if the CPU cannot compute it.
  std::vector<float> attend(int32_t from, int32_t count, int32_t streams) {
    const GraphContext context = make_graph_context();
    ggml_context *c = context.get();
    ggml_tensor *q = ggml_new_tensor_4d(c, GGML_TYPE_F32, width_k_, heads_, count, streams);
    ggml_tensor *k = ggml_new_tensor_4d(c, type_k_, width_k_, kv_heads_, kAttentionCells, streams);
    ggml_tensor *v = ggml_new_tensor_4d(c, type_v_, width_v_, kv_heads_, kAttentionCells, streams);
    ggml_tensor *mask = ggml_new_tensor_4d(c, GGML_TYPE_F16, kAttentionCells, count, 1, streams);
    ggml_tensor *result = ggml_flash_attn_ext(c, ggml_permute(c, q, 0, 2, 1, 3), ggml_permute(c, k, 0, 2, 1, 3),
                                              ggml_permute(c, v, 0, 2, 1, 3), mask,
                                              1.0F / std::sqrt(static_cast<float>(width_k_)), 0.0F, 0.0F);
    ggml_prec_set_acc(result, GGML_PREC_F32);  // as llama.cpp asks for
    const Buffer buffer = bench_.allocate(c);
    const size_t query_bytes = ggml_nbytes(q) / static_cast<size_t>(streams);
    std::vector<ggml_fp16_t> visible(static_cast<size_t>(ggml_nelements(mask)));
    const ggml_fp16_t hidden = ggml_fp32_to_fp16(-INFINITY);
    for (int32_t stream = 0; stream < streams; stream++) {
      const int64_t first = (stream * int64_t{kAttentionRows} + from) * heads_ * width_k_;
      ggml_backend_tensor_set(q, queries_.data() + first, static_cast<size_t>(stream) * query_bytes, query_bytes);
      for (int64_t row = 0; row < count; row++) {
        for (int64_t cell = 0; cell < kAttentionCells; cell++) {
          visible[static_cast<size_t>((stream * count + row) * kAttentionCells + cell)] =
              cell <= kAttentionCells - kAttentionRows + from + row ? ggml_fp32_to_fp16(0.0F) : hidden;
        }
      }
    }
    ggml_backend_tensor_set(mask, visible.data(), 0, ggml_nbytes(mask));
    ggml_backend_tensor_set(k, keys_.data(), 0, ggml_nbytes(k));
    ggml_backend_tensor_set(v, values_.data(), 0, ggml_nbytes(v));
    if (!bench_.compute(c, result)) {
      return {};
    }
    std::vector<float> rows(static_cast<size_t>(width_v_ * heads_ * count));
    ggml_backend_tensor_get(result, rows.data(), 0, rows.size() * sizeof(float));
    return rows;
  }

  // Whether rows computed so have the bits of those that are computed eight at a time.
  bool agrees(int32_t count, int32_t streams) {
    const int32_t from = count * 7 % (kAttentionRows - count + 1);
    const std::vector<float> rows = attend(from, count, streams);
    const size_t row_values = static_cast<size_t>(width_v_ * heads_);
    return std::equal(rows.begin(), rows.end(), reference_.begin() + static_cast<std::ptrdiff_t>(row_values * static_cast<size_t>(from)),
                      [](float a, float b) { return std::memcmp(&a, &b, sizeof(a)) == 0; });
  }

  bool compute_reference() {
    constexpr int32_t kTogether = 8;
    reference_.clear();
    for (int32_t from = 0; from < kAttentionRows; from += kTogether) {
      const std::vector<float> rows = attend(from, kTogether, 1);
      reference_.insert(reference_.end(), rows.begin(), rows.end());
    }
    return !reference_.empty();
  }

 private:
  static constexpr int32_t kStreams = 2;

  static std::vector<uint8_t> quantized(ggml_type type, int64_t width, const std::vector<float> &values) {
    if (width % ggml_blck_size(type) != 0) {
      return {};
    }
    const int64_t rows = static_cast<int64_t>(values.size()) / width;
    std::vector<uint8_t> bytes(ggml_row_size(type, width) * static_cast<size_t>(rows));
    if (type == GGML_TYPE_F32) {
      std::memcpy(bytes.data(), values.data(), bytes.size());
    } else {
      ggml_quantize_chunk(type, values.data(), bytes.data(), 0, rows, width, nullptr);
    }
    return bytes;
  }

  Bench &bench_;
  const ggml_type type_k_;
  const ggml_type type_v_;
  const int64_t heads_;
  const int64_t kv_heads_;
  const int64_t width_k_;
  const int64_t width_v_;
  std::vector<float> queries_;
  std::vector<uint8_t> keys_;
  std::vector<uint8_t> values_;
  std::vector<float> reference_;
};

bool is_matrix(const std::string &name, const ggml_tensor *tensor) {
  const bool experts = name.find("_exps.") != std::string::npos;
  return tensor->buffer != nullptr && tensor->data != nullptr && tensor->ne[1] > 1 && tensor->ne[3] == 1 &&
         (tensor->ne[2] == 1 || experts) && name.find(".weight") != std::string::npos;
}

}  // namespace

KernelTrial try_matrices(const llama_model *model, int32_t threads) {
  const auto &tensors = llama_internal_get_tensor_map(model);
  const bool untied = std::any_of(tensors.begin(), tensors.end(), [](const auto &t) { return t.first == "output.weight"; });
  Bench bench(threads);
  Differences together;  // rows of a pass
  Differences experts;   // whose counts are nobody's choice
  std::set<std::tuple<const char *, ggml_type, int64_t, int64_t, int64_t>> tried;
  for (const auto &[name, tensor] : tensors) {
    if (!is_matrix(name, tensor) || (untied && name == "token_embd.weight")) {
      continue;
    }
    const char *place = ggml_backend_buft_name(ggml_backend_buffer_get_type(tensor->buffer));
    if (!tried.insert({place, tensor->type, tensor->ne[0], tensor->ne[1], tensor->ne[2]}).second) {
      continue;
    }
    MatrixTrial trial(bench, tensor);
    if (trial.compute_reference()) {
      trial.compare(tensor->ne[2] > 1 ? experts : together);
    }
  }
  if (experts.any()) {
    return {{}, format_text("%s: an expert's rows depend on how many others choose it", experts.first().c_str())};
  }
  return together.conclude();
}

namespace {

KernelTrial compare_attention(const AttentionShape &shape, ggml_type type_k, ggml_type type_v, int32_t threads) {
  Bench bench(threads);
  KernelTrial trial;
  trial.rule.most = INT32_MAX;
  AttentionTrial attention(bench, shape, type_k, type_v);
  if (!attention.usable() || !attention.compute_reference()) {
    return trial;  // then llama.cpp makes no context of it either
  }
  constexpr struct {
    int32_t rows;
    int32_t streams;
  } kShapes[] = {{1, 1}, {2, 1}, {3, 1}, {33, 1}, {SLED_MAX_EXACT_ROWS, 1}, {kAttentionRows, 1}, {1, 2}, {8, 2}};
  for (const auto [rows, streams] : kShapes) {
    if (attention.agrees(rows, streams)) {
      continue;
    }
    if (rows == 1 && streams == 1) {
      trial.rule.least = 2;
    } else if (rows > SLED_MAX_EXACT_ROWS) {
      trial.rule.most = SLED_MAX_EXACT_ROWS;
    } else {
      trial.obstacle = format_text("attention: %d rows of %d sequences over %d cells give other bits than 8 rows of one", rows,
                                   streams, static_cast<int>(kAttentionCells));
      return trial;
    }
  }
  return trial;
}

}  // namespace

KernelTrial try_attention(const AttentionShape &shape, ggml_type type_k, ggml_type type_v, int32_t threads) {
  // No weights take part: what was found for one model holds for all that attend alike.
  static std::mutex mutex;
  static std::map<std::tuple<int64_t, int64_t, int64_t, int64_t, ggml_type, ggml_type, int32_t>, KernelTrial> found;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto key = std::make_tuple(shape.heads, shape.kv_heads, shape.width_k, shape.width_v, type_k, type_v, threads);
  const auto known = found.find(key);
  return known != found.end() ? known->second
                              : found.emplace(key, compare_attention(shape, type_k, type_v, threads)).first->second;
}

KernelTrial recall_or_try(const std::string &content, const std::string &what, const std::function<KernelTrial()> &trial) {
  const std::string key = key_of_trial(content, what);
  const std::optional<std::string> known = recall_trial(key);
  KernelTrial result;
  int32_t obstacle = 0;  // where it begins
  if (known && std::sscanf(known->c_str(), "%d %d %d:%n", &result.rule.multiple, &result.rule.least, &result.rule.most,
                           &obstacle) == 3 &&
      obstacle > 0 && result.rule.multiple >= 1 && result.rule.least >= 1) {
    result.obstacle = known->substr(static_cast<size_t>(obstacle));
    return result;
  }
  result = trial();
  remember_trial(key, format_text("%d %d %d:%s", result.rule.multiple, result.rule.least, result.rule.most,
                                  result.obstacle.c_str()));
  return result;
}

}  // namespace sled
