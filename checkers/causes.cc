// SPDX-License-Identifier: Apache-2.0
#include "checkers/causes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "checkers/calm.h"
#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

bool disturbed(const std::vector<Span>& spans, TimeUs from_us, TimeUs until_us) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return span.from_us <= until_us && span.until_us >= from_us; });
}

// Tasks that were deployed again although nobody said that they had failed.
void check_deployments(const History& history, const Timeline& timeline, const std::vector<Span>& spans,
                       Findings& findings) {
  const DurationUs reach_us = history.bounds.detection_us + history.bounds.recovery_us;
  for (const Restart& restart : timeline.restarts) {
    if (restart.torn_down_us >= 0 || disturbed(spans, restart.at_us - reach_us, restart.at_us)) continue;
    findings.add("unexplained-restart", restart.at_us, [&] {
      return fmt::format("tasks were deployed again at {}, although nothing had happened in the {} before",
                         time_text(restart.at_us), time_text(reach_us));
    }, {Subject::Of::restart, 0});
  }
}

void check_restarts(const History& history, const Timeline& timeline, const std::vector<Span>& spans,
                    Findings& findings) {
  const Bounds& bounds = history.bounds;
  if (bounds.detection_us == 0) return;
  check_deployments(history, timeline, spans, findings);
  for (const Event& event : history.events) {
    if (std::string_view(event.point) != "job.restart") continue;
    const bool by_checkpoints = event.reason == RestartReason::checkpoints;
    const DurationUs reach_us = std::max(bounds.detection_us, by_checkpoints ? bounds.checkpoints_fail_us : 0);
    if (disturbed(spans, event.at_us - reach_us, event.at_us)) continue;
    findings.add("unexplained-restart", event.at_us, [&] {
      return fmt::format("the job was restarted at {} ({}), although nothing had happened in the {} before",
                         time_text(event.at_us), event.text, time_text(reach_us));
    }, {Subject::Of::restart, 0});
  }
}

void check_duplicates(const History& history, const Reference& reference, const Delivery& delivery,
                      const Timeline& timeline, Findings& findings) {
  if (delivery.counts.duplicated == 0 || history.events.empty()) return;  // a deployment is an event
  const std::vector<Restart>& again = timeline.restarts;
  std::vector<uint8_t> seen(reference.contributions(), 0);
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (!visible(output) || output.at_us < 0) continue;
    for_each_contribution(history, reference, delivery, i, [&](uint32_t index) {
      if (!std::exchange(seen[index], 1)) return;
      if (!again.empty() && again.front().at_us < output.at_us) return;
      findings.add("unexplained-duplicate", output.at_us, [&] {
        return fmt::format("{} came again in {} at {}, although the job had not been deployed again",
                           contribution_text(reference, index), output_text(output), time_text(output.at_us));
      }, {Subject::Of::contribution, index});
    });
  }
}

// No result is written before the last of its records can be read.
void check_results(const History& history, const Reference& reference, Findings& findings) {
  const std::vector<std::vector<InputRecord>>& partitions = reference.input().partitions;
  for (const OutputRecord& output : history.outputs) {
    if (output.at_us < 0) continue;
    for (const Position position : output.lineage) {
      const uint64_t partition = partition_of(position), offset = offset_of(position);
      if (partition >= partitions.size() || offset >= partitions[partition].size()) continue;  // a phantom
      const TimeUs visible_us = partitions[partition][offset].visible_us;
      if (visible_us <= output.at_us) continue;
      findings.add("premature", output.at_us, [&] {
        return fmt::format("{} was written at {}, but {}, which it was made from, appeared only at {}", output_text(output),
                           time_text(output.at_us), position_text(position, reference.splits()), time_text(visible_us));
      });
      break;
    }
  }
}

// Lost, and yet nothing happened once it was there to be read.
void check_losses(const History& history, const Reference& reference, const Delivery& delivery,
                  const Timeline& timeline, const std::vector<Span>& spans, Findings& findings) {
  if (delivery.counts.lost == 0 || history.bounds.loss_us == 0) return;
  TimeUs last_us = kMinTimeUs;
  for (const Span& span : spans) last_us = std::max(last_us, span.until_us);
  for (const Restart& restart : timeline.restarts) last_us = std::max(last_us, restart.at_us);
  for (uint32_t index = 0; index < reference.contributions(); ++index) {
    if (delivery.times[index] != 0 || delivery.is_excused(index)) continue;
    const Position position = reference.position(index);
    const InputRecord& record = reference.input().partitions[partition_of(position)][offset_of(position)];
    if (last_us != kMinTimeUs && record.visible_us <= last_us + history.bounds.loss_us) continue;
    findings.add("unexplained-loss", record.visible_us, [&] {
      const std::string last = last_us == kMinTimeUs ? std::string("nothing ever happened")
                                                     : "the last disturbance was over at " + time_text(last_us);
      return fmt::format("{}, there to be read from {} on, was lost, although {}", contribution_text(reference, index),
                         time_text(record.visible_us), last);
    }, {Subject::Of::contribution, index});
  }
}

}  // namespace

void check_causes(const History& history, const Reference& reference, const Delivery& delivery,
                  const Timeline& timeline, bool complete, std::vector<Finding>& out) {
  Findings findings("causes", out);
  const std::vector<Span> spans = disturbances(history);
  check_restarts(history, timeline, spans, findings);
  check_results(history, reference, findings);
  check_duplicates(history, reference, delivery, timeline, findings);
  if (complete) check_losses(history, reference, delivery, timeline, spans, findings);
}

}  // namespace onceproof::checkers
