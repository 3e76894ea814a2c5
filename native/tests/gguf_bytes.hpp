// A GGUF file taken apart byte by byte, to be put together again with damage that ggml's own writer would not write.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "ggml.h"
#include "gguf.h"
#include "support.hpp"

namespace test {

template <typename Number>
std::string number_bytes(Number value) {
  return {reinterpret_cast<const char *>(&value), sizeof(value)};
}

inline std::string string_bytes(const std::string &text) {
  return number_bytes<uint64_t>(text.size()) + text;
}

inline std::string array_bytes(int32_t type, uint64_t count, const std::string &elements) {
  return number_bytes(type) + number_bytes(count) + elements;
}

struct GgufBytes {
  struct Value {
    std::string key;
    int32_t type;
    std::string bytes;  // as in the file, behind the type
  };
  struct Tensor {
    std::string name;
    std::vector<int64_t> ne;
    int32_t type;
    uint64_t offset;
  };

  uint32_t version = 3;
  int64_t more_values = 0;   // in the header's count than there are
  int64_t more_tensors = 0;
  std::vector<Value> values;
  std::vector<Tensor> tensors;
  std::string data;

  explicit GgufBytes(const std::string &file) {
    size_t at = 4;
    const auto take = [&](auto &number) {
      CHECK(at + sizeof(number) <= file.size());
      std::memcpy(&number, file.data() + at, sizeof(number));
      at += sizeof(number);
    };
    const auto take_string = [&] {
      uint64_t length = 0;
      take(length);
      at += length;
      return file.substr(at - length, length);
    };
    int64_t tensor_count = 0;
    int64_t value_count = 0;
    take(version);
    take(tensor_count);
    take(value_count);
    for (int64_t i = 0; i < value_count; i++) {
      Value value;
      value.key = take_string();
      take(value.type);
      const size_t begin = at;
      int32_t type = value.type;
      uint64_t count = 1;
      if (type == GGUF_TYPE_ARRAY) {
        take(type);
        take(count);
      }
      for (uint64_t element = 0; element < count; element++) {
        if (type == GGUF_TYPE_STRING) {
          take_string();
        } else {
          at += size_of(type);
        }
      }
      value.bytes = file.substr(begin, at - begin);
      values.push_back(value);
    }
    for (int64_t i = 0; i < tensor_count; i++) {
      Tensor tensor;
      tensor.name = take_string();
      uint32_t dimensions = 0;
      take(dimensions);
      tensor.ne.resize(dimensions);
      for (int64_t &ne : tensor.ne) {
        take(ne);
      }
      take(tensor.type);
      take(tensor.offset);
      tensors.push_back(tensor);
    }
    data = file.substr((at + 31) / 32 * 32);
  }

  static size_t size_of(int32_t type) {
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

  std::string file() const {
    std::string out = "GGUF" + number_bytes(version) + number_bytes(static_cast<int64_t>(tensors.size()) + more_tensors) +
                      number_bytes(static_cast<int64_t>(values.size()) + more_values);
    for (const Value &value : values) {
      out += string_bytes(value.key) + number_bytes(value.type) + value.bytes;
    }
    for (const Tensor &tensor : tensors) {
      out += string_bytes(tensor.name) + number_bytes(static_cast<uint32_t>(tensor.ne.size()));
      for (const int64_t ne : tensor.ne) {
        out += number_bytes(ne);
      }
      out += number_bytes(tensor.type) + number_bytes(tensor.offset);
    }
    out.resize((out.size() + 31) / 32 * 32);
    return out + data;
  }

  // Gives a tensor another type, shape and data, and moves the data of those behind it: a sound file again.
  void reshape(size_t index, int32_t type, const std::vector<int64_t> &ne, const std::string &bytes) {
    std::string moved;
    for (size_t i = 0; i < tensors.size(); i++) {
      const uint64_t end = i + 1 < tensors.size() ? tensors[i + 1].offset : data.size();
      const std::string piece = i == index ? bytes : data.substr(tensors[i].offset, end - tensors[i].offset);
      tensors[i].offset = moved.size();
      moved += piece;
      moved.resize((moved.size() + 31) / 32 * 32);
    }
    tensors[index].type = type;
    tensors[index].ne = ne;
    data = moved;
  }

  // The same with data that has the size which that takes.
  void reshape(size_t index, int32_t type, const std::vector<int64_t> &ne) {
    int64_t elements = 1;
    for (const int64_t n : ne) {
      elements *= n;
    }
    const auto ggml = static_cast<ggml_type>(type);
    const int64_t size = elements / ggml_blck_size(ggml) * static_cast<int64_t>(ggml_type_size(ggml));
    reshape(index, type, ne, std::string(static_cast<size_t>(size), '\x3C'));
  }

  Value *find(const std::string &key) {
    for (Value &value : values) {
      if (value.key == key) {
        return &value;
      }
    }
    return nullptr;
  }

  void set(const std::string &key, int32_t type, const std::string &bytes) {
    Value *const value = find(key);
    if (value == nullptr) {
      values.push_back({key, type, bytes});
    } else {
      *value = {key, type, bytes};
    }
  }
};

}  // namespace test
