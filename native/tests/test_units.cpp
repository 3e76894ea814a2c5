// The pure parts of the library against slow oracles.
//
// libsled exports nothing but sled.h, so these parts are compiled into the test once more: that is why source files are
// included here.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <unordered_set>

#include "../src/batch_shape.cpp"
#include "../src/cgroups.cpp"
#include "../src/session.hpp"
#include "../src/utf8.hpp"
#include "support.hpp"

namespace {

using sled::RowRule;
using sled::Session;
using sled::ShapeGroup;
using sled::ShapeItem;
using sled::Verdict;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

int32_t below(std::mt19937 &random, int32_t bound) {
  return static_cast<int32_t>(random() % static_cast<uint32_t>(bound));
}

// ------------------------------------------------------------------ batch_shape

constexpr int64_t kImpossible = std::numeric_limits<int64_t>::max() / 4;

// Of a sequence in these steps.
constexpr int32_t kMostRows = SLED_MAX_EXACT_ROWS + 1;

constexpr RowRule kRules[] = {{1, 1, kMostRows}, {1, 2, kMostRows}, {2, 2, kMostRows}, {4, 4, kMostRows}, {32, 32, kMostRows}};

// The least that a set of items, all of whose rows may be results, costs as one group: every run of neighbouring ids in as few passes as hold it.
int64_t cost_together(std::vector<ShapeItem> items, const RowRule &rule, int32_t pass_rows, int32_t pass_results,
                      int32_t pass_cost) {
  std::sort(items.begin(), items.end(), [](const auto &a, const auto &b) { return a.sequence < b.sequence; });
  int32_t rows = 1;
  int32_t most = kMostRows;
  for (const ShapeItem &item : items) {
    rows = std::max(rows, item.rows);
    most = std::min(most, item.max_rows);
  }
  if (rule.fill(rows) > most) {
    return kImpossible;
  }
  const int32_t per_pass = std::min(pass_rows, pass_results) / rule.fill(rows);
  int64_t passes = 0;
  std::set<int32_t> parts;  // how many sequences there are in a pass
  for (size_t from = 0; from < items.size();) {
    size_t to = from + 1;
    while (to < items.size() && items[to].sequence == items[to - 1].sequence + 1) {
      to++;
    }
    for (int32_t left = static_cast<int32_t>(to - from); left > 0; left -= per_pass) {
      passes++;
      parts.insert(std::min(left, per_pass));
    }
    from = to;
  }
  while (!std::all_of(parts.begin(), parts.end(), [&](int32_t sequences) { return rule.holds(sequences * rows); })) {
    rows++;
  }
  return passes * pass_cost + static_cast<int64_t>(items.size()) * rows;
}

// Every run of consecutive ids is a pass.
void check_exact(const ShapeGroup &group, const RowRule &rule) {
  for (size_t from = 0; from < group.members.size();) {
    size_t to = from + 1;
    while (to < group.members.size() && group.members[to].sequence == group.members[to - 1].sequence + 1) {
      to++;
    }
    CHECK(rule.holds(static_cast<int32_t>(to - from) * group.rows));
    from = to;
  }
}

int64_t cost_of(const std::vector<ShapeGroup> &groups, int32_t pass_cost) {
  int64_t cost = 0;
  for (const ShapeGroup &group : groups) {
    cost += static_cast<int64_t>(sled::passes_of(group)) * pass_cost +
            static_cast<int64_t>(group.members.size()) * group.rows;
  }
  return cost;
}

// The best of all partitions of the items (one by one into an existing or a new part).
int64_t best_partition(const std::vector<ShapeItem> &items, size_t next, std::vector<std::vector<ShapeItem>> &parts,
                       const std::function<int64_t(const std::vector<ShapeItem> &)> &cost) {
  if (next == items.size()) {
    int64_t sum = 0;
    for (const auto &part : parts) {
      sum = std::min(kImpossible, sum + cost(part));
    }
    return sum;
  }
  int64_t best = kImpossible;
  for (size_t i = 0; i < parts.size(); i++) {
    parts[i].push_back(items[next]);
    best = std::min(best, best_partition(items, next + 1, parts, cost));
    parts[i].pop_back();
  }
  parts.push_back({items[next]});
  best = std::min(best, best_partition(items, next + 1, parts, cost));
  parts.pop_back();
  return best;
}

// The best of all cuts of the items, longest first, into ranges: what plan_shape promises.
int64_t best_ranges(const std::vector<ShapeItem> &items, const std::function<int64_t(const std::vector<ShapeItem> &)> &cost) {
  int64_t best = kImpossible;
  for (uint32_t cuts = 0; cuts < (1U << (items.size() - 1)); cuts++) {
    int64_t sum = 0;
    std::vector<ShapeItem> range;
    for (size_t i = 0; i < items.size(); i++) {
      range.push_back(items[i]);
      if (i + 1 == items.size() || ((cuts >> i) & 1U) != 0) {
        sum = std::min(kImpossible, sum + cost(range));
        range.clear();
      }
    }
    best = std::min(best, sum);
  }
  return best;
}

void check_plan_shape() {
  std::mt19937 random(3);
  std::vector<ShapeGroup> groups;
  std::vector<ShapeItem> none;
  sled::plan_shape(none, {}, {{1, 2, SLED_MAX_EXACT_ROWS}, 512, 512, 8, false}, groups);
  CHECK(groups.empty());

  constexpr int32_t kRounds = 6000;
  double worst = 1.0;
  double mean = 0.0;
  int32_t optimal = 0;
  int32_t compared = 0;
  for (int32_t round = 0; round < kRounds; round++) {
    const bool small = round % 2 == 0;
    const int32_t n = small ? 1 + below(random, 7) : 1 + below(random, round % 20 == 1 ? SLED_MAX_SEQUENCES : 40);
    const int32_t passes[] = {64, 96, 512, 2048};
    const int32_t costs[] = {2, 8, 12, 100};
    const RowRule rule = kRules[below(random, 5)];
    const int32_t pass_rows = passes[below(random, 4)];
    const int32_t pass_results = below(random, 2) == 0 ? pass_rows : 64 + below(random, 100);
    const int32_t pass_cost = costs[below(random, 4)];
    std::vector<int32_t> ids(static_cast<size_t>(std::min(SLED_MAX_SEQUENCES, n + below(random, n + 4))));
    for (size_t i = 0; i < ids.size(); i++) {
      ids[i] = static_cast<int32_t>(i);
    }
    std::shuffle(ids.begin(), ids.end(), random);
    const int32_t longest = 1 + below(random, SLED_MAX_EXACT_ROWS);
    const bool near_end = below(random, 4) == 0;
    std::vector<ShapeItem> items;
    for (int32_t i = 0; i < n; i++) {
      const int32_t rows = 1 + below(random, longest);
      const int32_t least = rule.fill(rows);
      const int32_t most = near_end ? least + below(random, kMostRows - least + 1) : kMostRows;
      items.push_back({i, ids[static_cast<size_t>(i)], rows, most, kMostRows});
    }
    std::vector<ShapeItem> given = items;
    sled::plan_shape(given, {}, {rule, pass_rows, pass_results, pass_cost, false}, groups);

    std::set<int32_t> seen;
    for (const ShapeGroup &group : groups) {
      CHECK(!group.members.empty());
      CHECK(group.rows >= 1 && group.rows <= kMostRows);
      check_exact(group, rule);
      CHECK(static_cast<int32_t>(group.members.size()) * group.rows <= std::min(pass_rows, pass_results));
      int32_t before = -1;
      for (const ShapeItem &member : group.members) {
        CHECK(seen.insert(member.index).second);
        const ShapeItem &original = items[static_cast<size_t>(member.index)];
        CHECK(original.sequence == member.sequence && original.rows == member.rows &&
              original.max_rows == member.max_rows);
        CHECK(group.rows >= member.rows && group.rows <= member.max_rows);
        CHECK(member.sequence > before);
        before = member.sequence;
      }
    }
    CHECK_EQ(seen.size(), n);

    const int64_t cost = cost_of(groups, pass_cost);
    const auto together = [&](const std::vector<ShapeItem> &part) {
      return cost_together(part, rule, pass_rows, pass_results, pass_cost);
    };
    int64_t each_alone = 0;
    for (const ShapeItem &item : items) {
      each_alone += together({item});
    }
    CHECK(cost <= each_alone);
    CHECK(cost <= together(items));
    if (small) {
      std::sort(items.begin(), items.end(), [](const ShapeItem &a, const ShapeItem &b) {
        return a.rows != b.rows ? a.rows > b.rows : a.sequence < b.sequence;
      });
      CHECK_EQ(cost, best_ranges(items, together));
      std::vector<std::vector<ShapeItem>> parts;
      const int64_t best = best_partition(items, 0, parts, together);
      CHECK(cost >= best);
      const double ratio = static_cast<double>(cost) / static_cast<double>(best);
      worst = std::max(worst, ratio);
      mean += ratio;
      optimal += cost == best ? 1 : 0;
      compared++;
    }
  }
  mean /= compared;
  std::printf("  plan_shape: %d random steps; best of all partitions in %.1f%% of %d, on average %.2f%% above it, at "
              "most %.0f%%\n",
              kRounds, 100.0 * optimal / compared, compared, 100.0 * (mean - 1.0), 100.0 * (worst - 1.0));
  // Ranges of the order by length are not always best when ids have gaps; they must not be far off.
  CHECK(mean < 1.02);
  CHECK(worst < 2.0);
}

std::vector<ShapeItem> random_items(std::mt19937 &random, int32_t n, int32_t ids, int32_t longest) {
  std::vector<int32_t> order(static_cast<size_t>(ids));
  for (size_t i = 0; i < order.size(); i++) {
    order[i] = static_cast<int32_t>(i);
  }
  std::shuffle(order.begin(), order.end(), random);
  std::vector<ShapeItem> items;
  for (int32_t i = 0; i < n; i++) {
    items.push_back({i, order[static_cast<size_t>(i)], 1 + below(random, longest), kMostRows, kMostRows});
  }
  return items;
}

// Gaps that are bridged: never dearer than without, and only with sequences that have nothing else to do, and room.
void check_bridges() {
  std::mt19937 random(4);
  std::vector<ShapeGroup> groups;
  constexpr int32_t kRounds = 6000;
  int64_t with = 0;
  int64_t without = 0;
  int32_t bridges = 0;
  for (int32_t round = 0; round < kRounds; round++) {
    const int32_t passes[] = {64, 96, 512, 2048};
    const int32_t costs[] = {2, 8, 12, 100};
    const int32_t pass_rows = passes[below(random, 4)];
    const int32_t pass_results = below(random, 2) == 0 ? pass_rows : 64 + below(random, 100);
    const int32_t pass_cost = costs[below(random, 4)];
    const RowRule rule = kRules[below(random, 5)];
    const int32_t n = 1 + below(random, round % 20 == 1 ? SLED_MAX_SEQUENCES : 40);
    const int32_t ids = std::min(SLED_MAX_SEQUENCES, n + below(random, 2 * n + 4));
    const std::vector<ShapeItem> items = random_items(random, n, ids, 1 + below(random, SLED_MAX_EXACT_ROWS));
    std::vector<int32_t> idle(static_cast<size_t>(ids));
    for (int32_t &rows : idle) {
      rows = below(random, 6) == 0 ? below(random, 4) : 64;
    }
    std::vector<ShapeItem> given = items;
    sled::plan_shape(given, {}, {rule, pass_rows, pass_results, pass_cost, false}, groups);
    const int64_t plain = cost_of(groups, pass_cost);
    given = items;
    sled::plan_shape(given, idle, {rule, pass_rows, pass_results, pass_cost, false}, groups);
    const int64_t bridged = cost_of(groups, pass_cost);
    CHECK(bridged <= plain);
    with += bridged;
    without += plain;

    std::vector<bool> taken(SLED_MAX_SEQUENCES);
    for (const ShapeItem &item : items) {
      taken[static_cast<size_t>(item.sequence)] = true;
    }
    std::set<int32_t> seen;
    for (const ShapeGroup &group : groups) {
      CHECK(group.rows >= 1 && group.rows <= kMostRows);
      check_exact(group, rule);
      CHECK(static_cast<int32_t>(group.members.size()) * group.rows <= std::min(pass_rows, pass_results));
      int32_t before = -1;
      for (size_t m = 0; m < group.members.size(); m++) {
        const ShapeItem &member = group.members[m];
        CHECK(member.sequence > before);  // none twice
        const bool joined_left = before >= 0 && before == member.sequence - 1;
        const bool joined_right =
            m + 1 < group.members.size() && group.members[m + 1].sequence == member.sequence + 1;
        before = member.sequence;
        if (member.is_bridge()) {
          bridges++;
          CHECK(member.rows == 0 && member.sequence < ids && !taken[static_cast<size_t>(member.sequence)]);
          CHECK(idle[static_cast<size_t>(member.sequence)] >= group.rows);
          CHECK(joined_left && joined_right);
        } else {
          CHECK(seen.insert(member.index).second);
          CHECK_EQ(items[static_cast<size_t>(member.index)].sequence, member.sequence);
          CHECK(group.rows >= member.rows && group.rows <= member.max_rows);
        }
      }
    }
    CHECK_EQ(seen.size(), n);
  }
  CHECK(bridges > 0);

  // Every second sequence: one pass instead of four, also where they are not equally long.
  for (const std::vector<int32_t> &rows : {std::vector<int32_t>{5, 5, 5, 5}, {5, 4, 5, 4}, {1, 1, 1, 1}}) {
    std::vector<ShapeItem> items;
    for (int32_t i = 0; i < 4; i++) {
      items.push_back({i, 2 * i, rows[static_cast<size_t>(i)], 63, 63});
    }
    sled::plan_shape(items, std::vector<int32_t>(8, 64), {kRules[1], 512, 512, 8, false}, groups);
    CHECK_EQ(groups.size(), 1);
    CHECK_EQ(groups[0].members.size(), 7);
    CHECK_EQ(sled::passes_of(groups[0]), 1);
    CHECK_EQ(groups[0].rows, rows[0]);
  }
  std::printf("  bridges: %d in %d random steps, which cost %.1f%% of what they would without\n", bridges, kRounds,
              100.0 * static_cast<double>(with) / static_cast<double>(without));
}

// Rows that want no result, such as those of a prompt, do not count as results of a pass.
void check_few_results() {
  std::mt19937 random(6);
  std::vector<ShapeGroup> groups;
  constexpr int32_t kRounds = 2000;
  for (int32_t round = 0; round < kRounds; round++) {
    const bool unified = round % 4 == 0;
    const RowRule rule = kRules[unified ? 0 : below(random, 5)];
    const int32_t pass_results = rule.fill(kMostRows) + below(random, 100);
    const int32_t n = 1 + below(random, 40);
    std::vector<ShapeItem> items = random_items(random, n, n, kMostRows - 1);
    const std::vector<ShapeItem> all = items;
    for (ShapeItem &item : items) {
      item.results = below(random, item.rows + 1);
    }
    const std::vector<ShapeItem> few = items;
    std::vector<ShapeItem> given = all;
    const sled::ShapeRules rules{rule, 512, pass_results, 8, unified};
    sled::plan_shape(given, {}, rules, groups);
    const int64_t cost_of_all = cost_of(groups, rules.pass_cost_rows);
    sled::plan_shape(items, {}, rules, groups);
    CHECK(unified || cost_of(groups, rules.pass_cost_rows) <= cost_of_all);
    for (const ShapeGroup &group : groups) {
      int32_t results = 0;
      for (const ShapeItem &member : group.members) {
        CHECK_EQ(member.results, few[static_cast<size_t>(member.index)].results);
        results += member.results;
      }
      CHECK(rule.fill(results) <= pass_results);
    }
  }

  // Chunks of four prompts, the last of one of them, share a pass; so do those and a block.
  for (const bool unified : {false, true}) {
    std::vector<ShapeItem> items;
    for (int32_t i = 0; i < 4; i++) {
      items.push_back({i, i, 128, 512, i == 0 ? 1 : 0});
    }
    sled::plan_shape(items, {}, {kRules[1], 512, 110, 8, unified}, groups);
    CHECK_EQ(groups.size(), 1);
    items = {{0, 0, 64, 512, 1}, {1, 1, 64, 512, 0}, {2, 2, 60, 512, 17}, {3, 3, 64, 512, 1}};
    sled::plan_shape(items, {}, {kRules[1], 512, 110, 8, unified}, groups);
    CHECK_EQ(groups.size(), 1);
  }
}

void check_unified_shape() {
  std::mt19937 random(5);
  std::vector<ShapeGroup> groups;
  int64_t more = 0;
  constexpr int32_t kRounds = 2000;
  for (int32_t round = 0; round < kRounds; round++) {
    const int32_t pass_rows = 64 << below(random, 4);
    const int32_t pass_results = below(random, 2) == 0 ? pass_rows : std::min(pass_rows, 64 + below(random, 100));
    const int32_t n = 1 + below(random, SLED_MAX_SEQUENCES);
    std::vector<ShapeItem> items = random_items(random, n, SLED_MAX_SEQUENCES, 1 + below(random, pass_rows));
    int64_t rows = 0;
    for (const ShapeItem &item : items) {
      rows += item.rows;
    }
    const sled::ShapeRules rules{kRules[0], pass_rows, pass_results, 100, true};
    sled::plan_shape(items, std::vector<int32_t>(SLED_MAX_SEQUENCES, 64), rules, groups);
    std::set<int32_t> seen;
    for (const ShapeGroup &group : groups) {
      int32_t sum = 0;
      int32_t results = 0;
      for (const ShapeItem &member : group.members) {
        CHECK(!member.is_bridge() && seen.insert(member.sequence).second);
        CHECK_EQ(group.rows_of(member), member.rows);
        sum += member.rows;
        results += std::min(member.rows, kMostRows);
      }
      CHECK(sum > 0 && sum <= pass_rows && results <= pass_results);
      CHECK_EQ(sled::passes_of(group), 1);
    }
    CHECK_EQ(seen.size(), n);
    const int64_t least = (rows + pass_rows - 1) / pass_rows;
    CHECK(pass_results < pass_rows || static_cast<int64_t>(groups.size()) <= least * 3 / 2 + 1);
    more += static_cast<int64_t>(groups.size()) - least;
  }
  std::printf("  unified: %lld passes more than the rows alone would take, in %d random steps\n",
              static_cast<long long>(more), kRounds);
}

// ------------------------------------------------------------------ session

void check_session() {
  constexpr int32_t kEnd = 0;
  std::mt19937 random(4);
  std::map<int32_t, int32_t> finishes;
  for (int32_t round = 0; round < 20000; round++) {
    const bool ignore_end = below(random, 2) == 0;
    const bool by_context = below(random, 2) == 0;
    const int32_t vocabulary = 2 + below(random, 6);
    std::vector<int32_t> expected(static_cast<size_t>(1 + below(random, 5)), 1);
    const int32_t prompt = static_cast<int32_t>(expected.size());
    const int32_t limit = prompt + 1 + below(random, 30);
    Session session(expected, limit, by_context, ignore_end, sled::Sampling());
    CHECK_EQ(session.committed(), prompt);
    CHECK_EQ(session.cached(), 0);
    while (session.finish() == SLED_FINISH_NONE) {
      CHECK_EQ(session.room_for_drafts(), limit - session.committed() - 1);
      std::vector<int32_t> choices(static_cast<size_t>(session.room_for_drafts()) + 1);
      for (int32_t &choice : choices) {
        choice = below(random, vocabulary);
      }
      std::vector<int32_t> drafts(static_cast<size_t>(below(random, session.room_for_drafts() + 1)));
      const bool good = below(random, 3) != 0;
      for (size_t i = 0; i < drafts.size(); i++) {
        drafts[i] = good && below(random, 12) != 0 ? choices[i] : below(random, vocabulary);
      }
      size_t asked = 0;
      const Verdict verdict = session.judge(
          static_cast<int32_t>(drafts.size()), drafts.data(),
          [&](int32_t i) {
            CHECK_EQ(i, asked);  // in order and never beyond what the drafts allow
            asked++;
            return choices[static_cast<size_t>(i)];
          },
          [&](int32_t token) { return token == kEnd; });

      // By definition: the drafts that equal the target's choices, but for the end of the generation, which is always
      // the target's own token.
      size_t equal = 0;
      while (equal < drafts.size() && drafts[equal] == choices[equal]) {
        equal++;
      }
      size_t end = choices.size();
      for (size_t i = choices.size(); i-- > 0 && !ignore_end;) {
        end = choices[i] == kEnd ? i : end;
      }
      Verdict slow{};
      slow.accepted = static_cast<int32_t>(std::min(equal, end));
      slow.verified = slow.accepted + (equal < drafts.size() && equal <= end ? 1 : 0);
      slow.next_token = choices[static_cast<size_t>(slow.accepted)];
      slow.finish = end <= equal                                                ? SLED_FINISH_STOP
                    : session.committed() + slow.accepted + 1 < session.limit() ? SLED_FINISH_NONE
                    : by_context                                                ? SLED_FINISH_CONTEXT
                                                                                : SLED_FINISH_LENGTH;
      CHECK_EQ(verdict.accepted, slow.accepted);
      CHECK_EQ(verdict.verified, slow.verified);
      CHECK_EQ(verdict.next_token, slow.next_token);
      CHECK_EQ(verdict.finish, slow.finish);
      expected.insert(expected.end(), drafts.begin(), drafts.begin() + slow.accepted);
      expected.push_back(slow.next_token);
      session.commit(verdict, drafts.data());
      CHECK_EQ(session.committed(), expected.size());
      CHECK(std::equal(expected.begin(), expected.end(), session.tokens()));
      CHECK_EQ(session.cached(), session.committed() - 1);
      CHECK(session.committed() <= limit);
      CHECK_EQ(session.finish(), slow.finish);
    }
    finishes[session.finish()]++;
    CHECK_EQ(session.prompt(), prompt);
  }
  std::printf("  session: finished by stop %d, length %d, context %d times\n", finishes[SLED_FINISH_STOP],
              finishes[SLED_FINISH_LENGTH], finishes[SLED_FINISH_CONTEXT]);
  CHECK_EQ(finishes.size(), 3);
}

// ------------------------------------------------------------------ UTF-8

std::string encode(uint32_t code) {
  std::string text;
  const auto add = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
  return text;
}

int32_t complete(const std::string &text) {
  return sled::utf8_complete_bytes(reinterpret_cast<const unsigned char *>(text.data()),
                                   static_cast<int32_t>(text.size()));
}

void check_utf8() {
  struct Case {
    const char *bytes;
    int32_t complete;
  };
  const Case cases[] = {
      {"", 0},
      {"abc", 3},
      {"a\xC3", 1},
      {"a\xC3\xA4", 3},
      {"\xE2", 0},
      {"\xE2\x82", 0},
      {"\xE2\x82\xAC", 3},
      {"\xE2\x82\xAC\xE2\x82", 3},
      {"\xF0\x9F\x98", 0},
      {"\xF0\x9F\x98\x80", 4},
      {"x\xF0\x9F\x98\x80\xF0", 5},
      {"\x80", 1},              // a continuation byte of nothing
      {"\xC0", 1},              // never begins a character
      {"\xC1\x80", 2},
      {"\xF5\x80", 2},
      {"\xFF", 1},
      {"\xE0\x80", 2},          // overlong: broken already
      {"\xE0\xA0", 0},
      {"\xED\xA0", 2},          // a surrogate: broken already
      {"\xED\x9F", 0},
      {"\xF0\x8F", 2},          // overlong
      {"\xF0\x8F\xBF", 3},
      {"\xF4\x90", 2},          // beyond U+10FFFF
      {"\xF4\x8F\xBF", 0},
      {"\x80\x80\x80\x80", 4},
      {"\xE2\x82\x80\x80", 4},
  };
  for (const Case &c : cases) {
    CHECK_EQ(complete(c.bytes), c.complete);
  }
  std::set<std::string> beginnings;
  std::unordered_set<std::string> characters;
  for (uint32_t code = 0; code <= 0x10FFFF; code++) {
    if (code >= 0xD800 && code <= 0xDFFF) {
      continue;
    }
    const std::string character = encode(code);
    characters.insert(character);
    for (size_t length = 1; length < character.size(); length++) {
      beginnings.insert(character.substr(0, length));
    }
  }
  std::mt19937 random(5);
  const unsigned char interesting[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                       0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  int32_t held = 0;
  constexpr int32_t kRounds = 100000;
  for (int32_t round = 0; round < kRounds; round++) {
    std::string text(random() % 7, '\0');
    for (char &c : text) {
      c = static_cast<char>(round % 2 == 0 ? random() % 256 : interesting[random() % sizeof(interesting)]);
    }
    size_t expected = text.size();
    for (size_t back = 1; back <= 3 && back <= text.size(); back++) {
      if (beginnings.count(text.substr(text.size() - back)) != 0) {
        expected = text.size() - back;
      }
    }
    held += expected < text.size() ? 1 : 0;
    CHECK_EQ(complete(text), expected);

    std::string repaired;
    for (size_t i = 0; i < text.size();) {
      size_t length = 1;
      while (length <= 4 && (i + length > text.size() || characters.count(text.substr(i, length)) == 0)) {
        length++;
      }
      repaired += length <= 4 ? text.substr(i, length) : "\xEF\xBF\xBD";
      i += length <= 4 ? length : 1;
    }
    CHECK(sled::utf8_repaired(text.data(), static_cast<int32_t>(text.size())) == repaired);
  }
  std::printf("  UTF-8: %d random texts, %d with bytes held back\n", kRounds, held);
}

// ------------------------------------------------------------------ cgroups

// Made trees, not this machine's: what the files of /proc and /sys hold in each case, abridged.
class Tree {
 public:
  explicit Tree(const std::string &name) : root_(directory_.file(name)) {}
  Tree &with(const std::string &path, const std::string &text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return *this;
  }
  const std::string &root() const { return root_; }

 private:
  test::TemporaryDirectory directory_;
  std::string root_;
};

constexpr const char *kV2Mount = "25 30 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

void check_cgroups() {
  CHECK_EQ(sled::cpu_quota_millicores("/no/such/root"), 0);
  CHECK_EQ(sled::group_free_bytes("/no/such/root"), -1);

  Tree free("v2-free");
  free.with("/proc/self/cgroup", "0::/user.slice\n").with("/proc/self/mountinfo", kV2Mount)
      .with("/sys/fs/cgroup/user.slice/cpu.max", "max 100000\n")
      .with("/sys/fs/cgroup/user.slice/memory.max", "max\n").with("/sys/fs/cgroup/user.slice/memory.current", "5\n");
  CHECK_EQ(sled::cpu_quota_millicores(free.root()), 0);
  CHECK_EQ(sled::group_free_bytes(free.root()), -1);

  // The tightest of all above counts.
  Tree nested("v2-nested");
  nested.with("/proc/self/cgroup", "0::/a.slice/b.service/c\n").with("/proc/self/mountinfo", kV2Mount)
      .with("/sys/fs/cgroup/a.slice/cpu.max", "150000 100000\n")
      .with("/sys/fs/cgroup/a.slice/b.service/cpu.max", "max 100000\n")
      .with("/sys/fs/cgroup/a.slice/b.service/c/cpu.max", "400000 100000\n")
      .with("/sys/fs/cgroup/a.slice/memory.max", "1000\n").with("/sys/fs/cgroup/a.slice/memory.current", "900\n")
      .with("/sys/fs/cgroup/a.slice/memory.stat", "anon 500\nfile 400\ninactive_file 100\nactive_file 250\nslab 7\n");
  CHECK_EQ(sled::cpu_quota_millicores(nested.root()), 1500);
  CHECK_EQ(sled::group_free_bytes(nested.root()), 450);

  // A container with a namespace of its own: its group is the root.
  Tree container("v2-container");
  container.with("/proc/self/cgroup", "0::/\n").with("/proc/self/mountinfo", kV2Mount)
      .with("/sys/fs/cgroup/cpu.max", "50000 100000\n").with("/sys/fs/cgroup/memory.max", "100\n")
      .with("/sys/fs/cgroup/memory.current", "300\n");
  CHECK_EQ(sled::cpu_quota_millicores(container.root()), 500);
  CHECK_EQ(sled::group_free_bytes(container.root()), 0);

  // v1: the mount point stands for the container's group, which the path names as the machine sees it.
  const std::string v1_mounts =
      "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
      "34 31 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
      "35 31 0:32 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n";
  Tree docker("v1-docker");
  docker.with("/proc/self/cgroup", "11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc/inner\n2:cpuset:/\n0::/\n")
      .with("/proc/self/mountinfo", v1_mounts)
      .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "-1\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "100000\n")
      .with("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
      .with("/sys/fs/cgroup/memory/memory.usage_in_bytes", "12\n");
  CHECK_EQ(sled::cpu_quota_millicores(docker.root()), 2500);
  CHECK_EQ(sled::group_free_bytes(docker.root()), INT64_C(9223372036854771700));

  // Where the group lies outside of what is mounted, the mount point's own limit is what can be read.
  Tree outside("v2-outside");
  outside.with("/proc/self/cgroup", "0::/../other\n").with("/proc/self/mountinfo", kV2Mount)
      .with("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK_EQ(sled::cpu_quota_millicores(outside.root()), 3000);

  // Nonsense is no limit.
  for (const char *text : {"", "0 0", "100000", "-5 100000", "99999999999999999999 1", "x y"}) {
    Tree broken("v2-broken");
    broken.with("/proc/self/cgroup", "0::/\nnonsense\n").with("/proc/self/mountinfo", std::string("1 2\n") + kV2Mount)
        .with("/sys/fs/cgroup/cpu.max", text);
    CHECK_EQ(sled::cpu_quota_millicores(broken.root()), 0);
  }

  CHECK_EQ(sled::default_threads(8, 0), 8);
  CHECK_EQ(sled::default_threads(2, 1000), 1);
  CHECK_EQ(sled::default_threads(2, 1500), 1);
  CHECK_EQ(sled::default_threads(2, 2000), 2);
  CHECK_EQ(sled::default_threads(2, 500), 1);
  CHECK_EQ(sled::default_threads(2, 1), 1);
  CHECK_EQ(sled::default_threads(2, 64000), 2);
  std::printf("  control groups\n");
}

}  // namespace

int main() {
  check_plan_shape();
  check_bridges();
  check_few_results();
  check_unified_shape();
  check_session();
  check_utf8();
  check_cgroups();
  return 0;
}
