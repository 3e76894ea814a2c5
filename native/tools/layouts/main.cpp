// Measures what a step costs with a split and with a unified K/V cache, and prints the answer as Markdown.
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "sled.h"

namespace layouts {
namespace {

constexpr Setup kSetups[] = {{"split, exact", SLED_KV_LAYOUT_SPLIT, SLED_NUMERICS_EXACT},
                             {"split, fast", SLED_KV_LAYOUT_SPLIT, SLED_NUMERICS_FAST},
                             {"unified", SLED_KV_LAYOUT_UNIFIED, SLED_NUMERICS_FAST}};

std::string describe_cpu() {
  sled_device_info device{};
  if (sled_device_describe(0, &device) != SLED_OK) {
    return "";
  }
  return std::string(device.description) + ", " + device.backend;
}

void print(const Options &options, const sled_engine_info &info, const std::vector<std::vector<Cell>> &columns) {
  std::printf("`%s`, %s, %d threads%s, a pass held to cost as much as %d rows. Medians of up to %d steps, ms; in brackets passes and "
              "rows computed.\n\n",
              options.model.substr(options.model.rfind('/') + 1).c_str(), describe_cpu().c_str(), info.threads,
              options.pin ? " (pinned)" : "", info.pass_cost_rows, options.steps);
  std::printf("| tokens | sessions | shape | rows |");
  for (const Setup &setup : kSetups) {
    std::printf(" %s |", setup.name);
  }
  std::printf(" unified / split, fast |\n|---:|---:|---|---:|---:|---:|---:|---:|\n");
  const std::vector<Cell> &split = columns[1];
  const std::vector<Cell> &unified = columns[2];
  for (size_t i = 0; i < split.size(); i++) {
    std::printf("| %d | %d | %s | %d |", split[i].context, split[i].sessions, split[i].shape->name, split[i].useful_rows);
    for (const std::vector<Cell> &column : columns) {
      if (column.empty()) {
        std::printf(" |");
      } else {
        std::printf(" %.2f (%d, %d) |", column[i].step_ms, column[i].passes, column[i].rows);
      }
    }
    std::printf(" %.2f |\n", unified[i].step_ms / split[i].step_ms);
  }
}

void run(const Options &options) {
  const auto begun = std::chrono::steady_clock::now();
  check(sled_backend_load(options.backends.c_str()), "load the backends");
  sled_model_params params;
  check(sled_model_params_default(&params), "prepare a model");
  std::vector<std::vector<Cell>> columns;
  sled_engine_info info{};
  for (const Setup &setup : kSetups) {
    // Exact numerics may want the weights as they lie in the file.
    params.flags = SLED_MODEL_MMAP | (setup.numerics == SLED_NUMERICS_EXACT ? SLED_MODEL_EXACT : 0);
    int64_t model = 0;
    check(sled_model_open(options.model.c_str(), &params, &model), "open the model");
    std::string why;
    columns.push_back(measure(model, setup, options, &info, &why));
    if (columns.back().empty() && setup.numerics != SLED_NUMERICS_EXACT) {
      throw std::runtime_error(why);
    }
    if (columns.back().empty()) {
      std::printf("Not measured: %s: %s\n\n", setup.name, why.c_str());
    }
    check(sled_model_close(model), "close the model");
  }
  print(options, info, columns);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  std::printf("\nMeasured in %.0f s.\n", seconds.count());
}

}  // namespace
}  // namespace layouts

int main(int argc, char **argv) {
  try {
    const layouts::Options options = layouts::parse_options({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(layouts::kHelp, stdout);
    } else {
      layouts::run(options);
    }
    return 0;
  } catch (const tools::UsageError &error) {
    std::fprintf(stderr, "layouts_table: %s\nSee layouts_table --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "layouts_table: %s\n", error.what());
    return 1;
  }
}
