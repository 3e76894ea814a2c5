#include "measure.hpp"

#include <algorithm>

#include "wire.hpp"

namespace acceptance {

void Agreement::add(const Agreement &other) {
  positions += other.positions;
  entropy += other.entropy;
  kept += other.kept;
  rejection += other.rejection;
  short_list += other.short_list;
  short_list_bytes += other.short_list_bytes;
  coupled += other.coupled;
  measured += other.measured;
  bound += other.bound;
  independent += other.independent;
  greedy += other.greedy;
}

Measurement::Measurement(const Model &target, const Model &draft, int32_t vocabulary, int32_t positions,
                         int32_t short_list)
    : target_model_(target),
      short_list_(short_list),
      target_(target, positions, vocabulary),
      draft_(draft, positions, vocabulary),
      reader_(vocabulary),
      speculation_(target_model_, target_, draft_, reader_) {}

Result Measurement::run(const Setting &setting, const std::vector<std::vector<int32_t>> &prompts, int32_t tokens,
                        uint64_t seed, const std::vector<int32_t> &blocks, const Progress &progress) {
  Result result;
  for (const int32_t block : blocks) {
    result.blocks.push_back({block, {}, {}, {}, {}, {}});
  }
  for (size_t i = 0; i < prompts.size(); i++) {
    progress(static_cast<int32_t>(i) + 1);
    sled::Sampling sampling = setting.sampling;
    sampling.seed = seed + i;
    // The last round may lead beyond the end.
    const int32_t beyond = *std::max_element(blocks.begin(), blocks.end());
    const std::vector<int32_t> alone = generate(sampling, prompts[i], tokens + beyond);
    Accept accept;
    result.agreement.add(compare(sampling, alone, prompts[i].size(), accept));
    // The first token comes with OPENED: nobody drafts it.
    accept.coupled.erase(accept.coupled.begin());
    accept.rejection.erase(accept.rejection.begin());
    accept.short_list.erase(accept.short_list.begin());
    const auto enough = static_cast<size_t>(tokens) - 1;
    for (BlockResult &b : result.blocks) {
      const Task task{prompts[i], sampling, tokens, b.block};
      b.coupled.push_back(speculation_.run(Scheme::kCoupled, task));
      const std::vector<int32_t> &together = speculation_.history();
      const size_t least = std::min(alone.size(), prompts[i].size() + static_cast<size_t>(tokens));
      const bool same = together.size() >= least && together.size() <= alone.size() &&
                        std::equal(together.begin(), together.end(), alone.begin());
      result.texts++;
      result.same_texts += same ? 1 : 0;
      b.rejection.push_back(speculation_.run(Scheme::kRejection, task));
      b.coupled_expected.push_back(expect_rounds(accept.coupled, enough, b.block));
      b.rejection_expected.push_back(expect_rounds(accept.rejection, enough, b.block));
      b.short_list_expected.push_back(expect_rounds(accept.short_list, enough, b.block));
    }
  }
  return result;
}

// The target alone, row by row. Drafts have no say in this text: what is measured along it is measured on the target's
// distribution of texts.
std::vector<int32_t> Measurement::generate(const sled::Sampling &sampling, const std::vector<int32_t> &prompt,
                                           int32_t tokens) {
  std::vector<int32_t> history = prompt;
  View view;
  size_t cached = 0;
  while (history.size() < prompt.size() + static_cast<size_t>(tokens)) {
    const auto due = static_cast<int32_t>(history.size() - cached);
    target_.decode(static_cast<int32_t>(cached), history.data() + cached, due);
    cached = history.size();
    reader_.read(sampling, target_.row(due - 1), history, history.size(), view);
    history.push_back(view.choice);
    if (target_model_.ends(view.choice)) {
      break;
    }
  }
  return history;
}

// Both models read the whole text; every position behind the prompt is compared.
Agreement Measurement::compare(const sled::Sampling &sampling, const std::vector<int32_t> &history, size_t prompt,
                               Accept &accept) {
  Agreement sums;
  View p;
  View q;
  Distribution short_q;
  sled::Sampling short_list = sampling;
  short_list.top_k = sampling.top_k > 0 ? std::min(sampling.top_k, short_list_) : short_list_;
  const int32_t seeds = sampling.temperature == 0.0F ? 1 : kSeeds;
  constexpr size_t kChunk = 32;  // rows held at a time
  for (size_t start = 0; start + 1 < history.size(); start += kChunk) {
    const size_t rows = std::min(kChunk, history.size() - 1 - start);
    target_.decode(static_cast<int32_t>(start), history.data() + start, static_cast<int32_t>(rows));
    draft_.decode(static_cast<int32_t>(start), history.data() + start, static_cast<int32_t>(rows));
    for (size_t i = 0; i < rows; i++) {
      const size_t position = start + i + 1;  // of the token that the row predicts
      if (position < prompt) {
        continue;
      }
      float *const target_row = target_.row(static_cast<int32_t>(i));
      float *const draft_row = draft_.row(static_cast<int32_t>(i));
      reader_.read(sampling, target_row, history, position, p);
      reader_.read(sampling, draft_row, history, position, q);
      filter(short_list, draft_row, static_cast<int32_t>(q.distribution.probabilities.size()), short_q);
      int32_t same = 0;
      for (int32_t s = 0; s < seeds; s++) {
        const uint64_t seed = sampling.seed + (static_cast<uint64_t>(s + 1) << 32U);  // none that made the text
        same += reader_.choose_again(sampling, seed, target_row, position) ==
                        reader_.choose_again(sampling, seed, draft_row, position)
                    ? 1
                    : 0;
      }
      accept.coupled.push_back(coupled_acceptance_of(p.distribution, q.distribution, history[position]));
      accept.rejection.push_back(rejection_acceptance_of(p.distribution, q.distribution, history[position]));
      accept.short_list.push_back(rejection_acceptance_of(p.distribution, short_q, history[position]));
      const double distance = total_variation(p.distribution, q.distribution);
      sums.positions++;
      sums.entropy += p.distribution.entropy;
      sums.kept += q.distribution.kept;
      sums.rejection += 1.0 - distance;
      sums.short_list += 1.0 - total_variation(p.distribution, short_q);
      sums.short_list_bytes += static_cast<double>(wire::distribution(short_q));
      sums.coupled += coupled_acceptance(p.distribution, q.distribution);
      sums.measured += static_cast<double>(same) / seeds;
      sums.bound += (1.0 - distance) / (1.0 + distance);
      sums.independent += independent_acceptance(p.distribution, q.distribution);
      sums.greedy += p.distribution.likeliest == q.distribution.likeliest ? 1.0 : 0.0;
    }
  }
  return sums;
}

}  // namespace acceptance
