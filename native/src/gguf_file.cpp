#include "gguf_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.hpp"
#include "ggml.h"
#include "hash.hpp"
#include "llama.h"
#include "log_queue.hpp"
#include "sha256.hpp"
#include "status.hpp"

namespace sled {
namespace {

constexpr int32_t kTokenTypeUnused = 5;  // GGUF's token type of rows that only pad the matrix
constexpr size_t kSampleBytes = 4096;

// Of a scalar's or an array element's value.
size_t size_of(gguf_type type) {
  switch (type) {
    case GGUF_TYPE_UINT8:
    case GGUF_TYPE_INT8:
    case GGUF_TYPE_BOOL: return 1;
    case GGUF_TYPE_UINT16:
    case GGUF_TYPE_INT16: return 2;
    case GGUF_TYPE_UINT64:
    case GGUF_TYPE_INT64:
    case GGUF_TYPE_FLOAT64: return 8;
    default: return 4;
  }
}

int64_t file_size(const std::string &path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    fail(SLED_ERR_IO, "cannot open model file '%s': %s", path.c_str(), std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    fail(SLED_ERR_IO, "cannot open model file '%s': not a regular file", path.c_str());
  }
  if (access(path.c_str(), R_OK) != 0) {
    fail(SLED_ERR_IO, "cannot read model file '%s': %s", path.c_str(), std::strerror(errno));
  }
  return info.st_size;
}

// Looks at the magic and version alone, for a better message than the parser's.
void check_magic(const std::string &path, int64_t size) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  char head[8] = {};
  if (!file) {
    fail(SLED_ERR_IO, "cannot read model file '%s': %s", path.c_str(), std::strerror(errno));
  }
  const size_t got = std::fread(head, 1, sizeof(head), file.get());
  if (got < 4 || std::memcmp(head, "GGUF", 4) != 0) {
    fail(SLED_ERR_FORMAT, "'%s' is not a GGUF file (%lld bytes, it does not begin with \"GGUF\")", path.c_str(),
         static_cast<long long>(size));
  }
}

// "name" and its place of "name-00002-of-00005.gguf"; place 0 for other names.
struct PartName {
  std::string prefix;
  int32_t place = 0;
  int32_t parts = 0;
};

PartName part_name(const std::string &path) {
  static const size_t kTail = std::strlen("-00000-of-00000.gguf");
  PartName name;
  int used = 0;
  if (path.size() > kTail && std::sscanf(path.c_str() + path.size() - kTail, "-%5d-of-%5d.gguf%n", &name.place, &name.parts,
                                         &used) == 2 &&
      static_cast<size_t>(used) == kTail) {
    name.prefix = path.substr(0, path.size() - kTail);
  } else {
    name.place = 0;
  }
  return name;
}

// Hugging Face's cache keeps contents as blobs/<hash>; names are links in snapshots/<revision>/. The link to this blob, ""
// if it is none or has none.
std::string snapshot_of(const std::string &path) {
  namespace fs = std::filesystem;
  constexpr int32_t kMostEntries = 100000;  // of a folder that only looks like such a cache
  std::error_code error;
  const fs::path blob = fs::canonical(path, error);
  if (error || blob.parent_path().filename() != "blobs") {
    return "";
  }
  int32_t entries = 0;
  for (fs::recursive_directory_iterator at(blob.parent_path().parent_path() / "snapshots", error), end;
       !error && at != end && entries < kMostEntries; at.increment(error), entries++) {
    std::error_code broken;
    if (at->is_symlink(broken) && fs::canonical(at->path(), broken) == blob) {
      return at->path().string();
    }
  }
  return "";
}

}  // namespace

