// On x86-64, products of quantised weights for which SLED has kernels of its own with any number of rows: the same bits as for each row alone, for which there are other
// kernels, and what multiplying the numbers gives. Rearranged weights, as models have them where the CPU wants that, and
// such as they are in the file; rows of all counts that a step has, and columns and threads that do not divide evenly.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "support.hpp"

namespace {

constexpr int32_t kMostRows = 140;

struct Free {
  void operator()(ggml_backend *backend) const { ggml_backend_free(backend); }
  void operator()(ggml_backend_buffer *buffer) const { ggml_backend_buffer_free(buffer); }
  void operator()(ggml_context *context) const { ggml_free(context); }
};
using Backend = std::unique_ptr<ggml_backend, Free>;
using Buffer = std::unique_ptr<ggml_backend_buffer, Free>;
using Context = std::unique_ptr<ggml_context, Free>;

Context make_context() {
  ggml_init_params params{};
  params.mem_size = ggml_tensor_overhead() * 8 + ggml_graph_overhead();
  params.no_alloc = true;
  return Context(ggml_init(params));
}

template <typename Function>
Function *cpu_function(const char *name) {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  return reinterpret_cast<Function *>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name));
}

std::vector<float> random_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (size_t i = 0; i < count; i++) {
    values[i] = normal(random) * (i % 61 == 7 ? 20.0F : 1.0F);
  }
  return values;
}

// A matrix of weights, kept in this kind of memory.
class Matrix {
 public:
  Matrix(ggml_backend *backend, ggml_backend_buffer_type_t memory, ggml_type type, int32_t width, int32_t columns)
      : backend_(backend), width_(width), columns_(columns), context_(make_context()) {
    const size_t count = static_cast<size_t>(width) * static_cast<size_t>(columns);
    const std::vector<float> values = random_values(count, 3);
    std::vector<uint8_t> quantized(ggml_row_size(type, width) * static_cast<size_t>(columns));
    ggml_quantize_chunk(type, values.data(), quantized.data(), 0, columns, width, nullptr);
    numbers_.resize(count);
    ggml_get_type_traits(type)->to_float(quantized.data(), numbers_.data(), static_cast<int64_t>(count));
    weights_ = ggml_new_tensor_2d(context_.get(), type, width, columns);
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), memory));
    CHECK(buffer_ != nullptr);
    ggml_backend_buffer_set_usage(buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    ggml_backend_tensor_set(weights_, quantized.data(), 0, quantized.size());
  }

  // Whether this CPU has kernels for such weights in this memory.
  bool is_supported() const {
    const Context context = make_context();
    ggml_tensor *input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, width_, 1);
    return ggml_backend_supports_op(backend_, ggml_mul_mat(context.get(), weights_, input));
  }

  // [row][column]
  std::vector<float> multiply(const float *rows, int32_t count) const {
    const Context context = make_context();
    ggml_tensor *input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, width_, count);
    ggml_tensor *product = ggml_mul_mat(context.get(), weights_, input);
    const Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend_));
    ggml_backend_tensor_set(input, rows, 0, ggml_nbytes(input));
    ggml_cgraph *graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);
    CHECK_EQ(ggml_backend_graph_compute(backend_, graph), GGML_STATUS_SUCCESS);
    std::vector<float> result(static_cast<size_t>(count) * static_cast<size_t>(columns_));
    ggml_backend_tensor_get(product, result.data(), 0, ggml_nbytes(product));
    return result;
  }

  // A product of the numbers, without quantised rows; quantising a row changes it by a share of `scale`.
  double exact(const float *row, int32_t column, double &scale) const {
    double sum = 0;
    double squares = 0;
    for (int32_t i = 0; i < width_; i++) {
      const double part = static_cast<double>(row[i]) * static_cast<double>(numbers_[static_cast<size_t>(column * width_ + i)]);
      sum += part;
      squares += part * part;
    }
    scale = std::sqrt(squares);
    return sum;
  }

 private:
  ggml_backend *backend_;
  int32_t width_;
  int32_t columns_;
  Context context_;
  Buffer buffer_;
  ggml_tensor *weights_;
  std::vector<float> numbers_;
};

