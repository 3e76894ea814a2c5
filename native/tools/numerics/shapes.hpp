// What is measured: batches of different shapes that all hold rows of one sequence, the measured one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace numerics {

// The measured sequence has neighbours on both sides: llama.cpp puts sequences with consecutive ids into one pass of a
// split cache. Those below it are as long as it, those above have other lengths.
constexpr int32_t kSequences = 7;
constexpr int32_t kMeasured = 3;
constexpr int32_t kChainRows = 8;  // lone rows one after the other, before a new start

using Rows = std::array<int32_t, kSequences>;

enum class Which { kAll, kFirst, kLast, kLastTwo };

struct Shape {
  std::string group;  // line of the table
  Rows rows;          // per sequence
  Which compared = Which::kAll;
  Which results = Which::kAll;  // of each sequence; llama.cpp computes the end of the network only for these rows
  bool chained = false;  // again and again: one more row each time; rows behind the first one are padding
};

bool is_meant(Which which, int32_t row, int32_t rows);

// "5 **5** 5", the measured sequence's rows in bold.
std::string rows_of(const Shape &shape);

std::vector<Shape> all_shapes();

// A few of them, for other thread counts than the reference's.
std::vector<Shape> other_threads_shapes(int32_t threads);

// For a measured sequence whose cells in a unified cache are not in the order of their positions.
std::vector<Shape> disorder_shapes();

}  // namespace numerics
