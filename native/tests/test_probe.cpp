// What is tried in a process of its own, what is said of files that do not pass, and what is remembered.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "gguf_bytes.hpp"
#include "gguf_edit.hpp"
#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::address;
using test::error_names;
using test::GgufBytes;
using test::number_bytes;
using test::string_bytes;

std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string &path, const std::string &bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  CHECK(out.good());
}

int32_t try_open(const std::string &path, int32_t flags = SLED_MODEL_MMAP) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  params.flags = flags;
  int64_t model = 0;
  const int32_t status = sled_model_open(path.c_str(), &params, &model);
  if (status == SLED_OK) {
    CHECK_OK(sled_model_close(model));
  }
  return status;
}

// Contents that passed: files with nothing in them. In others is what trials of kernels gave, of files that failed as well.
size_t remembered(const test::TemporaryDirectory &directory) {
  const std::filesystem::path place = directory.file("cache/sled/tried");
  size_t count = 0;
  if (std::filesystem::exists(place)) {
    for (const auto &entry : std::filesystem::directory_iterator(place)) {
      count += entry.file_size() == 0 ? 1 : 0;
    }
  }
  return count;
}

// llama.cpp asserts or crashes at these, each in another way.
void check_crashes(const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("damaged.gguf");
  const auto refuses = [&](const char *what, const std::function<void(GgufBytes &)> &edit) {
    GgufBytes bytes(read_file(sound));
    edit(bytes);
    write_file(path, bytes.file());
    const int32_t status = try_open(path);
    std::printf("  %s: %s\n", what, test::last_error().c_str());
    CHECK_EQ(status, SLED_ERR_FORMAT);
    CHECK(error_names(path.c_str()) && test::last_error().find('\n') == std::string::npos);
  };
  const auto set = [](const char *key, uint32_t value) {
    return [=](GgufBytes &g) { g.set(key, GGUF_TYPE_UINT32, number_bytes(value)); };
  };
  refuses("rope.dimension_count 31", set("llama.rope.dimension_count", 31));
  CHECK(error_names("rope.dimension_count is 31"));
  for (const uint32_t length : {16U, 31U, 64U}) {
    refuses("attention.key_length", set("llama.attention.key_length", length));
  }
  refuses("weights of whole numbers", [](GgufBytes &g) {
    for (size_t i = 0; i < g.tensors.size(); i++) {
      if (g.tensors[i].name == "blk.0.attn_q.weight") {
        g.reshape(i, GGML_TYPE_I8, std::vector<int64_t>(g.tensors[i].ne));
      }
    }
  });
  CHECK(error_names("weights of type i8"));
  refuses("a list of K/V heads with a 0", [](GgufBytes &g) {
    g.set("llama.attention.head_count_kv", GGUF_TYPE_ARRAY,
          test::array_bytes(GGUF_TYPE_UINT32, 2, number_bytes(uint32_t{1}) + number_bytes(uint32_t{0})));
  });
  refuses("NaN", [](GgufBytes &g) {
    for (const GgufBytes::Tensor &tensor : g.tensors) {
      if (tensor.name == "output_norm.weight") {
        g.data.replace(tensor.offset, 256, 256, '\xFF');
      }
    }
  });
  CHECK(error_names("NaN"));
  // A loader's first complaint is the cause; the last one only says that loading failed.
  refuses("a tensor is missing", [](GgufBytes &g) {
    for (GgufBytes::Tensor &tensor : g.tensors) {
      tensor.name = tensor.name == "blk.1.ffn_up.weight" ? "blk.1.ffn_op.weight" : tensor.name;
    }
  });
  CHECK(error_names("blk.1.ffn_up.weight"));
  CHECK_EQ(remembered(directory), 0);
}

void check_encoders(const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("encoder.gguf");
  const auto refuses = [&](const char *why, const std::function<void(gguf_context *)> &edit) {
    test::edit_gguf(sound, path, edit);
    const int64_t model = test::open_exact_model(path);
    sled_model_info info;
    CHECK_OK(sled_model_describe(model, &info));
    CHECK((info.flags & SLED_MODEL_INFO_ENCODER) != 0);
    const sled_engine_params ep = test::engine_params(1, 0);
    int64_t handle = 0;
    CHECK_EQ(sled_engine_open(model, &ep, &handle), SLED_ERR_UNSUPPORTED);
    CHECK(error_names(why));
    sled_draft_params dp;
    CHECK_OK(sled_draft_params_default(&dp));
    CHECK_EQ(sled_draft_open(model, &dp, &handle), SLED_ERR_UNSUPPORTED);
    CHECK(error_names(why));
    CHECK_OK(sled_model_close(model));
  };
  refuses("attention.causal is false", [](gguf_context *g) { gguf_set_val_bool(g, "llama.attention.causal", false); });
  refuses("pooling_type is mean", [](gguf_context *g) { gguf_set_val_u32(g, "llama.pooling_type", 1); });
  refuses("reranker", [](gguf_context *g) { gguf_set_val_u32(g, "llama.pooling_type", 4); });
  std::printf("  encoders: %s\n", test::last_error().c_str());
  // Written of models that have none: "unspecified".
  test::edit_gguf(sound, path, [](gguf_context *g) { gguf_set_val_u32(g, "llama.pooling_type", UINT32_MAX); });
  const int64_t model = test::open_exact_model(path);
  CHECK_OK(sled_engine_close(test::open_engine(model, 1, 64)));
  CHECK_OK(sled_model_close(model));
}

