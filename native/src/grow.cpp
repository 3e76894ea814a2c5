#include "grow.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "gguf_file.hpp"
#include "grow_shape.hpp"
#include "output_file.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Those whose graph is a chain of blocks that read the layer's number for nothing but its weights (and, counted from the
// first one, for where they leave RoPE out). Elsewhere the number of layers is a factor (minicpm) or chooses another
// graph (baichuan, gemma2): growing would change what the model says.
constexpr const char *kArchitectures[] = {"llama",   "qwen2",   "qwen3",  "mistral3",
                                          "granite", "internlm2", "smollm3", "gemma"};

// Bytes that are read and written at once.
constexpr size_t kChunkBytes = size_t{4} << 20;

// What a tensor of the new file is filled with.
enum class Fill {
  kRepeat,  // the source's bytes; where there is more room, again from the first row on
  kWiden,   // the source's rows, each with zeros behind it
  kZero,
  kOne  // F32
};

// What becomes of a tensor of a layer, by its name behind "blk.<n>.".
struct Role {
  const char *suffix;
  bool grows;         // with the FFN's width
  bool required;
  Fill in_old_layers;
  Fill in_new_layers;
};

// Old layers: only what meets the zeros of the down matrix grows. New layers: whatever attention and FFN compute, zeros
// stand behind it, and x + 0 is x to the bit. Their norms are 1, whose results are of ordinary size however the copied
// weights came by theirs: no infinity, which zeros would turn into NaN, and no denormals, which cost extra.
constexpr Role kRoles[] = {
    {"attn_norm.weight", false, true, Fill::kRepeat, Fill::kOne},
    {"attn_norm.bias", false, false, Fill::kRepeat, Fill::kZero},
    {"attn_q.weight", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_q.bias", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_k.weight", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_k.bias", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_v.weight", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_v.bias", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_qkv.weight", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_qkv.bias", false, false, Fill::kRepeat, Fill::kRepeat},
    {"attn_q_norm.weight", false, false, Fill::kRepeat, Fill::kOne},
    {"attn_k_norm.weight", false, false, Fill::kRepeat, Fill::kOne},
    {"attn_output.weight", false, true, Fill::kRepeat, Fill::kZero},
    {"attn_output.bias", false, false, Fill::kRepeat, Fill::kZero},
    {"ffn_norm.weight", false, true, Fill::kRepeat, Fill::kOne},
    {"ffn_norm.bias", false, false, Fill::kRepeat, Fill::kZero},
    {"ffn_gate.weight", true, true, Fill::kRepeat, Fill::kRepeat},
    {"ffn_gate.bias", true, false, Fill::kRepeat, Fill::kRepeat},
    {"ffn_up.weight", true, true, Fill::kRepeat, Fill::kRepeat},
    {"ffn_up.bias", true, false, Fill::kRepeat, Fill::kRepeat},
    {"ffn_down.weight", true, true, Fill::kWiden, Fill::kZero},
    {"ffn_down.bias", false, false, Fill::kRepeat, Fill::kZero},
};

const Role *find_role(const std::string &suffix) {
  for (const Role &role : kRoles) {
    if (suffix == role.suffix) {
      return &role;
    }
  }
  return nullptr;
}

// A tensor of the small model.
struct Source {
  std::string name;
  ggml_type type = GGML_TYPE_F32;
  int64_t ne[4] = {1, 1, 1, 1};
  int64_t offset = 0;  // in the file
  int64_t bytes = 0;
  const Role *role = nullptr;  // null outside of the layers

  int64_t elements() const { return ne[0] * ne[1] * ne[2] * ne[3]; }
  int64_t row_bytes() const { return static_cast<int64_t>(ggml_row_size(type, ne[0])); }
};

// A tensor of the new one.
struct Target {
  std::string name;
  const Source *source;
  Fill fill;
  int64_t ne[4];
  int64_t row_bytes;
  int64_t bytes;
};

class Reader {
 public:
  explicit Reader(const std::string &path) : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
      fail(SLED_ERR_IO, "cannot read model file '%s': %s", path.c_str(), std::strerror(errno));
    }
  }
  ~Reader() { close(descriptor_); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  void read(int64_t offset, char *to, size_t bytes) const {
    while (bytes > 0) {
      const ssize_t got = pread(descriptor_, to, bytes, offset);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        fail(SLED_ERR_IO, "cannot read model file '%s': %s", path_.c_str(),
             got < 0 ? std::strerror(errno) : "it became shorter meanwhile");
      }
      to += got;
      offset += got;
      bytes -= static_cast<size_t>(got);
    }
  }

 private:
  const std::string path_;
  const int descriptor_;
};

