#include "grow.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
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
#include "probe.hpp"
#include "probe_result.hpp"
#include "status.hpp"

namespace sled {
namespace {

// Those whose graph is a chain of blocks that read the layer's number for nothing but its weights (and, counted from the
// first one, for where they leave RoPE out). Elsewhere the number of layers is a factor (minicpm) or chooses another
// graph (baichuan, gemma2): growing would change what the model says.
constexpr const char *kArchitectures[] = {"llama",   "qwen2",   "qwen3",  "mistral3",
                                          "granite", "internlm2", "smollm3", "gemma"};

constexpr const char *kEpsilon = "attention.layer_norm_rms_epsilon";

// Bytes that are read and written at once.
constexpr size_t kChunkBytes = size_t{4} << 20;

// Those among them in which more than the embedding depends on its width.
struct Narrow {
  const char *architecture;
  const char *why;
};
constexpr Narrow kNarrow[] = {
    {"gemma", "it scales embeddings by the root of their width"},
    {"qwen2", "llama.cpp wants its attention as wide as its embedding"},
    {"internlm2", "llama.cpp wants its attention as wide as its embedding"},
    {"qwen3", "its norms of q and k have the same epsilon as those of the embedding"},
};

// What a tensor has along an axis.
enum class Axis { kOther, kEmbedding, kForward };

// What a tensor of the new file is filled with.
enum class Fill {
  kCopy,  // the source's rows; see Grower::copy() for what follows where there is more room
  kNorm,  // the same, F32, times norm_scale_
  kZero,
  kOne    // F32, times norm_scale_
};

// What becomes of a tensor, by its name; of a layer's, by what follows "blk.<n>.".
struct Role {
  const char *suffix;
  Axis columns;
  Axis rows;
  bool required;
  Fill in_old_layers;
  Fill in_new_layers;

