#include "handles.hpp"

#include <atomic>

namespace sled {

int64_t next_handle() {
  // Starts high so that small integers passed by mistake (an index, a sequence) never name anything.
  static std::atomic<int64_t> next{INT64_C(0x51ED0001)};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace sled
