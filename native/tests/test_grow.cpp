// Models that cost like large ones: they say what the small ones say, to the bit of every logit where the kernels allow
// it, and what cannot be grown is refused by name before anything is written.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../src/grow_shape.cpp"
#include "gguf_edit.hpp"
#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::error_names;

sled_grow_params grow_params(int64_t parameters, int32_t flags = 0, int32_t width = 0) {
  return {static_cast<int32_t>(sizeof(sled_grow_params)), flags, parameters, width, 0};
}

int32_t try_grow(const std::string &in, const std::string &out, int64_t parameters, int32_t flags = 0,
                 int32_t width = 0) {
  const sled_grow_params params = grow_params(parameters, flags, width);
  sled_grow_info info;
  return sled_model_grow(in.c_str(), out.c_str(), &params, &info);
}

sled_grow_info grow(const std::string &in, const std::string &out, int64_t parameters, int32_t flags = 0,
                    int32_t width = 0) {
  const sled_grow_params params = grow_params(parameters, flags, width);
  sled_grow_info plan;
  CHECK_OK(sled_model_grow(in.c_str(), nullptr, &params, &plan));
  sled_grow_info info;
  CHECK_OK(sled_model_grow(in.c_str(), out.c_str(), &params, &info));
  CHECK(std::memcmp(&plan, &info, sizeof(plan)) == 0);
  CHECK_EQ(std::filesystem::file_size(out), info.file_bytes);
  CHECK(!std::filesystem::exists(out + ".part"));
  return info;
}

void quantize(const std::string &in, const std::string &out, const char *type, int32_t flags = 0) {
  CHECK_OK(sled_model_quantize(in.c_str(), out.c_str(), type, 1, flags));
}

sled_model_info describe(const std::string &path) {
  const int64_t model = test::open_model(path);
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  CHECK_OK(sled_model_close(model));
  return info;
}

std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What the target says alone, and how sure a draft of it is at each step: equal doubts are equal logits, near enough.
struct Speech {
  std::vector<int32_t> tokens;
  std::vector<float> doubts;
};

Speech speak(const std::string &path, int32_t count) {
  const int64_t model = test::open_model(path);
  Speech speech;
  for (const char *text : {"Once upon a time", "the hand of 12"}) {
    sled_engine_params params = test::engine_params(1, 256);
    params.numerics = SLED_NUMERICS_FAST;  // whatever the type
    int64_t engine = 0;
    CHECK_OK(sled_engine_open(model, &params, &engine));
    const std::vector<int32_t> tokens = test::generate(engine, test::tokenize(model, text), count);
    CHECK_OK(sled_engine_close(engine));
    sled_draft_params draft_params;
    CHECK_OK(sled_draft_params_default(&draft_params));
    draft_params.context_tokens = 256;
    draft_params.threads = 1;
    int64_t draft = 0;
    CHECK_OK(sled_draft_open(model, &draft_params, &draft));
    for (size_t i = 0; i < tokens.size(); i++) {
      sled_draft_choice choice;
      CHECK_OK(sled_draft_decode(draft, static_cast<int32_t>(i), test::address(&tokens[i]), 1, test::address(&choice)));
      speech.doubts.push_back(choice.probability);
      speech.doubts.push_back(choice.entropy);
    }
    CHECK_OK(sled_draft_close(draft));
    speech.tokens.insert(speech.tokens.end(), tokens.begin(), tokens.end());
  }
  CHECK_OK(sled_model_close(model));
  return speech;
}

// How much equal doubts may differ: kernels may add in another order.
constexpr float kNear = 1e-3F;

void check_same(const std::string &small, const std::string &grown, const char *what, float tolerance = kNear) {
  const int32_t count = test::effort(16, 4);
  const Speech before = speak(small, count);
  const Speech after = speak(grown, count);
  CHECK(before.tokens == after.tokens);
  float largest = 0.0F;
  for (size_t i = 0; i < before.doubts.size(); i++) {
    largest = std::max(largest, std::abs(before.doubts[i] - after.doubts[i]));
  }
  std::printf("  %s: same tokens, probabilities and entropies differ by at most %g\n", what, static_cast<double>(largest));
  CHECK(largest <= tolerance);
}

// ------------------------------------------------------------------ the rule

