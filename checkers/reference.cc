// SPDX-License-Identifier: Apache-2.0
#include "checkers/reference.h"

#include <algorithm>
#include <utility>

#include "checkers/dense_index.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::checkers {

// Records between two steps. Equal values are one text, so that a step's work is done once for each of them.
struct Reference::Items {
  std::vector<TimeUs> timestamps_us;  // by contribution, as are
  std::vector<uint32_t> text_of;      // numbers into
  std::vector<std::string> values;
  std::vector<std::string> keys;  // empty before the first key_by; afterwards the key of each text
};

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Calls f for each maximal run of bytes other than ASCII white space.
template <class F>
void for_each_word(std::string_view text, F f) {
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    while (i < text.size() && !is_space(text[i])) ++i;
    if (i > start) f(text.substr(start, i - start));
    while (i < text.size() && is_space(text[i])) ++i;
  }
}

// Rounds towards minus infinity, so that negative event times fall into their window too.
int64_t floor_mod(int64_t value, int64_t size) {
  const int64_t rest = value % size;
  return rest < 0 ? rest + size : rest;
}

}  // namespace

Reference::Reference(std::shared_ptr<const Input> input, Pipeline pipeline)
    : input_(std::move(input)), pipeline_(std::move(pipeline)) {
  CHECK(input_ != nullptr, "a reference needs an input");
  const std::vector<Step>& steps = pipeline_.steps;
  // Splitting comes first because only there does a contribution get its ordinal.
  splits_ = !steps.empty() && steps.front() == Step::split_words;
  Items items = read(*input_);
  for (size_t i = splits_ ? 1 : 0; i < steps.size(); ++i) {
    CHECK(!windowed_, "nothing follows the window but the sink");
    switch (steps[i]) {
      case Step::split_words: CHECK(false, "only the first step may split");
      case Step::map_prefix:
        for (std::string& value : items.values) value.insert(0, "processed_");
        break;
      case Step::key_by_value: items.keys = items.values; break;
      case Step::count_per_window: count_windows(items); break;
    }
  }
  if (!windowed_) emit(items);
}

Reference::Items Reference::read(const Input& input) {
  CHECK(input.partitions.size() <= kMaxPartition + 1, "too many partitions for a position");
  Items items;
  DenseIndex texts;
  for (size_t p = 0; p < input.partitions.size(); ++p) {
    std::vector<uint32_t>& first = partitions_.emplace_back();
    CHECK(input.partitions[p].size() <= kMaxOffset, "too many records in a partition for a position");
    first.reserve(input.partitions[p].size() + 1);
    for (size_t o = 0; o < input.partitions[p].size(); ++o) {
      const InputRecord& record = input.partitions[p][o];
      first.push_back(contributions());
      size_t ordinal = 0;
      const auto add = [&](std::string_view word) {
        const uint32_t text =
            texts.find_or_add(hash64(word), [&](uint32_t number) { return items.values[number] == word; });
        if (text == items.values.size()) items.values.emplace_back(word);
        items.timestamps_us.push_back(record.timestamp_us);
        items.text_of.push_back(text);
        words_.push_back(word);
        positions_.push_back(make_position(p, o, ordinal++));
      };
      if (splits_)
        for_each_word(record.value, add);
      else
        add(record.value);
    }
    first.push_back(contributions());
  }
  return items;
}

// The place of each text's key among all keys, sorted.
std::vector<uint32_t> Reference::rank_keys(const Items& items) {
  std::vector<uint32_t> order(items.keys.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return items.keys[a] < items.keys[b]; });
  std::vector<uint32_t> rank(items.values.size(), 0);  // without keys all have the empty one
  for (uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  key_count_ = items.keys.empty() ? (items.values.empty() ? 0 : 1) : static_cast<uint32_t>(order.size());
  return rank;
}

void Reference::emit(const Items& items) {
  const std::vector<uint32_t> rank = rank_keys(items);
  results_.reserve(items.text_of.size());
  result_of_.reserve(items.text_of.size());
  for (size_t i = 0; i < items.text_of.size(); ++i) {
    const uint32_t text = items.text_of[i];
    result_of_.push_back(static_cast<uint32_t>(i));
    results_.push_back({items.keys.empty() ? std::string() : items.keys[text], items.values[text],
                        items.timestamps_us[i], 0, 1, rank[text]});
  }
}

// Groups first, then sorts the groups: there are far fewer of them.
void Reference::count_windows(const Items& items) {
  windowed_ = true;
  CHECK(pipeline_.window_us > 0, "a window needs a size");
  const std::vector<uint32_t> rank = rank_keys(items);
  struct Group {
    TimeUs end_us;
    uint32_t key;  // by rank
    uint32_t text;
    uint32_t count;
  };
  std::vector<Group> groups;
  DenseIndex index;
  result_of_.reserve(items.text_of.size());
  for (size_t i = 0; i < items.text_of.size(); ++i) {
    const TimeUs at_us = items.timestamps_us[i];
    const TimeUs end_us = at_us - floor_mod(at_us, pipeline_.window_us) + pipeline_.window_us;
    const uint32_t text = items.text_of[i];
    uint64_t hash = (static_cast<uint64_t>(end_us) + rank[text]) * 0x9e3779b97f4a7c15ull;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93ull + rank[text];
    hash ^= hash >> 32;
    const uint32_t group = index.find_or_add(
        hash, [&](uint32_t number) { return groups[number].end_us == end_us && groups[number].key == rank[text]; });
    if (group == groups.size()) groups.push_back({end_us, rank[text], text, 0});
    ++groups[group].count;
    result_of_.push_back(group);
  }
  std::vector<uint32_t> order(groups.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return groups[a].end_us != groups[b].end_us ? groups[a].end_us < groups[b].end_us : groups[a].key < groups[b].key;
  });
  std::vector<uint32_t> place(groups.size());
  results_.reserve(groups.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    const Group& group = groups[order[i]];
    place[order[i]] = i;
    results_.push_back({items.keys.empty() ? std::string() : items.keys[group.text], std::to_string(group.count),
                        group.end_us - 1, group.end_us, group.count, group.key});
  }
  for (uint32_t& result : result_of_) result = place[result];
}

}  // namespace onceproof::checkers
