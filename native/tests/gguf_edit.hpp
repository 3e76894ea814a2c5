// Rewrites a GGUF file with changed metadata, through ggml's own reader and writer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ggml.h"
#include "gguf.h"
#include "support.hpp"

namespace test {

// A GGUF file in memory, to be written again with other metadata or in parts.
class GgufCopy {
 public:
  explicit GgufCopy(const std::string &path) : tensors_(nullptr, ggml_free), header_(gguf_init_empty(), gguf_free) {
    ggml_context *tensors = nullptr;
    gguf_init_params params{};
    params.no_alloc = false;
    params.ctx = &tensors;
    gguf_context *const file = gguf_init_from_file(path.c_str(), params);
    CHECK(file != nullptr);
    tensors_.reset(tensors);
    gguf_set_kv(header_.get(), file);
    for (int64_t i = 0; i < gguf_get_n_tensors(file); i++) {
      names_.emplace_back(gguf_get_tensor_name(file, i));
    }
    gguf_free(file);
  }
  gguf_context *header() const { return header_.get(); }
  size_t tensor_count() const { return names_.size(); }

  // Adds tensors from..to-1 of the file to a header.
  void add_tensors(gguf_context *header, size_t from, size_t to) const {
    for (size_t i = from; i < to; i++) {
      gguf_add_tensor(header, ggml_get_tensor(tensors_.get(), names_[i].c_str()));
    }
  }

 private:
  std::unique_ptr<ggml_context, void (*)(ggml_context *)> tensors_;
  std::unique_ptr<gguf_context, void (*)(gguf_context *)> header_;
  std::vector<std::string> names_;
};

inline void edit_gguf(const std::string &from, const std::string &to, const std::function<void(gguf_context *)> &edit) {
  const GgufCopy copy(from);
  edit(copy.header());
  copy.add_tensors(copy.header(), 0, copy.tensor_count());
  CHECK(gguf_write_to_file(copy.header(), to.c_str(), false));
}

}  // namespace test
