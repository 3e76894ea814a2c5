#include "batch_shape.hpp"

#include <algorithm>
#include <limits>

#include "sled.h"

namespace sled {
namespace {

constexpr int64_t kImpossible = std::numeric_limits<int64_t>::max();

bool by_sequence(const ShapeItem &a, const ShapeItem &b) { return a.sequence < b.sequence; }

// Splits a set of equally long sequences where one pass cannot hold them all: at gaps between the ids first, where a
// pass ends anyway.
void append_group(const std::vector<ShapeItem> &members, int32_t rows, size_t per_pass, std::vector<ShapeGroup> &groups) {
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

// Of so many rows of a session, padding included, with those that make their number exact.
int32_t filled_results(int32_t results, int32_t rows, const RowRule &rule) { return std::min(rows, rule.fill(results)); }

// Any rows in any pass: as few as hold them, nearly always (each item into the first one that has room, longest first).
void plan_unified(const std::vector<ShapeItem> &items, const ShapeRules &rules, std::vector<ShapeGroup> &groups) {
  struct Room {
    int32_t rows;
    int32_t results;
  };
  std::vector<Room> room;  // by group
  for (const ShapeItem &item : items) {
    const int32_t results = filled_results(item.results, item.rows, rules.rows);
    size_t to = 0;
    while (to < room.size() && (room[to].rows < item.rows || room[to].results < results)) {
      to++;
    }
    if (to == room.size()) {
      groups.emplace_back();
      room.push_back({rules.pass_rows, rules.pass_results});
    }
    groups[to].members.push_back(item);
    room[to].rows -= item.rows;
    room[to].results -= results;
  }
  for (ShapeGroup &group : groups) {
    std::sort(group.members.begin(), group.members.end(), by_sequence);
  }
}

// The runs of consecutive ids of a group that grows member by member, and what it costs.
class Runs {
 public:
  // idle_rows: 0 for ids that are among the items of this step.
  Runs(const ShapeRules &rules, const std::vector<int32_t> &idle_rows)
      : rules_(rules),
        idle_rows_(idle_rows),
        lengths_(SLED_MAX_SEQUENCES),
        bridged_(SLED_MAX_SEQUENCES),
        parts_(static_cast<size_t>(rules.rows.multiple)) {}

  // An empty group whose members are to have so many rows, of which so many may be results.
  void begin(int32_t rows, int32_t results, bool with_bridges) {
    rows_ = rows;
    const int32_t filled = rules_.rows.fill(rows);  // rows() may become so many
    const int32_t by_results = rules_.pass_results / filled_results(results, filled, rules_.rows);
    per_pass_ = std::max(1, std::min(rules_.pass_rows / filled, by_results));
    // A longer gap costs as much as the pass that it saves.
    widest_gap_ = with_bridges ? std::max(0, rules_.pass_cost_rows - 1) / rows : 0;
    std::fill(lengths_.begin(), lengths_.end(), 0);
    std::fill(parts_.begin(), parts_.end(), 0);
    passes_ = 0;
    lone_ = 0;
    ids_ = 0;
    overfull_ = false;
    bridges_.clear();
  }

  // The next member. All joined runs stay joined: a bridge has idle sequences alone, so that no member comes into it.
  void add(int32_t sequence) {
    Run run{sequence, sequence, false};
    ids_++;
    count(run, 1);
    const int32_t left = neighbour(sequence, -1);
    if (left >= 0) {
      const Run other{left - lengths_[at(left)] + 1, left, bridged_[at(left)]};
      if (may_join(other, run)) {
        run = join(other, run);
      }
    }
    const int32_t right = neighbour(sequence, 1);
    if (right >= 0) {
      const Run other{right, right + lengths_[at(right)] - 1, bridged_[at(right)]};
      if (may_join(run, other)) {
        run = join(run, other);
      }
    }
    lengths_[at(run.from)] = lengths_[at(run.to)] = run.length();
    bridged_[at(run.from)] = bridged_[at(run.to)] = run.bridged;
    overfull_ = overfull_ || (run.bridged && run.length() > per_pass_);
  }

  // Rows of each member: as many more than asked for as make all passes exact.
  int32_t rows() const {
    int32_t rows = rows_;
    while (!all_exact(rows)) {
      rows++;  // ends at RowRule::fill(rows_)
    }
    return rows;
  }

  // In rows. A run with a bridge that has outgrown a pass is none that anybody wants.
  int64_t cost() const {
    return overfull_ ? kImpossible : passes_ * rules_.pass_cost_rows + static_cast<int64_t>(ids_) * rows();
  }

  size_t per_pass() const { return static_cast<size_t>(per_pass_); }  // sequences
  bool any_bridge() const { return !bridges_.empty(); }
  const std::vector<int32_t> &bridges() const { return bridges_; }  // the ids

 private:
  struct Run {
    int32_t from;
    int32_t to;
    bool bridged;
    int32_t length() const { return to - from + 1; }
  };

  static size_t at(int32_t sequence) { return static_cast<size_t>(sequence); }

  // The passes of a run: as many sequences as one holds, and the rest.
  void count(const Run &run, int32_t sign) {
    const int32_t full = run.length() / per_pass_;
    const int32_t rest = run.length() % per_pass_;
    count_passes(per_pass_, sign * full);
    count_passes(rest, rest > 0 ? sign : 0);
  }

  void count_passes(int32_t sequences, int32_t passes) {
    passes_ += passes;
    lone_ += sequences == 1 ? passes : 0;
    parts_[static_cast<size_t>(sequences % rules_.rows.multiple)] += passes;
  }

  bool all_exact(int32_t rows) const {
    if (lone_ > 0 && !rules_.rows.holds(rows)) {
      return false;
    }
    for (size_t sequences = 1; sequences < parts_.size(); sequences++) {
      if (parts_[sequences] > 0 && static_cast<int32_t>(sequences) * rows % rules_.rows.multiple != 0) {
        return false;
      }
    }
    return true;
  }

  // The nearest end of another run in this direction, over a gap that may be bridged; -1 if there is none.
  int32_t neighbour(int32_t sequence, int32_t direction) const {
    for (int32_t gap = 0; gap <= widest_gap_; gap++) {
      const int32_t id = sequence + direction * (gap + 1);
      if (id < 0 || id >= SLED_MAX_SEQUENCES) {
        return -1;
      }
      if (lengths_[at(id)] > 0) {
        return id;
      }
      if (at(id) >= idle_rows_.size() || idle_rows_[at(id)] < rules_.rows.fill(rows_)) {
        return -1;
      }
    }
    return -1;
  }

  // Over a gap only into one pass: there it saves one.
  bool may_join(const Run &left, const Run &right) const {
    return right.from == left.to + 1 || right.to - left.from + 1 <= per_pass_;
  }

  Run join(const Run &left, const Run &right) {
    const Run joined{left.from, right.to, left.bridged || right.bridged || right.from > left.to + 1};
    for (int32_t id = left.to + 1; id < right.from; id++) {
      bridges_.push_back(id);
      ids_++;
    }
    count(left, -1);
    count(right, -1);
    count(joined, 1);
    return joined;
  }

  const ShapeRules &rules_;
  const std::vector<int32_t> &idle_rows_;
  std::vector<int32_t> lengths_;  // of the run that begins or ends with an id; 0: no member
  std::vector<bool> bridged_;     // likewise
  std::vector<int32_t> bridges_;
  int32_t rows_ = 1;
  int32_t widest_gap_ = 0;
  int32_t per_pass_ = 1;
  int64_t passes_ = 0;
  int32_t lone_ = 0;            // passes of one sequence
  std::vector<int32_t> parts_;  // passes by their number of sequences, modulo RowRule::multiple
  int32_t ids_ = 0;             // members and bridges
  bool overfull_ = false;
};

}  // namespace

size_t end_of_pass(const ShapeGroup &group, size_t from) {
  if (group.rows == 0) {
    return group.members.size();
  }
  size_t to = from + 1;
  while (to < group.members.size() && group.members[to].sequence == group.members[to - 1].sequence + 1) {
    to++;
  }
  return to;
}

int32_t passes_of(const ShapeGroup &group) {
  int32_t passes = 0;
  for (size_t from = 0; from < group.members.size(); from = end_of_pass(group, from)) {
    passes++;
  }
  return passes;
}

void plan_shape(std::vector<ShapeItem> &items, const std::vector<int32_t> &idle_rows, const ShapeRules &rules,
                std::vector<ShapeGroup> &groups) {
  groups.clear();
  if (items.empty()) {
    return;
  }
  // Longest first. A group is a range of this order: padding a long sequence never helps a short one. (With gaps
  // between the ids another partition is sometimes better by a pass; looking for it is not worth it.)
  std::sort(items.begin(), items.end(), [](const ShapeItem &a, const ShapeItem &b) {
    return a.rows != b.rows ? a.rows > b.rows : a.sequence < b.sequence;
  });
  if (rules.unified) {
    plan_unified(items, rules, groups);
    return;
  }
  std::vector<int32_t> idle = idle_rows;
  for (const ShapeItem &item : items) {
    if (static_cast<size_t>(item.sequence) < idle.size()) {
      idle[static_cast<size_t>(item.sequence)] = 0;
    }
  }
  const bool any_idle = std::any_of(idle.begin(), idle.end(), [](int32_t rows) { return rows > 1; });

  // A group of the items from i on: where it ends, with how many rows, with bridges or without.
  struct Choice {
    int64_t cost = kImpossible;  // least, in rows, of the items from i on
    int32_t results = 0;         // most of any of the items from i on
    size_t end = 0;
    int32_t rows = 1;
    bool with_bridges = false;
  };
  const size_t n = items.size();
  std::vector<Choice> best(n + 1);
  best[n].cost = 0;
  Runs runs(rules, idle);
  for (size_t i = n; i-- > 0;) {
    const int32_t rows = items[i].rows;
    const int32_t results = std::max(items[i].results, best[i + 1].results);
    best[i].results = results;
    const auto consider = [&](bool with_bridges) {
      runs.begin(rows, results, with_bridges);
      // As far as positions are left for so much padding.
      for (size_t j = i; j < n && items[j].max_rows >= rules.rows.fill(rows); j++) {
        runs.add(items[j].sequence);
        if (with_bridges && !runs.any_bridge()) {
          continue;  // the same as without
        }
        const int64_t cost = runs.cost();
        if (cost != kImpossible && cost + best[j + 1].cost < best[i].cost) {
          best[i] = {cost + best[j + 1].cost, results, j + 1, rows, with_bridges};
        }
      }
    };
    consider(false);
    if (any_idle && rules.pass_cost_rows > rows) {
      consider(true);
    }
  }

  std::vector<ShapeItem> members;
  for (size_t i = 0; i < n; i = best[i].end) {
    members.assign(items.begin() + static_cast<std::ptrdiff_t>(i),
                   items.begin() + static_cast<std::ptrdiff_t>(best[i].end));
    runs.begin(best[i].rows, best[i].results, best[i].with_bridges);
    for (const ShapeItem &item : members) {
      runs.add(item.sequence);
    }
    for (const int32_t id : runs.bridges()) {
      members.push_back({-1, id, 0, idle[static_cast<size_t>(id)], 0});
    }
    std::sort(members.begin(), members.end(), by_sequence);
    append_group(members, runs.rows(), runs.per_pass(), groups);
  }
}

}  // namespace sled
