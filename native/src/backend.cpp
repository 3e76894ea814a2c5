#include "backend.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <vector>

#include "llama.h"
#include "log_queue.hpp"
#include "status.hpp"

namespace sled {
namespace {

std::mutex g_load_mutex;
std::string g_loaded_from;  // guarded by g_load_mutex; "" = not loaded
std::string g_problems;     // guarded by g_load_mutex
bool g_one_core = false;    // set before there are threads

template <typename Function>
Function cpu_function(const char *name) {
  ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (cpu == nullptr) {
    return nullptr;
  }
  return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name));
}

void copy_name(char *to, size_t capacity, const std::string &from) {
  std::snprintf(to, capacity, "%s", from.c_str());
}

// "" if it cannot be told.
std::string file_of(ggml_backend_reg_t reg) {
  // Every backend library answers this lookup with a function of its own; the loader knows the file behind it.
  void *const address = ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features");
  Dl_info info{};
  return address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr ? "" : info.dli_fname;
}

std::string library_of(ggml_backend_reg_t reg) {
  const std::string path = file_of(reg);
  return path.empty() ? ggml_backend_reg_name(reg) : path.substr(path.rfind('/') + 1);
}

std::string features_of(ggml_backend_reg_t reg) {
  const auto get = reinterpret_cast<ggml_backend_get_features_t>(
      ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features"));
  std::string names;
  if (get == nullptr) {
    return names;
  }
  for (const ggml_backend_feature *feature = get(reg); feature != nullptr && feature->name != nullptr; feature++) {
    if (std::strcmp(feature->value, "0") == 0) {
      continue;
    }
    if (!names.empty()) {
      names += ' ';
    }
    names += feature->name;
    if (std::strcmp(feature->value, "1") != 0) {
      names += std::string("=") + feature->value;
    }
  }
  return names;
}

// "cuda" of "libggml-cuda.so"; "" of what is no backend library.
std::string backend_name(const std::string &file) {
  constexpr std::string_view prefix = "libggml-";
  constexpr std::string_view suffix = ".so";
  const std::string_view view = file;
  if (view.size() <= prefix.size() + suffix.size() || view.substr(0, prefix.size()) != prefix ||
      view.substr(view.size() - suffix.size()) != suffix) {
    return "";
  }
  const std::string name(view.substr(prefix.size(), view.size() - prefix.size() - suffix.size()));
  return name == "base" ? "" : name;
}

// What keeps a backend library from being used; "" if nothing does. ggml skips such libraries without a word.
std::string problem_of(const std::filesystem::path &library) {
  const std::string file = library.filename().string();
  const std::string name = backend_name(file);  // it registers itself as "CUDA"
  for (size_t i = 0; i < ggml_backend_reg_count(); i++) {
    ggml_backend_reg_t reg = ggml_backend_reg_get(i);
    if (strcasecmp(ggml_backend_reg_name(reg), name.c_str()) == 0) {
      return ggml_backend_reg_dev_count(reg) > 0 ? "" : file + " is loaded, but finds no device";
    }
  }
  void *const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char *const why = dlerror();
    return file + " cannot be used: " + (why == nullptr ? "it does not load" : why);
  }
  dlclose(handle);
  return file + " cannot be used: it does not work with this version of llama.cpp";
}

// All backend libraries but those for CPUs, of which one is chosen.
std::string find_problems(const std::string &directory) {
  std::vector<std::filesystem::path> libraries;
  std::error_code ignored;  // the directory was read before
  for (const auto &entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = backend_name(entry.path().filename().string());
    if (!name.empty() && name.compare(0, 3, "cpu") != 0) {
      libraries.push_back(entry.path());
    }
  }
  std::sort(libraries.begin(), libraries.end());
  std::string problems;
  for (const std::filesystem::path &library : libraries) {
    const std::string problem = problem_of(library);
    if (!problem.empty()) {
      log_warning(problem);
      problems += problem + "\n";
    }
  }
  return problems;
}

}  // namespace

void load_backends(const std::string &directory) {
  capture_logs();
  std::lock_guard<std::mutex> lock(g_load_mutex);
  if (!g_loaded_from.empty()) {
    if (g_loaded_from != directory) {
      fail(SLED_ERR_ARGUMENT, "backends are loaded from '%s' already; one process uses one set",
           g_loaded_from.c_str());
    }
    return;
  }
  // llama.cpp updates a CUDA graph from one pass to the next, as different as their shapes may be. With CUDA 13.0 on an
  // H100 that ended the process ("an illegal instruction was encountered") where a pass grew beyond about 128 rows, and
  // did not without graphs (toolchains/README.md).
  if (std::getenv("SLED_CUDA_GRAPHS") == nullptr) {
    setenv("GGML_CUDA_DISABLE_GRAPHS", "1", 0);
  }
  forget_logged_errors();
  ggml_backend_load_all_from_path(directory.c_str());
  if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
    const std::string why = first_logged_error();
    fail(SLED_ERR_IO, "no CPU backend (libggml-cpu*.so) in '%s' runs on this processor%s%s", directory.c_str(),
         why.empty() ? "" : ": ", why.c_str());
  }
  llama_backend_init();
  g_problems = find_problems(directory);
  g_loaded_from = directory;
}

