#include "model.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <stdexcept>

#include "ggml-backend.h"
#include "status.hpp"

namespace acceptance {
namespace {

using sled::format_text;

constexpr int32_t kPassRows = 32;

volatile std::sig_atomic_t g_interrupted = 0;
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

const std::map<std::string, llama_ftype> &file_types() {
  static const std::map<std::string, llama_ftype> types = {
      {"F16", LLAMA_FTYPE_MOSTLY_F16},    {"BF16", LLAMA_FTYPE_MOSTLY_BF16},  {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
      {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},  {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
      {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},  {"Q3_K", LLAMA_FTYPE_MOSTLY_Q3_K_S},
      {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
  };
  return types;
}

}  // namespace

void start_llama(const std::string &backends) {
  llama_log_set(on_log, nullptr);
  ggml_backend_load_all_from_path(backends.c_str());
  if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
    fail("no CPU backend (libggml-cpu*.so) in " + backends + " runs on this processor");
  }
  llama_backend_init();
}

void interrupt() { g_interrupted = 1; }

Model::Model(const std::string &path) : path_(path) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.use_extra_bufts = false;  // repacked weights take other kernels for some numbers of rows
  g_logged_error.clear();
  model_.reset(llama_model_load_from_file(path.c_str(), params));
  if (!model_) {
    fail("cannot load " + path);
  }
  if (llama_model_is_recurrent(get()) || llama_model_is_hybrid(get()) || llama_model_has_encoder(get())) {
    fail(path + ": K/V of this kind of model cannot be rolled back");
  }
}

std::string Model::description() const {
  char text[256] = {};
  llama_model_desc(get(), text, sizeof(text));  // "llama 6B Q8_0"; the size is a guess from the number of layers
  const std::string words = text;
  const std::string type = words.substr(std::min(words.find(' ', words.find(' ') + 1), words.size() - 1) + 1);
  const bool named = llama_model_meta_val_str(get(), "general.name", text, sizeof(text)) > 0;
  return format_text("%s, %.3gM parameters, %s", named ? text : path_.substr(path_.rfind('/') + 1).c_str(),
                     static_cast<double>(llama_model_n_params(get())) / 1e6, type.c_str());
}

std::vector<int32_t> Model::tokenize(const std::string &request) const {
  std::string prompt = request;
  const char *const chat = llama_model_chat_template(get(), nullptr);
  if (chat != nullptr) {
    const llama_chat_message message = {"user", request.c_str()};
    std::vector<char> buffer(request.size() + 4096);
    const int32_t length =
        llama_chat_apply_template(chat, &message, 1, true, buffer.data(), static_cast<int32_t>(buffer.size()));
    if (length > 0 && static_cast<size_t>(length) <= buffer.size()) {
      prompt.assign(buffer.data(), static_cast<size_t>(length));
    }
  }
  std::vector<int32_t> tokens(prompt.size() + 8);
  const int32_t count = llama_tokenize(vocab(), prompt.data(), static_cast<int32_t>(prompt.size()), tokens.data(),
                                       static_cast<int32_t>(tokens.size()), true, true);
  if (count < 1) {
    fail(path_ + " makes no tokens of a prompt");
  }
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

int32_t require_same_vocabulary(const Model &target, const Model &draft) {
  // Larger models of a family often have more padding behind the real tokens.
  const int32_t count = std::min(target.vocabulary(), draft.vocabulary());
  for (int32_t id = 0; id < count; id++) {
    const char *const a = llama_vocab_get_text(target.vocab(), id);
    const char *const b = llama_vocab_get_text(draft.vocab(), id);
    if (std::strcmp(a, b) != 0) {
      throw std::runtime_error(
          format_text("token %d is '%s' for the target, '%s' for the draft: they need the same vocabulary", id, a, b));
    }
  }
  return count;
}

bool can_convert(const std::string &type) { return file_types().count(type) != 0; }

void convert(const std::string &from, const std::string &to, const std::string &type) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = file_types().at(type);
  params.nthread = 1;
  params.allow_requantize = true;
  params.pure = true;  // embedding and output as well: nothing else shall be mixed in
  g_logged_error.clear();
  if (llama_model_quantize(from.c_str(), to.c_str(), &params) != 0) {
    fail("llama.cpp cannot convert " + from + " into " + type);
  }
}

std::string known_types() {
  std::string names;
  for (const auto &entry : file_types()) {
    names += (names.empty() ? "" : " ") + entry.first;
  }
  return names;
}

Context::Context(const Model &model, int32_t positions, int32_t vocabulary)
    : vocabulary_(vocabulary), batch_(llama_batch_init(kPassRows, 0, 1)) {
  llama_context_params p = llama_context_default_params();
  p.n_seq_max = 1;
  p.n_ctx = static_cast<uint32_t>(positions + 1);  // and a padding row
  p.n_batch = kPassRows;
  p.n_ubatch = kPassRows;
  p.n_threads = 1;
  p.n_threads_batch = 1;
  p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  p.kv_unified = false;
  p.swa_full = true;  // a windowed cache could not be rolled back
  p.no_perf = true;
  g_logged_error.clear();
  context_.reset(llama_init_from_model(model.get(), p));
  if (!context_) {
    llama_batch_free(batch_);
    fail("llama.cpp cannot make a context with flash attention for " + model.description());
  }
}

Context::~Context() { llama_batch_free(batch_); }

void Context::decode(int32_t position, const int32_t *tokens, int32_t count) {
  rows_.resize(static_cast<size_t>(count) * static_cast<size_t>(vocabulary_));
  if (!llama_memory_seq_rm(llama_get_memory(context_.get()), 0, position, -1)) {
    fail("llama.cpp cannot roll back this model's K/V");
  }
  float *to = rows_.data();
  for (int32_t done = 0; done < count; done += kPassRows) {
    const int32_t rows = std::min(kPassRows, count - done);
    decode_pass(position + done, tokens + done, rows);
    for (int32_t i = 0; i < rows; i++) {
      const float *const logits = llama_get_logits_ith(context_.get(), i);
      if (logits == nullptr) {
        fail("llama.cpp has no logits for a row");
      }
      to = std::copy(logits, logits + vocabulary_, to);
    }
    if (rows == 1) {
      llama_memory_seq_rm(llama_get_memory(context_.get()), 0, position + done + 1, -1);
    }
  }
}

void Context::decode_pass(int32_t position, const int32_t *tokens, int32_t count) {
  if (g_interrupted != 0) {
    throw std::runtime_error("interrupted");
  }
  batch_.n_tokens = std::max(count, 2);
  for (int32_t i = 0; i < batch_.n_tokens; i++) {
    batch_.token[i] = tokens[std::min(i, count - 1)];
    batch_.pos[i] = position + i;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = 0;
    batch_.logits[i] = 1;
  }
  const int32_t status = llama_decode(context_.get(), batch_);
  if (status != 0) {
    fail(format_text("llama_decode failed with %d", status));
  }
}

}  // namespace acceptance