std::vector<GgufFile> open_model_files(const std::string &path) {
  std::vector<GgufFile> files;
  files.emplace_back(path);
  const int64_t parts = files[0].integer("split.count", 1);
  const int64_t number = files[0].integer("split.no", 0);
  if (parts <= 1) {
    return files;
  }
  if (number < 0 || number >= parts) {
    fail(SLED_ERR_FORMAT, "'%s' is damaged: it says that it is part %lld of %lld", path.c_str(),
         static_cast<long long>(number) + 1, static_cast<long long>(parts));
  }
  const PartName name = part_name(path);
  if (name.place != number + 1 || name.parts != parts) {
    const std::string link = snapshot_of(path);
    fail(SLED_ERR_FORMAT,
         "'%s' is one of %lld parts of a model (part %lld), and the others are not found from this name: %s",
         path.c_str(), static_cast<long long>(parts), static_cast<long long>(number) + 1,
         link.empty() ? format_text("it should end with -%05d-of-%05d.gguf", static_cast<int>(number) + 1,
                                    static_cast<int>(parts))
                            .c_str()
                      : format_text("it is a file of the Hugging Face cache, open it as '%s'", link.c_str()).c_str());
  }
  files.clear();
  for (int32_t place = 1; place <= name.parts; place++) {
    const std::string part = format_text("%s-%05d-of-%05d.gguf", name.prefix.c_str(), place, name.parts);
    std::error_code error;
    if (!std::filesystem::exists(part, error)) {
      fail(SLED_ERR_IO, "part %d of %d of the model '%s' is missing: %s", place, name.parts, path.c_str(), part.c_str());
    }
    files.emplace_back(part);
    const GgufFile &file = files.back();
    if (file.integer("split.no", 0) != place - 1 || file.integer("split.count", 1) != parts) {
      fail(SLED_ERR_FORMAT, "'%s' is not part %d of %d of a model: it says that it is part %lld of %lld", part.c_str(), place,
           name.parts, static_cast<long long>(file.integer("split.no", 0)) + 1,
           static_cast<long long>(file.integer("split.count", 1)));
    }
  }
  return files;
}

GgufFile open_first_file(const std::string &path) {
  GgufFile file(path);
  if (file.integer("split.count", 1) <= 1 || file.integer("split.no", 0) == 0) {
    return file;
  }
  return std::move(open_model_files(path).front());
}

GgufFile::GgufFile(std::string path) : path_(std::move(path)) {
  file_bytes_ = file_size(path_);
  check_magic(path_, file_bytes_);
  forget_logged_errors();
  gguf_init_params params{};
  params.no_alloc = true;
  header_.reset(gguf_init_from_file(path_.c_str(), params));
  if (!header_) {
    const std::string why = first_logged_error();
    fail(SLED_ERR_FORMAT, "'%s' is a damaged or cut-off GGUF file: its header cannot be read%s%s", path_.c_str(),
         why.empty() ? "" : ": ", why.c_str());
  }
  check_extent();
}

void GgufFile::check_extent() const {
  const auto data_offset = static_cast<uint64_t>(gguf_get_data_offset(header_.get()));
  uint64_t end = data_offset;
  for (int64_t i = 0; i < tensor_count(); i++) {
    const uint64_t offset = gguf_get_tensor_offset(header_.get(), i);
    const uint64_t size = gguf_get_tensor_size(header_.get(), i);
    // Damaged sizes may be near 2^64; nothing of a sound file is near 2^60.
    constexpr uint64_t kMost = UINT64_C(1) << 60;
    end = std::max(end, data_offset + std::min(offset, kMost) + std::min(size, kMost));
  }
  if (tensor_count() > 0 && end > static_cast<uint64_t>(file_bytes_)) {
    fail(SLED_ERR_FORMAT, "'%s' is cut off: its tensors need %llu bytes, the file has %lld; fetch it again",
         path_.c_str(), static_cast<unsigned long long>(end), static_cast<long long>(file_bytes_));
  }
}

int64_t GgufFile::tensor_count() const { return gguf_get_n_tensors(header_.get()); }

std::string GgufFile::text(const char *key, const std::string &otherwise) const {
  const int64_t id = gguf_find_key(header_.get(), key);
  if (id < 0 || gguf_get_kv_type(header_.get(), id) != GGUF_TYPE_STRING) {
    return otherwise;
  }
  return gguf_get_val_str(header_.get(), id);
}