void check_rule() {
  // The demo target's numbers.
  sled::GrowBasis basis;
  basis.fixed = 2048 * 256 + 256;
  basis.per_layer = 2 * 256 * 256 + 2 * 256 * 128 + 2 * 256;
  basis.per_neuron = 3 * 256;
  basis.width = 256;
  basis.now = {8, 640};
  const int64_t now = basis.parameters(basis.now);
  CHECK_EQ(now, 6033664);
  const sled::GrowShape same = sled::choose_grow_shape(basis, now);
  CHECK(same.layers == 8 && same.forward == 640);
  const int64_t most = basis.parameters(sled::largest_grow_shape(basis));
  int32_t missed = 0;
  for (int64_t wanted = now; wanted <= most; wanted += wanted / 37) {
    const sled::GrowShape shape = sled::choose_grow_shape(basis, wanted);
    const int64_t reached = basis.parameters(shape);
    CHECK(shape.layers >= 8 && shape.layers <= 512);
    CHECK(shape.forward == 640 || (shape.forward > 640 && shape.forward % 256 == 0 && shape.forward <= 64 * 256));
    // Width, then layers, then width; a few layers more where that comes nearer.
    CHECK(shape.layers <= 36 || shape.forward > 60 * 256);
    CHECK(shape.forward <= 8 * 256 || shape.layers >= 32);
    // A layer or 256 neurons more are a large part of a small growth.
    const int64_t tolerance = wanted < 2 * now ? wanted / 15 : wanted / 50;
    if (std::llabs(reached - wanted) > tolerance) {
      std::fprintf(stderr, "%lld parameters wanted, %lld reached\n", static_cast<long long>(wanted),
                   static_cast<long long>(reached));
      missed++;
    }
  }
  CHECK_EQ(missed, 0);
  const sled::GrowShape large = sled::choose_grow_shape(basis, 400'000'000);
  std::printf("  400M from the demo target: %d layers, %d neurons, %lld parameters\n", large.layers, large.forward,
              static_cast<long long>(basis.parameters(large)));
  CHECK_EQ(large.layers, 32);
}

// Widened to W columns: proportions of real models wherever there are parameters for them.
void check_widened_rule() {
  for (const int32_t width : {1024, 4096, 16384}) {
    sled::GrowBasis basis;
    basis.fixed = int64_t{2048} * width + width;
    basis.per_layer = int64_t{width} * (256 + 2 * 128 + 256) + 2 * width;
    basis.per_neuron = int64_t{3} * width;
    basis.width = width;
    basis.widened = true;
    basis.now = {8, 640};
    const int64_t usual = basis.parameters({80, width * 7 / 2});
    const int64_t full = basis.parameters({8, width * 7 / 2});
    for (int64_t wanted = full; wanted <= basis.parameters(sled::largest_grow_shape(basis)); wanted += wanted / 23) {
      const sled::GrowShape shape = sled::choose_grow_shape(basis, wanted);
      CHECK(std::llabs(basis.parameters(shape) - wanted) <= wanted / 50);
      CHECK(wanted > usual || (shape.layers <= 80 && shape.forward * 2 <= width * 7 && shape.forward > width * 3 / 2));
    }
  }
}

// ------------------------------------------------------------------ same tokens

// What is said of the growth is what the files hold, and all that is not weights is the same.
void check_info(const sled_grow_info &info, const std::string &small, const std::string &grown) {
  const sled_model_info before = describe(small);
  const sled_model_info after = describe(grown);
  CHECK_EQ(info.parameters_before, before.parameter_count);
  CHECK_EQ(info.parameters, after.parameter_count);
  CHECK_EQ(info.layers, after.layer_count);
  CHECK_EQ(info.embedding_width_before, before.embedding_width);
  CHECK_EQ(info.embedding_width, after.embedding_width);
  CHECK_EQ(before.tokens_hash, after.tokens_hash);
  CHECK_EQ(before.merges_hash, after.merges_hash);
  CHECK_EQ(before.specials_hash, after.specials_hash);
  CHECK_EQ(before.flags, after.flags);
  CHECK(before.weights_hash != after.weights_hash);
}