bool zero_bytes_are_zeros(ggml_type type) {
  if (type == GGML_TYPE_F32) {
    return true;
  }
  const ggml_to_float_t to_float = ggml_get_type_traits(type)->to_float;
  if (to_float == nullptr) {
    return false;
  }
  const std::vector<char> block(ggml_type_size(type), 0);
  std::vector<float> values(static_cast<size_t>(ggml_blck_size(type)), 1.0F);
  to_float(block.data(), values.data(), static_cast<int64_t>(values.size()));
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0.0F; });
}

class Grower {
 public:
  explicit Grower(const std::string &path) : file_(path) {
    file_.require_sound_metadata(false);
    check_metadata();
    read_tensors();
    check_layers();
  }

  sled_grow_info plan(int64_t parameters) {
    const int64_t before = basis_.parameters(basis_.now);
    if (parameters < before) {
      fail(SLED_ERR_ARGUMENT, "'%s' has %lld parameters, it cannot grow to %lld", file_.path().c_str(),
           static_cast<long long>(before), static_cast<long long>(parameters));
    }
    const GrowShape largest = largest_grow_shape(basis_);
    if (parameters > basis_.parameters(largest)) {
      fail(SLED_ERR_UNSUPPORTED,
           "'%s' can grow to %lld parameters (%d layers with %d FFN neurons each), not to %lld: its embedding has only %d "
           "columns",
           file_.path().c_str(), static_cast<long long>(basis_.parameters(largest)), largest.layers, largest.forward,
           static_cast<long long>(parameters), basis_.width);
    }
    shape_ = choose_grow_shape(basis_, parameters);
    lay_out();
    sled_grow_info info{};
    info.parameters = basis_.parameters(shape_);
    info.parameters_before = before;
    info.file_bytes = file_bytes_;
    info.layers = shape_.layers;
    info.layers_before = basis_.now.layers;
    info.feed_forward = shape_.forward;
    info.feed_forward_before = basis_.now.forward;
    info.embedding_width = basis_.width;
    return info;
  }

  void write(const std::string &path, int32_t flags) const {
    OutputFile output(path, file_bytes_, flags);
    const Reader reader(file_.path());
    std::vector<char> metadata(gguf_get_meta_size(header_.get()));
    gguf_get_meta_data(header_.get(), metadata.data());
    output.write(metadata.data(), metadata.size());
    for (const Target &target : targets_) {
      switch (target.fill) {
        case Fill::kRepeat: repeat(reader, target, output); break;
        case Fill::kWiden: widen(reader, target, output); break;
        case Fill::kZero: zeros(target.bytes, output); break;
        case Fill::kOne: ones(target, output); break;
      }
      zeros(padding(target.bytes), output);
    }
    const GgufFile whole(output.part());  // what was written can be read
    output.publish();
  }

 private:
  struct Free {
    void operator()(gguf_context *context) const { gguf_free(context); }
  };

  std::string key(const char *suffix) const { return architecture_ + "." + suffix; }

  [[noreturn]] void refuse(const std::string &why) const {
    fail(SLED_ERR_UNSUPPORTED, "'%s' (%s) cannot be grown: %s", file_.path().c_str(), architecture_.c_str(),
         why.c_str());
  }

  void check_metadata() {
    architecture_ = file_.text("general.architecture", "");
    if (file_.integer("split.count", 1) > 1) {
      refuse("it is split into several files; convert it into one first");
    }
    if (file_.integer(key("expert_count").c_str(), 0) > 0) {
      refuse("it is a mixture of experts");
    }
    if (std::find(std::begin(kArchitectures), std::end(kArchitectures), architecture_) == std::end(kArchitectures)) {
      std::string known;
      for (const char *name : kArchitectures) {
        known += known.empty() ? name : std::string(", ") + name;
      }
      refuse("known are " + known);
    }
    if (file_.integer(key("nextn_predict_layers").c_str(), 0) > 0) {
      refuse("its last layers predict further tokens");
    }
    basis_.now.layers = static_cast<int32_t>(file_.integer(key("block_count").c_str(), 0));
    if (basis_.now.layers < 1) {
      refuse("it does not say how many layers it has");
    }
    check_arrays();
  }

