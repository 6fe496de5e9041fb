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
  uint32_t first_output = Reference::kNone;
};

std::vector<Tally> tally(const History& history, const Reference& reference, const Delivery& delivery) {
  std::vector<Tally> tallies(reference.results().size());
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    Tally& result = tallies[reference.result_of(index)];
    const uint32_t times = delivery.times[index];
    result.lost += times == 0 ? 1 : 0;
    result.extra += times > 1 ? times - 1 : 0;
  }
  for (uint32_t i = 0; i < history.outputs.size(); ++i) {
    if (!delivery.sound[i]) continue;  // the delivery checker told it already
    Tally& result = tallies[reference.result_of(reference.index_of(history.outputs[i].lineage.front()))];
    if (++result.outputs == 1) result.first_output = i;
  }
  return tallies;
}

}  // namespace

void check_results(const History& history, const Reference& reference, const Delivery& delivery,
                   std::vector<Finding>& out) {
  if (!reference.windowed()) return;  // a result is a contribution there: the delivery checker says it all
  Findings findings("reference", out);
  const std::vector<Tally> tallies = tally(history, reference, delivery);
  for (uint32_t r = 0; r < tallies.size(); ++r) {
    const Tally& result = tallies[r];
    const uint32_t expected = reference.results()[r].count;
    const auto who = [&] { return result_text(reference, r); };
    if (result.outputs == 0) {
      if (result.lost < expected) continue;  // it came, but corrupted
      findings.add("missing", -1, [&] {
        return fmt::format("the result for {} never came; it counts {}", who(), count_text(expected, "record"));
      });
    } else if (result.outputs > 1) {
      const char* kind = result.extra > 0 ? "repeated" : "split";
      findings.add(kind, -1, [&] {
        return fmt::format("the result for {} came {} times instead of once: {} of its {} were lost, {} came again",
                           who(), result.outputs, result.lost, count_text(expected, "record"), result.extra);
      });
    } else if (result.lost > 0 && result.lost == result.extra) {
      findings.add("compensated", -1, [&] {
        return fmt::format("the count for {} is right by accident: {} lost and as many counted again", who(),
                           count_text(result.lost, "record"));
      });
    } else if (result.lost + result.extra > 0) {
      findings.add("differs", -1, [&] {
        return fmt::format("the count for {} is {} instead of {}: {} lost, {} counted again", who(),
                           history.outputs[result.first_output].value, expected, result.lost, result.extra);
      });
    }
  }
}

}  // namespace onceproof::checkers
