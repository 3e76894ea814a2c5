#include "shapes.hpp"

namespace numerics {
namespace {

Rows alone(int32_t rows) { return {0, 0, 0, rows, 0, 0, 0}; }

Shape generation(const std::string &group, const Rows &rows, Which results = Which::kAll) {
  return {group, rows, Which::kFirst, results, true};
}

void add_alone(std::vector<Shape> &shapes, const std::string &prefix, const std::vector<int32_t> &counts) {
  for (const int32_t rows : counts) {
    shapes.push_back({prefix + (rows < 64 ? "2-63 rows alone" : "64+ rows alone"), alone(rows)});
  }
}

// A row per sequence: what several users' generation without drafts asks for.
void add_generation(std::vector<Shape> &shapes, const std::string &prefix) {
  shapes.push_back(generation(prefix + "lone row", alone(1)));
  shapes.push_back(generation(prefix + "lone row + padding, 2 results", alone(2)));
  shapes.push_back(generation(prefix + "one row each of 2", {0, 0, 1, 1, 0, 0, 0}));
  shapes.push_back(generation(prefix + "one row each of 4", {1, 1, 1, 1, 0, 0, 0}));
  const std::string lengths = prefix + "one row each, other context lengths";
  shapes.push_back(generation(lengths, {0, 0, 0, 1, 1, 0, 0}));
  shapes.push_back(generation(lengths, {0, 0, 0, 1, 1, 1, 1}));
}

void add_few_results(std::vector<Shape> &shapes) {
  shapes.push_back(generation("lone row + padding, 1 result", alone(2), Which::kFirst));
  for (const int32_t rows : {3, 8}) {
    shapes.push_back({"2-63 rows alone, 1 result", alone(rows), Which::kLast, Which::kLast});
    shapes.push_back({"2-63 rows alone, 2 results", alone(rows), Which::kLastTwo, Which::kLastTwo});
  }
  const std::string mix = "mix, 1 result of each";
  shapes.push_back({mix, {0, 0, 16, 16, 0, 0, 0}, Which::kLast, Which::kLast});
  shapes.push_back({mix, {5, 5, 5, 5, 0, 0, 0}, Which::kLast, Which::kLast});
}

// What is left when the shorter sequences of a pass are finished is cut again; the comments give the rows per cut.
void add_mixes(std::vector<Shape> &shapes) {
  const std::string even = "mix, 2-63 rows each";
  shapes.push_back({even, {5, 5, 5, 5, 0, 0, 0}});
  shapes.push_back({even, {2, 5, 9, 16, 0, 0, 0}});  // 2 of all, 3 of three, 4 of two, 7
  shapes.push_back({even, {8, 6, 4, 2, 0, 0, 0}});   // 2 of all, 2 of three, 2 of two, 2
  shapes.push_back({even, {5, 16, 2, 9, 0, 0, 0}});
  shapes.push_back({even, {3, 4, 5, 4, 0, 0, 0}});  // 3 of all, 1 of three, 1
  shapes.push_back({even, {6, 5, 5, 5, 0, 0, 0}});  // the lone row is somebody else's
  const std::string others = "mix, other context lengths";
  shapes.push_back({others, {0, 0, 0, 5, 5, 5, 5}});
  shapes.push_back({others, {0, 0, 0, 16, 9, 5, 2}});
  const std::string many = "mix, 64+ rows in all";
  shapes.push_back({many, {20, 20, 20, 20, 0, 0, 0}});
  shapes.push_back({many, {63, 63, 63, 63, 0, 0, 0}});
  const std::string lone = "mix, row left lone";
  shapes.push_back({lone, {4, 4, 4, 5, 0, 0, 0}, Which::kLast});  // 4 of all, 1
  shapes.push_back({lone, {0, 0, 3, 4, 0, 0, 0}, Which::kLast});  // 3 of both, 1
  shapes.push_back(generation(lone, {0, 1, 0, 1, 0, 0, 0}));      // ids with a gap: 1, 1
}

}  // namespace

bool is_meant(Which which, int32_t row, int32_t rows) {
  switch (which) {
    case Which::kFirst: return row == 0;
    case Which::kLast: return row == rows - 1;
    case Which::kLastTwo: return row >= rows - 2;
    default: return true;
  }
}

std::string rows_of(const Shape &shape) {
  std::string list;
  for (int32_t sequence = 0; sequence < kSequences; sequence++) {
    const int32_t rows = shape.rows[static_cast<size_t>(sequence)];
    list += list.empty() ? "" : " ";
    list += sequence == kMeasured ? "**" + std::to_string(rows) + "**" : std::to_string(rows);
  }
  return list;
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  add_generation(shapes, "");
  add_alone(shapes, "", {2, 3, 4, 5, 8, 16, 32, 33, 63, 64, 128});
  add_few_results(shapes);
  add_mixes(shapes);
  return shapes;
}

std::vector<Shape> other_threads_shapes(int32_t threads) {
  std::vector<Shape> shapes;
  const std::string prefix = std::to_string(threads) + (threads == 1 ? " thread: " : " threads: ");
  add_generation(shapes, prefix);
  add_alone(shapes, prefix, {2, 5, 63, 64});
  shapes.push_back({prefix + "mix, 2-63 rows each", {5, 5, 5, 5, 0, 0, 0}});
  return shapes;
}

std::vector<Shape> disorder_shapes() {
  std::vector<Shape> shapes;
  for (const int32_t rows : {2, 5, 16}) {
    shapes.push_back({"cells out of order", alone(rows)});
  }
  return shapes;
}

}  // namespace numerics
