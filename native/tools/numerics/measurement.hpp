// All shapes over model files that share a table: a column each.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "comparison.hpp"
#include "decoder.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "reference.hpp"
#include "shapes.hpp"
#include "words.hpp"

namespace numerics {

struct Line {
  int32_t order;  // as the shapes come
  std::map<std::string, Tally> cells;  // by column
};
using Table = std::map<std::pair<bool, std::string>, Line>;  // by unified, name

class Measurement {
 public:
  Measurement(const Options &options, const Progress &progress) : options_(options), progress_(progress) {}

  // form.type: "" = whatever the file holds.
  void measure(const std::string &path, const WeightForm &form);

  const Table &table() const { return table_; }
  const std::vector<std::string> &columns() const { return columns_; }
  const std::vector<std::string> &notes() const { return notes_; }

 private:
  void begin_column(const std::string &path, WeightForm form);
  void note_trained_context(const llama_model *model);
  std::vector<Reference> make_references(llama_model *model, bool unified);
  void run_setup(llama_model *model, bool unified, int32_t threads);
  void count(bool unified, const Shape &shape, int32_t context, const Tally &tally);
  Setup setup(bool unified, int32_t threads) const;

  const Options &options_;
  const Progress &progress_;
  std::unique_ptr<Words> words_;
  std::array<std::vector<Reference>, 2> references_;  // split, unified
  Table table_;
  std::vector<std::string> columns_;
  std::vector<std::string> notes_;
};

}  // namespace numerics