void check_demo(const test::TemporaryDirectory &directory) {
  const std::string demo = test::demo_model("target");
  const std::string grown = directory.file("demo.gguf");
  const sled_grow_info info = grow(demo, grown, 12'000'000);
  CHECK(std::llabs(info.parameters - 12'000'000) <= 240'000);
  CHECK_EQ(info.layers_before, 8);
  CHECK_EQ(info.feed_forward_before, 640);
  CHECK_EQ(info.embedding_width, 256);
  check_info(info, demo, grown);
  const sled_model_info before = describe(demo);
  check_same(demo, grown, "demo target, Q8_0");

  const int64_t model = test::open_model(grown);
  char name[256];
  int32_t length = 0;
  CHECK_OK(sled_model_text(model, SLED_TEXT_NAME, name, sizeof(name), &length));
  CHECK(std::string(name).find("grown to 12M") != std::string::npos);
  CHECK_OK(sled_model_close(model));

  // The same again gives the same bytes.
  const std::string again = directory.file("again.gguf");
  grow(demo, again, 12'000'000);
  CHECK(read_file(grown) == read_file(again));
  // As many parameters as it has: as it is.
  const std::string same = directory.file("same.gguf");
  CHECK_EQ(grow(demo, same, before.parameter_count).parameters, before.parameter_count);
  CHECK_EQ(describe(same).layer_count, before.layer_count);
  check_same(demo, same, "demo target, not grown");
}

void check_types(const test::TemporaryDirectory &directory) {
  const std::string demo = test::demo_model("target");
  for (const char *type : {"f32", "F16", "bf16", "q4_0", "q4_k_m", "q6_k", "iq4_nl"}) {
    const std::string small = directory.file(std::string("small-") + type);
    const std::string grown = directory.file(std::string("grown-") + type);
    quantize(demo, small, type);
    // Wider only, and with layers as well.
    grow(small, grown, test::effort(14'000'000, 9'000'000));
    check_same(small, grown, type);
    std::filesystem::remove(small);
    std::filesystem::remove(grown);
  }
}

// With more columns. 256 are whole steps of every kernel: what comes behind adds zeros to the same sums.
void check_widened_demo(const test::TemporaryDirectory &directory) {
  const std::string demo = test::demo_model("target");
  const std::string small = directory.file("small.gguf");
  const std::string grown = directory.file("wide.gguf");
  const sled_grow_info info = grow(demo, grown, 30'000'000, 0, 1024);
  CHECK(std::llabs(info.parameters - 30'000'000) <= 600'000);
  CHECK_EQ(info.embedding_width, 1024);
  CHECK_EQ(info.embedding_width_before, 256);
  check_info(info, demo, grown);
  check_same(demo, grown, "demo target, Q8_0, 1024 columns", 0.0F);
  const char *const types[] = {"bf16", "q4_k_m", "f32", "f16", "q4_0", "q6_k", "iq4_nl"};
  const int tried = test::effort(7, 2);
  if (tried == 7) {  // again, out of the widened one
    CHECK_EQ(grow(grown, small, 200'000'000, 0, 4096).embedding_width, 4096);
    check_same(demo, small, "demo target, Q8_0, 4096 columns", 0.0F);
  }
  for (int i = 0; i < tried; i++) {
    quantize(demo, small, types[i], SLED_OUTPUT_REPLACE);
    grow(small, grown, 25'000'000, SLED_OUTPUT_REPLACE, 1024);
    check_same(small, grown, (std::string(types[i]) + ", 1024 columns").c_str(), 0.0F);
  }
  // No parameters more than the width takes.
  const int64_t least = 2048 * 1024 + 1024 + 8 * (1024 * 768 + 2 * 1024 + 3 * 1024 * 640);
  CHECK_EQ(grow(demo, grown, least, SLED_OUTPUT_REPLACE, 1024).parameters, least);
  CHECK_EQ(describe(grown).layer_count, 8);
  check_same(demo, grown, "demo target, only widened", 0.0F);
  // The width that it has is none.
  CHECK_EQ(grow(demo, grown, 12'000'000, SLED_OUTPUT_REPLACE, 256).embedding_width, 256);
  grow(demo, small, 12'000'000, SLED_OUTPUT_REPLACE);
  CHECK(read_file(small) == read_file(grown));
}

void rename_architecture(const std::string &from, const std::string &to, const char *architecture) {
  test::edit_gguf(from, to, [&](gguf_context *g) {
    gguf_set_val_str(g, "general.architecture", architecture);
    for (const char *key : {"context_length", "embedding_length", "block_count", "feed_forward_length",
                            "attention.head_count", "attention.head_count_kv", "rope.dimension_count"}) {
      gguf_set_val_u32(g, (std::string(architecture) + "." + key).c_str(),
                       gguf_get_val_u32(g, gguf_find_key(g, (std::string("llama.") + key).c_str())));
    }
    gguf_set_val_f32(g, (std::string(architecture) + ".attention.layer_norm_rms_epsilon").c_str(), 1e-5F);
  });
}

using Vectors = std::vector<std::pair<std::string, int>>;

// A model with tensors that the random models lack.
void with_tensors(const std::string &from, const std::string &to, const Vectors &vectors) {
  const test::GgufCopy copy(from);
  copy.add_tensors(copy.header(), 0, copy.tensor_count());
  const ggml_init_params room{size_t{1} << 20, nullptr, false};
  const std::unique_ptr<ggml_context, void (*)(ggml_context *)> context(ggml_init(room), ggml_free);
  std::mt19937 random(9);
  std::normal_distribution<float> noise(0.5F, 0.3F);
  for (const auto &vector : vectors) {
    ggml_tensor *const tensor = ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, vector.second);
    for (int i = 0; i < vector.second; i++) {
      static_cast<float *>(tensor->data)[i] = noise(random);
    }
    ggml_set_name(tensor, vector.first.c_str());
    gguf_add_tensor(copy.header(), tensor);
  }
  CHECK(gguf_write_to_file(copy.header(), to.c_str(), false));
}

// Those of layers: biases, norms of q and k.
void with_vectors(const std::string &from, const std::string &to, const Vectors &vectors, int32_t layers) {
  Vectors all;
  for (int32_t layer = 0; layer < layers; layer++) {
    for (const auto &vector : vectors) {
      all.emplace_back("blk." + std::to_string(layer) + "." + vector.first, vector.second);
    }
  }
  with_tensors(from, to, all);
}

void check_architectures(const test::TemporaryDirectory &directory) {
  const std::string plain = directory.file("plain.gguf");
  const std::string renamed = directory.file("renamed.gguf");
  const std::string small = directory.file("small.gguf");
  const std::string grown = directory.file("grown.gguf");
  for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_Q8_0}) {
    test::write_random_model(plain, "llama", type, 7);
    grow(plain, grown, 900'000, SLED_OUTPUT_REPLACE);
    check_same(plain, grown, "llama, random");

    rename_architecture(plain, renamed, "qwen2");
    with_vectors(renamed, small, {{"attn_q.bias", 64}, {"attn_k.bias", 32}, {"attn_v.bias", 32}}, 2);
    CHECK(grow(small, grown, 5'000'000, SLED_OUTPUT_REPLACE).layers > 2);
    check_same(small, grown, "qwen2, with biases");

    rename_architecture(plain, renamed, "qwen3");
    with_vectors(renamed, small, {{"attn_q_norm.weight", 32}, {"attn_k_norm.weight", 32}}, 2);
    grow(small, grown, 5'000'000, SLED_OUTPUT_REPLACE);
    check_same(small, grown, "qwen3, with norms of q and k");
  }
  // llama with biases everywhere.
  test::write_random_model(plain, "llama", GGML_TYPE_F16, 8);
  with_vectors(plain, small, {{"attn_output.bias", 64}, {"ffn_gate.bias", 128}, {"ffn_up.bias", 128}, {"ffn_down.bias", 64}},
               2);
  grow(small, grown, 2'000'000, SLED_OUTPUT_REPLACE);
  check_same(small, grown, "llama, with all biases");
  // A number for each layer, all equal.
  test::edit_gguf(plain, small, [](gguf_context *g) {
    const int32_t forward[] = {128, 128};
    const int32_t heads[] = {1, 1};
    gguf_set_arr_data(g, "llama.feed_forward_length", GGUF_TYPE_INT32, forward, 2);
    gguf_set_arr_data(g, "llama.attention.head_count_kv", GGUF_TYPE_INT32, heads, 2);
  });
  CHECK(grow(small, grown, 2'000'000, SLED_OUTPUT_REPLACE).layers > 2);
  check_same(small, grown, "llama, with a number for each layer");
}

