// A backend library that cannot be used here costs nothing but a warning: the CPU does the work. And where ggml gives up,
// the process does not end without a reason. Threads that wait long for each other sleep.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "ggml.h"
#include "support.hpp"

namespace {

std::string problems() {
  char text[2048];
  int32_t length = 0;
  CHECK_OK(sled_backend_problems(text, sizeof(text), &length));
  return std::string(text, static_cast<size_t>(length));
}

// A child process gives up as ggml does; what it logged before goes to stderr.
void check_abort() {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    ggml_log_callback log = nullptr;
    void *data = nullptr;
    ggml_log_get(&log, &data);
    log(GGML_LOG_LEVEL_INFO, "all is well\n", data);
    log(GGML_LOG_LEVEL_ERROR, "the device is on fire\n", data);
    GGML_ABORT("device error");
  }
  close(ends[1]);
  std::string text;
  char part[512];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof(part))) > 0;) {
    text.append(part, static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  CHECK(text.find("device error") != std::string::npos);
  CHECK(text.find("the device is on fire") != std::string::npos);
  CHECK(text.find("all is well") == std::string::npos);
}

int64_t voluntary_switches() {
  rusage usage{};
  CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_nvcsw;
}

// More threads than cores: at each barrier of a pass some of them have no core, as beside other load. Who waits for them
// must give its core up; spinning threads would sleep only between passes, and take a hundred times as long.
void check_waiting(int64_t model) {
  int32_t cores = 0;
  int32_t quota = 0;
  int32_t threads = 0;
  CHECK_OK(sled_cpu_limits(&cores, &quota, &threads));
  CHECK(cores >= 1 && quota >= 0 && threads >= 1 && threads <= cores);
  sled_draft_params params;
  params.struct_size = sizeof(params);
  CHECK_OK(sled_draft_params_default(&params));
  params.threads = std::min(2 * cores + 2, 64);
  int64_t draft = 0;
  CHECK_OK(sled_draft_open(model, &params, &draft));
  constexpr int32_t kPasses = 20;
  const int64_t before = voluntary_switches();
  for (int32_t position = 0; position < kPasses; position++) {
    const int32_t token = 5;
    sled_draft_choice choice;
    CHECK_OK(sled_draft_decode(draft, position, test::address(&token), 1, test::address(&choice)));
  }
  const int64_t sleeps = voluntary_switches() - before;
  CHECK_OK(sled_draft_close(draft));
  CHECK(sleeps > 10 * kPasses * params.threads);
  std::printf("  %d threads on %d cores: %lld sleeps in %d passes\n", params.threads, cores,
              static_cast<long long>(sleeps), kPasses);
}

}  // namespace

int main() {
  CHECK_EQ(unsetenv("SLED_CUDA_GRAPHS"), 0);
  CHECK(problems().empty());
  const test::TemporaryDirectory directory;
  for (const auto &entry : std::filesystem::directory_iterator(SLED_LIB_DIR)) {
    const std::string file = entry.path().filename().string();
    if (file.rfind("libggml-cpu", 0) == 0) {
      std::filesystem::copy_file(entry.path(), directory.file(file));
    }
  }
  // What a package for GPUs has, on a machine without a driver: it does not load.
  std::ofstream(directory.file("libggml-cuda.so")) << "no library";
  // One that loads, and is no backend.
  std::filesystem::copy_file(std::string(SLED_LIB_DIR) + "/libggml-base.so", directory.file("libggml-other.so"));
  CHECK_OK(sled_backend_load(directory.file("").c_str()));

  const std::string text = problems();
  CHECK(text.find("libggml-cuda.so cannot be used: ") == 0);
  CHECK(text.find("\nlibggml-other.so cannot be used: it does not work with") != std::string::npos);
  CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  char none[1];
  int32_t length = 0;
  CHECK_EQ(sled_backend_problems(none, 1, &length), SLED_ERR_CAPACITY);
  CHECK_EQ(static_cast<size_t>(length), text.size());

  int32_t warnings = 0;
  for (;;) {
    char line[2048];
    int32_t level = 0;
    CHECK_OK(sled_log_take(line, sizeof(line), &length, &level));
    if (length < 0) {
      break;
    }
    warnings += level == 3 && text.find(line) != std::string::npos ? 1 : 0;
  }
  CHECK_EQ(warnings, 2);
  int32_t devices = 0;
  CHECK_OK(sled_device_count(&devices));
  CHECK(devices >= 1);
  CHECK(std::getenv("GGML_CUDA_DISABLE_GRAPHS") != nullptr);
  const int64_t model = test::open_model(test::demo_model("draft"));
  if (std::getenv("SLED_TEST_EMULATED") == nullptr) {
    check_waiting(model);
  }
  CHECK_OK(sled_model_close(model));
  check_abort();
  return 0;
}
