#include "batch_shape.hpp"

#include <algorithm>
#include <limits>

#include "sled.h"

namespace sled {
namespace {

// Splits a set of equally long sequences where one pass cannot hold them all: at gaps between the ids first, where a
// pass ends anyway.
void append_group(const std::vector<ShapeItem> &members, int32_t rows, int32_t pass_rows,
                  std::vector<ShapeGroup> &groups) {
  const size_t per_pass = static_cast<size_t>(std::max(1, pass_rows / rows));
  ShapeGroup group;
  group.rows = rows;
  for (size_t from = 0; from < members.size();) {
    size_t to = from + 1;  // a run of consecutive ids, as much of it as one pass holds
    while (to < members.size() && to - from < per_pass && members[to].sequence == members[to - 1].sequence + 1) {
      to++;
    }
    if (group.members.size() + (to - from) > per_pass) {
      groups.push_back(group);
      group.members.clear();
    }
    group.members.insert(group.members.end(), members.begin() + static_cast<std::ptrdiff_t>(from),
                         members.begin() + static_cast<std::ptrdiff_t>(to));
    from = to;
  }
  groups.push_back(std::move(group));
}

}  // namespace

int32_t passes_of(const ShapeGroup &group) {
  int32_t passes = 0;
  for (size_t i = 0; i < group.members.size(); i++) {
    passes += i == 0 || group.members[i].sequence != group.members[i - 1].sequence + 1 ? 1 : 0;
  }
  return passes;
}

void plan_shape(std::vector<ShapeItem> &items, const ShapeRules &rules, std::vector<ShapeGroup> &groups) {
  const int32_t pass_rows = rules.pass_rows;
  groups.clear();
  if (items.empty()) {
    return;
  }
  // Longest first. A group is a range of this order: padding a long sequence never helps a short one. (With gaps
  // between the ids another partition is sometimes better by a pass; looking for it is not worth it.)
  std::sort(items.begin(), items.end(), [](const ShapeItem &a, const ShapeItem &b) {
    return a.rows != b.rows ? a.rows > b.rows : a.sequence < b.sequence;
  });

  const size_t n = items.size();
  // best[i]: least cost, in rows, of the items from i on; cut[i]: where the group that begins at i ends, group_rows[i]: how
  // many rows its sequences have.
  std::vector<int64_t> best(n + 1, std::numeric_limits<int64_t>::max());
  std::vector<size_t> cut(n + 1, n);
  std::vector<int32_t> group_rows(n + 1, 0);
  best[n] = 0;
  // The run of consecutive ids that begins or ends with an id: its length. 0: not in the group.
  std::vector<int64_t> run(SLED_MAX_SEQUENCES + 2);
  for (size_t i = n; i-- > 0;) {
    // Where single rows would need more than one pass for a run, one of them might be left alone: pad them all.
    const bool crowded = rules.pad_lone_rows && static_cast<int32_t>(n - i) > pass_rows / 2;
    const int32_t rows = crowded ? std::max(items[i].rows, 2) : items[i].rows;
    const int64_t per_pass = std::max<int64_t>(1, pass_rows / rows);
    const auto passes_for = [per_pass](int64_t length) { return (length + per_pass - 1) / per_pass; };
    std::fill(run.begin(), run.end(), 0);
    int64_t passes = 0;
    int64_t lone = 0;  // runs of one sequence
    for (size_t j = i; j < n; j++) {
      if (items[j].max_rows < rows) {
        break;  // no position left for so much padding
      }
      const size_t id = static_cast<size_t>(items[j].sequence) + 1;
      const int64_t left = run[id - 1];
      const int64_t right = run[id + 1];
      const int64_t length = left + 1 + right;
      run[id] = length;
      run[id - static_cast<size_t>(left)] = length;
      run[id + static_cast<size_t>(right)] = length;
      passes += passes_for(length) - passes_for(left) - passes_for(right);
      lone += (length == 1 ? 1 : 0) - (left == 1 ? 1 : 0) - (right == 1 ? 1 : 0);
      const int64_t padded = rules.pad_lone_rows && rows == 1 && lone > 0 ? 2 : rows;
      const int64_t count = static_cast<int64_t>(j - i + 1);
      const int64_t cost = passes * rules.pass_cost_rows + count * padded + best[j + 1];
      if (cost < best[i]) {
        best[i] = cost;
        cut[i] = j + 1;
        group_rows[i] = static_cast<int32_t>(padded);
      }
    }
  }

  std::vector<ShapeItem> members;
  for (size_t i = 0; i < n; i = cut[i]) {
    members.assign(items.begin() + static_cast<std::ptrdiff_t>(i), items.begin() + static_cast<std::ptrdiff_t>(cut[i]));
    std::sort(members.begin(), members.end(),
              [](const ShapeItem &a, const ShapeItem &b) { return a.sequence < b.sequence; });
    append_group(members, group_rows[i], pass_rows, groups);
  }
}

}  // namespace sled