// From 64 columns to 256.
void check_widened_architectures(const test::TemporaryDirectory &directory) {
  const std::string plain = directory.file("plain.gguf");
  const std::string small = directory.file("small.gguf");
  const std::string grown = directory.file("grown.gguf");
  const auto check = [&](const char *what) {
    const sled_grow_info info = grow(small, grown, 3'000'000, SLED_OUTPUT_REPLACE, 256);
    CHECK(info.layers > 2 && info.embedding_width == 256);
    check_same(small, grown, what);
  };
  for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_Q8_0}) {
    test::write_random_model(plain, "llama", type, 7);
    // What llama.cpp concludes from the width where the model does not say it.
    test::edit_gguf(plain, small, [](gguf_context *g) { gguf_remove_key(g, "llama.rope.dimension_count"); });
    check("llama, random, 256 columns");
    for (const char *architecture : {"mistral3", "granite", "smollm3"}) {
      rename_architecture(plain, grown, architecture);
      test::edit_gguf(grown, small, [&](gguf_context *g) {
        if (std::string(architecture) == "granite") {
          gguf_set_val_f32(g, "granite.logit_scale", 2.0F);
          gguf_set_val_f32(g, "granite.embedding_scale", 3.0F);
          gguf_set_val_f32(g, "granite.residual_scale", 0.7F);
          gguf_set_val_f32(g, "granite.attention.scale", 0.2F);
        }
      });
      check((std::string(architecture) + ", 256 columns").c_str());
    }
  }
  test::write_random_model(plain, "llama", GGML_TYPE_F16, 8);
  with_vectors(plain, grown,
               {{"attn_q.bias", 64}, {"attn_output.bias", 64}, {"ffn_gate.bias", 128}, {"ffn_up.bias", 128},
                {"ffn_down.bias", 64}},
               2);
  with_tensors(grown, small, {{"rope_freqs.weight", 16}});
  check("llama, with biases and RoPE factors, 256 columns");
}

