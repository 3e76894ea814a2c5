#include "reference_kernels.hpp"

#include "ggml-backend.h"
#include "ggml-cpu.h"
// Of llama.cpp's own sources: nothing in llama.h leads from a context to its backends.
#include "llama-context.h"

namespace sled {

void use_reference_kernels(llama_context *context, bool use) {
  ggml_backend_sched_t scheduler = context->get_sched();
  for (int i = 0; i < ggml_backend_sched_get_n_backends(scheduler); i++) {
    ggml_backend_t backend = ggml_backend_sched_get_backend(scheduler, i);
    ggml_backend_dev_t device = ggml_backend_get_device(backend);
    if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU) {
      continue;
    }
    auto *set = reinterpret_cast<decltype(ggml_backend_cpu_set_use_ref) *>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_cpu_set_use_ref"));
    if (set != nullptr) {
      set(backend, use);
    }
  }
}

}  // namespace sled
