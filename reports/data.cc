// SPDX-License-Identifier: Apache-2.0
#include "reports/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "checkers/delivery.h"
#include "checkers/text.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

Event data_event(const char* point, size_t lane, TimeUs at_us, int32_t partition, uint64_t value) {
  Event event;
  event.at_us = at_us;
  event.process = static_cast<uint16_t>(lane);
  event.point = point;
  event.vertex = partition < 0 ? -1 : 0;
  event.subtask = partition;
  event.value = value;
  return event;
}

// Which records of the log count something that an earlier one had counted already.
std::vector<uint8_t> repeated(const History& history) {
  std::vector<std::pair<Position, uint32_t>> counted;
  for (uint32_t i = 0; i < history.outputs.size(); ++i) {
    if (!visible(history.outputs[i])) continue;
    for (const Position position : history.outputs[i].lineage) counted.emplace_back(position, i);
  }
  const auto when = [&](uint32_t output) { return history.outputs[output].at_us; };
  std::sort(counted.begin(), counted.end(), [&](const auto& a, const auto& b) {
    return std::tuple(a.first, when(a.second), a.second) < std::tuple(b.first, when(b.second), b.second);
  });
  std::vector<uint8_t> again(history.outputs.size(), 0);
  for (size_t i = 1; i < counted.size(); ++i) {
    if (counted[i].first == counted[i - 1].first) again[counted[i].second] = 1;
  }
  return again;
}

void add_input(const History& history, size_t lane, std::vector<Event>& out) {
  for (size_t p = 0; p < history.asked.size(); ++p) {
    for (const Asked& asked : history.asked[p]) {
      Event& event = out.emplace_back(
          data_event("source.read", lane, asked.at_us, static_cast<int32_t>(p), static_cast<uint64_t>(asked.offset)));
      event.text = fmt::format("all below offset {} of partition {} is read", asked.offset, p);
    }
  }
}

// One event for each batch, and one for each transaction's end in a partition.
void add_output(const History& history, const Timeline& facts, size_t lane, std::vector<Event>& out) {
  const std::vector<uint8_t> again = repeated(history);
  using Key = std::tuple<int32_t, TimeUs, uint64_t, uint32_t, bool>;
  std::map<Key, std::vector<uint32_t>> batches;
  std::map<std::tuple<int32_t, TimeUs, uint64_t, uint32_t>, std::pair<uint32_t, uint64_t>> ends;
  for (uint32_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.at_us >= 0) {
      batches[{output.partition, output.at_us, output.producer_id, output.epoch, again[i] != 0}].push_back(i);
    }
    if (output.decided_us < 0) continue;
    auto& end = ends[{output.partition, output.decided_us, output.producer_id, output.epoch}];
    end.first = i;
    ++end.second;
  }
  const auto checkpoint_of = [&](const OutputRecord& output) {
    const TransactionRecord* transaction = facts.transactions.of(output);
    return transaction == nullptr ? 0 : transaction->checkpoint;
  };
  for (const auto& [key, records] : batches) {
    const OutputRecord& first = history.outputs[records.front()];
    const bool repeats = std::get<4>(key);
    Event& event = out.emplace_back(
        data_event(repeats ? "log.append-again" : "log.append-new", lane, first.at_us, first.partition, records.size()));
    event.checkpoint = checkpoint_of(first);
    event.text = fmt::format("{} of producer {} (epoch {}){}: {}{}", count_text(records.size(), "record"),
                             first.producer_id, first.epoch,
                             repeats ? ", counting what was counted before" : "", output_text(first),
                             records.size() > 1 ? ", ..." : "");
  }
  for (const auto& [key, end] : ends) {
    const OutputRecord& output = history.outputs[end.first];
    const bool shown = output.visibility == Visibility::committed;
    Event& event = out.emplace_back(data_event(shown ? "log.shown" : "log.discarded", lane, output.decided_us,
                                               output.partition, end.second));
    event.checkpoint = checkpoint_of(output);
    event.text = fmt::format("{} of producer {} (epoch {}) {}", count_text(end.second, "record"), output.producer_id,
                             output.epoch, shown ? "can be read from here on" : "were aborted");
  }
}

void add_reads(const History& history, std::vector<Event>& out) {
  const auto reader = std::find(history.processes.begin(), history.processes.end(), "reader");
  if (reader == history.processes.end()) return;
  const auto lane = static_cast<size_t>(reader - history.processes.begin());
  std::map<std::pair<TimeUs, int32_t>, uint64_t> reads;
  for (const OutputRecord& read : history.observed) {
    if (read.at_us >= 0) ++reads[{read.at_us, read.partition}];
  }
  for (const auto& [key, count] : reads) {
    Event& event = out.emplace_back(data_event("reader.read", lane, key.first, -1, count));
    event.text = fmt::format("{} of partition {}", count_text(count, "record"), key.second);
  }
}

void add_steps(const Verdict& verdict, size_t lane, std::vector<Event>& out) {
  if (verdict.stories.empty()) return;
  uint64_t number = 0;
  for (const StoryStep& step : verdict.stories.front().steps) {
    ++number;
    if (step.at_us < 0) continue;
    out.push_back(data_event("record.step", lane, step.at_us, -1, number));
    out.back().text = step.text;
  }
}

}  // namespace

std::vector<Event> data_events(const History& history, const Timeline& facts, const Verdict* verdict) {
  const size_t lane = history.processes.size();
  std::vector<Event> events;
  add_input(history, lane, events);
  add_output(history, facts, lane + 1, events);
  add_reads(history, events);
  if (verdict != nullptr) add_steps(*verdict, lane + 2, events);
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at_us < b.at_us; });
  return events;
}

}  // namespace onceproof::reports