// ------------------------------------------------------------------ refusals

void check_refused(const std::string &in, const std::string &out, int32_t status, const char *word, int32_t width = 0) {
  const int32_t got = try_grow(in, out, 5'000'000, 0, width);
  CHECK_EQ(got, status);
  if (!error_names(word)) {
    std::fprintf(stderr, "expected '%s' in: %s\n", word, test::last_error().c_str());
  }
  CHECK(error_names(word));
  CHECK(!std::filesystem::exists(out) && !std::filesystem::exists(out + ".part"));
}

void check_refusals(const test::TemporaryDirectory &directory) {
  const std::string model = directory.file("model.gguf");
  const std::string other = directory.file("other.gguf");
  const std::string out = directory.file("out.gguf");
  test::write_random_model(model, "llama", GGML_TYPE_F32, 3);
  const auto edited = [&](const std::function<void(gguf_context *)> &edit) {
    test::edit_gguf(model, other, edit);
    return other;
  };

  check_refused(directory.file("missing.gguf"), out, SLED_ERR_IO, "missing.gguf");
  std::ofstream(other) << "not a model";
  check_refused(other, out, SLED_ERR_FORMAT, "not a GGUF file");
  test::write_random_model(other, "gpt2", GGML_TYPE_F32, 3);
  check_refused(other, out, SLED_ERR_UNSUPPORTED, "gpt2");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.expert_count", 4);
                                             gguf_set_val_u32(g, "llama.expert_used_count", 2); }),
                out, SLED_ERR_UNSUPPORTED, "mixture of experts");
  check_refused(edited([](gguf_context *g) { gguf_set_val_str(g, "general.architecture", "minicpm"); }), out,
                SLED_ERR_UNSUPPORTED, "minicpm");
  check_refused(edited([](gguf_context *g) {
                  const int32_t forward[] = {128, 64};
                  gguf_set_arr_data(g, "llama.feed_forward_length", GGUF_TYPE_INT32, forward, 2);
                }),
                out, SLED_ERR_UNSUPPORTED, "different for each layer");
  check_refused(edited([](gguf_context *g) {
                  const int32_t any[] = {1, 1};
                  gguf_set_arr_data(g, "llama.attention.something", GGUF_TYPE_INT32, any, 2);
                }),
                out, SLED_ERR_UNSUPPORTED, "llama.attention.something");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.block_count", 3); }), out, SLED_ERR_UNSUPPORTED,
                "layer 2 has no");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.block_count", 1); }), out, SLED_ERR_UNSUPPORTED,
                "belongs to none");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.feed_forward_length", 64); }), out,
                SLED_ERR_UNSUPPORTED, "64 x 64");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.nextn_predict_layers", 1); }), out,
                SLED_ERR_UNSUPPORTED, "further tokens");
  check_refused(edited([](gguf_context *g) { gguf_set_val_u16(g, "split.count", 2); }), out, SLED_ERR_UNSUPPORTED,
                "split");
  for (const auto &tensor : {std::pair<const char *, const char *>{"ffn_gate_exps.weight", "mixture of experts"},
                             {"ffn_gate_inp.weight", "mixture of experts"},
                             {"ssm_a.weight", "blk.0.ssm_a.weight"},
                             {"post_attention_norm.weight", "blk.0.post_attention_norm.weight"}}) {
    with_vectors(model, other, {{tensor.first, 64}}, 1);
    check_refused(other, out, SLED_ERR_UNSUPPORTED, tensor.second);
  }
  with_vectors(model, other, {{"attn_q.bias", 64}}, 1);
  check_refused(other, out, SLED_ERR_UNSUPPORTED, "layer 1 has no attn_q.bias");

  for (const int32_t width : {-1, 32, 65, 128, 512, 65536 * 4, INT32_MAX}) {
    check_refused(model, out, SLED_ERR_ARGUMENT, "columns: 64, 256, 1024, 4096, 16384, 65536;", width);
  }
  check_refused(model, out, SLED_ERR_ARGUMENT, "at least 6926336 parameters with an embedding of 4096 columns", 4096);
  for (const auto &narrow : {std::pair<const char *, const char *>{"gemma", "scales embeddings"},
                             {"qwen2", "as wide as its embedding"},
                             {"internlm2", "as wide as its embedding"},
                             {"qwen3", "norms of q and k"}}) {
    rename_architecture(model, other, narrow.first);
    check_refused(other, out, SLED_ERR_UNSUPPORTED, narrow.second, 256);
  }
  check_refused(edited([](gguf_context *g) { gguf_set_val_u32(g, "llama.embedding_length_out", 64); }), out,
                SLED_ERR_UNSUPPORTED, "width of its own", 256);
  check_refused(edited([](gguf_context *g) { gguf_remove_key(g, "llama.attention.layer_norm_rms_epsilon"); }), out,
                SLED_ERR_UNSUPPORTED, "epsilon", 256);
  check_refused(edited([](gguf_context *g) { gguf_remove_key(g, "llama.attention.head_count"); }), out,
                SLED_ERR_UNSUPPORTED, "how many heads", 256);
  with_tensors(model, other, {{"cls.output.weight", 64}});
  check_refused(other, out, SLED_ERR_UNSUPPORTED, "cls.output.weight", 256);
  with_vectors(model, other, {{"attn_output.bias", 32}}, 2);
  check_refused(other, out, SLED_ERR_UNSUPPORTED, "blk.0.attn_output.bias is not of the embedding's width", 256);

  CHECK_EQ(try_grow(model, out, 0), SLED_ERR_ARGUMENT);
  CHECK_EQ(try_grow(model, out, 1000), SLED_ERR_ARGUMENT);
  CHECK(error_names("cannot grow to 1000"));
  CHECK_EQ(try_grow(model, out, INT64_MAX), SLED_ERR_UNSUPPORTED);
  CHECK(error_names("can grow to"));
  CHECK_EQ(try_grow(model, out, 1'000'000, 2), SLED_ERR_ARGUMENT);
  sled_grow_info info;
  sled_grow_params params = grow_params(1'000'000);
  CHECK_EQ(sled_model_grow(nullptr, out.c_str(), &params, &info), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_grow(model.c_str(), out.c_str(), nullptr, &info), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_grow(model.c_str(), out.c_str(), &params, nullptr), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_grow(model.c_str(), "", &params, &info), SLED_ERR_ARGUMENT);
  params.struct_size--;
  CHECK_EQ(sled_model_grow(model.c_str(), out.c_str(), &params, &info), SLED_ERR_ARGUMENT);
  CHECK(!std::filesystem::exists(out));
}

