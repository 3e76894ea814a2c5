// A sequence's K/V as bytes in host memory, and back.
#pragma once

#include <cstdint>

#include "llama.h"
#include "session.hpp"

namespace sled {

// Copies the K/V of a sequence out of the cache; fails with SLED_ERR_MEMORY where there is no room for the copy. A split
// cache has a sequence's positions in its cells from 0 on, in order, and restore_kv() puts them there again: so a restored
// sequence gives the bits of one that never left.
SavedKv save_kv(llama_context *context, int32_t sequence);

// Replaces what a sequence has in the cache; it need not be the one that was saved. SLED_ERR_INTERNAL if llama.cpp does not
// take it; the sequence is empty then.
void restore_kv(llama_context *context, int32_t sequence, const SavedKv &saved);

}  // namespace sled