int64_t GgufFile::integer(const char *key, int64_t otherwise) const {
  const int64_t id = gguf_find_key(header_.get(), key);
  if (id < 0) {
    return otherwise;
  }
  switch (gguf_get_kv_type(header_.get(), id)) {
    case GGUF_TYPE_UINT8: return gguf_get_val_u8(header_.get(), id);
    case GGUF_TYPE_INT8: return gguf_get_val_i8(header_.get(), id);
    case GGUF_TYPE_UINT16: return gguf_get_val_u16(header_.get(), id);
    case GGUF_TYPE_INT16: return gguf_get_val_i16(header_.get(), id);
    case GGUF_TYPE_UINT32: return gguf_get_val_u32(header_.get(), id);
    case GGUF_TYPE_INT32: return gguf_get_val_i32(header_.get(), id);
    case GGUF_TYPE_UINT64: return static_cast<int64_t>(std::min<uint64_t>(gguf_get_val_u64(header_.get(), id), INT64_MAX));
    case GGUF_TYPE_INT64: return gguf_get_val_i64(header_.get(), id);
    case GGUF_TYPE_BOOL: return gguf_get_val_bool(header_.get(), id) ? 1 : 0;
    default: return otherwise;
  }
}

void GgufFile::require_distinct_tokens() const {
  gguf_context *const g = header_.get();
  const int64_t id = gguf_find_key(g, "tokenizer.ggml.tokens");
  if (id < 0 || gguf_get_kv_type(g, id) != GGUF_TYPE_ARRAY || gguf_get_arr_type(g, id) != GGUF_TYPE_STRING) {
    return;
  }
  std::unordered_set<std::string> texts;
  for (size_t i = 0; i < gguf_get_arr_n(g, id); i++) {
    std::string text = gguf_get_arr_str(g, id, i);
    if (text.empty()) {
      text = format_text("[EMPTY_%zu]", i);  // as llama.cpp names it
    }
    if (!texts.insert(std::move(text)).second) {
      fail(SLED_ERR_FORMAT, "'%s' is damaged: token %zu of its vocabulary occurs twice", path_.c_str(), i);
    }
  }
}

void GgufFile::require_sound_numbers(const std::string &architecture) const {
  constexpr int64_t kMaxLayers = 512;
  constexpr int64_t kMaxExperts = 1024;
  const auto require = [&](bool sound, const char *key, const std::string &value) {
    if (!sound) {
      fail(SLED_ERR_FORMAT, "'%s' is damaged: %s.%s is %s", path_.c_str(), architecture.c_str(), key, value.c_str());
    }
  };
  const auto number = [&](const char *key, int64_t otherwise) {
    return integer((architecture + "." + key).c_str(), otherwise);
  };
  const int64_t layers = number("block_count", 1);
  require(layers >= 1 && layers <= kMaxLayers, "block_count", std::to_string(layers));
  const int64_t ahead = number("nextn_predict_layers", 0);
  require(ahead >= 0 && ahead <= layers, "nextn_predict_layers", std::to_string(ahead));
  const int64_t experts = number("expert_count", 0);
  require(experts >= 0 && experts <= kMaxExperts, "expert_count", std::to_string(experts));
  const int64_t groups = number("expert_group_count", 0);
  require(groups == 0 || (groups > 0 && groups < experts && experts % groups == 0), "expert_group_count",
          std::to_string(groups));
  const int64_t groups_used = number("expert_group_used_count", 0);
  require(groups <= 1 || (groups_used > 0 && groups_used < groups), "expert_group_used_count",
          std::to_string(groups_used));
  const int64_t used_id = gguf_find_key(header_.get(), (architecture + ".expert_used_count").c_str());
  if (used_id < 0 || gguf_get_kv_type(header_.get(), used_id) != GGUF_TYPE_ARRAY) {  // else a number for each layer
    const int64_t used = number("expert_used_count", 0);
    require(experts == 0 ? used == 0 : used > 0 && used <= experts, "expert_used_count", std::to_string(used));
  }
  for (const char *key :
       {"attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon", "attention.group_norm_epsilon"}) {
    const int64_t id = gguf_find_key(header_.get(), (architecture + "." + key).c_str());
    if (id >= 0 && gguf_get_kv_type(header_.get(), id) == GGUF_TYPE_FLOAT32) {
      const float epsilon = gguf_get_val_f32(header_.get(), id);
      require(epsilon >= 0.0F && epsilon <= 1.0F, key, std::to_string(epsilon));  // also refuses NaN
    }
  }
  for (const char *key : {"rope.dimension_count", "attention.key_length", "attention.value_length"}) {
    const int64_t width = number(key, 2);  // RoPE turns pairs of columns
    require(width >= 0 && (width % 2 == 0 || key == std::string("attention.value_length")), key, std::to_string(width));
  }
  const std::string scaling = text((architecture + ".rope.scaling.type").c_str(), "linear");
  require(scaling == "none" || scaling == "linear" || scaling == "yarn" || scaling == "longrope", "rope.scaling.type",
          "'" + scaling + "'");
}

