#include "quantize.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "backend.hpp"
#include "context.hpp"
#include "gguf_file.hpp"
#include "llama.h"
#include "log_queue.hpp"
#include "output_file.hpp"
#include "probe.hpp"
#include "probe_result.hpp"
#include "sled.h"
#include "status.hpp"

namespace sled {
namespace {

struct WeightType {
  const char *name;
  llama_ftype mix;     // what llama.cpp calls it
  ggml_type smallest;  // of the types that it mixes: what the file takes at least
};

// Those that need no importance matrix.
constexpr WeightType kWeightTypes[] = {
    {"f32", LLAMA_FTYPE_ALL_F32, GGML_TYPE_F32},
    {"f16", LLAMA_FTYPE_MOSTLY_F16, GGML_TYPE_F16},
    {"bf16", LLAMA_FTYPE_MOSTLY_BF16, GGML_TYPE_BF16},
    {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0, GGML_TYPE_Q8_0},
    {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K, GGML_TYPE_Q6_K},
    {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M, GGML_TYPE_Q5_K},
    {"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S, GGML_TYPE_Q5_K},
    {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1, GGML_TYPE_Q5_1},
    {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0, GGML_TYPE_Q5_0},
    {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M, GGML_TYPE_Q4_K},
    {"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S, GGML_TYPE_Q4_K},
    {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1, GGML_TYPE_Q4_1},
    {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0, GGML_TYPE_Q4_0},
    {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL, GGML_TYPE_IQ4_NL},
    {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS, GGML_TYPE_IQ4_XS},
    {"q3_k_l", LLAMA_FTYPE_MOSTLY_Q3_K_L, GGML_TYPE_Q3_K},
    {"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M, GGML_TYPE_Q3_K},
    {"q3_k_s", LLAMA_FTYPE_MOSTLY_Q3_K_S, GGML_TYPE_Q3_K},
    {"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K, GGML_TYPE_Q2_K},
};

// Rows that the quantiser holds at once, in both types and as F32.
constexpr size_t kBufferBytes = size_t{64} << 20;

const WeightType &find_type(const std::string &name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string known;
  for (const WeightType &type : kWeightTypes) {
    if (lower == type.name) {
      return type;
    }
    known += known.empty() ? type.name : std::string(", ") + type.name;
  }
  fail(SLED_ERR_ARGUMENT, "'%s' is no weight type; there are %s", name.c_str(), known.c_str());
}

int64_t matrix_elements(const GgufFile &file) {
  int64_t elements = 0;
  for (int64_t i = 0; i < file.tensor_count(); i++) {
    const int64_t *const ne = gguf_get_tensor_ne(file.header(), i);
    if (ne[1] > 1) {
      elements += ne[0] * ne[1] * ne[2] * ne[3];
    }
  }
  return elements;
}

// The slowest type on one core of a small board is several times faster.
constexpr int64_t kSlowestBytesPerSecond = int64_t{64} << 10;

constexpr int64_t kBytesPerThread = int64_t{64} << 20;  // its stack, and an arena of malloc

// llama.cpp's quantiser asserts what it does not check.
void convert_apart(const std::string &in, int64_t in_bytes, const std::string &out, const std::string &weight_type,
                   int32_t threads) {
  const bool done = run_probe({kProbeQuantize, in, cpu_backend_file(), kProbeLeastSeconds + in_bytes / kSlowestBytesPerSecond,
                               kProbeWorkingBytes + threads * kBytesPerThread, {out, weight_type, std::to_string(threads)}});
  if (!done) {
    convert_weights(in, out, weight_type, threads);
  }
}

}  // namespace

void convert_weights(const std::string &in, const std::string &out, const std::string &weight_type, int32_t threads) {
  const WeightType &type = find_type(weight_type);
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.nthread = threads;
  params.ftype = type.mix;
  params.allow_requantize = true;
  params.max_buf_size = kBufferBytes;
  forget_logged_errors();
  if (llama_model_quantize(in.c_str(), out.c_str(), &params) != 0) {
    const std::string why = first_logged_error();
    // Its stream only says that writing failed, in the C++ library's own words.
    const bool writing = why.find("basic_ios") != std::string::npos || why.find("iostream") != std::string::npos;
    fail(writing ? SLED_ERR_IO : SLED_ERR_FORMAT, "llama.cpp cannot convert '%s' to %s%s%s", in.c_str(), type.name,
         why.empty() ? "" : ": ", writing ? "the disk is full or failed" : why.c_str());
  }
}

void quantize_model(const std::string &in, const std::string &out, const std::string &weight_type, int32_t threads,
                    int32_t flags) {
  const WeightType &type = find_type(weight_type);
  if (threads < 0) {
    fail(SLED_ERR_ARGUMENT, "%d threads", threads);
  }
  const std::vector<GgufFile> files = open_model_files(in);
  files.front().require_sound_metadata(false);
  int64_t bytes = 0;
  int64_t elements = 0;
  int64_t tensors = 0;
  for (const GgufFile &file : files) {
    bytes += file.file_bytes();
    elements += matrix_elements(file);
    tensors += file.tensor_count();
    file.require_weight_types();
  }
  if (tensors == 0) {
    fail(SLED_ERR_FORMAT, "'%s' holds no weights", in.c_str());
  }
  const auto block = static_cast<int64_t>(ggml_blck_size(type.smallest));
  OutputFile output(out, elements / block * static_cast<int64_t>(ggml_type_size(type.smallest)), flags);

  convert_apart(files.front().path(), bytes, output.part(), type.name, conclude_threads(threads));
  const GgufFile whole(output.part());  // what it wrote can be read
  output.publish();
}

}  // namespace sled