  // A number for each layer can be replaced by one number where all are equal.
  void check_arrays() {
    const gguf_context *const g = file_.header();
    const std::string prefix = architecture_ + ".";
    for (int64_t id = 0; id < gguf_get_n_kv(g); id++) {
      const std::string name = gguf_get_key(g, id);
      if (gguf_get_kv_type(g, id) != GGUF_TYPE_ARRAY || name.compare(0, prefix.size(), prefix) != 0) {
        continue;
      }
      const std::string suffix = name.substr(prefix.size());
      const bool known =
          suffix == "attention.head_count" || suffix == "attention.head_count_kv" || suffix == "feed_forward_length";
      const gguf_type type = gguf_get_arr_type(g, id);
      const size_t count = gguf_get_arr_n(g, id);
      if (!known || (type != GGUF_TYPE_INT32 && type != GGUF_TYPE_UINT32) || count == 0) {
        refuse("its " + name + " may be different for each layer");
      }
      std::vector<uint32_t> values(count);
      std::memcpy(values.data(), gguf_get_arr_data(g, id), count * sizeof(uint32_t));
      if (std::any_of(values.begin(), values.end(), [&](uint32_t value) { return value != values.front(); })) {
        refuse("its " + name + " is different for each layer");
      }
      same_in_all_layers_[name] = values.front();
    }
  }

  int64_t number(const char *suffix) const {
    const auto found = same_in_all_layers_.find(key(suffix));
    return found != same_in_all_layers_.end() ? found->second : file_.integer(key(suffix).c_str(), 0);
  }

  void read_tensors() {
    const gguf_context *const g = file_.header();
    layers_.resize(static_cast<size_t>(basis_.now.layers));
    sources_.reserve(static_cast<size_t>(file_.tensor_count()));  // pointers into it stay
    for (int64_t i = 0; i < file_.tensor_count(); i++) {
      Source source;
      source.name = gguf_get_tensor_name(g, i);
      source.type = gguf_get_tensor_type(g, i);
      std::copy_n(gguf_get_tensor_ne(g, i), 4, source.ne);
      source.offset = static_cast<int64_t>(gguf_get_data_offset(g) + gguf_get_tensor_offset(g, i));
      source.bytes = static_cast<int64_t>(gguf_get_tensor_size(g, i));
      sources_.push_back(source);
      int32_t layer = 0;
      int consumed = 0;
      if (std::sscanf(source.name.c_str(), "blk.%9d.%n", &layer, &consumed) != 1 || consumed == 0) {
        continue;
      }
      Source &kept = sources_.back();
      const std::string suffix = source.name.substr(static_cast<size_t>(consumed));
      kept.role = find_role(suffix);
      if (kept.role == nullptr) {
        refuse(suffix.find("_exp") != std::string::npos || suffix.find("ffn_gate_inp") != std::string::npos
                   ? "it is a mixture of experts (tensor " + source.name + ")"
                   : "what tensor " + source.name + " is for is not known");
      }
      if (layer < 0 || layer >= basis_.now.layers) {
        refuse("tensor " + source.name + " belongs to none of its " + std::to_string(basis_.now.layers) + " layers");
      }
      layers_[static_cast<size_t>(layer)][suffix] = &kept;
    }
  }

  void check_layers() {
    for (size_t i = 0; i < layers_.size(); i++) {
      const std::string name = "layer " + std::to_string(i);
      for (const Role &role : kRoles) {
        const auto found = layers_[i].find(role.suffix);
        if (found == layers_[i].end()) {
          if (role.required) {
            refuse(name + " has no " + role.suffix);
          }
          if (layers_[0].count(role.suffix) > 0) {
            refuse(name + " has no " + role.suffix + ", layer 0 has");
          }
          continue;
        }
        const auto first = layers_[0].find(role.suffix);
        if (first == layers_[0].end() || !std::equal(first->second->ne, first->second->ne + 4, found->second->ne)) {
          refuse(name + "'s " + role.suffix + " is unlike layer 0's");
        }
        check_fill(*found->second);
      }
    }
    const auto &layer = layers_[0];
    const Source &gate = *layer.at("ffn_gate.weight");
    const Source &down = *layer.at("ffn_down.weight");
    const int64_t width = number("embedding_length");
    const int64_t forward = number("feed_forward_length");
    const auto is_matrix = [](const Source &source, int64_t columns, int64_t rows) {
      return source.ne[0] == columns && source.ne[1] == rows && source.ne[2] == 1 && source.ne[3] == 1;
    };
    const auto is_vector = [&](const char *suffix, int64_t length) {
      const auto found = layer.find(suffix);
      return found == layer.end() || is_matrix(*found->second, length, 1);
    };
    if (width < 1 || forward < 1 || width > INT32_MAX / kGrowLargestRatio || forward > INT32_MAX / 2 ||
        !is_matrix(gate, width, forward) || !is_matrix(*layer.at("ffn_up.weight"), width, forward) ||
        !is_matrix(down, forward, width) || !is_vector("ffn_gate.bias", forward) || !is_vector("ffn_up.bias", forward)) {
      refuse("its FFN is not " + std::to_string(width) + " x " + std::to_string(forward) + " gate, up and down");
    }
    basis_.width = static_cast<int32_t>(width);
    basis_.now.forward = static_cast<int32_t>(forward);
    int64_t all = 0;
    for (const Source &source : sources_) {
      all += source.elements();
    }
    int64_t of_layer = 0;
    for (const auto &entry : layer) {
      of_layer += entry.second->elements();
      basis_.per_neuron += entry.second->role->grows ? entry.second->elements() / forward : 0;
    }
    basis_.per_layer = of_layer - basis_.per_neuron * forward;
    basis_.fixed = all - of_layer * basis_.now.layers;
  }

