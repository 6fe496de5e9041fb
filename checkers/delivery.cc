// SPDX-License-Identifier: Apache-2.0
#include "checkers/delivery.h"

#include <tuple>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

enum class Flaw : uint8_t { none, no_lineage, mixed_results, merged, sink, key, timestamp, value };

// Which expected result an output is. Of those that its first known position is in: the one with its sink, key and time;
// else the one that it has most of. A position further on decides only where none of the first has sink, key and time.
class Finder {
 public:
  Finder(const OutputRecord& output, const Reference& reference) : output_(output), reference_(reference) {}

  uint32_t find() {
    Best best;
    for (size_t i = 0; i < output_.lineage.size() && !best.exact; ++i) {
      if (i > 0 && output_.lineage[i] == output_.lineage[i - 1]) continue;
      const Reference::Range range = reference_.contributions_of(output_.lineage[i]);
      if (range.size() == 1 && best.result == Reference::kNone) {
        best = {reference_.result_of(range.begin), is_exact(reference_.result_of(range.begin)), 0, false};
        if (best.exact) break;
        continue;
      }
      const bool first = best.result == Reference::kNone;
      for (uint32_t index = range.begin; index < range.end; ++index) {
        const uint32_t result = reference_.result_of(index);
        if (index > range.begin && result == reference_.result_of(index - 1)) continue;
        const bool exact = is_exact(result);
        if (first || exact) take_better(best, {result, exact, overlap(result), same_value(result)});
      }
    }
    return best.result;
  }

 private:
  struct Best {
    uint32_t result = Reference::kNone;
    bool exact = false;  // in sink, key and time
    size_t overlap = 0;
    bool same_value = false;
  };
  static void take_better(Best& best, const Best& other) {
    const auto rank = [](const Best& one) { return std::tuple(one.exact, one.overlap, one.same_value); };
    if (best.result == Reference::kNone || rank(other) > rank(best)) best = other;
  }
  bool is_exact(uint32_t result) const {
    const ExpectedResult& expected = reference_.results()[result];
    return expected.sink == output_.sink && expected.timestamp_us == output_.timestamp_us && expected.key == output_.key;
  }
  bool same_value(uint32_t result) const { return reference_.results()[result].value == output_.value; }
  size_t overlap(uint32_t result) const {
    size_t count = 0;
    for (const Position position : output_.lineage) count += reference_.index_of(position, result) != Reference::kNone;
    return count;
  }

  const OutputRecord& output_;
  const Reference& reference_;
};

struct Reading {
  uint32_t result = Reference::kNone;
  bool mixed = false;  // contributions of other results
  bool whole = false;  // all contributions of its result
  uint64_t phantoms = 0;
};

// A window of other elements than it should have can pass where the whole one is dropped: nobody can tell by positions.
bool may_have_passed(const Reference& reference, Guarantee claimed, Position position) {
  return claimed != Guarantee::exactly_once && reference.drops_windows() && reference.has_record(position);
}

template <class Each>
Reading read_lineage(const OutputRecord& output, const Reference& reference, Guarantee claimed, uint32_t result, Each each) {
  Reading reading{result};
  uint32_t distinct = 0, last = Reference::kNone;
  reference.for_each(output.lineage, result, [&](uint32_t index, Position position) {
    if (index == Reference::kNone) {
      reading.phantoms += may_have_passed(reference, claimed, position) ? 0 : 1;
      return;
    }
    each(index);
    reading.mixed |= reference.result_of(index) != result;
    distinct += index != last ? 1 : 0;
    last = index;
  });
  reading.whole = result != Reference::kNone && !reading.mixed && distinct == reference.results()[result].count;
  return reading;
}

// Of a result that is not made of exactly what it should be: does it say what its own lineage says?
Flaw flaw_of_other(const OutputRecord& output, const Reference& reference, const Reading& reading) {
  if (reference.behind_windows(reference.results()[reading.result])) return Flaw::none;  // it cannot be told
  const ExpectedResult& expected = reference.results()[reading.result];
  const Reference::Remake remake = reference.remakes(output, reading.result);
  if (remake == Reference::Remake::same) return Flaw::none;
  if (output.key != expected.key) return Flaw::key;
  const bool moves = remake == Reference::Remake::unknown && reference.is_session(expected);
  if (output.timestamp_us != expected.timestamp_us && !moves) return Flaw::timestamp;
  return remake == Reference::Remake::other ? Flaw::value : Flaw::none;
}

