#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "backend.hpp"
#include "context.hpp"
#include "gguf_file.hpp"
#include "hash.hpp"
#include "log_queue.hpp"
#include "memory.hpp"
#include "numerics.hpp"
#include "probe.hpp"
#include "sha256.hpp"
#include "status.hpp"
#include "tried_files.hpp"
#include "utf8.hpp"

namespace sled {
namespace {

constexpr int32_t kDefaultContext = 4096;

// How weights are remembered to be fastest.
constexpr const char *kAsInFile = "as in the file";
constexpr const char *kRearranged = "rearranged";

// Whether the same text gives the same ids also depends on which tokens are put around it.
int64_t specials_hash(const llama_vocab *vocab) {
  const bool add_bos = llama_vocab_get_add_bos(vocab);
  const bool add_eos = llama_vocab_get_add_eos(vocab);
  return Hash()
      .number(add_bos ? llama_vocab_bos(vocab) : -1)
      .number(add_eos ? llama_vocab_eos(vocab) : -1)
      .number(llama_vocab_get_add_sep(vocab) ? llama_vocab_sep(vocab) : -1)
      .value();
}

llama_load_mode load_mode(int32_t flags) {
  const bool map = (flags & SLED_MODEL_MMAP) != 0;
  const bool lock = (flags & SLED_MODEL_MLOCK) != 0;
  if (map) {
    return lock ? LLAMA_LOAD_MODE_MMAP_MLOCK : LLAMA_LOAD_MODE_MMAP;
  }
  return lock ? LLAMA_LOAD_MODE_MLOCK : LLAMA_LOAD_MODE_NONE;
}

}  // namespace

namespace {

bool is_recurrent(const llama_model *model) {
  return llama_model_is_recurrent(model) || llama_model_is_hybrid(model);
}

bool is_encoder(const llama_model *model) {
  return llama_model_has_encoder(model) || !llama_model_has_decoder(model) || llama_model_is_diffusion(model);
}

}  // namespace

void Model::load(const std::string &file, const llama_model_params &params) {
  forget_logged_errors();
  model_.reset();  // not both at once
  model_.reset(llama_model_load_from_file(file.c_str(), params));
  if (!model_) {
    const std::string why = first_logged_error();
    fail(SLED_ERR_FORMAT, "llama.cpp cannot load '%s'%s%s", path_.c_str(), why.empty() ? "" : ": ", why.c_str());
  }
}

Model::Model(const std::string &path, const sled_model_params &params) : path_(path) {
  const bool vocab_only = (params.flags & SLED_MODEL_VOCAB_ONLY) != 0;
  int64_t file_bytes = 0;
  int64_t tensors = 0;
  uint64_t weights_hash = 0;
  Sha256 content;
  const std::vector<GgufFile> files = open_model_files(path);
  for (const GgufFile &file : files) {
    file_bytes += file.file_bytes();
    tensors += file.tensor_count();
    file.add_content(content);
    if (!vocab_only) {
      file.require_weight_types();
      weights_hash += file.weights_hash();
    }
  }
  files.front().require_sound_metadata(vocab_only);
  const TokenizerFingerprint fingerprint = files.front().fingerprint();
  not_causal_ = files.front().not_causal();
  if (fingerprint.vocabulary_tokens == 0) {
    fail(SLED_ERR_FORMAT, "'%s' holds no tokenizer (tokenizer.ggml.tokens): it is not a language model",
         path.c_str());
  }
  if (!vocab_only && tensors == 0) {
    fail(SLED_ERR_FORMAT, "'%s' holds a vocabulary only, no weights: it can tokenize but not generate",
         path.c_str());
  }
  if (!vocab_only) {
    require_memory_for_weights(path, file_bytes, params.gpu_layers);
  }

  require_backends();
  content_ = content.digest();
  if ((params.flags & SLED_MODEL_TRUSTED) == 0) {
    require_tried({path, content_, file_bytes, vocab_only});
  }
  llama_model_params p = llama_model_default_params();
  p.n_gpu_layers = params.gpu_layers;
  on_gpu_ = !vocab_only && params.gpu_layers != 0 && has_gpu();
  p.load_mode = load_mode(params.flags);
  p.vocab_only = vocab_only;
  const bool exact = (params.flags & SLED_MODEL_EXACT) != 0 && !vocab_only && !on_gpu_;
  const std::string weights_key = key_of_trial(content_, format_text("weights, %d threads", conclude_threads(0)));
  const std::optional<std::string> weights = exact ? recall_trial(weights_key) : std::nullopt;
  as_in_file_ = weights == kAsInFile;
  const bool weights_known = as_in_file_ || weights == kRearranged;
  p.use_extra_bufts = p.use_extra_bufts && !as_in_file_;
  load(files.front().path(), p);
  // A number of 32 bits without a sign there.
  const auto trained = static_cast<uint32_t>(llama_model_n_ctx_train(model_.get()));
  info_.context_train_tokens = vocab_only ? 0 : static_cast<int32_t>(std::min<uint32_t>(trained, INT32_MAX));
  if (not_causal_.empty() && is_encoder(model_.get())) {
    not_causal_ = "is not a causal decoder: it does not say a text token by token";
  }
  // Which weights are rearranged, and whether their rows are exact then, depends on their type and on the processor.
  const bool decodes_by_position = !is_recurrent(model_.get()) && not_causal_.empty();
  if (exact && decodes_by_position && !weights_known) {
    choose_exact_weights(files.front().path(), p);
    remember_trial(weights_key, as_in_file_ ? kAsInFile : kRearranged);
  }
  vocab_ = llama_model_get_vocab(model_.get());
  if ((llama_vocab_get_add_bos(vocab_) && llama_vocab_bos(vocab_) < 0) ||
      (llama_vocab_get_add_eos(vocab_) && llama_vocab_eos(vocab_) < 0)) {
    fail(SLED_ERR_FORMAT, "'%s' is damaged: its tokenizer adds a begin or end token that it does not have",
         path.c_str());
  }

  info_.vocabulary_rows = llama_vocab_n_tokens(vocab_);
  info_.vocabulary_tokens = std::min(fingerprint.vocabulary_tokens, info_.vocabulary_rows);
  info_.bos_token = llama_vocab_bos(vocab_);
  info_.eos_token = llama_vocab_eos(vocab_);
  info_.eot_token = llama_vocab_eot(vocab_);
  info_.newline_token = llama_vocab_nl(vocab_);
  info_.tokens_hash = fingerprint.tokens_hash;
  info_.merges_hash = fingerprint.merges_hash;
  info_.specials_hash = specials_hash(vocab_);
  info_.pretokenizer_hash = fingerprint.pretokenizer_hash;
  info_.flags = (vocab_only ? SLED_MODEL_INFO_VOCAB_ONLY : 0) |
                (llama_vocab_get_add_bos(vocab_) ? SLED_MODEL_INFO_ADDS_BOS : 0) |
                (llama_vocab_get_add_eos(vocab_) ? SLED_MODEL_INFO_ADDS_EOS : 0) |
                (llama_model_chat_template(model_.get(), nullptr) != nullptr ? SLED_MODEL_INFO_HAS_TEMPLATE : 0);
  if (!vocab_only) {
    info_.embedding_width = llama_model_n_embd(model_.get());
    info_.layer_count = llama_model_n_layer(model_.get());
    info_.parameter_count = static_cast<int64_t>(llama_model_n_params(model_.get()));
    info_.weight_bytes = static_cast<int64_t>(llama_model_size(model_.get()));
    info_.weights_hash = static_cast<int64_t>(weights_hash);
    if (is_recurrent(model_.get())) {
      info_.flags |= SLED_MODEL_INFO_RECURRENT;
    }
    if (!not_causal_.empty()) {
      info_.flags |= SLED_MODEL_INFO_ENCODER;
    }
  }
}

void Model::require_rollback() const {
  if ((info_.flags & SLED_MODEL_INFO_VOCAB_ONLY) != 0) {
    fail(SLED_ERR_UNSUPPORTED, "'%s' was opened for its vocabulary only", path_.c_str());
  }
  if ((info_.flags & SLED_MODEL_INFO_RECURRENT) != 0) {
    fail(SLED_ERR_UNSUPPORTED,
         "'%s' (%s) keeps a recurrent state that cannot be rolled back after a rejected draft; use a model with "
         "attention in every layer",
         path_.c_str(), text(SLED_TEXT_ARCHITECTURE).c_str());
  }
  if ((info_.flags & SLED_MODEL_INFO_ENCODER) != 0) {
    fail(SLED_ERR_UNSUPPORTED, "'%s' (%s) %s; SLED needs a model that says a text token by token", path_.c_str(),
         text(SLED_TEXT_ARCHITECTURE).c_str(), not_causal_.c_str());
  }
}

std::string Model::text(int32_t text_id) const {
  char buffer[256] = {};
  switch (text_id) {
    case SLED_TEXT_DESCRIPTION:
      llama_model_desc(model_.get(), buffer, sizeof(buffer));
      return buffer;
    case SLED_TEXT_ARCHITECTURE:
      llama_model_meta_val_str(model_.get(), "general.architecture", buffer, sizeof(buffer));
      return buffer;
    case SLED_TEXT_NAME:
      llama_model_meta_val_str(model_.get(), "general.name", buffer, sizeof(buffer));
      return buffer;
    case SLED_TEXT_CHAT_TEMPLATE: {
      const char *const source = llama_model_chat_template(model_.get(), nullptr);
      return source == nullptr ? "" : source;
    }
    case SLED_TEXT_WEIGHT_TYPE: {
      // "llama 6M Q8_0", or "llama 6M (guessed) Q8_0" where the file does not say it: the type's name is what follows
      // the second blank.
      const std::string description = text(SLED_TEXT_DESCRIPTION);
      const size_t first = description.find(' ');
      const size_t second = first == std::string::npos ? first : description.find(' ', first + 1);
      std::string type = second == std::string::npos ? description : description.substr(second + 1);
      const std::string guessed = "(guessed) ";
      return type.compare(0, guessed.size(), guessed) == 0 ? type.substr(guessed.size()) : type;
    }
    default:
      fail(SLED_ERR_ARGUMENT, "unknown text id %d", text_id);
  }
}

void Model::check_tokens(const void *tokens, int32_t count, const char *what) const {
  for (int32_t i = 0; i < count; i++) {
    int32_t token = 0;
    std::memcpy(&token, static_cast<const char *>(tokens) + static_cast<size_t>(i) * 4, sizeof(token));
    if (!is_token(token)) {
      fail(SLED_ERR_TOKEN, "%s token %d is %d: not an id of this vocabulary (0..%d)", what, i, token,
           info_.vocabulary_tokens - 1);
    }
  }
}

std::string Model::bytes_of(int32_t token, bool render_special) const {
  if (token < 0 || token >= info_.vocabulary_rows) {
    fail(SLED_ERR_TOKEN, "token %d is not an id of this vocabulary (0..%d)", token, info_.vocabulary_rows - 1);
  }
  std::string piece(64, '\0');
  int32_t length =
      llama_token_to_piece(vocab_, token, piece.data(), static_cast<int32_t>(piece.size()), 0, render_special);
  if (length < 0) {
    piece.resize(static_cast<size_t>(-length));
    length =
        llama_token_to_piece(vocab_, token, piece.data(), static_cast<int32_t>(piece.size()), 0, render_special);
  }
  if (length < 0) {
    fail(SLED_ERR_INTERNAL, "llama.cpp gives no text for token %d", token);
  }
  piece.resize(static_cast<size_t>(length));
  return piece;
}

// The first character of a text that llama.cpp finds no token for, quoted.
std::string Model::character_without_token(const std::string &text) const {
  std::vector<int32_t> tokens(64);
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
      end++;
    }
    try {
      llama_tokenize(vocab_, text.data() + at, static_cast<int32_t>(end - at), tokens.data(),
                     static_cast<int32_t>(tokens.size()), false, false);
    } catch (const std::out_of_range &) {
      const bool control = static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7F;
      return control ? format_text("the character 0x%02x", static_cast<unsigned char>(text[at]))
                     : "'" + text.substr(at, end - at) + "'";
    }
    at = end;
  }
  return "a character of the text";
}

