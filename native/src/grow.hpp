// A model that costs like a large one and says what the small one says.
#pragma once

#include <string>

#include "sled.h"

namespace sled {

// See sled_model_grow(). out: null to write nothing.
sled_grow_info grow_model(const std::string &in, const char *out, const sled_grow_params &params);

}  // namespace sled
