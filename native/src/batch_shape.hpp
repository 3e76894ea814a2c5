// How the rows of a step are laid out so that they are exact, and cost as few passes over the weights as possible.
//
// llama.cpp (split K/V cache) cuts a batch into micro-batches of sequences with consecutive ids, each giving the
// same number of rows; every micro-batch reads all weights once. Left to itself it also leaves lone rows behind when
// blocks are uneven, and which kernels a row goes through depends on how many there are in its micro-batch (RowRule). So
// rows are arranged before llama.cpp sees them: sequences go into groups; within a group every sequence has the same number
// of rows, the missing ones filled with padding rows behind the last real one (a causal model's earlier rows do not see them,
// and their K/V is dropped), and as many more as make every pass's count exact. Where few ids are missing between two runs
// of consecutive ids, and their sequences have nothing else to do in this step, they may take part with padding rows alone:
// that *bridges* the gap, and one pass does for both runs.
//
// With a unified K/V cache nothing of this is needed: a pass takes any rows of any sequences.
//
// Pure: no llama.cpp in here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "row_rule.hpp"

namespace sled {

struct ShapeItem {
  int32_t index;     // of the slot, kept for the caller; -1: a bridge, padding alone
  int32_t sequence;  // sequence id; distinct within a step
  int32_t rows;      // real rows, at least 1; 0 in a bridge
  int32_t max_rows;  // rows with padding that still have a position; at least RowRule::fill of its rows
  int32_t results;   // of its rows, padding included, that may be results: at most so many; 0 in a bridge

  bool is_bridge() const { return index < 0; }
};

struct ShapeGroup {
  int32_t rows = 0;                // per sequence, padding included; 0: each has its own, without padding (unified)
  std::vector<ShapeItem> members;  // ascending sequence ids; all rows together fit one pass's row limit

  int32_t rows_of(const ShapeItem &member) const { return rows > 0 ? rows : member.rows; }
};

// Rows that cost as much as reading the weights once more. Larger: rather pad. Smaller: rather another pass.
// 8 is between what 16-bit weights (about 12) and 8-bit weights (about 2) measure on a CPU; on a GPU it is about 100.
constexpr int32_t kDefaultPassCostRows = 8;

struct ShapeRules {
  RowRule rows;       // of a pass
  int32_t pass_rows;  // of one micro-batch at most, a multiple of RowRule::multiple, at least 64
  int32_t pass_results;  // of these may be results, with those that RowRule adds; at least fill of any item's results
  int32_t pass_cost_rows;
  bool unified;       // the K/V cache is
};

// items: any order. idle_rows: by sequence id, how many padding rows behind its cached tokens a sequence that is not among
// the items has positions for; ids beyond its end do not exist. Empty: no bridges. What was planned is in `groups` (reused
// between calls).
void plan_shape(std::vector<ShapeItem> &items, const std::vector<int32_t> &idle_rows, const ShapeRules &rules,
                std::vector<ShapeGroup> &groups);

// Where the micro-batch ends that begins with this member: behind a run of consecutive ids, or behind all (unified).
size_t end_of_pass(const ShapeGroup &group, size_t from);

// Micro-batches that llama.cpp will make of a group.
int32_t passes_of(const ShapeGroup &group);

}  // namespace sled