  void check_fill(const Source &source) const {
    const auto uses = [&](Fill fill) {
      return source.role->in_old_layers == fill || source.role->in_new_layers == fill;
    };
    if ((uses(Fill::kZero) || uses(Fill::kWiden)) && !zero_bytes_are_zeros(source.type)) {
      refuse("tensor " + source.name + " has type " + ggml_type_name(source.type) + ", whose zeros are not known");
    }
    if (uses(Fill::kOne) && source.type != GGML_TYPE_F32) {
      refuse("tensor " + source.name + " has type " + std::string(ggml_type_name(source.type)) + " instead of f32");
    }
  }

  // Everything of the new file but its data.
  void lay_out() {
    header_.reset(gguf_init_empty());
    gguf_context *const g = header_.get();
    gguf_set_kv(g, file_.header());
    gguf_remove_key(g, "general.alignment");  // the writer has its own
    for (const auto &entry : same_in_all_layers_) {
      gguf_remove_key(g, entry.first.c_str());
      gguf_set_val_u32(g, entry.first.c_str(), entry.second);
    }
    gguf_set_val_u32(g, key("block_count").c_str(), static_cast<uint32_t>(shape_.layers));
    gguf_set_val_u32(g, key("feed_forward_length").c_str(), static_cast<uint32_t>(shape_.forward));
    say_what_it_is(g);

    targets_.clear();
    for (const Source &source : sources_) {
      add(source, source.name, source.role == nullptr ? Fill::kRepeat : source.role->in_old_layers);
    }
    for (int32_t layer = basis_.now.layers; layer < shape_.layers; layer++) {
      // Copies in turn: a mix of weight types stays what it is.
      for (const auto &entry : layers_[static_cast<size_t>(layer % basis_.now.layers)]) {
        add(*entry.second, "blk." + std::to_string(layer) + "." + entry.first, entry.second->role->in_new_layers);
      }
    }
    const ggml_init_params room{ggml_tensor_overhead() * (targets_.size() + 1), nullptr, true};
    const std::unique_ptr<ggml_context, void (*)(ggml_context *)> tensors(ggml_init(room), ggml_free);
    file_bytes_ = 0;
    for (const Target &target : targets_) {
      ggml_tensor *const tensor = ggml_new_tensor(tensors.get(), target.source->type, 4, target.ne);
      ggml_set_name(tensor, target.name.c_str());
      gguf_add_tensor(g, tensor);
      file_bytes_ += target.bytes + padding(target.bytes);
    }
    file_bytes_ += static_cast<int64_t>(gguf_get_meta_size(g));
  }

  void add(const Source &source, std::string name, Fill fill) {
    Target target{std::move(name), &source, fill, {source.ne[0], source.ne[1], source.ne[2], source.ne[3]}, 0, 0};
    if (source.role != nullptr && source.role->grows) {
      // A matrix's rows, or a vector's elements, or the down matrix's columns.
      const bool in_rows = source.role->in_old_layers == Fill::kRepeat && source.ne[1] == basis_.now.forward;
      target.ne[in_rows ? 1 : 0] = shape_.forward;
    }
    target.row_bytes = static_cast<int64_t>(ggml_row_size(source.type, target.ne[0]));
    target.bytes = target.row_bytes * target.ne[1] * target.ne[2] * target.ne[3];
    targets_.push_back(std::move(target));
  }

