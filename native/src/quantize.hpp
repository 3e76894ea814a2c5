// Another weight type for a model, through llama.cpp's quantiser.
#pragma once

#include <cstdint>
#include <string>

namespace sled {

// The conversion alone: overwrites `out`, which exists. Of a split model `in` is the first part.
void convert_weights(const std::string &in, const std::string &out, const std::string &weight_type, int32_t threads);

// See sled_model_quantize().
void quantize_model(const std::string &in, const std::string &out, const std::string &weight_type, int32_t threads,
                    int32_t flags);

}  // namespace sled