void GgufFile::require_weight_types() const {
  for (int64_t i = 0; i < tensor_count(); i++) {
    const std::string name = gguf_get_tensor_name(header_.get(), i);
    const ggml_type type = gguf_get_tensor_type(header_.get(), i);
    const auto ends_with = [&](const std::string &end) {
      return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    };
    // They are added to or multiplied with F32 activations element by element, for which the CPU has F32 alone.
    if ((ends_with(".bias") || ends_with("norm.weight")) && type != GGML_TYPE_F32) {
      fail(SLED_ERR_FORMAT, "'%s' is damaged: tensor '%s' has type %s instead of f32", path_.c_str(), name.c_str(),
           ggml_type_name(type));
    }
    const bool number_type = type == GGML_TYPE_I8 || type == GGML_TYPE_I16 || type == GGML_TYPE_I32 ||
                             type == GGML_TYPE_I64 || type == GGML_TYPE_F64;
    for (const char *matrix : {"token_embd.weight", "output.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight",
                               "attn_qkv.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"}) {
      if (number_type && ends_with(matrix)) {
        fail(SLED_ERR_FORMAT, "'%s' has weights of type %s (tensor '%s'), with which llama.cpp does not compute",
             path_.c_str(), ggml_type_name(type), name.c_str());
      }
    }
  }
}

std::string GgufFile::not_causal() const {
  const std::string architecture = text("general.architecture", "");
  for (const char *encoder : {"bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2",
                              "jina-bert-v3", "eurobert", "gemma-embedding", "llama-embed", "t5encoder"}) {
    if (architecture == encoder) {
      return "is an encoder, an embedding model";
    }
  }
  for (const char *diffusion : {"dream", "llada", "llada-moe", "rnd1"}) {
    if (architecture == diffusion) {
      return "is a diffusion model, which does not say one token after the other";
    }
  }
  if (architecture == "clip" || architecture == "wavtokenizer-dec") {
    return "is no language model";
  }
  if (integer((architecture + ".attention.causal").c_str(), 1) == 0) {
    return "looks at later tokens too (attention.causal is false): it is an encoder, an embedding model";
  }
  static const char *const kPoolings[] = {"none", "mean", "cls", "last", "rank"};
  const int64_t pooling = integer((architecture + ".pooling_type").c_str(), 0);
  constexpr int64_t kUnspecified = UINT32_MAX;  // llama.cpp's -1
  if (pooling != 0 && pooling != -1 && pooling != kUnspecified) {
    const std::string name = pooling > 0 && pooling < 5 ? kPoolings[pooling] : std::to_string(pooling);
    return pooling == 4 ? "is a reranker (pooling_type is rank)" : "is an embedding model (pooling_type is " + name + ")";
  }
  return "";
}

void GgufFile::require_sound_metadata(bool vocabulary_only) const {
  const std::string tokenizer = text("tokenizer.ggml.model", "");
  if (tokenizer == "none" || tokenizer == "no_vocab") {
    fail(SLED_ERR_FORMAT, "'%s' has no tokenizer (tokenizer.ggml.model is '%s')", path_.c_str(), tokenizer.c_str());
  }
  require_distinct_tokens();
  if (!vocabulary_only) {
    require_sound_numbers(text("general.architecture", ""));
  }
}

