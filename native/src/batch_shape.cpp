#include "batch_shape.hpp"

#include <algorithm>
#include <limits>

#include "sled.h"

namespace sled {
namespace {

int32_t exact_rows(const ShapeItem &item) { return std::max(item.rows, SLED_MIN_EXACT_ROWS); }

// Splits a set of equally long sequences where one pass cannot hold them all.
void append_group(const std::vector<ShapeItem> &members, int32_t rows, int32_t pass_rows,
                  std::vector<ShapeGroup> &groups) {
  const size_t per_pass = static_cast<size_t>(std::max(1, pass_rows / rows));
  for (size_t from = 0; from < members.size(); from += per_pass) {
    ShapeGroup group;
    group.rows = rows;
    const size_t to = std::min(members.size(), from + per_pass);
    group.members.assign(members.begin() + static_cast<std::ptrdiff_t>(from),
                         members.begin() + static_cast<std::ptrdiff_t>(to));
    groups.push_back(std::move(group));
  }
}

}  // namespace

int32_t passes_of(const ShapeGroup &group) {
  int32_t passes = 0;
  for (size_t i = 0; i < group.members.size(); i++) {
    passes += i == 0 || group.members[i].sequence != group.members[i - 1].sequence + 1 ? 1 : 0;
  }
  return passes;
}

void plan_shape(std::vector<ShapeItem> &items, int32_t pass_rows, int32_t pass_cost_rows,
                std::vector<ShapeGroup> &groups) {
  groups.clear();
  if (items.empty()) {
    return;
  }
  // Longest first. A group is a range of this order: padding a long sequence never helps a short one, so the best
  // partition is always one of contiguous ranges.
  std::sort(items.begin(), items.end(), [](const ShapeItem &a, const ShapeItem &b) {
    const int32_t ra = exact_rows(a);
    const int32_t rb = exact_rows(b);
    return ra != rb ? ra > rb : a.sequence < b.sequence;
  });

  const size_t n = items.size();
  // best[i]: least cost, in rows, of the items from i on; cut[i]: where the group that begins at i ends.
  std::vector<int64_t> best(n + 1, std::numeric_limits<int64_t>::max());
  std::vector<size_t> cut(n + 1, n);
  best[n] = 0;
  std::vector<bool> taken(SLED_MAX_SEQUENCES + 2);
  for (size_t i = n; i-- > 0;) {
    const int32_t rows = exact_rows(items[i]);
    std::fill(taken.begin(), taken.end(), false);
    int64_t runs = 0;
    for (size_t j = i; j < n; j++) {
      if (items[j].max_rows < rows) {
        break;  // no position left for so much padding
      }
      const size_t id = static_cast<size_t>(items[j].sequence) + 1;
      runs += 1 - (taken[id - 1] ? 1 : 0) - (taken[id + 1] ? 1 : 0);
      taken[id] = true;
      const int64_t count = static_cast<int64_t>(j - i + 1);
      const int64_t per_pass = std::max<int64_t>(1, pass_rows / rows);
      const int64_t passes = std::max(runs, (count + per_pass - 1) / per_pass);
      const int64_t cost = passes * pass_cost_rows + count * rows + best[j + 1];
      if (cost < best[i]) {
        best[i] = cost;
        cut[i] = j + 1;
      }
    }
  }

  std::vector<ShapeItem> members;
  for (size_t i = 0; i < n; i = cut[i]) {
    const int32_t rows = exact_rows(items[i]);
    members.assign(items.begin() + static_cast<std::ptrdiff_t>(i), items.begin() + static_cast<std::ptrdiff_t>(cut[i]));
    std::sort(members.begin(), members.end(),
              [](const ShapeItem &a, const ShapeItem &b) { return a.sequence < b.sequence; });
    append_group(members, rows, pass_rows, groups);
  }
}

}  // namespace sled
