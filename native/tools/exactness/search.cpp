#include "search.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include "logits.hpp"
#include "sled.h"
#include "streams.hpp"
#include "support.hpp"

namespace exactness {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int32_t kCommon = 37;  // tokens that the first two prompts begin with

struct Difference : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A stream, what it gives alone, and where it is at.
struct SearchStream : test::Stream {
  std::vector<int32_t> prompt;
  std::map<int32_t, uint64_t> bits;  // of the logits at a position, alone
  bool detached = false;
};

sled_sampling sampling_for(uint32_t random) {
  sled_sampling sampling = test::random_sampling(random);
  if (random % 2 == 0) {  // as people have it
    sampling.temperature = 0.9F;
    sampling.top_k = 0;
    sampling.top_p = 0.95F;
    sampling.repeat_penalty = 1.1F;
  }
  return sampling;
}

// One round: its own engine, prompts, sampling and steps.
class Round {
 public:
  Round(int64_t model, const Options &options, uint32_t seed)
      : model_(model), options_(options), random_(seed), threads_(seed % 2 == 0 ? 2 : 1), streams_(static_cast<size_t>(options.streams)) {
    CHECK_OK(sled_model_describe(model, &info_));
    const bool long_contexts = seed % 3 == 0;
    for (size_t i = 0; i < streams_.size(); i++) {
      SearchStream &stream = streams_[i];
      // A third of them begins a little before the next 512 cells of K/V.
      const uint32_t before = i % 3 == 0 ? 490 : i % 3 == 1 ? 1010 : 0;
      stream.prompt_tokens = static_cast<int32_t>(long_contexts ? before + 1 + below(40) : 1 + below(150));
      stream.prompt_tokens = std::clamp(stream.prompt_tokens, 1, std::max(1, info_.context_train_tokens - options.tokens - 2));
      stream.prompt.resize(static_cast<size_t>(stream.prompt_tokens));
      for (int32_t &token : stream.prompt) {
        token = static_cast<int32_t>(below(static_cast<uint32_t>(info_.vocabulary_tokens)));
      }
      stream.sampling = sampling_for(static_cast<uint32_t>(random_()));
      longest_ = std::max(longest_, stream.prompt_tokens);
    }
    if (streams_.size() > 1) {
      std::copy_n(streams_[0].prompt.begin(), std::min({kCommon, streams_[0].prompt_tokens, streams_[1].prompt_tokens}),
                  streams_[1].prompt.begin());
    }
    context_ = std::clamp(longest_ + options.tokens + 1, 256, info_.context_train_tokens);
  }

  // "" or why no exact engine is opened: for one sequence, or for all.
  std::string open() {
    const sled_engine_params params = parameters(1, context_);
    // Engines with equal ids give equal bits: also with room for longer contexts.
    if (sled_engine_open(model_, &params, &alone_) != SLED_OK ||
        !open_engine(std::min(context_ + 1000, info_.context_train_tokens))) {
      return test::last_error();
    }
    sled_engine_info alone;
    CHECK_OK(sled_engine_describe(alone_, &alone));
    if (engine_info_.numerics_id != alone.numerics_id) {
      CHECK_OK(sled_engine_close(engine_));
      CHECK(open_engine(context_));
    }
    CHECK_EQ(engine_info_.numerics_id, alone.numerics_id);
    return "";
  }

  void run() {
    for (SearchStream &stream : streams_) {
      generate_alone(stream);
    }
    CHECK_OK(sled_engine_close(alone_));
    alone_ = 0;
    for (SearchStream &stream : streams_) {
      stream.session = open_stream(stream, stream.prompt);
    }
    while (step()) {
    }
    for (size_t i = 0; i < streams_.size(); i++) {
      compare_tokens(i);
    }
    CHECK_OK(sled_engine_close(engine_));
    engine_ = 0;
  }

