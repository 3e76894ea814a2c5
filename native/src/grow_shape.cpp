#include "grow_shape.hpp"

#include <algorithm>
#include <cstdlib>

namespace sled {
namespace {

int32_t limit(const GrowBasis &basis, double ratio) {
  const int64_t neurons = static_cast<int64_t>(ratio * basis.width) / kGrowForwardStep * kGrowForwardStep;
  return std::max(basis.now.forward, static_cast<int32_t>(std::min<int64_t>(neurons, INT32_MAX)));
}

// The width with which so many layers come nearest: as it is, or a multiple of the step, up to `most`.
int32_t nearest_forward(const GrowBasis &basis, int32_t layers, int64_t parameters, int32_t most) {
  const int64_t for_neurons = (parameters - basis.fixed) / layers - basis.per_layer;
  const int64_t ideal = for_neurons / basis.per_neuron;
  const int64_t below = ideal / kGrowForwardStep * kGrowForwardStep;
  int32_t best = basis.now.forward;
  const auto distance = [&](int64_t forward) { return std::llabs(forward - ideal); };
  for (const int64_t candidate : {below, below + kGrowForwardStep}) {
    if (candidate > basis.now.forward && candidate <= most && distance(candidate) < distance(best)) {
      best = static_cast<int32_t>(candidate);
    }
  }
  if (ideal >= most && distance(most) < distance(best)) {
    best = most;
  }
  return best;
}

class Search {
 public:
  Search(const GrowBasis &basis, int64_t parameters) : basis_(basis), parameters_(parameters), best_(basis.now) {}

  // Tries counts of layers with an FFN of at most so many neurons; true when one comes within 2 %.
  bool try_layers(int32_t from, int32_t to, int32_t most_forward) {
    for (int32_t layers = from; layers <= to; layers++) {
      const GrowShape shape{layers, nearest_forward(basis_, layers, parameters_, most_forward)};
      if (error(shape) < error(best_)) {
        best_ = shape;
      }
      if (error(best_) <= parameters_ / 50) {
        return true;
      }
    }
    return false;
  }
  GrowShape best() const { return best_; }

 private:
  int64_t error(const GrowShape &shape) const { return std::llabs(basis_.parameters(shape) - parameters_); }

  const GrowBasis &basis_;
  const int64_t parameters_;
  GrowShape best_;
};

int32_t usual_layers(const GrowBasis &basis) {
  if (basis.widened) {
    return std::max(basis.now.layers, kGrowWidenedLayers);
  }
  const int64_t times = static_cast<int64_t>(basis.now.layers) * kGrowUsualLayersFactor;
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(times, kGrowUsualLayers), kGrowLargestLayers));
}

}  // namespace

GrowShape choose_grow_shape(const GrowBasis &basis, int64_t parameters) {
  const int32_t usual = limit(basis, basis.widened ? kGrowWidenedRatio : kGrowUsualRatio);
  const int32_t largest = limit(basis, kGrowLargestRatio);
  const int32_t layers = usual_layers(basis);
  Search search(basis, parameters);
  if (!search.try_layers(basis.now.layers, layers, usual) && !search.try_layers(layers, layers, largest)) {
    search.try_layers(layers + 1, kGrowLargestLayers, largest);
  }
  return search.best();
}

GrowShape largest_grow_shape(const GrowBasis &basis) {
  return {std::max(basis.now.layers, kGrowLargestLayers), limit(basis, kGrowLargestRatio)};
}

}  // namespace sled