// Does the result say what its own lineage says?
Flaw flaw_of(const OutputRecord& output, const Reference& reference, const Reading& reading, Guarantee claimed) {
  if (output.lineage.empty()) return Flaw::no_lineage;
  if (reading.result == Reference::kNone) {
    return !reference.windowed() && output.lineage.size() != 1 ? Flaw::merged : Flaw::none;
  }
  const ExpectedResult& expected = reference.results()[reading.result];
  // What a window made of other elements gives out can come into another window than it should.
  const bool can_mix = claimed != Guarantee::exactly_once && reference.behind_windows(expected);
  if (reading.mixed && !can_mix) return Flaw::mixed_results;
  if (!expected.windowed() && output.lineage.size() != 1) return Flaw::merged;
  if (output.sink != expected.sink) return Flaw::sink;
  const bool exact = reading.whole && output.lineage.size() == expected.count;
  if (!exact && expected.windowed() && reading.phantoms == 0) return flaw_of_other(output, reference, reading);
  if (output.key != expected.key) return Flaw::key;
  if (output.timestamp_us != expected.timestamp_us) return Flaw::timestamp;
  return exact && output.value != expected.value ? Flaw::value : Flaw::none;
}

std::string flaw_text(const OutputRecord& output, const Reference& reference, const Reading& reading, Flaw flaw) {
  const std::string who = output_text(output);
  const ExpectedResult* expected = reading.result == Reference::kNone ? nullptr : &reference.results()[reading.result];
  switch (flaw) {
    case Flaw::none: break;
    case Flaw::no_lineage: return fmt::format("{} was made from no input record", who);
    case Flaw::mixed_results: {
      const char* what = reference.windowed() ? "windows or words" : "results";
      return fmt::format("{} contains records of different {}: {} among them", who, what,
                         result_text(reference, reading.result));
    }
    case Flaw::merged: return fmt::format("{} was made from {} records, not one", who, output.lineage.size());
    case Flaw::sink:
      return fmt::format("{} came out of sink {}, but its records belong into sink {}", who, output.sink + 1, expected->sink + 1);
    case Flaw::key:
      return fmt::format("{} has key {}, but its records have {}", who, quoted(output.key), quoted(expected->key));
    case Flaw::timestamp:
      return fmt::format("{} has timestamp {} us, but its records belong at {} us", who, output.timestamp_us,
                         expected->timestamp_us);
    case Flaw::value:
      if (counts_records(*expected)) {
        return fmt::format("{} says {}, but was counted from {}", who, quoted(output.value),
                           count_text(output.lineage.size(), "record"));
      }
      if (!expected->windowed() || reading.whole) return fmt::format("{} should be {}", who, quoted(expected->value));
      return fmt::format("{} says {}, which is not what the pipeline makes of its {}", who, quoted(output.value),
                         count_text(output.lineage.size(), "record"));
  }
  return who;
}

std::string phantom_text(const OutputRecord& output, const Reference& reference, Position position) {
  const bool dropped = reference.drops() && reference.has_record(position);
  return fmt::format("{} contains {}, which {} of {}", output_text(output), position_text(position, reference.splits()),
                     dropped ? "belongs in no result" : "was never in the input",
                     count_text(reference.contributions(), noun_of(reference)));
}

void tell_outputs(const History& history, const Reference& reference, const Delivery& delivery, Findings& findings) {
  if (delivery.counts.phantom + delivery.counts.corrupted == 0) return;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (!visible(output) || delivery.sound[i]) continue;
    const Reading reading = read_lineage(output, reference, history.claimed, delivery.result[i], [](uint32_t) {});
    const Flaw flaw = flaw_of(output, reference, reading, history.claimed);
    if (flaw != Flaw::none) findings.add("corrupted", -1, [&] { return flaw_text(output, reference, reading, flaw); });
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
  delivery.whole.assign(history.outputs.size(), 0);
  delivery.result.reserve(history.outputs.size());
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    const uint32_t result = delivery.result.emplace_back(Finder(output, reference).find());
    if (!visible(output)) continue;
    ++counts.results;
    const Reading reading =
        read_lineage(output, reference, history.claimed, result, [&](uint32_t index) { ++delivery.times[index]; });
    const bool corrupted = flaw_of(output, reference, reading, history.claimed) != Flaw::none;
    counts.phantom += reading.phantoms;
    counts.corrupted += corrupted ? 1 : 0;
    delivery.sound[i] = !corrupted && reading.phantoms == 0 && result != Reference::kNone;
    delivery.whole[i] = reading.whole;
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