  void say_what_it_is(gguf_context *g) const {
    if (shape_.layers == basis_.now.layers && shape_.forward == basis_.now.forward) {
      return;
    }
    const auto after = static_cast<double>(basis_.parameters(shape_));
    const std::string size = after < 1e9 ? format_text("%.0fM", after / 1e6) : format_text("%.1fB", after / 1e9);
    const std::string name = file_.text("general.name", architecture_);
    gguf_set_val_str(g, "general.name", (name + ", grown to " + size).c_str());
    gguf_set_val_str(g, "general.description",
                     format_text("Costs as much to run as a model of %lld parameters and gives the same tokens as '%s', "
                                 "which has %lld: neurons and layers that change nothing were added. For benchmarks.",
                                 static_cast<long long>(basis_.parameters(shape_)), name.c_str(),
                                 static_cast<long long>(basis_.parameters(basis_.now)))
                         .c_str());
    gguf_set_val_str(g, "general.size_label", size.c_str());
  }

  int64_t padding(int64_t bytes) const {
    const auto alignment = static_cast<int64_t>(gguf_get_alignment(header_.get()));
    return (alignment - bytes % alignment) % alignment;
  }

  // ---------------------------------------------------------------- data

  void repeat(const Reader &reader, const Target &target, OutputFile &output) const {
    std::vector<char> chunk(static_cast<size_t>(std::min<int64_t>(kChunkBytes, target.source->bytes)));
    int64_t left = target.bytes;
    while (left > 0) {
      for (int64_t at = 0; at < target.source->bytes && left > 0;) {
        const int64_t bytes =
            std::min({static_cast<int64_t>(chunk.size()), target.source->bytes - at, left});
        reader.read(target.source->offset + at, chunk.data(), static_cast<size_t>(bytes));
        output.write(chunk.data(), static_cast<size_t>(bytes));
        at += bytes;
        left -= bytes;
      }
    }
  }

  void widen(const Reader &reader, const Target &target, OutputFile &output) const {
    const int64_t from_bytes = target.source->row_bytes();
    const int64_t rows_at_once = std::max<int64_t>(1, static_cast<int64_t>(kChunkBytes) / target.row_bytes);
    std::vector<char> from(static_cast<size_t>(rows_at_once * from_bytes));
    std::vector<char> to(static_cast<size_t>(rows_at_once * target.row_bytes), 0);
    for (int64_t row = 0; row < target.ne[1];) {
      const int64_t rows = std::min(rows_at_once, target.ne[1] - row);
      reader.read(target.source->offset + row * from_bytes, from.data(), static_cast<size_t>(rows * from_bytes));
      for (int64_t i = 0; i < rows; i++) {
        std::memcpy(to.data() + i * target.row_bytes, from.data() + i * from_bytes, static_cast<size_t>(from_bytes));
      }
      output.write(to.data(), static_cast<size_t>(rows * target.row_bytes));
      row += rows;
    }
  }

  static void zeros(int64_t bytes, OutputFile &output) {
    const std::vector<char> chunk(static_cast<size_t>(std::min<int64_t>(bytes, kChunkBytes)), 0);
    while (bytes > 0) {
      const int64_t now = std::min(bytes, static_cast<int64_t>(chunk.size()));
      output.write(chunk.data(), static_cast<size_t>(now));
      bytes -= now;
    }
  }

  static void ones(const Target &target, OutputFile &output) {
    const std::vector<float> values(static_cast<size_t>(target.bytes) / sizeof(float), 1.0F);
    output.write(values.data(), values.size() * sizeof(float));
  }

  const GgufFile file_;
  std::string architecture_;
  std::map<std::string, uint32_t> same_in_all_layers_;
  std::vector<Source> sources_;
  std::vector<std::map<std::string, const Source *>> layers_;  // by suffix
  GrowBasis basis_;

  GrowShape shape_;
  std::unique_ptr<gguf_context, Free> header_;
  std::vector<Target> targets_;
  int64_t file_bytes_ = 0;
};

}  // namespace

sled_grow_info grow_model(const std::string &in, const char *out, const sled_grow_params &params) {
  if (params.parameters < 1) {
    fail(SLED_ERR_ARGUMENT, "%lld parameters", static_cast<long long>(params.parameters));
  }
  Grower grower(in);
  const sled_grow_info info = grower.plan(params.parameters);
  if (out != nullptr) {
    grower.write(out, params.flags);
  }
  return info;
}

}  // namespace sled