void check_memory(const std::string &sound, const test::TemporaryDirectory &directory) {
  const size_t before = remembered(directory);
  const std::string path = directory.file("new.gguf");
  test::edit_gguf(sound, path, [](gguf_context *g) { gguf_set_val_str(g, "general.name", "new"); });
  CHECK_OK(try_open(path, SLED_MODEL_MMAP | SLED_MODEL_TRUSTED));
  CHECK_EQ(remembered(directory), before);
  CHECK_OK(try_open(path, SLED_MODEL_MMAP | SLED_MODEL_VOCAB_ONLY));
  CHECK_EQ(remembered(directory), before + 1);
  CHECK_OK(try_open(path));  // more is done with it now
  CHECK_EQ(remembered(directory), before + 2);
  const std::string moved = directory.file("moved.gguf");
  std::filesystem::rename(path, moved);
  CHECK_OK(try_open(moved));
  CHECK_EQ(remembered(directory), before + 2);

  // Neither a home that cannot be written nor none at all is in the way.
  for (const char *cache : {"/proc/nothing", ""}) {
    CHECK_EQ(setenv("XDG_CACHE_HOME", cache, 1), 0);
    CHECK_EQ(unsetenv("HOME"), 0);
    test::edit_gguf(sound, path, [=](gguf_context *g) { gguf_set_val_str(g, "general.name", cache); });
    CHECK_OK(try_open(path));
    CHECK_OK(try_open(path));
  }
  CHECK_EQ(setenv("XDG_CACHE_HOME", directory.file("cache").c_str(), 1), 0);
  std::printf("  what passed is remembered by content\n");
}

// A context of a few tokens is of little use, and no damage.
void check_short_contexts(const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("short.gguf");
  for (uint32_t context = 2; context < 14; context++) {
    test::edit_gguf(sound, path, [=](gguf_context *g) { gguf_set_val_u32(g, "llama.context_length", context); });
    CHECK_OK(try_open(path));
  }
}

void check_huge_context(const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("huge.gguf");
  test::edit_gguf(sound, path, [](gguf_context *g) { gguf_set_val_u32(g, "llama.context_length", 0x80000000U); });
  CHECK_OK(try_open(path));
  const int64_t model = test::open_model(path);
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  CHECK_EQ(info.context_train_tokens, INT32_MAX);
  const int64_t engine = test::open_engine(model, 1, 256);
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
}

// SentencePiece has a token for each byte, or should have.
void check_missing_byte_tokens(const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string path = directory.file("spm.gguf");
  GgufBytes g(read_file(sound));
  g.set("tokenizer.ggml.model", GGUF_TYPE_STRING, string_bytes("llama"));
  write_file(path, g.file());
  const int64_t model = test::open_model(path, SLED_MODEL_MMAP | SLED_MODEL_VOCAB_ONLY);
  const std::string text = "the \xE4\xBD\xA0 the";
  int32_t tokens[64];
  int32_t count = 0;
  CHECK_EQ(sled_tokenize(model, text.data(), static_cast<int32_t>(text.size()), 0, 0, tokens, 64, &count), SLED_ERR_UNSUPPORTED);
  CHECK(error_names("has no token") && !error_names("unordered_map"));
  std::printf("  no byte tokens: %s\n", test::last_error().c_str());
  CHECK_OK(sled_model_close(model));
}

// What a process of its own does, which remembers nothing but what is in the files.
int open_exactly(const char *path) {
  const int64_t model = test::open_exact_model(path);
  sled_engine_params params = test::engine_params(2, 128);
  params.numerics = SLED_NUMERICS_EXACT;
  int64_t engine = 0;
  CHECK_OK(sled_engine_open(model, &params, &engine));
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  return 0;
}

void check_trials_are_remembered(const char *program, const std::string &sound, const test::TemporaryDirectory &directory) {
  const std::string model = directory.file("exact.gguf");
  std::filesystem::copy_file(sound, model);
  const std::filesystem::path place = directory.file("cache/sled/tried");
  std::filesystem::remove_all(place);
  const std::string command = std::string(program) + " " + model;
  const auto results = [&] {
    std::map<std::string, std::string> files;
    for (const auto &entry : std::filesystem::directory_iterator(place)) {
      files[entry.path().filename()] = read_file(entry.path());
    }
    return files;
  };
  CHECK_EQ(std::system(command.c_str()), 0);
  const auto first = results();
  CHECK(first.size() >= 3);  // how its weights lie, their kernels, a context
  CHECK_EQ(std::system(command.c_str()), 0);
  CHECK(results() == first);
  for (const std::string &nonsense : {std::string("nonsense"), std::string("0 0 0:"), std::string("1 1"), std::string(9000, '1')}) {
    for (const auto &file : first) {
      write_file(place / file.first, nonsense);
    }
    CHECK_EQ(std::system(command.c_str()), 0);
    size_t mended = 0;
    for (const auto &file : results()) {
      mended += file.second == first.at(file.first) ? 1 : 0;
    }
    CHECK_EQ(mended, first.size());  // all was tried again
  }
}

}  // namespace

int main(int argc, char **argv) {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  if (argc > 1) {
    return open_exactly(argv[1]);
  }
  const test::TemporaryDirectory directory;
  CHECK_EQ(setenv("XDG_CACHE_HOME", directory.file("cache").c_str(), 1), 0);
  const std::string sound = directory.file("sound.gguf");
  test::write_random_model(sound, "llama", GGML_TYPE_BF16, 8);
  check_crashes(sound, directory);
  check_encoders(sound, directory);
  check_memory(sound, directory);
  check_short_contexts(sound, directory);
  check_huge_context(sound, directory);
  check_missing_byte_tokens(sound, directory);
  if (std::getenv("SLED_TEST_EMULATED") == nullptr) {  // the kernel cannot start a program of the emulated processor
    check_trials_are_remembered(argv[0], sound, directory);
  }
  return 0;
}
