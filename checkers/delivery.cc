// SPDX-License-Identifier: Apache-2.0
#include "checkers/delivery.h"

#include <charconv>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

enum class Flaw : uint8_t { none, no_lineage, mixed_results, merged, key, timestamp, value };

// The decimal form without leading zeros, signs or spaces.
bool is_decimal(const std::string& text, uint64_t expected) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, expected).ptr;
  return std::string_view(digits, static_cast<size_t>(end - digits)) == text;
}

// Does the result say what its own lineage says? `first` is the result that its first known contribution belongs to.
Flaw flaw_of(const OutputRecord& output, const Reference& reference, uint32_t first, bool mixed) {
  if (output.lineage.empty()) return Flaw::no_lineage;
  if (mixed) return Flaw::mixed_results;
  if (!reference.windowed() && output.lineage.size() != 1) return Flaw::merged;
  if (first != Reference::kNone) {
    const ExpectedResult& expected = reference.results()[first];
    if (output.key != expected.key) return Flaw::key;
    if (output.timestamp_us != expected.timestamp_us) return Flaw::timestamp;
    if (!reference.windowed() && output.value != expected.value) return Flaw::value;
  }
  if (reference.windowed() && !is_decimal(output.value, output.lineage.size())) return Flaw::value;
  return Flaw::none;
}

struct Reading {
  uint32_t result = Reference::kNone;  // of the first known contribution
  bool mixed = false;                  // contributions of more than one result
  uint64_t phantoms = 0;
};

template <class Each>
Reading read_lineage(const OutputRecord& output, const Reference& reference, Each each) {
  Reading reading;
  for (const Position position : output.lineage) {
    const uint32_t index = reference.index_of(position);
    if (index == Reference::kNone) {
      ++reading.phantoms;
      continue;
    }
    each(index);
    const uint32_t result = reference.result_of(index);
    if (reading.result == Reference::kNone) reading.result = result;
    reading.mixed |= reading.result != result;
  }
  return reading;
}

std::string flaw_text(const OutputRecord& output, const Reference& reference) {
  const Reading reading = read_lineage(output, reference, [](uint32_t) {});
  const std::string who = output_text(output);
  const ExpectedResult* expected = reading.result == Reference::kNone ? nullptr : &reference.results()[reading.result];
  switch (flaw_of(output, reference, reading.result, reading.mixed)) {
    case Flaw::none: break;
    case Flaw::no_lineage: return fmt::format("{} was made from no input record", who);
    case Flaw::mixed_results: {
      const char* what = reference.windowed() ? "windows or words" : "results";
      return fmt::format("{} contains records of different {}: {} among them", who, what,
                         result_text(reference, reading.result));
    }
    case Flaw::merged: return fmt::format("{} was made from {} records, not one", who, output.lineage.size());
    case Flaw::key:
      return fmt::format("{} has key {}, but its records have {}", who, quoted(output.key), quoted(expected->key));
    case Flaw::timestamp:
      return fmt::format("{} has timestamp {} us, but its records belong at {} us", who, output.timestamp_us,
                         expected->timestamp_us);
    case Flaw::value:
      if (reference.windowed()) {
        return fmt::format("{} says {}, but was counted from {}", who, quoted(output.value),
                           count_text(output.lineage.size(), "record"));
      }
      return fmt::format("{} should be {}", who, quoted(expected->value));
  }
  return who;
}

std::string phantom_text(const OutputRecord& output, const Reference& reference, Position position) {
  return fmt::format("{} contains {}, which was never in the input of {}", output_text(output),
                     position_text(position, reference.splits()),
                     count_text(reference.contributions(), noun_of(reference)));
}

void tell_outputs(const History& history, const Reference& reference, const Delivery& delivery, Findings& findings) {
  if (delivery.counts.phantom + delivery.counts.corrupted == 0) return;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (!visible(output) || delivery.sound[i]) continue;
    const Reading reading = read_lineage(output, reference, [](uint32_t) {});
    if (flaw_of(output, reference, reading.result, reading.mixed) != Flaw::none) {
      findings.add("corrupted", -1, [&] { return flaw_text(output, reference); });
    }
    if (reading.phantoms == 0) continue;
    for (const Position position : output.lineage) {
      if (reference.index_of(position) != Reference::kNone) continue;
      findings.add("phantom", -1, [&] { return phantom_text(output, reference, position); });
    }
  }
}

}  // namespace

Delivery check_delivery(const History& history, const Reference& reference) {
  Delivery delivery;
  Counts& counts = delivery.counts;
  delivery.times.assign(reference.contributions(), 0);
  delivery.sound.assign(history.outputs.size(), 0);
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (!visible(output)) continue;
    ++counts.results;
    const Reading reading = read_lineage(output, reference, [&](uint32_t index) { ++delivery.times[index]; });
    const bool corrupted = flaw_of(output, reference, reading.result, reading.mixed) != Flaw::none;
    counts.phantom += reading.phantoms;
    counts.corrupted += corrupted ? 1 : 0;
    delivery.sound[i] = !corrupted && reading.phantoms == 0 && reading.result != Reference::kNone;
  }
  counts.expected = reference.contributions();
  for (const uint32_t times : delivery.times) {
    counts.delivered += times > 0 ? 1 : 0;
    counts.duplicated += times > 1 ? times - 1 : 0;
  }
  counts.lost = counts.expected - counts.delivered;
  return delivery;
}

void tell_delivery(const History& history, const Reference& reference, const Delivery& delivery, bool complete,
                   std::vector<Finding>& out) {
  Findings findings("delivery", out);
  const Guarantee claimed = history.claimed;
  const bool no_loss = complete && (claimed == Guarantee::at_least_once || claimed == Guarantee::exactly_once);
  const bool no_duplicate = claimed == Guarantee::at_most_once || claimed == Guarantee::exactly_once;
  const bool look = (no_loss && delivery.counts.lost > 0) || (no_duplicate && delivery.counts.duplicated > 0);
  for (uint32_t index = 0; look && index < reference.contributions(); ++index) {
    const uint32_t times = delivery.times[index];
    if (times == 0 && delivery.is_excused(index)) continue;
    if (times == 0 && no_loss) {
      findings.add("lost", -1, [&] {
        return fmt::format("{} is in no result that a read_committed reader gets", contribution_text(reference, index));
      }, {Subject::Of::contribution, index});
    } else if (times > 1 && no_duplicate) {
      findings.add("duplicated", -1, [&] {
        return fmt::format("{} was delivered {} times", contribution_text(reference, index), times);
      }, {Subject::Of::contribution, index});
    }
  }
  tell_outputs(history, reference, delivery, findings);
}

}  // namespace onceproof::checkers
