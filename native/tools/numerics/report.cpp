#include "report.hpp"

#include <algorithm>
#include <cstdio>

#include "backend.hpp"
#include "sled.h"
#include "sled_build_config.h"
#include "status.hpp"

namespace numerics {
namespace {

std::string share(int64_t part, int64_t whole) {
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return part == 0 || part == whole ? sled::format_text("%.0f %%", percent)
                                    : sled::format_text(percent < 10 ? "%.1f %%" : "%.0f %%", percent);
}

std::string different_rows(const Tally &tally) {
  return tally.different == 0 ? "exact" : share(tally.different, tally.rows);
}

std::string consequences(const Tally &tally) {
  if (tally.different == 0) {
    return "";
  }
  return sled::format_text("%.1g; %s; %s", tally.largest, share(tally.greedy, tally.rows).c_str(),
                           share(tally.sampled, tally.rows).c_str());
}

void print_row(const std::vector<std::string> &cells) {
  for (const std::string &cell : cells) {
    std::printf("| %s ", cell.c_str());
  }
  std::printf("|\n");
}

std::vector<const Table::value_type *> in_order(const Table &table) {
  std::vector<const Table::value_type *> lines;
  for (const auto &entry : table) {
    lines.push_back(&entry);
  }
  std::sort(lines.begin(), lines.end(), [](const auto *a, const auto *b) {
    return std::make_pair(a->first.first, a->second.order) < std::make_pair(b->first.first, b->second.order);
  });
  return lines;
}

void print_table(const Measurement &measurement, std::string (*cell_of)(const Tally &)) {
  std::vector<std::string> header = {"K/V", "shape", "rows"};
  header.insert(header.end(), measurement.columns().begin(), measurement.columns().end());
  print_row(header);
  for (size_t i = 0; i < header.size(); i++) {
    std::printf(i < 2 ? "|---" : "|---:");
  }
  std::printf("|\n");
  for (const auto *entry : in_order(measurement.table())) {
    std::vector<std::string> cells = {entry->first.first ? "unified" : "split", entry->first.second, ""};
    bool any = false;
    for (const std::string &column : measurement.columns()) {
      const Tally &tally = entry->second.cells.at(column);
      cells[2] = std::to_string(tally.rows);
      cells.push_back(cell_of(tally));
      any = any || !cells.back().empty();
    }
    if (any) {
      print_row(cells);
    }
  }
}

}  // namespace

void print_introduction(const Options &options) {
  std::printf("# How often logits depend on the batch\n\n");
  for (int32_t i = 0; i < sled::device_count(); i++) {
    const sled_device_info device = sled::describe_device(i);
    if (device.type == SLED_DEVICE_CPU) {
      std::printf("- %s: %s\n", device.description, device.features);
    }
  }
  std::printf("- llama.cpp %s\n", SLED_BUILD_LLAMA_COMMIT);
  std::printf("- The reference is the same row computed in a block of %d rows of its sequence alone, all of them "
              "results, with flash attention, a split 16-bit K/V cache and %d thread(s), behind K/V that was computed "
              "in blocks of at most 32 rows.\n", options.reference, options.threads.front());
  std::printf("- At least %d rows per shape and context; a line sums the shapes of its kind. Shapes with \"threads\" "
              "in their name ran with that many, and on fewer rows; the others as the reference.\n", options.rows);
  std::printf("- \"as in file\": weights that llama.cpp does not rearrange for this CPU%s.\n",
              options.repack ? "" : "; here that goes for all of them");
  std::printf("- Sampled token: by SLED's sampler at temperature %.1f, with one seed.\n",
              static_cast<double>(kTemperature));
  std::printf("- Shapes of one row per sequence are generation row by row, where differences in the K/V add up over "
              "%d rows.\n", kChainRows);
  std::printf("- \"results\": rows whose logits are wanted; all of them, where nothing else is said. llama.cpp "
              "computes the end of the network only for these.\n");
  std::printf("- \"row left lone\": what remains of a sequence when a split cache's batch is cut into passes with "
              "equally many rows of sequences with consecutive ids; a unified cache does not cut.\n");
  std::fflush(stdout);
}

void print_measurement(const std::string &title, const Measurement &measurement) {
  std::printf("\n## %s\n", title.c_str());
  std::printf("\nShare of rows whose logits differ from the reference in any bit:\n\n");
  print_table(measurement, different_rows);
  std::printf("\nWhere they do: largest difference of a logit; rows whose likeliest token is another one; rows whose "
              "sampled token is another one:\n\n");
  print_table(measurement, consequences);
  if (!measurement.notes().empty()) {
    std::printf("\n");
  }
  for (const std::string &note : measurement.notes()) {
    std::printf("- %s\n", note.c_str());
  }
  std::fflush(stdout);
}

}  // namespace numerics