void check_outputs(const test::TemporaryDirectory &directory) {
  const std::string model = directory.file("model.gguf");
  const std::string out = directory.file("out.gguf");
  const auto both = [&](const std::string &path, int32_t flags, int32_t status, const char *word) {
    CHECK_EQ(try_grow(model, path, 1'000'000, flags), status);
    CHECK(status == SLED_OK || error_names(word));
    CHECK_EQ(sled_model_quantize(model.c_str(), path.c_str(), "q8_0", 1, flags), status);
    CHECK(status == SLED_OK || error_names(word));
  };
  std::ofstream(out) << "mine";
  both(out, 0, SLED_ERR_IO, "exists already");
  CHECK(read_file(out) == "mine");
  both(out, SLED_OUTPUT_REPLACE, SLED_OK, "");
  CHECK(describe(out).layer_count == 2);
  std::filesystem::remove(out);
  std::ofstream(out + ".part") << "left behind";
  both(out, 0, SLED_ERR_IO, "was cut off");
  both(out, SLED_OUTPUT_REPLACE, SLED_OK, "");
  CHECK(!std::filesystem::exists(out + ".part"));
  both(directory.file("nowhere/out.gguf"), 0, SLED_ERR_IO, "No such file");
  both(directory.file(""), SLED_OUTPUT_REPLACE, SLED_ERR_IO, "not a regular file");
  both("/proc/out.gguf", 0, SLED_ERR_IO, "/proc/out.gguf");
  if (geteuid() != 0) {
    const std::string locked = directory.file("locked");
    std::filesystem::create_directory(locked);
    CHECK_EQ(chmod(locked.c_str(), 0500), 0);
    both(locked + "/out.gguf", 0, SLED_ERR_IO, "Permission denied");
  }
  // In place: the part is whole before the name changes hands.
  test::write_random_model(out, "llama", GGML_TYPE_F32, 3);
  const sled_grow_params params = grow_params(1'000'000, SLED_OUTPUT_REPLACE);
  sled_grow_info info;
  CHECK_OK(sled_model_grow(out.c_str(), out.c_str(), &params, &info));
  CHECK_EQ(describe(out).parameter_count, info.parameters);
  check_same(model, out, "in place");

  CHECK_EQ(sled_model_quantize(model.c_str(), out.c_str(), "q9", 1, 0), SLED_ERR_ARGUMENT);
  CHECK(error_names("q4_k_m"));
  CHECK_EQ(sled_model_quantize(model.c_str(), out.c_str(), "", 1, 0), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_quantize(model.c_str(), out.c_str(), nullptr, 1, 0), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_quantize(model.c_str(), out.c_str(), "f16", -1, 0), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_model_quantize(model.c_str(), nullptr, "f16", 1, 0), SLED_ERR_ARGUMENT);
  std::ofstream(out) << "not a model";
  CHECK_EQ(sled_model_quantize(out.c_str(), directory.file("x.gguf").c_str(), "f16", 1, 0), SLED_ERR_FORMAT);
  // A vocabulary has no weights.
  test::write_random_model(out, "llama", GGML_TYPE_F32, 3, 0, false);
  CHECK_EQ(sled_model_quantize(out.c_str(), directory.file("x.gguf").c_str(), "f16", 1, 0), SLED_ERR_FORMAT);
  CHECK_EQ(try_grow(out, directory.file("x.gguf"), 1'000'000), SLED_ERR_UNSUPPORTED);
  CHECK(!std::filesystem::exists(directory.file("x.gguf")));
  CHECK(!std::filesystem::exists(directory.file("x.gguf.part")));
}

}  // namespace

int main() {
  check_rule();
  check_widened_rule();
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  check_refusals(directory);
  check_outputs(directory);
  check_demo(directory);
  check_widened_demo(directory);
  check_architectures(directory);
  check_widened_architectures(directory);
  check_types(directory);
  std::printf("test_grow: all well\n");
  return 0;
}
