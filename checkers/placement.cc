// SPDX-License-Identifier: Apache-2.0
#include "checkers/placement.h"

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

void check_placement(const History& history, const Reference& reference, const Delivery& delivery,
                     std::vector<Finding>& out) {
  Findings findings("placement", out);
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> first(reference.key_count(), kNone);  // for each key: its first output
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.key.empty() || !delivery.sound[i]) continue;
    const uint32_t result = delivery.result[i];
    size_t& home = first[reference.results()[result].key_id];
    if (home == kNone) home = i;
    if (history.outputs[home].partition == output.partition) continue;
    findings.add("wrong-partition", output.at_us, [&] {
      return fmt::format("{} is in another partition than {}, which has the same key", output_text(output),
                         output_text(history.outputs[home]));
    });
  }
}

}  // namespace onceproof::checkers
