// ggml's compute backends of this process.
#pragma once

#include <sched.h>

#include <memory>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"
#include "sled.h"

namespace sled {

// See sled_backend_load(). Any thread.
void load_backends(const std::string &directory);

// The same with nothing but this CPU backend: a process that is to use no GPU must not start its driver either.
void load_cpu_backend(const std::string &file);

// The file of the CPU backend in use.
std::string cpu_backend_file();

// See sled_backend_problems().
std::string backend_problems();

// Fails with SLED_ERR_ARGUMENT unless load_backends() has succeeded.
void require_backends();

int32_t device_count();
sled_device_info describe_device(int32_t index);

// "libggml-cpu-zen4.so AVX2 ..." of the CPU, and the names of the GPUs if any: part of the numerics id.
std::string compute_identity();

bool has_gpu();

int32_t usable_cores();

// From now on that is one, whatever the machine has. For processes that have one thread yet.
void use_one_core();

// A core for each of so many threads that are to be pinned, the caller's last; SLED_ERR_ARGUMENT if there are not as many.
std::vector<int32_t> cores_for(int32_t threads);

// Keeps the calling thread on a core, and lets it go again where it might before; -1: does nothing.
class OnCore {
 public:
  explicit OnCore(int32_t core);
  ~OnCore();
  OnCore(const OnCore &) = delete;
  OnCore &operator=(const OnCore &) = delete;

 private:
  cpu_set_t before_;
  bool moved_ = false;
};

// ggml's own pool of worker threads. Kept for the life of a context: without one ggml starts and ends its threads
// for every single graph. Null for one thread.
struct ThreadPoolFree {
  void operator()(ggml_threadpool *pool) const;
};
using ThreadPool = std::unique_ptr<ggml_threadpool, ThreadPoolFree>;

// cores: where the threads are to stay, from cores_for(); empty: anywhere. The caller, who is one of them, sees to itself.
ThreadPool make_thread_pool(int32_t threads, const std::vector<int32_t> &cores = {});

}  // namespace sled
