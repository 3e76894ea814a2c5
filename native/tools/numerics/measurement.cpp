#include "measurement.hpp"

#include <algorithm>

#include "bench.hpp"
#include "failure.hpp"
#include "status.hpp"
#include "weights.hpp"

namespace numerics {

void Measurement::measure(const std::string &path, const WeightForm &form) {
  begin_column(path, form);
  const Model model = load_model(path, form.as_in_file, options_.gpu_layers);
  note_trained_context(model.get());
  if (!words_) {
    progress_.say(columns_.back() + ": writing the text");
    const int32_t tokens = options_.contexts.back() + 2 * kLongestBlock;
    words_ = std::make_unique<Words>(model.get(), tokens, options_.threads.front());
  }
  progress_.say(columns_.back() + ": reference");
  references_[0] = make_references(model.get(), false);
  references_[1] = make_references(model.get(), true);
  for (size_t i = 0; i < references_[1].size(); i++) {
    references_[1][i].logits = references_[0][i].logits;
  }
  for (const int32_t threads : options_.threads) {
    for (const bool unified : {false, true}) {
      run_setup(model.get(), unified, threads);
    }
  }
}

void Measurement::begin_column(const std::string &path, WeightForm form) {
  const std::map<std::string, int> types = matrix_types(path);
  std::string list;
  for (const auto &[name, count] : types) {
    list += sled::format_text("%s%s in %d matrices", list.empty() ? "" : ", ", name.c_str(), count);
  }
  if (types.empty()) {
    fail(path + " has no weights");
  }
  const auto fewer = [](const auto &a, const auto &b) { return a.second < b.second; };
  const std::string most = std::max_element(types.begin(), types.end(), fewer)->first;
  if (form.type.empty()) {
    form.type = most;
  }
  const bool plain = types.size() == 1 && most == form.type;
  form.type += plain ? "" : "*";
  std::string column = form.label();
  for (int copy = 2; std::count(columns_.begin(), columns_.end(), column) > 0; copy++) {
    column = form.label() + sled::format_text(" (%d)", copy);
  }
  columns_.push_back(column);
  if (!plain) {
    notes_.push_back(column + ": " + list + ".");
  }
}

void Measurement::note_trained_context(const llama_model *model) {
  const int32_t trained = llama_model_n_ctx_train(model);
  if (options_.contexts.back() + kLongestBlock > trained && columns_.size() == 1) {
    notes_.push_back(sled::format_text(
        "Trained for %d positions only: beyond them its text means little, the bits are as good as any.", trained));
  }
}

Setup Measurement::setup(bool unified, int32_t threads) const {
  return {unified, threads, kSequences, options_.contexts.back() + kLongestBlock + options_.reference};
}

// llama.cpp does not carry K/V over from one layout to the other, so both compute the contexts. Only the split
// layout's logits are the reference.
std::vector<Reference> Measurement::make_references(llama_model *model, bool unified) {
  Decoder decoder(model, setup(unified, options_.threads.front()));
  std::vector<Reference> references;
  int32_t cached = 0;
  for (const int32_t context : options_.contexts) {
    references.push_back(make_reference(decoder, *words_, context, cached, options_.rows, options_.reference));
    cached = context;
  }
  return references;
}

void Measurement::run_setup(llama_model *model, bool unified, int32_t threads) {
  progress_.say(columns_.back() +
                sled::format_text(": %s K/V, %d thread(s)", unified ? "unified" : "split", threads));
  Decoder decoder(model, setup(unified, threads));
  const bool of_reference = threads == options_.threads.front();
  for (const Reference &reference : references_[unified ? 1 : 0]) {
    // Threads that wait for each other on busy cores are slow, and answer yes or no early.
    const int32_t rows = of_reference ? options_.rows : std::max(options_.rows / 4, kChainRows);
    Bench bench(decoder, *words_, reference, starts_for(reference.context, options_.rows), rows);
    const auto report = [&](const Shape &shape, const Tally &tally) {
      count(unified, shape, reference.context, tally);
    };
    bench.fill_in_order();
    bench.run(of_reference ? all_shapes() : other_threads_shapes(threads), report);
    if (of_reference && unified) {
      bench.fill_out_of_order();
      bench.run(disorder_shapes(), report);
    }
  }
}

void Measurement::count(bool unified, const Shape &shape, int32_t context, const Tally &tally) {
  const auto order = static_cast<int32_t>(table_.size());
  std::string name = shape.group;
  if (options_.each) {
    name += sled::format_text(": %s at %d", rows_of(shape).c_str(), context);
  }
  Line &line = table_.try_emplace({unified, name}, Line{order, {}}).first->second;
  line.cells[columns_.back()].add(tally);
}

}  // namespace numerics