std::vector<int32_t> Model::tokenize(const char *text, int32_t text_bytes, bool add_special,
                                     bool parse_special) const {
  const std::string sound = utf8_repaired(text, text_bytes);  // llama.cpp throws at some broken bytes
  if (sound.size() > INT32_MAX - 8) {
    fail(SLED_ERR_ARGUMENT, "the text is too long to tokenize (%d bytes)", text_bytes);
  }
  const auto bytes = static_cast<int32_t>(sound.size());
  // A token is at least one byte of text, but for the few specials around it.
  std::vector<int32_t> tokens(sound.size() + 8);
  int32_t count = 0;
  try {
    count = llama_tokenize(vocab_, sound.data(), bytes, tokens.data(), static_cast<int32_t>(tokens.size()), add_special,
                           parse_special);
    if (count < 0 && count != INT32_MIN) {
      tokens.resize(static_cast<size_t>(-count));
      count = llama_tokenize(vocab_, sound.data(), bytes, tokens.data(), static_cast<int32_t>(tokens.size()), add_special,
                             parse_special);
    }
  } catch (const std::out_of_range &) {  // it looks up the token of a byte, and there is none
    fail(SLED_ERR_UNSUPPORTED, "%s has no token in the vocabulary of '%s', which has none for single bytes either",
         character_without_token(sound).c_str(), path_.c_str());
  }
  if (count < 0) {
    fail(SLED_ERR_ARGUMENT, "the text is too long to tokenize (%d bytes)", text_bytes);
  }
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

const SpecialTokens &Model::special_tokens() const {
  std::call_once(specials_once_, [this] { specials_ = std::make_unique<const SpecialTokens>(vocab_); });
  return *specials_;
}

int64_t Model::integer(const char *suffix, int64_t otherwise) const {
  const std::string key = text(SLED_TEXT_ARCHITECTURE) + "." + suffix;
  char buffer[64] = {};
  if (llama_model_meta_val_str(model_.get(), key.c_str(), buffer, sizeof(buffer)) < 0) {
    return otherwise;
  }
  char *end = nullptr;
  const long long value = std::strtoll(buffer, &end, 10);
  return end == buffer ? otherwise : value;
}

const KernelTrial &Model::matrix_trial() const {
  const std::lock_guard<std::mutex> lock(trial_mutex_);
  if (!matrix_trial_) {
    const int32_t threads = conclude_threads(0);
    matrix_trial_ = on_gpu_ ? KernelTrial{{}, kGpuObstacle}
                            : recall_or_try(content_, format_text("matrices%s, %d threads", as_in_file_ ? " as in the file" : "",
                                                                  threads),
                                            [&] { return try_matrices(model_.get(), threads); });
  }
  return *matrix_trial_;
}

// Rearranged for this CPU, or as they lie in the file: whichever is exact, and if both are, whichever is faster.
void Model::choose_exact_weights(const std::string &file, llama_model_params params) {
  const KernelTrial rearranged = matrix_trial();
  if (rearranged.obstacle.empty() && rearranged.rule.multiple == 1) {
    return;  // nothing is faster
  }
  const auto reload = [&](bool as_in_file) {
    params.use_extra_bufts = !as_in_file;
    as_in_file_ = as_in_file;
    matrix_trial_.reset();
    load(file, params);
  };
  const double seconds = rearranged.obstacle.empty() ? seconds_of_steps(*this) : INFINITY;
  reload(true);
  if (rearranged.obstacle.empty() && (!matrix_trial().obstacle.empty() || seconds < seconds_of_steps(*this))) {
    reload(false);
  }
}

AttentionShape Model::attention_shape() const {
  // A file may say what it likes.
  const auto bounded = [](int64_t value) { return std::clamp<int64_t>(value, 1, 4096); };
  const int64_t heads = bounded(llama_model_n_head(model_.get()));
  const int64_t width = info_.embedding_width / heads;
  return {heads, bounded(llama_model_n_head_kv(model_.get())), bounded(integer("attention.key_length", width)),
          bounded(integer("attention.value_length", width))};
}

int32_t Model::position_limit(int32_t context_tokens) const {
  if (llama_model_rope_type(model_.get()) == LLAMA_ROPE_TYPE_NONE) {
    return std::min(context_tokens, info_.context_train_tokens);
  }
  return context_tokens;
}

bool Model::rotates_for_long_contexts(int32_t cells_per_sequence) const {
  const auto &tensors = llama_internal_get_tensor_map(model_.get());
  const bool has_tables = std::any_of(tensors.begin(), tensors.end(), [](const auto &tensor) {
    return tensor.first.find("rope_factors_long") != std::string::npos;
  });
  return has_tables && cells_per_sequence > integer("rope.scaling.original_context_length", info_.context_train_tokens);
}

int32_t Model::conclude_context(int32_t requested) const {
  if (requested < 0) {
    fail(SLED_ERR_ARGUMENT, "a context of %d tokens", requested);
  }
  const int32_t trained = info_.context_train_tokens;
  if (trained < SLED_MIN_CONTEXT_TOKENS) {
    fail(SLED_ERR_UNSUPPORTED, "'%s' says that it was trained for a context of %d tokens", path_.c_str(), trained);
  }
  if (requested == 0) {
    return std::min(trained, kDefaultContext);
  }
  if (requested > trained) {
    fail(SLED_ERR_ARGUMENT, "a context of %d tokens is more than this model was trained for (%d)", requested,
         trained);
  }
  if (requested < SLED_MIN_CONTEXT_TOKENS) {
    fail(SLED_ERR_ARGUMENT, "a context of %d tokens is too short; at least %d", requested, SLED_MIN_CONTEXT_TOKENS);
  }
  return requested;
}

int64_t Model::kv_bytes_per_token(int32_t type_k, int32_t type_v) const {
  const AttentionShape attention = attention_shape();
  const int64_t width_k = attention.width_k * attention.kv_heads;
  const int64_t width_v = attention.width_v * attention.kv_heads;
  const auto row_bytes = [](ggml_type type, int64_t width) {
    return width * static_cast<int64_t>(ggml_type_size(type)) / ggml_blck_size(type);
  };
  return info_.layer_count * (row_bytes(kv_ggml_type(type_k), width_k) + row_bytes(kv_ggml_type(type_v), width_v));
}

ggml_type kv_ggml_type(int32_t kv_type) {
  switch (kv_type) {
    case SLED_KV_F16: return GGML_TYPE_F16;
    case SLED_KV_BF16: return GGML_TYPE_BF16;
    case SLED_KV_F32: return GGML_TYPE_F32;
    case SLED_KV_Q8_0: return GGML_TYPE_Q8_0;
    case SLED_KV_Q4_0: return GGML_TYPE_Q4_0;
    default: fail(SLED_ERR_ARGUMENT, "unknown K/V cache type %d", kv_type);
  }
}

}  // namespace sled
