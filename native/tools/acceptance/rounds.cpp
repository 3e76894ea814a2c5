#include "rounds.hpp"

#include <algorithm>
#include <cmath>

#include "wire.hpp"

namespace acceptance {

void Rounds::add(const Rounds &other) {
  tokens += other.tokens;
  rounds += other.rounds;
  accepted += other.accepted;
  cut_short += other.cut_short;
  all_q_bytes += other.all_q_bytes;
  rejected_q_bytes += other.rejected_q_bytes;
  rejected_p_bytes += other.rejected_p_bytes;
  surprise += other.surprise;
  surprise_squares += other.surprise_squares;
}

double Rounds::law_deviation() const {
  return surprise_squares > 0.0 ? surprise / std::sqrt(surprise_squares) : 0.0;
}

Rounds Speculation::run(Scheme scheme, const Task &task) {
  sums_ = {};
  history_ = task.prompt;
  committed_ = history_.size();
  draft_cached_ = 0;
  ended_ = false;
  random_.seed(1000 * task.sampling.seed + static_cast<uint64_t>(task.block));  // other luck for other block lengths
  q_.resize(static_cast<size_t>(task.block));

  // The server prefills the prompt and chooses the first token alone.
  const auto prompt = static_cast<int32_t>(history_.size());
  target_.decode(0, history_.data(), prompt);
  reader_.read(task.sampling, target_.row(prompt - 1), history_, committed_, p_);
  const int32_t first = scheme == Scheme::kCoupled ? p_.choice : draw(p_.distribution, uniform());
  history_.push_back(first);
  committed_++;
  ended_ = target_model_.ends(first);
  const size_t enough = task.prompt.size() + static_cast<size_t>(task.tokens);
  while (!ended_ && committed_ < enough) {
    propose(scheme, task);
    verify(scheme, task);
  }
  return sums_;
}

// The draft catches up with what was committed, then goes on behind its own tokens.
void Speculation::propose(Scheme scheme, const Task &task) {
  for (View &q : q_) {
    const auto due = static_cast<int32_t>(history_.size() - draft_cached_);
    draft_.decode(static_cast<int32_t>(draft_cached_), history_.data() + draft_cached_, due);
    draft_cached_ = history_.size();
    reader_.read(task.sampling, draft_.row(due - 1), history_, history_.size(), q);
    history_.push_back(scheme == Scheme::kCoupled ? q.choice : draw(q.distribution, uniform()));
    sums_.all_q_bytes += wire::distribution(q.distribution);
  }
}

// The token at place `index` of the block, as the server decides on it. `drafted` was proposed there, nothing behind
// the last draft. A rejected draft has a residual of zero: with either scheme a draft is accepted exactly if it is the
// token that comes out.
int32_t Speculation::emit(Scheme scheme, const View &p, size_t index, int32_t drafted) {
  if (scheme == Scheme::kCoupled) {
    return p.choice;
  }
  if (index == q_.size()) {
    return draw(p.distribution, uniform());
  }
  const Distribution &q = q_[index].distribution;
  const bool accept = uniform() * q.of(drafted) < p.distribution.of(drafted);
  return accept ? drafted : draw_residual(p.distribution, q, uniform());
}

// The target computes the parent and all drafts in one go. The tokens that come out stand where the drafts stood.
void Speculation::verify(Scheme scheme, const Task &task) {
  const size_t parent = committed_ - 1;
  target_.decode(static_cast<int32_t>(parent), history_.data() + parent, task.block + 1);
  bool accepted = true;
  for (size_t i = 0; accepted && !ended_ && i <= q_.size(); i++) {
    const size_t position = parent + 1 + i;
    reader_.read(task.sampling, target_.row(static_cast<int32_t>(i)), history_, position, p_);
    const int32_t drafted = i < q_.size() ? history_[position] : -1;
    const int32_t token = emit(scheme, p_, i, drafted);
    note_law(p_.distribution, token);
    if (i == q_.size()) {
      history_.push_back(token);
    } else {
      accepted = drafted == token;
      history_[position] = token;
      if (accepted) {
        sums_.accepted++;
      } else {
        sums_.cut_short++;
        sums_.rejected_q_bytes += wire::distribution(q_[i].distribution);
        sums_.rejected_p_bytes += wire::distribution(p_.distribution);
      }
    }
    committed_++;
    sums_.tokens++;
    ended_ = target_model_.ends(token);
  }
  sums_.rounds++;
  history_.resize(committed_);
  // The draft has computed its own tokens but the last one; the newest committed token never.
  const size_t computed = parent + q_.size();
  draft_cached_ = std::min(computed, committed_ - 1);
}

void Speculation::note_law(const Distribution &p, int32_t token) {
  const double surprise = std::log(p.of(token)) + p.entropy;
  sums_.surprise += surprise;
  sums_.surprise_squares += surprise * surprise;
}

}  // namespace acceptance