int64_t GgufFile::string_array_hash(const char *key, size_t count) const {
  Hash hash;
  const int64_t id = gguf_find_key(header_.get(), key);
  if (id >= 0 && gguf_get_kv_type(header_.get(), id) == GGUF_TYPE_ARRAY &&
      gguf_get_arr_type(header_.get(), id) == GGUF_TYPE_STRING) {
    const size_t n = std::min(count, gguf_get_arr_n(header_.get(), id));
    hash.number(static_cast<int64_t>(n));
    for (size_t i = 0; i < n; i++) {
      hash.text(gguf_get_arr_str(header_.get(), id, i));
    }
  }
  return hash.value();
}

TokenizerFingerprint GgufFile::fingerprint() const {
  TokenizerFingerprint result;
  gguf_context *const g = header_.get();
  const int64_t tokens_id = gguf_find_key(g, "tokenizer.ggml.tokens");
  size_t rows = 0;
  if (tokens_id >= 0 && gguf_get_kv_type(g, tokens_id) == GGUF_TYPE_ARRAY &&
      gguf_get_arr_type(g, tokens_id) == GGUF_TYPE_STRING) {
    rows = gguf_get_arr_n(g, tokens_id);
  }

  const int32_t *types = nullptr;
  const int64_t types_id = gguf_find_key(g, "tokenizer.ggml.token_type");
  if (types_id >= 0 && gguf_get_kv_type(g, types_id) == GGUF_TYPE_ARRAY &&
      gguf_get_arr_type(g, types_id) == GGUF_TYPE_INT32 && gguf_get_arr_n(g, types_id) == rows) {
    types = static_cast<const int32_t *>(gguf_get_arr_data(g, types_id));
  }
  // Converters pad the vocabulary to a round number of rows; two models of one family often differ only there.
  size_t real = rows;
  while (types != nullptr && real > 0 && types[real - 1] == kTokenTypeUnused) {
    real--;
  }
  result.vocabulary_tokens = static_cast<int32_t>(real);

  Hash tokens;
  for (size_t i = 0; i < real; i++) {
    tokens.text(gguf_get_arr_str(g, tokens_id, i)).number(types == nullptr ? 1 : types[i]);
  }
  result.tokens_hash = tokens.value();

  if (gguf_find_key(g, "tokenizer.ggml.merges") >= 0) {
    result.merges_hash = string_array_hash("tokenizer.ggml.merges", SIZE_MAX);
  } else {
    Hash scores;
    const int64_t scores_id = gguf_find_key(g, "tokenizer.ggml.scores");
    if (scores_id >= 0 && gguf_get_kv_type(g, scores_id) == GGUF_TYPE_ARRAY &&
        gguf_get_arr_type(g, scores_id) == GGUF_TYPE_FLOAT32) {
      const size_t n = std::min(real, gguf_get_arr_n(g, scores_id));
      scores.bytes(gguf_get_arr_data(g, scores_id), n * sizeof(float));
    }
    result.merges_hash = scores.value();
  }

  const std::string model = text("tokenizer.ggml.model", "");
  Hash pretokenizer;
  pretokenizer.text(model).text(text("tokenizer.ggml.pre", ""));
  // What a text goes through before it is cut into tokens. A file that says what holds without it, too, is not another
  // tokenizer than one that says nothing.
  const std::pair<const char *, bool> usual[] = {
      {"tokenizer.ggml.add_space_prefix", model == "llama"},
      {"tokenizer.ggml.remove_extra_whitespaces", false},
      {"tokenizer.ggml.escape_whitespaces", true},
  };
  for (const auto &[key, otherwise] : usual) {
    if ((integer(key, otherwise) != 0) != otherwise) {
      pretokenizer.text(key);
    }
  }
  const int64_t charsmap = gguf_find_key(g, "tokenizer.ggml.precompiled_charsmap");
  if (charsmap >= 0) {
    pretokenizer.number(static_cast<int64_t>(value_hash(charsmap)));
  }
  result.pretokenizer_hash = pretokenizer.value();
  return result;
}

