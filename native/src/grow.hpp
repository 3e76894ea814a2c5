// A model that costs like a large one and says what the small one says.
#pragma once

#include <string>

#include "sled.h"

namespace sled {

// What sled_model_grow() would make, without the file.
sled_grow_info plan_growth(const std::string &in, const sled_grow_params &params);

// See sled_model_grow(). out: null to write nothing.
sled_grow_info grow_model(const std::string &in, const char *out, const sled_grow_params &params);

}  // namespace sled
