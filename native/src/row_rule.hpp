// Which counts of rows give a row the same bits, whatever stands beside it.
#pragma once

#include <cstdint>

namespace sled {

// A pass is exact if its rows, those of all its sequences together, and the results that it is asked for are each a multiple
// of `multiple` and at least `least`, and none of its sequences has more than `most`.
//
// Kernels take rows in groups, and where they compute what is left over in another order, only whole groups are exact
// (multiple > 1). Where a row by itself has a kernel of its own, it needs a second one (least = 2).
struct RowRule {
  int32_t multiple = 1;
  int32_t least = 1;
  int32_t most = 0;

  // So many rows, or as few more as make an exact count.
  int32_t fill(int32_t rows) const {
    const int32_t enough = rows < least ? least : rows;
    return (enough + multiple - 1) / multiple * multiple;
  }
  bool holds(int32_t rows) const { return fill(rows) == rows; }
};

}  // namespace sled