// Key, type and value of one piece of metadata.
uint64_t GgufFile::value_hash(int64_t id) const {
  gguf_context *const g = header_.get();
  gguf_type type = gguf_get_kv_type(g, id);
  Hash hash;
  hash.text(gguf_get_key(g, id)).number(type);
  size_t count = 1;
  if (type == GGUF_TYPE_ARRAY) {
    type = gguf_get_arr_type(g, id);
    count = gguf_get_arr_n(g, id);
    hash.number(type).number(static_cast<int64_t>(count));
    if (type == GGUF_TYPE_STRING) {
      for (size_t i = 0; i < count; i++) {
        hash.text(gguf_get_arr_str(g, id, i));
      }
    } else {
      hash.bytes(gguf_get_arr_data(g, id), count * size_of(type));
    }
  } else if (type == GGUF_TYPE_STRING) {
    hash.text(gguf_get_val_str(g, id));
  } else {
    hash.bytes(gguf_get_val_data(g, id), size_of(type));
  }
  return static_cast<uint64_t>(hash.value());
}

// visit(tensor, bytes, count): 4 KiB from the beginning, the middle and the end of every tensor; tensor -1: the header.
template <typename Visit>
void GgufFile::visit_samples(Visit &&visit) const {
  gguf_context *const g = header_.get();
  std::vector<char> sample(kSampleBytes);
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) {
    fail(SLED_ERR_IO, "cannot read model file '%s': %s", path_.c_str(), std::strerror(errno));
  }
  const auto data_offset = static_cast<int64_t>(gguf_get_data_offset(g));
  for (int64_t at = 0; at < data_offset;) {
    const size_t want = static_cast<size_t>(std::min<int64_t>(kSampleBytes, data_offset - at));
    const ssize_t got = pread(file.number(), sample.data(), want, at);
    if (got <= 0) break;
    visit(-1, sample.data(), static_cast<size_t>(got));
    at += got;
  }
  for (int64_t i = 0; i < tensor_count(); i++) {
    const auto start = data_offset + static_cast<int64_t>(gguf_get_tensor_offset(g, i));
    const auto size = static_cast<int64_t>(gguf_get_tensor_size(g, i));
    const auto want = std::min<int64_t>(kSampleBytes, size);
    for (const int64_t at : {start, start + (size - want) / 2, start + size - want}) {
      const ssize_t got = pread(file.number(), sample.data(), static_cast<size_t>(want), at);
      if (got > 0) {
        visit(i, sample.data(), static_cast<size_t>(got));
      }
    }
  }
}

uint64_t GgufFile::weights_hash() const {
  gguf_context *const g = header_.get();
  uint64_t sum = 0;
  for (int64_t id = 0; id < gguf_get_n_kv(g); id++) {  // the metadata: a changed RoPE base changes every logit
    if (std::strncmp(gguf_get_key(g, id), "split.", 6) != 0) {
      sum += value_hash(id);
    }
  }
  std::vector<Hash> tensors(static_cast<size_t>(tensor_count()));
  for (int64_t i = 0; i < tensor_count(); i++) {
    Hash &hash = tensors[static_cast<size_t>(i)];
    hash.text(gguf_get_tensor_name(g, i)).number(gguf_get_tensor_type(g, i));
    hash.bytes(gguf_get_tensor_ne(g, i), GGML_MAX_DIMS * sizeof(int64_t));
  }
  visit_samples([&](int64_t tensor, const char *bytes, size_t count) {
    if (tensor >= 0) {
      tensors[static_cast<size_t>(tensor)].bytes(bytes, count);
    }
  });
  for (const Hash &hash : tensors) {
    sum += static_cast<uint64_t>(hash.value());
  }
  return sum;
}

void GgufFile::add_content(Sha256 &hash) const {
  hash.number(file_bytes_);
  visit_samples([&](int64_t, const char *bytes, size_t count) { hash.bytes(bytes, count); });
}

}  // namespace sled
