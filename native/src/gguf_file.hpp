// What can be known of a GGUF file before llama.cpp loads it: that it is whole, and its tokenizer's fingerprint.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gguf.h"

namespace sled {

class Sha256;

struct TokenizerFingerprint {
  int32_t vocabulary_tokens = 0;  // without trailing padding rows
  int64_t tokens_hash = 0;
  int64_t merges_hash = 0;
  int64_t pretokenizer_hash = 0;
};

// The parsed header of one GGUF file. Fails with SLED_ERR_IO or SLED_ERR_FORMAT and says which and why: not GGUF,
// cut off (how many bytes are missing), unreadable.
class GgufFile {
 public:
  explicit GgufFile(std::string path);

  int64_t tensor_count() const;
  int64_t file_bytes() const { return file_bytes_; }
  const std::string &path() const { return path_; }
  const gguf_context *header() const { return header_.get(); }
  TokenizerFingerprint fingerprint() const;

  // Fails with SLED_ERR_FORMAT where llama.cpp would end the process instead of refusing: it trusts some of the
  // metadata. Of a split model, the first part has it.
  void require_sound_metadata(bool vocabulary_only) const;
  void require_weight_types() const;  // so too, of every part

  // Metadata, tensor layout and 4 KiB from the beginning, the middle and the end of every tensor. The hashes of the parts of
  // a split model add up (modulo 2^64) to that of the whole one.
  uint64_t weights_hash() const;

  // Adds the whole header, the file's size and samples of its tensors.
  void add_content(Sha256 &hash) const;

  // Why what the file holds does not say a text token by token: an encoder, an embedding model; "" if nothing is known.
  std::string not_causal() const;

  std::string text(const char *key, const std::string &otherwise) const;
  int64_t integer(const char *key, int64_t otherwise) const;

 private:
  struct Free {
    void operator()(gguf_context *context) const { gguf_free(context); }
  };

  void check_extent() const;
  uint64_t value_hash(int64_t id) const;
  template <typename Visit>
  void visit_samples(Visit &&visit) const;
  void require_sound_numbers(const std::string &architecture) const;
  void require_distinct_tokens() const;
  int64_t string_array_hash(const char *key, size_t count) const;

  const std::string path_;
  int64_t file_bytes_ = 0;
  std::unique_ptr<gguf_context, Free> header_;
};

// The files of a model: one, or all parts of a split one in order, whichever of them was named. What a file is decides its
// header (split.no, split.count) and not its name; the other parts are found by theirs. Fails as GgufFile does, and names a
// part that is missing.
std::vector<GgufFile> open_model_files(const std::string &path);

// Its first file, which has the metadata; the others need not be there.
GgufFile open_first_file(const std::string &path);

}  // namespace sled
