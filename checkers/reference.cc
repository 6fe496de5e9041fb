// SPDX-License-Identifier: Apache-2.0
#include "checkers/reference.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace onceproof::checkers {

struct Reference::Item {
  uint32_t contribution = 0;
  TimeUs timestamp_us = 0;
  std::string key;
  std::string value;
};

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Maximal runs of bytes other than ASCII white space.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !is_space(text[i])) continue;
    if (i > start) words.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  return words;
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
  std::vector<Item> items = read(*input_);
  for (size_t i = splits_ ? 1 : 0; i < steps.size(); ++i) {
    CHECK(!windowed_, "nothing follows the window but the sink");
    switch (steps[i]) {
      case Step::split_words: CHECK(false, "only the first step may split");
      case Step::map_prefix:
        for (Item& item : items) item.value.insert(0, "processed_");
        break;
      case Step::key_by_value:
        for (Item& item : items) item.key = item.value;
        break;
      case Step::count_per_window: count_windows(items); break;
    }
  }
  if (!windowed_) emit(items);
  number_keys();
}

std::vector<Reference::Item> Reference::read(const Input& input) {
  CHECK(input.partitions.size() <= kMaxPartition + 1, "too many partitions for a position");
  std::vector<Item> items;
  for (size_t p = 0; p < input.partitions.size(); ++p) {
    std::vector<uint32_t>& first = partitions_.emplace_back();
    CHECK(input.partitions[p].size() <= kMaxOffset, "too many records in a partition for a position");
    for (size_t o = 0; o < input.partitions[p].size(); ++o) {
      const InputRecord& record = input.partitions[p][o];
      first.push_back(contributions());
      const std::vector<std::string_view> words =
          splits_ ? words_of(record.value) : std::vector<std::string_view>{record.value};
      for (size_t ordinal = 0; ordinal < words.size(); ++ordinal) {
        items.push_back({contributions(), record.timestamp_us, {}, std::string(words[ordinal])});
        words_.push_back(words[ordinal]);
        positions_.push_back(make_position(p, o, ordinal));
      }
    }
    first.push_back(contributions());
  }
  return items;
}

void Reference::emit(std::vector<Item>& items) {
  result_of_.resize(items.size());
  for (Item& item : items) {
    result_of_[item.contribution] = static_cast<uint32_t>(results_.size());
    results_.push_back({std::move(item.key), std::move(item.value), item.timestamp_us, 0, 1, 0});
  }
}

void Reference::count_windows(std::vector<Item>& items) {
  windowed_ = true;
  CHECK(pipeline_.window_us > 0, "a window needs a size");
  const auto end_of = [this](const Item& item) {
    return item.timestamp_us - floor_mod(item.timestamp_us, pipeline_.window_us) + pipeline_.window_us;
  };
  std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    const TimeUs end_a = end_of(a), end_b = end_of(b);
    return end_a != end_b ? end_a < end_b : a.key < b.key;
  });
  result_of_.resize(items.size());
  for (Item& item : items) {
    const TimeUs end = end_of(item);
    if (results_.empty() || results_.back().window_end_us != end || results_.back().key != item.key) {
      results_.push_back({item.key, {}, end - 1, end, 0, 0});
    }
    results_.back().count += 1;
    result_of_[item.contribution] = static_cast<uint32_t>(results_.size() - 1);
  }
  for (ExpectedResult& result : results_) result.value = std::to_string(result.count);
}

void Reference::number_keys() {
  std::vector<uint32_t> order(results_.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    return results_[a].key != results_[b].key ? results_[a].key < results_[b].key : a < b;
  });
  for (size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && results_[order[i]].key == results_[order[i - 1]].key;
    if (!same) ++key_count_;
    results_[order[i]].key_id = key_count_ - 1;
  }
}

}  // namespace onceproof::checkers