  bool has(Axis axis) const { return columns == axis || rows == axis; }
  // An element for each neuron: more of them are the same ones again, as the rows of the matrix they belong to.
  bool is_neuron_vector() const { return columns == Axis::kForward && rows == Axis::kOther; }
};

// Old layers: only what meets the zeros of the down matrix grows. New layers: whatever attention and FFN compute, zeros
// stand behind it, and x + 0 is x to the bit. Their norms are 1, whose results are of ordinary size however the copied
// weights came by theirs: no infinity, which zeros would turn into NaN, and no denormals, which cost extra.
//
// A wider embedding is 0 in its new columns: whatever reads them adds 0, and what would write them has rows of zeros. An
// RMS norm over 4^k times as many columns finds a mean square that is 4^k times smaller, so its result is 2^k times larger:
// an epsilon divided by 4^k and a weight divided by 2^k make up for it, to the bit.
constexpr Role kRoles[] = {
    {"attn_norm.weight", Axis::kEmbedding, Axis::kOther, true, Fill::kNorm, Fill::kOne},
    {"attn_norm.bias", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kZero},
    {"attn_q.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_q.bias", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_k.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_k.bias", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_v.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_v.bias", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_qkv.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_qkv.bias", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"attn_q_norm.weight", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kOne},
    {"attn_k_norm.weight", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kOne},
    {"attn_output.weight", Axis::kOther, Axis::kEmbedding, true, Fill::kCopy, Fill::kZero},
    {"attn_output.bias", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kZero},
    {"ffn_norm.weight", Axis::kEmbedding, Axis::kOther, true, Fill::kNorm, Fill::kOne},
    {"ffn_norm.bias", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kZero},
    {"ffn_gate.weight", Axis::kEmbedding, Axis::kForward, true, Fill::kCopy, Fill::kCopy},
    {"ffn_gate.bias", Axis::kForward, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"ffn_up.weight", Axis::kEmbedding, Axis::kForward, true, Fill::kCopy, Fill::kCopy},
    {"ffn_up.bias", Axis::kForward, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"ffn_down.weight", Axis::kForward, Axis::kEmbedding, true, Fill::kCopy, Fill::kZero},
    {"ffn_down.bias", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kZero},
};

// Outside of the layers. Others stay as they are too, but then it is not known that they would fit a wider embedding.
constexpr Role kOutside[] = {
    {"token_embd.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"output_norm.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kNorm, Fill::kNorm},
    {"output_norm.bias", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"output.weight", Axis::kEmbedding, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"output.bias", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"rope_freqs.weight", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"rope_factors_long.weight", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
    {"rope_factors_short.weight", Axis::kOther, Axis::kOther, false, Fill::kCopy, Fill::kCopy},
};

template <size_t N>
const Role *find_role(const Role (&roles)[N], const std::string &suffix) {
  const auto found = std::find_if(roles, roles + N, [&](const Role &role) { return suffix == role.suffix; });
  return found == roles + N ? nullptr : found;
}

// A tensor of the small model.
struct Source {
  std::string name;
  ggml_type type = GGML_TYPE_F32;
  int64_t ne[4] = {1, 1, 1, 1};
  int64_t offset = 0;  // in the file
  int64_t bytes = 0;
  const Role *role = nullptr;  // null where it is not known

  int64_t elements() const { return ne[0] * ne[1] * ne[2] * ne[3]; }
};

// A tensor of the new one.
struct Target {
  std::string name;
  const Source *source;
  Fill fill;
  int64_t ne[4];
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
  // width: of the embedding, 0 = as it is.
  Grower(const std::string &path, int32_t width) : file_(path) {
    file_.require_sound_metadata(false);
    check_metadata();
    read_tensors();
    check_layers();
    widen(width);
    count();
  }

  sled_grow_info plan(int64_t parameters) {
    if (parameters < before_) {
      fail(SLED_ERR_ARGUMENT, "'%s' has %lld parameters, it cannot grow to %lld", file_.path().c_str(),
           static_cast<long long>(before_), static_cast<long long>(parameters));
    }
    const int64_t least = basis_.parameters(basis_.now);
    if (parameters < least) {
      fail(SLED_ERR_ARGUMENT, "'%s' has at least %lld parameters with an embedding of %d columns, it cannot have %lld",
           file_.path().c_str(), static_cast<long long>(least), basis_.width, static_cast<long long>(parameters));
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
    info.parameters_before = before_;
    info.file_bytes = file_bytes_;
    info.layers = shape_.layers;
    info.layers_before = basis_.now.layers;
    info.feed_forward = shape_.forward;
    info.feed_forward_before = basis_.now.forward;
    info.embedding_width = basis_.width;
    info.embedding_width_before = width_before_;
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
        case Fill::kCopy:
        case Fill::kNorm: copy(reader, target, output); break;
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
      Source &kept = sources_.back();
      if (std::sscanf(source.name.c_str(), "blk.%9d.%n", &layer, &consumed) != 1 || consumed == 0) {
        kept.role = find_role(kOutside, source.name);
        continue;
      }
      const std::string suffix = source.name.substr(static_cast<size_t>(consumed));
      kept.role = find_role(kRoles, suffix);
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
    basis_.width = width_before_ = static_cast<int32_t>(width);
    basis_.now.forward = static_cast<int32_t>(forward);
  }

  void check_fill(const Source &source) const {
    const auto uses = [&](Fill fill) {
      return source.role->in_old_layers == fill || source.role->in_new_layers == fill;
    };
    const bool zero_columns = source.role->columns == Axis::kForward && !source.role->is_neuron_vector();
    if (uses(Fill::kZero) || zero_columns) {
      require_zeros(source);
    }
    if (uses(Fill::kOne) && source.type != GGML_TYPE_F32) {
      refuse("tensor " + source.name + " has type " + std::string(ggml_type_name(source.type)) + " instead of f32");
    }
  }

  void require_zeros(const Source &source) const {
    if (!zero_bytes_are_zeros(source.type)) {
      refuse("tensor " + source.name + " has type " + ggml_type_name(source.type) + ", whose zeros are not known");
    }
  }

  // Takes that width if it can be had. Rows of 4^k times as many columns are whole blocks of every type, as these are.
  void widen(int32_t width) {
    if (width == 0 || width == width_before_) {
      return;
    }
    std::string possible = std::to_string(width_before_);
    int32_t halvings = 0;
    for (int64_t wider = int64_t{4} * width_before_, k = 1; wider <= kGrowLargestWidth; wider *= 4, k++) {
      possible += ", " + std::to_string(wider);
      halvings = wider == width ? static_cast<int32_t>(k) : halvings;
    }
    if (halvings == 0) {
      fail(SLED_ERR_ARGUMENT, "the embedding of '%s' can have one of these numbers of columns: %s; not %d",
           file_.path().c_str(), possible.c_str(), width);
    }
    check_widening();
    halvings_ = halvings;
    norm_scale_ = std::ldexp(1.0F, -halvings);
    basis_.width = width;
    basis_.widened = true;
  }

  void check_widening() const {
    const std::string what = "to another width of the embedding: ";
    for (const Narrow &narrow : kNarrow) {
      if (architecture_ == narrow.architecture) {
        refuse(what + narrow.why);
      }
    }
    if (gguf_find_key(file_.header(), key("embedding_length_out").c_str()) >= 0) {
      refuse(what + "its output has a width of its own");
    }
    const int64_t epsilon = gguf_find_key(file_.header(), key(kEpsilon).c_str());
    if (epsilon < 0 || gguf_get_kv_type(file_.header(), epsilon) != GGUF_TYPE_FLOAT32) {
      refuse(what + "it does not say the epsilon of its norms");
    }
    if (number("attention.head_count") < 1) {
      refuse(what + "it does not say how many heads it has");
    }
    for (const Source &source : sources_) {
      if (source.role == nullptr) {
        refuse(what + "what tensor " + source.name + " is for is not known");
      }
      const auto fits = [&](Axis axis, int64_t ne) { return axis != Axis::kEmbedding || ne == width_before_; };
      if (!fits(source.role->columns, source.ne[0]) || !fits(source.role->rows, source.ne[1]) || source.ne[2] != 1 ||
          source.ne[3] != 1) {
        refuse(what + "tensor " + source.name + " is not of the embedding's width");
      }
      if (source.role->has(Axis::kEmbedding)) {
        require_zeros(source);
      }
    }
  }

  // The parameters of what there is, and those of each part with the new width.
  void count() {
    before_ = 0;
    int64_t all = 0;
    for (const Source &source : sources_) {
      before_ += source.elements();
      all += elements(source);
    }
    int64_t of_layer = 0;
    for (const auto &entry : layers_[0]) {
      const int64_t now = elements(*entry.second);
      of_layer += now;
      basis_.per_neuron += entry.second->role->has(Axis::kForward) ? now / basis_.now.forward : 0;
    }
    basis_.per_layer = of_layer - basis_.per_neuron * basis_.now.forward;
    basis_.fixed = all - of_layer * basis_.now.layers;
  }

  int64_t elements(const Source &source) const {
    const bool widens = basis_.widened && source.role->has(Axis::kEmbedding);
    return widens ? source.elements() / width_before_ * basis_.width : source.elements();
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
    if (basis_.widened) {
      say_how_wide_it_is(g);
    }
    say_what_it_is(g);

    targets_.clear();
    for (const Source &source : sources_) {
      add(source, source.name, source.role == nullptr ? Fill::kCopy : source.role->in_old_layers);
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
    Target target{std::move(name), &source, fill, {source.ne[0], source.ne[1], source.ne[2], source.ne[3]}, 0};
    if (source.role != nullptr) {
      const auto resize = [&](Axis axis, int64_t &ne) {
        if (axis == Axis::kForward) {
          ne = shape_.forward;
        } else if (axis == Axis::kEmbedding && basis_.widened) {
          ne = basis_.width;
        }
      };
      resize(source.role->columns, target.ne[0]);
      resize(source.role->rows, target.ne[1]);
    }
    target.bytes = static_cast<int64_t>(ggml_row_size(source.type, target.ne[0])) * target.ne[1] * target.ne[2] *
                   target.ne[3];
    targets_.push_back(std::move(target));
  }

  // And what llama.cpp would otherwise conclude from the width: the heads stay as they are.
  void say_how_wide_it_is(gguf_context *g) const {
    gguf_set_val_u32(g, key("embedding_length").c_str(), static_cast<uint32_t>(basis_.width));
    const float epsilon = gguf_get_val_f32(g, gguf_find_key(g, key(kEpsilon).c_str()));
    gguf_set_val_f32(g, key(kEpsilon).c_str(), std::ldexp(epsilon, -2 * halvings_));
    const int64_t head = width_before_ / number("attention.head_count");
    set_where_missing(g, "attention.key_length", head);
    set_where_missing(g, "attention.value_length", head);
    set_where_missing(g, "rope.dimension_count", file_.integer(key("attention.key_length").c_str(), head));
  }

  void set_where_missing(gguf_context *g, const char *suffix, int64_t value) const {
    if (gguf_find_key(g, key(suffix).c_str()) < 0) {
      gguf_set_val_u32(g, key(suffix).c_str(), static_cast<uint32_t>(value));
    }
  }

  void say_what_it_is(gguf_context *g) const {
    if (!basis_.widened && shape_.layers == basis_.now.layers && shape_.forward == basis_.now.forward) {
      return;
    }
    const auto after = static_cast<double>(basis_.parameters(shape_));
    const std::string size = after < 1e9 ? format_text("%.0fM", after / 1e6) : format_text("%.1fB", after / 1e9);
    const std::string name = file_.text("general.name", architecture_);
    gguf_set_val_str(g, "general.name", (name + ", grown to " + size).c_str());
    gguf_set_val_str(g, "general.description",
                     format_text("Costs as much to run as a model of %lld parameters and gives the same tokens as '%s', "
                                 "which has %lld: %sneurons and layers that change nothing were added. For benchmarks.",
                                 static_cast<long long>(basis_.parameters(shape_)), name.c_str(),
                                 static_cast<long long>(before_), basis_.widened ? "columns, " : "")
                         .c_str());
    gguf_set_val_str(g, "general.size_label", size.c_str());
  }

  int64_t padding(int64_t bytes) const {
    const auto alignment = static_cast<int64_t>(gguf_get_alignment(header_.get()));
    return (alignment - bytes % alignment) % alignment;
  }

  // ---------------------------------------------------------------- data

  // Row by row, zeros behind a row that became longer. Where there are more rows: those of neurons are the source's once
  // more, those of the embedding zeros.
  void copy(const Reader &reader, const Target &target, OutputFile &output) const {
    const Source &source = *target.source;
    if (source.bytes == 0) {
      zeros(target.bytes, output);
      return;
    }
    const bool neuron_vector = source.role != nullptr && source.role->is_neuron_vector();
    const auto bytes_of_row = [&](const int64_t *ne) {
      return neuron_vector ? static_cast<int64_t>(ggml_type_size(source.type))
                           : static_cast<int64_t>(ggml_row_size(source.type, ne[0]));
    };
    const int64_t from_bytes = bytes_of_row(source.ne);
    const int64_t to_bytes = bytes_of_row(target.ne);
    const int64_t rows_there = source.bytes / from_bytes;
    const int64_t rows = target.bytes / to_bytes;
    const bool again = neuron_vector || (source.role != nullptr && source.role->rows == Axis::kForward);
    const int64_t copied = again ? rows : std::min(rows, rows_there);
    const int64_t at_once = std::min(rows_there, std::max<int64_t>(1, static_cast<int64_t>(kChunkBytes) / to_bytes));
    std::vector<char> from(static_cast<size_t>(at_once * from_bytes));
    std::vector<char> to(static_cast<size_t>(at_once * to_bytes), 0);
    for (int64_t row = 0; row < copied;) {
      const int64_t first = row % rows_there;
      const int64_t now = std::min({at_once, rows_there - first, copied - row});
      reader.read(source.offset + first * from_bytes, from.data(), static_cast<size_t>(now * from_bytes));
      if (target.fill == Fill::kNorm && basis_.widened) {
        scale(from);
      }
      for (int64_t i = 0; i < now; i++) {
        std::memcpy(to.data() + i * to_bytes, from.data() + i * from_bytes, static_cast<size_t>(from_bytes));
      }
      output.write(to.data(), static_cast<size_t>(now * to_bytes));
      row += now;
    }
    zeros((rows - copied) * to_bytes, output);
  }

  void scale(std::vector<char> &floats) const {
    for (size_t at = 0; at < floats.size(); at += sizeof(float)) {
      float value;
      std::memcpy(&value, floats.data() + at, sizeof(value));
      value *= norm_scale_;
      std::memcpy(floats.data() + at, &value, sizeof(value));
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

  void ones(const Target &target, OutputFile &output) const {
    const std::vector<float> values(static_cast<size_t>(target.bytes) / sizeof(float), norm_scale_);
    output.write(values.data(), values.size() * sizeof(float));
  }

  const GgufFile file_;
  std::string architecture_;
  std::map<std::string, uint32_t> same_in_all_layers_;
  std::vector<Source> sources_;
  std::vector<std::map<std::string, const Source *>> layers_;  // by suffix
  GrowBasis basis_;
  int64_t before_ = 0;  // parameters
  int32_t width_before_ = 0;
  int32_t halvings_ = 0;  // of the norms' weights: k, where the embedding has 4^k times as many columns
  float norm_scale_ = 1.0F;

  GrowShape shape_;
  std::unique_ptr<gguf_context, Free> header_;
  std::vector<Target> targets_;
  int64_t file_bytes_ = 0;
};

}  // namespace

sled_grow_info plan_growth(const std::string &in, const sled_grow_params &params) {
  return Grower(in, params.width).plan(params.parameters);
}

sled_grow_info grow_model(const std::string &in, const char *out, const sled_grow_params &params) {
  if (params.parameters < 1) {
    fail(SLED_ERR_ARGUMENT, "%lld parameters", static_cast<long long>(params.parameters));
  }
  // ggml's writer ends the process at what it does not expect. What sled-probe survives, the same again here survives too.
  run_probe({kProbeGrow, in, "", kProbeLeastSeconds, kProbeWorkingBytes,
             {std::to_string(params.parameters), std::to_string(params.width)}});
  Grower grower(in, params.width);
  const sled_grow_info info = grower.plan(params.parameters);
  if (out != nullptr) {
    grower.write(out, params.flags);
  }
  return info;
}

}  // namespace sled