void check_matrix(const Matrix &matrix, int32_t width, int32_t columns) {
  const std::vector<float> rows = random_values(static_cast<size_t>(width) * kMostRows, 5);
  const auto row_at = [&](int32_t row) { return rows.data() + static_cast<size_t>(row) * static_cast<size_t>(width); };
  std::vector<std::vector<float>> alone;
  for (int32_t row = 0; row < kMostRows; row++) {
    alone.push_back(matrix.multiply(row_at(row), 1));
  }
  for (int32_t row = 0; row < 3; row++) {
    for (int32_t column = 0; column < columns; column++) {
      double scale = 0;
      const double exact = matrix.exact(row_at(row), column, scale);
      CHECK(std::abs(static_cast<double>(alone[static_cast<size_t>(row)][static_cast<size_t>(column)]) - exact) <= 0.6 * scale);
    }
  }
  std::vector<int32_t> counts = {63, 64, 65, 100, 127, 128, 129, 131, kMostRows};
  for (int32_t count = 2; count <= 39; count++) {
    counts.push_back(count);
  }
  for (const int32_t count : counts) {
    const int32_t from = count * 7 % (kMostRows - count + 1);
    const std::vector<float> together = matrix.multiply(row_at(from), count);
    for (int32_t row = 0; row < count; row++) {
      const float *const one = together.data() + static_cast<size_t>(row) * static_cast<size_t>(columns);
      if (std::memcmp(one, alone[static_cast<size_t>(from + row)].data(), static_cast<size_t>(columns) * sizeof(float)) != 0) {
        std::fprintf(stderr, "row %d of %d differs from the row alone\n", row, count);
        std::exit(1);
      }
    }
  }
}

// For which there are such kernels.
std::vector<ggml_type> types_in(ggml_backend_buffer_type_t memory) {
  const std::string name = ggml_backend_buft_name(memory);
  if (name == "AMX") {
    return {GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_Q8_0};
  }
  if (name == "CPU_REPACK") {
    return {GGML_TYPE_Q4_K};
  }
  return name == "CPU" ? std::vector{GGML_TYPE_Q4_K, GGML_TYPE_Q6_K} : std::vector<ggml_type>();
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const Backend backend(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr));
  CHECK(backend != nullptr);
  std::vector<ggml_backend_buffer_type_t> memories = {ggml_backend_get_default_buffer_type(backend.get())};
  auto *extra = cpu_function<ggml_backend_buffer_type_t *(ggml_backend_dev_t)>("ggml_backend_dev_get_extra_bufts");
  if (extra != nullptr) {
    for (ggml_backend_buffer_type_t *memory = extra(ggml_backend_get_device(backend.get())); memory != nullptr && *memory != nullptr;
         memory++) {
      memories.push_back(*memory);
    }
  }
  auto *set_threads = cpu_function<void(ggml_backend_t, int)>("ggml_backend_set_n_threads");
  CHECK(set_threads != nullptr);
  // As in engines with exact numerics: ggml has other kernels whose use depends on the count of rows.
  auto *set_reference = cpu_function<decltype(ggml_backend_cpu_set_use_ref)>("ggml_backend_cpu_set_use_ref");
  CHECK(set_reference != nullptr);
  set_reference(backend.get(), true);
  for (const int32_t threads : {1, 3}) {
    set_threads(backend.get(), threads);
    for (ggml_backend_buffer_type_t memory : memories) {
      for (const ggml_type type : types_in(memory)) {
        // Columns as rearranged weights can have them.
        bool is_supported = true;
        for (const auto &[width, columns] : {std::pair{256, 32}, std::pair{768, 160}, std::pair{2304, 96}}) {
          const Matrix matrix(backend.get(), memory, type, width, columns);
          is_supported = matrix.is_supported();
          if (is_supported) {
            check_matrix(matrix, width, columns);
          }
        }
        std::printf("  %s in %s memory, %d threads%s\n", ggml_type_name(type), ggml_backend_buft_name(memory), threads,
                    is_supported ? "" : ": no kernels on this CPU");
      }
    }
  }
  return 0;
}
