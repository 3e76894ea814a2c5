// Measures how often the logits of a row depend on what else is computed with it, and prints the answer as Markdown.
//
// Every row is a token of one sequence at one position, behind the same K/V. The reference computes it in a small block
// of that sequence alone. All other shapes of a batch compute the same rows again, from the reference's K/V, and are
// compared with it bit by bit.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "backend.hpp"
#include "failure.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "random_model.hpp"
#include "report.hpp"
#include "weights.hpp"

namespace numerics {

volatile std::sig_atomic_t g_interrupted = 0;

namespace {

void measure_types(const std::string &title, const std::string &source, const test::TemporaryDirectory &directory,
                   const Options &options, const Progress &progress) {
  Measurement measurement(options, progress);
  const std::string converted = directory.file("converted.gguf");
  for (WeightForm form : options.types) {
    progress.say(title + ": converting into " + form.type);
    convert_weights(source, converted, form.type);
    form.as_in_file = form.as_in_file || !options.repack;
    measurement.measure(converted, form);
    std::filesystem::remove(converted);
  }
  print_measurement(title, measurement);
}

test::RandomModelSize usual_proportions(bool quick) {
  test::RandomModelSize size;
  size.width = 1024;
  size.heads = 8;
  size.kv_heads = 4;
  size.layers = quick ? 1 : 2;  // more only take longer
  size.forward = 2816;
  size.context = 4096;
  size.tensor_bytes = size_t{300} << 20;
  return size;
}

void measure_defaults(const Options &options, const Progress &progress) {
  const test::TemporaryDirectory directory;
  measure_types("Demo target", test::demo_model("target"), directory, options, progress);
  const std::string random = directory.file("random.gguf");
  const test::RandomModelSize size = usual_proportions(options.quick);
  progress.say("writing a random model");
  test::write_random_model(random, "llama", GGML_TYPE_F32, 11, 3829, true, size);
  measure_types(sled::format_text("Random weights: llama, width %d, %d layer%s", size.width, size.layers,
                                  size.layers == 1 ? "" : "s"),
                random, directory, options, progress);
}

void run(const Options &options) {
  const Progress progress;
  sled::load_backends(options.backends);
  print_introduction(options);
  if (options.models.empty()) {
    measure_defaults(options, progress);
  }
  for (const std::string &path : options.models) {
    Measurement measurement(options, progress);
    measurement.measure(path, {"", !options.repack});
    print_measurement(path.substr(path.rfind('/') + 1), measurement);
  }
  std::printf("\nMeasured in %.0f s.\n", progress.seconds());
}

}  // namespace
}  // namespace numerics

int main(int argc, char **argv) {
  std::signal(SIGINT, [](int) { numerics::g_interrupted = 1; });
  std::signal(SIGTERM, [](int) { numerics::g_interrupted = 1; });
  try {
    const numerics::Options options = numerics::parse_options({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(numerics::kHelp, stdout);
    } else {
      numerics::run(options);
    }
    return 0;
  } catch (const sled::Failure &failure) {
    const bool usage = failure.status == SLED_ERR_ARGUMENT;
    std::fprintf(stderr, "numerics_table: %s\n%s", failure.text.c_str(), usage ? "See numerics_table --help.\n" : "");
    return usage ? 2 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "numerics_table: %s\n", error.what());
    return 1;
  }
}
