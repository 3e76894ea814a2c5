// How large a grown model becomes: the rule of sled_model_grow(), in numbers alone.
#pragma once

#include <cstdint>

namespace sled {

struct GrowShape {
  int32_t layers = 0;
  int32_t forward = 0;  // neurons of each layer's FFN
};

// A model's parameters as a function of its shape: fixed + layers * (per_layer + per_neuron * forward).
struct GrowBasis {
  int64_t fixed = 0;
  int64_t per_layer = 0;
  int64_t per_neuron = 0;
  int32_t width = 0;  // of the embedding
  bool widened = false;  // its width is not the small model's, which says nothing of proportions any more
  GrowShape now;

  int64_t parameters(const GrowShape &shape) const {
    return fixed + shape.layers * (per_layer + per_neuron * shape.forward);
  }
};

constexpr int32_t kGrowForwardStep = 256;   // a multiple of every type's block
constexpr double kGrowUsualRatio = 8;       // neurons for each column of the embedding; real models have 3 to 5
constexpr double kGrowWidenedRatio = 3.5;   // as Llama 3
constexpr int32_t kGrowLargestRatio = 64;
constexpr int32_t kGrowUsualLayers = 32;    // or kGrowUsualLayersFactor times those that there are: each takes K/V
constexpr int32_t kGrowUsualLayersFactor = 4;
constexpr int32_t kGrowWidenedLayers = 80;  // as Llama 3 70B
constexpr int32_t kGrowLargestLayers = 512; // llama.cpp's bound
constexpr int32_t kGrowLargestWidth = 65536;

// The first shape of the rule that comes within 2 % of so many parameters, else the nearest. Nothing shrinks.
GrowShape choose_grow_shape(const GrowBasis &basis, int64_t parameters);

// The largest shape of the rule.
GrowShape largest_grow_shape(const GrowBasis &basis);

}  // namespace sled
