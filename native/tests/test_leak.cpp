// What is opened and closed leaves nothing behind: memory and threads come back.
#include <chrono>
#include <cstring>
#include <thread>

#include "random_model.hpp"
#include "support.hpp"

namespace {

using test::address;

int64_t status_number(const char *key) {
  std::FILE *const file = std::fopen("/proc/self/status", "r");
  CHECK(file != nullptr);
  char line[256];
  long long value = -1;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::strncmp(line, key, std::strlen(key)) == 0) {
      value = std::atoll(line + std::strlen(key));
    }
  }
  std::fclose(file);
  CHECK(value >= 0);
  return value;
}

struct Usage {
  // A thread that was joined may still be listed for a moment.
  Usage() {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    resident_kib = status_number("VmRSS:");
    threads = status_number("Threads:");
  }
  int64_t resident_kib;
  int64_t threads;
};

// AddressSanitizer keeps freed memory for a while.
bool sanitized() {
  char text[1024];
  int32_t length = 0;
  CHECK_OK(sled_build_info(text, sizeof(text), &length));
  return std::strstr(text, "sanitizer=none") == nullptr;
}

void drain_log() {
  char line[64];
  int32_t length = 0;
  int32_t level = 0;
  do {
    CHECK_OK(sled_log_take(line, sizeof(line), &length, &level));
  } while (length >= 0);
}

void use_sessions(int64_t engine, int32_t cycles) {
  const std::vector<int32_t> prompt(50, 9);
  for (int32_t i = 0; i < cycles; i++) {
    const int32_t first = test::open_session(engine, prompt, 0);
    const int32_t second = test::open_session(engine, prompt, 5);
    sled_slot slots[2] = {test::slot(first, 0, 50), test::slot(second, 0, 50)};
    CHECK_OK(sled_step(engine, address(slots), 2, 0));
    CHECK_OK(sled_session_close(engine, first));
    CHECK_OK(sled_session_close(engine, second));
    int32_t sequence = 0;  // failures leave nothing either
    CHECK_EQ(sled_session_open(engine, address(prompt.data()), 100000, 0, 0, 0, &sequence), SLED_ERR_CONTEXT_FULL);
  }
}

void use_everything(const std::string &path, const std::string &broken) {
  const int64_t model = test::open_model(path, 0);
  const int64_t engine = test::open_engine(model, 4, 512, 2);  // not more than cores: trying out its rows would spin
  use_sessions(engine, 2);
  test::open_session(engine, {1, 2, 3}, 0);  // left open: the engine closes it
  sled_draft_params params;
  CHECK_OK(sled_draft_params_default(&params));
  params.threads = 2;
  int64_t draft = 0;
  CHECK_OK(sled_draft_open(model, &params, &draft));
  const int32_t tokens[] = {1, 2, 3};
  sled_draft_choice choice;
  CHECK_OK(sled_draft_decode(draft, 0, address(tokens), 3, address(&choice)));
  sled_engine_params wrong = test::engine_params(2, 64);
  wrong.kv_type_k = 77;
  int64_t none = 0;
  CHECK_EQ(sled_engine_open(model, &wrong, &none), SLED_ERR_ARGUMENT);
  CHECK_OK(sled_draft_close(draft));
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));
  sled_model_params mp;
  CHECK_OK(sled_model_params_default(&mp));
  CHECK_EQ(sled_model_open(broken.c_str(), &mp, &none), SLED_ERR_FORMAT);
  drain_log();
}

void check(const char *what, const Usage &before, const Usage &after, int64_t allowed_kib) {
  std::printf("  %s: %+lld KiB resident, %+lld threads\n", what,
              static_cast<long long>(after.resident_kib - before.resident_kib),
              static_cast<long long>(after.threads - before.threads));
  CHECK(after.resident_kib - before.resident_kib < allowed_kib);
  CHECK_EQ(after.threads, before.threads);
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("random.gguf");
  const std::string broken = directory.file("broken.gguf");
  test::write_random_model(path, "llama", GGML_TYPE_F16, 1);
  std::filesystem::copy_file(path, broken);
  std::filesystem::resize_file(broken, std::filesystem::file_size(path) / 2);
  const int64_t allowed_kib = (sanitized() ? 400 : 6) * 1024;

  const int64_t model = test::open_model(path);
  const int64_t engine = test::open_engine(model, 4, 512);
  use_sessions(engine, 10);  // what is allocated once
  const Usage sessions;
  use_sessions(engine, 300);
  check("300 sessions", sessions, Usage(), allowed_kib);
  CHECK_OK(sled_engine_close(engine));
  CHECK_OK(sled_model_close(model));

  for (int32_t i = 0; i < 12; i++) {  // until the heap has grown to what such cycles take
    use_everything(path, broken);
  }
  const Usage everything;
  for (int32_t i = 0; i < 20; i++) {
    use_everything(path, broken);
  }
  check("20 models, engines and drafts", everything, Usage(), allowed_kib);
  return 0;
}
