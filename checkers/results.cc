// SPDX-License-Identifier: Apache-2.0
#include "checkers/results.h"

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

struct Tally {
  uint32_t outputs = 0;  // visible results with at least one of the records
  uint32_t lost = 0;     // of the expected records
  uint32_t extra = 0;    // deliveries beyond the first
  uint32_t excused = 0;  // of the lost ones
  bool whole = false;      // one of the outputs has them all
  bool may_part = false;   // a session falls apart where a record in its middle is lost
  uint32_t first_output = Reference::kNone;
};

std::vector<Tally> tally(const History& history, const Reference& reference, const Delivery& delivery) {
  std::vector<Tally> tallies(reference.results().size());
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    Tally& result = tallies[reference.result_of(index)];
    const uint32_t times = delivery.times[index];
    result.lost += times == 0 ? 1 : 0;
    result.excused += times == 0 && delivery.is_excused(index) ? 1 : 0;
    result.extra += times > 1 ? times - 1 : 0;
  }
  for (uint32_t r = 0; r < tallies.size(); ++r)
    tallies[r].may_part = tallies[r].lost > 0 && reference.is_session(reference.results()[r]);
  for (uint32_t i = 0; i < history.outputs.size(); ++i) {
    if (!delivery.sound[i]) continue;  // the delivery checker told it already
    Tally& result = tallies[delivery.result[i]];
    if (++result.outputs == 1) result.first_output = i;
    result.whole |= delivery.whole[i] != 0;
  }
  return tallies;
}

// Nothing is missing and nothing came again, yet no single result is the one that was due.
bool in_pieces(const Tally& result) {
  const bool all_there = result.lost == 0 && !result.whole;
  const bool apart = result.outputs > 1 && result.extra == 0 && !result.may_part;
  return all_there || apart;
}

void tell_pieces(const History& history, const Reference& reference, const std::vector<Tally>& tallies,
                 Findings& findings) {
  // Which attempt counted what differs, but each that gives a result has counted all that was left of it: whatever is
  // lost or comes again, no configuration makes pieces that only together are the result.
  const Guarantee claimed = history.claimed;
  if (claimed == Guarantee::exactly_once) return;  // tell_results says it all
  for (uint32_t r = 0; r < tallies.size(); ++r) {
    const Tally& result = tallies[r];
    const bool forbidden = claimed == Guarantee::at_most_once    ? result.outputs > 1 && result.extra == 0 && !result.may_part
                           : claimed == Guarantee::at_least_once ? result.lost == 0 && !result.whole
                                                                 : in_pieces(result);
    if (!forbidden || !reference.results()[r].windowed()) continue;
    findings.add("pieces", -1, [&] {
      return fmt::format("the result for {} came in {} pieces, none of which counts all of its {}",
                         result_text(reference, r), result.outputs,
                         count_text(reference.results()[r].count, "record"));
    }, {Subject::Of::result, r});
  }
}

void tell_results(const History& history, const Reference& reference, const std::vector<Tally>& tallies,
                  Findings& findings) {
  for (uint32_t r = 0; r < tallies.size(); ++r) {
    const Tally& result = tallies[r];
    const uint32_t expected = reference.results()[r].count;
    if (!reference.results()[r].windowed()) continue;  // it is a contribution: the delivery checker says it all
    if (result.excused > 0 && result.excused == result.lost && result.extra == 0) continue;
    const auto who = [&] { return result_text(reference, r); };
    const auto what = [&] { return counts_records(reference.results()[r]) ? "count" : "result"; };
    if (result.outputs == 0) {
      if (result.lost < expected) continue;  // it came, but corrupted
      findings.add("missing", -1, [&] {
        return fmt::format("the result for {} never came; it counts {}", who(), count_text(expected, "record"));
      }, {Subject::Of::result, r});
    } else if (result.outputs > 1) {
      const char* kind = result.extra > 0 ? "repeated" : "split";
      findings.add(kind, -1, [&] {
        return fmt::format("the result for {} came {} times instead of once: {} of its {} were lost, {} came again",
                           who(), result.outputs, result.lost, count_text(expected, "record"), result.extra);
      }, {Subject::Of::result, r});
    } else if (result.lost > 0 && result.lost == result.extra) {
      findings.add("compensated", -1, [&] {
        return fmt::format("the {} for {} is right by accident: {} lost and as many counted again", what(), who(),
                           count_text(result.lost, "record"));
      }, {Subject::Of::result, r});
    } else if (result.lost + result.extra > 0) {
      findings.add("differs", -1, [&] {
        return fmt::format("the {} for {} is {} instead of {}: {} lost, {} counted again", what(), who(),
                           history.outputs[result.first_output].value, reference.results()[r].value, result.lost, result.extra);
      }, {Subject::Of::result, r});
    }
  }
}

}  // namespace

bool check_results(const History& history, const Reference& reference, const Delivery& delivery, bool complete,
                   std::vector<Finding>& out) {
  if (!reference.windowed()) return false;
  Findings findings("reference", out);
  const std::vector<Tally> tallies = tally(history, reference, delivery);
  if (complete && history.claimed == Guarantee::exactly_once) tell_results(history, reference, tallies, findings);
  if (complete) tell_pieces(history, reference, tallies, findings);
  for (uint32_t r = 0; r < tallies.size(); ++r) {
    if (reference.results()[r].windowed() && in_pieces(tallies[r])) return true;
  }
  return false;
}

}  // namespace onceproof::checkers