void load_cpu_backend(const std::string &file) {
  capture_logs();
  std::lock_guard<std::mutex> lock(g_load_mutex);
  forget_logged_errors();
  if (ggml_backend_load(file.c_str()) == nullptr) {
    fail(SLED_ERR_IO, "the CPU backend '%s' does not load: %s", file.c_str(), first_logged_error().c_str());
  }
  llama_backend_init();
  g_loaded_from = file;
}

std::string cpu_backend_file() {
  ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  return cpu == nullptr ? "" : file_of(ggml_backend_dev_backend_reg(cpu));
}

std::string backend_problems() {
  std::lock_guard<std::mutex> lock(g_load_mutex);
  return g_problems;
}

void require_backends() {
  std::lock_guard<std::mutex> lock(g_load_mutex);
  if (g_loaded_from.empty()) {
    fail(SLED_ERR_ARGUMENT, "call sled_backend_load() first");
  }
}

int32_t device_count() { return static_cast<int32_t>(ggml_backend_dev_count()); }

sled_device_info describe_device(int32_t index) {
  if (index < 0 || index >= device_count()) {
    fail(SLED_ERR_ARGUMENT, "device %d of %d", index, device_count());
  }
  ggml_backend_dev_t device = ggml_backend_dev_get(static_cast<size_t>(index));
  ggml_backend_reg_t reg = ggml_backend_dev_backend_reg(device);
  sled_device_info info{};
  switch (ggml_backend_dev_type(device)) {
    case GGML_BACKEND_DEVICE_TYPE_CPU: info.type = SLED_DEVICE_CPU; break;
    case GGML_BACKEND_DEVICE_TYPE_GPU:
    case GGML_BACKEND_DEVICE_TYPE_IGPU: info.type = SLED_DEVICE_GPU; break;
    default: info.type = SLED_DEVICE_OTHER; break;
  }
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
  info.memory_free_bytes = static_cast<int64_t>(free_bytes);
  info.memory_total_bytes = static_cast<int64_t>(total_bytes);
  copy_name(info.name, sizeof(info.name), ggml_backend_dev_name(device));
  copy_name(info.description, sizeof(info.description), ggml_backend_dev_description(device));
  copy_name(info.backend, sizeof(info.backend), library_of(reg));
  copy_name(info.features, sizeof(info.features), features_of(reg));
  return info;
}

std::string compute_identity() {
  std::string identity;
  for (int32_t i = 0; i < device_count(); i++) {
    const sled_device_info info = describe_device(i);
    identity += format_text("%s|%s|%s;", info.backend, info.features,
                            info.type == SLED_DEVICE_CPU ? "" : info.description);
  }
  return identity;
}

bool has_gpu() {
  return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != nullptr ||
         ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU) != nullptr;
}

void use_one_core() { g_one_core = true; }

int32_t usable_cores() {
  if (g_one_core) {
    return 1;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return 1;
}

void ThreadPoolFree::operator()(ggml_threadpool *pool) const {
  const auto free_pool = cpu_function<void (*)(ggml_threadpool *)>("ggml_threadpool_free");
  if (free_pool != nullptr) {
    free_pool(pool);
  }
}

std::vector<int32_t> cores_for(int32_t threads) {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int32_t> cores;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int32_t core = 0; core < std::min(CPU_SETSIZE, GGML_MAX_N_THREADS); core++) {
      if (CPU_ISSET(static_cast<size_t>(core), &set)) {
        cores.push_back(core);
      }
    }
  }
  if (static_cast<size_t>(threads) > cores.size()) {
    fail(SLED_ERR_ARGUMENT, "%d threads cannot be pinned to %zu cores: threads that share one would wait for each other",
         threads, cores.size());
  }
  cores.resize(static_cast<size_t>(threads));
  return cores;
}

OnCore::OnCore(int32_t core) {
  if (core >= 0 && sched_getaffinity(0, sizeof(before_), &before_) == 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<size_t>(core), &set);
    moved_ = sched_setaffinity(0, sizeof(set), &set) == 0;  // a core may have been taken from us: then go on anywhere
  }
}

OnCore::~OnCore() {
  if (moved_) {
    sched_setaffinity(0, sizeof(before_), &before_);
  }
}

ThreadPool make_thread_pool(int32_t threads, const std::vector<int32_t> &cores) {
  using New = ggml_threadpool *(*)(ggml_threadpool_params *);
  const auto make = cpu_function<New>("ggml_threadpool_new");
  if (threads <= 1 || make == nullptr) {
    return ThreadPool();
  }
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  for (const int32_t core : cores) {
    params.cpumask[core] = true;
  }
  params.strict_cpu = !cores.empty();
  // Workers sleep between passes. The shortest time that ggml can let them spin instead takes 8 ms on processors whose pause
  // instruction is a slow one, and where every core computes, event loops and devices want that core meanwhile.
  params.poll = 0;
  // ggml pins the thread that makes the pool, for good; OnCore undoes it.
  const OnCore here(cores.empty() ? -1 : cores.front());
  return ThreadPool(make(&params));
}

}  // namespace sled