  int64_t compared() const { return compared_; }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_()) % bound; }

  // With a sequence for each stream, and one that comes and goes beside them.
  bool open_engine(int32_t context) {
    sled_engine_params params = parameters(options_.streams + 1, context);
    params.session_count = options_.streams + 3;
    if (sled_engine_open(model_, &params, &engine_) != SLED_OK) {
      return false;
    }
    CHECK_OK(sled_engine_describe(engine_, &engine_info_));
    return true;
  }

  sled_engine_params parameters(int32_t sequences, int32_t context) const {
    sled_engine_params params = test::engine_params(sequences, context, threads_);
    params.kv_type_k = options_.kv_type;
    params.kv_type_v = options_.kv_type;
    params.numerics = options_.fast ? SLED_NUMERICS_FAST : SLED_NUMERICS_EXACT;
    return params;
  }

  // One token at a time, nobody beside it.
  void generate_alone(SearchStream &stream) {
    const int32_t id =
        test::open_session(alone_, stream.prompt, options_.tokens, SLED_SESSION_IGNORE_END, &stream.sampling);
    for (sled_session_info info = test::session(alone_, id); info.finish == SLED_FINISH_NONE;
         info = test::session(alone_, id)) {
      watch_logits();
      const int32_t missing = info.committed_tokens - info.cached_tokens;
      const sled_slot done = test::step(alone_, test::slot(id, info.cached_tokens, std::min(32, missing)));
      CHECK_OK(done.status);
      for (const ResultRow &row : watched_logits()) {
        if (row.position == info.committed_tokens - 1 && done.next_token >= 0) {
          stream.bits[row.position] = row.bits;
        }
      }
    }
    stream.expected = test::committed(alone_, id);
    CHECK_OK(sled_session_close(alone_, id));
  }

  // Of a prompt, or anew of all tokens so far.
  int32_t open_stream(const SearchStream &stream, const std::vector<int32_t> &tokens) {
    const int32_t rest = stream.prompt_tokens + options_.tokens - static_cast<int32_t>(tokens.size());
    return test::open_session(engine_, tokens, rest, SLED_SESSION_IGNORE_END, &stream.sampling);
  }

  // What befalls a session between steps. False if it takes no part in this one.
  bool befall(size_t index) {
    SearchStream &stream = streams_[index];
    const sled_session_info info = test::session(engine_, stream.session);
    if (stream.detached) {
      if (below(3) != 0) {
        return false;
      }
      CHECK_OK(sled_session_attach(engine_, stream.session, -1));
      stream.detached = false;
    }
    switch (below(60)) {
      case 0:
        CHECK_OK(sled_session_evict(engine_, stream.session, static_cast<int32_t>(below(static_cast<uint32_t>(info.cached_tokens + 1)))));
        break;
      case 1:
      case 2: {
        const int32_t status = sled_session_detach(engine_, stream.session, 1);
        if (status == SLED_ERR_UNSUPPORTED) {  // sliding windows
          CHECK_OK(sled_session_detach(engine_, stream.session, 0));
        } else {
          CHECK_OK(status);
        }
        stream.detached = true;
        return false;
      }
      case 3: {
        const std::vector<int32_t> tokens = test::committed(engine_, stream.session);
        CHECK_OK(sled_session_close(engine_, stream.session));
        stream.session = open_stream(stream, tokens);
        break;
      }
      case 4:
        share(index);
        break;
      default:
        return below(4) != 0;
    }
    return true;
  }

  // The first two prompts begin alike.
  void share(size_t index) {
    if (index > 1 || streams_.size() < 2 || streams_[1 - index].detached) {
      return;
    }
    const int32_t to = streams_[index].session;
    const int32_t from = streams_[1 - index].session;
    const int32_t common = std::min({kCommon, streams_[0].prompt_tokens - 1, streams_[1].prompt_tokens - 1,
                                     test::session(engine_, from).cached_tokens});
    if (common < 1) {
      return;
    }
    CHECK_OK(sled_session_evict(engine_, to, 0));
    const int32_t status = sled_session_share(engine_, to, from, common, 0);
    CHECK(status == SLED_OK || status == SLED_ERR_UNSUPPORTED);
  }

  // A neighbour that is none of the streams, so that gaps between sequences come and go.
  void visit() {
    if (visitor_ >= 0) {
      CHECK_OK(sled_session_close(engine_, visitor_));
      visitor_ = -1;
    } else {
      visitor_ = test::open_session(engine_, streams_[below(static_cast<uint32_t>(streams_.size()))].prompt, 1, SLED_SESSION_IGNORE_END);
    }
  }

  bool step() {
    std::vector<sled_slot> slots;
    std::vector<size_t> whose;
    bool unfinished = false;
    if (below(10) == 0) {
      visit();
    }
    for (size_t i = 0; i < streams_.size(); i++) {
      if (test::session(engine_, streams_[i].session).finish != SLED_FINISH_NONE) {
        continue;
      }
      unfinished = true;
      if (befall(i)) {
        slots.push_back(slot_of(streams_[i]));
        whose.push_back(i);
      }
    }
    const bool visiting = visitor_ >= 0 && test::session(engine_, visitor_).finish == SLED_FINISH_NONE;
    if (visiting && below(2) == 0) {
      const sled_session_info info = test::session(engine_, visitor_);
      const int32_t missing = info.committed_tokens - info.cached_tokens;
      slots.push_back(test::slot(visitor_, info.cached_tokens, std::min(missing, static_cast<int32_t>(1 + below(20)))));
    }
    if (!unfinished) {
      return false;
    }
    CHECK_OK(sled_engine_tune(engine_, static_cast<int32_t>(below(200))));  // all arrangements of passes
    if (slots.empty()) {
      return true;
    }
    watch_logits();
    CHECK_OK(sled_step(engine_, test::address(slots.data()), static_cast<int32_t>(slots.size()), 0));
    for (size_t i = 0; i < slots.size(); i++) {
      CHECK_OK(slots[i].status);
      if (i < whose.size()) {
        compare_logits(whose[i], slots[i]);
      }
    }
    return true;
  }

  sled_slot slot_of(SearchStream &stream) {
    const sled_session_info info = test::session(engine_, stream.session);
    const int32_t missing = info.committed_tokens - info.cached_tokens;
    const uint32_t longest = below(4) == 0 ? static_cast<uint32_t>(engine_info_.slot_rows) : 45;
    const int32_t lead = std::min(missing, missing == 1 ? 1 : static_cast<int32_t>(1 + below(longest)));
    stream.drafts.clear();
    if (lead == missing) {
      test::draft(stream, info.committed_tokens, info_.vocabulary_tokens, random_);
      const int32_t room = std::min(engine_info_.slot_rows - lead, SLED_MAX_EXACT_ROWS - 1);
      stream.drafts.resize(std::min(stream.drafts.size(), static_cast<size_t>(std::max(room, 0))));
    }
    return test::slot(stream.session, info.cached_tokens, lead, stream.drafts);
  }

  // Rows behind tokens that the stream alone has as well.
  void compare_logits(size_t index, const sled_slot &slot) {
    const SearchStream &stream = streams_[index];
    const sled_session_info info = test::session(engine_, slot.session);
    const int32_t drafts_from = slot.kv_offset + slot.lead_count;
    int32_t end = drafts_from;  // of the positions whose tokens are known to be right
    for (size_t i = 0; i < stream.drafts.size() && static_cast<size_t>(end) < stream.expected.size() &&
                       stream.drafts[i] == stream.expected[static_cast<size_t>(end)];
         i++) {
      end++;
    }
    for (const ResultRow &row : watched_logits()) {
      const auto expected = stream.bits.find(row.position);
      if (row.sequence != info.sequence || row.position < slot.kv_offset || row.position >= end ||
          expected == stream.bits.end()) {
        continue;
      }
      compared_++;
      if (row.bits != expected->second) {
        throw Difference(place(index, row.position) + ": other logits (" + std::to_string(slot.lead_count) + " + " +
                         std::to_string(slot.draft_count) + " rows from position " + std::to_string(slot.kv_offset) + ")");
      }
    }
  }

  void compare_tokens(size_t index) const {
    const SearchStream &stream = streams_[index];
    const std::vector<int32_t> tokens = test::committed(engine_, stream.session);
    for (size_t i = 0; i < std::max(tokens.size(), stream.expected.size()); i++) {
      if (i >= tokens.size() || i >= stream.expected.size() || tokens[i] != stream.expected[i]) {
        throw Difference(place(index, static_cast<int32_t>(i)) + ": another token");
      }
    }
  }

  static std::string place(size_t index, int32_t position) {
    return "stream " + std::to_string(index) + ", position " + std::to_string(position);
  }

  const int64_t model_;
  const Options &options_;
  std::mt19937 random_;
  const int32_t threads_;
  std::vector<SearchStream> streams_;
  sled_model_info info_{};
  sled_engine_info engine_info_{};
  int32_t longest_ = 0;
  int32_t context_ = 0;
  int64_t alone_ = 0;
  int64_t engine_ = 0;
  int32_t visitor_ = -1;
  int64_t compared_ = 0;
};

