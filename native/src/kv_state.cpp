#include "kv_state.hpp"

#include <new>

#include "log_queue.hpp"
#include "memory.hpp"
#include "status.hpp"

namespace sled {

SavedKv save_kv(llama_context *context, int32_t sequence) {
  SavedKv saved;
  saved.size = llama_state_seq_get_size(context, sequence);
  const int64_t needed = static_cast<int64_t>(saved.size);
  // The allocation alone would tell too late: Linux gives out more than it has.
  const int64_t available = available_bytes();
  if (needed <= available) {
    saved.bytes.reset(new (std::nothrow) uint8_t[saved.size]);
  }
  if (!saved.bytes) {
    fail(SLED_ERR_MEMORY, "saving the K/V of a session takes %s, %s are available", human_bytes(needed).c_str(),
         human_bytes(available).c_str());
  }
  forget_logged_errors();
  if (saved.size == 0 || llama_state_seq_get_data(context, saved.bytes.get(), saved.size, sequence) != saved.size) {
    // Its own bookkeeping takes a little memory too.
    const std::string why = first_logged_error();
    fail(SLED_ERR_MEMORY, "llama.cpp could not save the K/V of a session%s%s", why.empty() ? "" : ": ", why.c_str());
  }
  return saved;
}

void restore_kv(llama_context *context, int32_t sequence, const SavedKv &saved) {
  forget_logged_errors();
  if (llama_state_seq_set_data(context, saved.bytes.get(), saved.size, sequence) != saved.size) {
    const std::string why = first_logged_error();
    llama_memory_seq_rm(llama_get_memory(context), sequence, -1, -1);
    // What was saved is as it was: it is its own bookkeeping for which there is no memory.
    fail(SLED_ERR_MEMORY, "llama.cpp could not restore the K/V of a session%s%s", why.empty() ? "" : ": ",
         why.c_str());
  }
}

}  // namespace sled
