// What the sequences say.
#pragma once

#include <cstdint>
#include <vector>

#include "llama.h"

namespace numerics {

// Something that the model itself would say, in pieces that are generated side by side. Positions wrap around.
class Words {
 public:
  Words(llama_model *model, int32_t tokens, int32_t threads);

  // Neighbours of the measured sequence read the same text from elsewhere.
  int32_t at(int32_t sequence, int32_t position) const;

 private:
  std::vector<int32_t> tokens_;
};

}  // namespace numerics