// What the trial found, without what it says about it.
std::string shorter(const std::string &refusal) {
  const size_t from = refusal.find(" on this CPU: ");
  const size_t to = refusal.rfind("; choose fast numerics");
  return from == std::string::npos || to == std::string::npos ? refusal : refusal.substr(from + 14, to - from - 14);
}

}  // namespace

Result search(const std::string &path, const Options &options) {
  sled_model_params params;
  CHECK_OK(sled_model_params_default(&params));
  params.flags = SLED_MODEL_MMAP | SLED_MODEL_TRUSTED | (options.fast ? 0 : SLED_MODEL_EXACT);
  int64_t model = 0;
  if (sled_model_open(path.c_str(), &params, &model) != SLED_OK) {
    return {Verdict::kFailed, test::last_error()};
  }
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  if ((info.flags & SLED_MODEL_INFO_RECURRENT) != 0) {
    return {Verdict::kNotServed, "recurrent or hybrid"};
  }
  if ((info.flags & SLED_MODEL_INFO_ENCODER) != 0) {
    return {Verdict::kNotServed, "encoder, embedding or diffusion model"};
  }
  const auto begun = Clock::now();
  int64_t compared = 0;
  int32_t rounds = 0;
  uint32_t seed = options.seed;
  try {
    do {
      Round round(model, options, seed);
      const std::string refusal = round.open();
      if (!refusal.empty() && rounds == 0) {
        const bool exactness = refusal.find("exact numerics is not possible") != std::string::npos;
        return {exactness ? Verdict::kRefused : Verdict::kNotServed, shorter(refusal)};
      }
      if (!refusal.empty()) {
        throw Difference("refused now: " + shorter(refusal));
      }
      round.run();
      compared += round.compared();
      rounds++;
      seed++;
    } while (rounds < options.rounds && Clock::now() - begun < std::chrono::seconds(options.seconds));
  } catch (const Difference &difference) {
    return {Verdict::kInexact, "seed " + std::to_string(seed) + ", " + difference.what()};
  }
  return {Verdict::kExact, std::to_string(compared) + " rows"};
}

}  // namespace exactness
