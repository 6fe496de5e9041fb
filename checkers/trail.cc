// SPDX-License-Identifier: Apache-2.0
#include "checkers/trail.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/due.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

class Trail {
 public:
  Trail(const History& history, const Reference& reference, const Timeline& timeline, const DamageGroup& group)
      : history_(history), reference_(reference), timeline_(timeline), group_(group) {}

  std::vector<StoryStep> steps() {
    source();
    if (group_.output != Reference::kNone) written(group_.output);
    if (group_.cause.restart > 0) restart(timeline_.restarts[group_.cause.restart - 1]);
    if (group_.again != Reference::kNone && group_.again != group_.output) written(group_.again);
    if (group_.cause.fault > 0) {
      const FaultRecord& fault = history_.faults[group_.cause.fault - 1];
      add(fault.fired_us, fault.description);
    }
    in_order();
    return std::move(steps_);
  }

 private:
  void add(TimeUs at_us, std::string text) { steps_.push_back({at_us, std::move(text)}); }

  void source() {
    const Position position = reference_.position(group_.first);
    const InputRecord& record = reference_.input().partitions[partition_of(position)][offset_of(position)];
    add(record.visible_us, fmt::format("{} can be read", contribution_text(reference_, group_.first)));
    if (!asked_recorded(history_, reference_)) return;
    const TimeUs done = done_us(history_, position);
    if (done == kMaxTimeUs) return;
    add(done, group_.cause.kind == CauseKind::offset_ahead ? "the source goes on behind it, where the offsets were committed"
                                                            : "the source has read it and asks for what comes behind it");
  }

  std::string writer_text(const OutputRecord& output) const {
    std::string who = fmt::format("producer {} (epoch {}", output.producer_id, output.epoch);
    const bool told = group_.cause.producer_id == output.producer_id && group_.cause.epoch == output.epoch;
    if (told && group_.cause.process >= 0) {
      who += " on " + process_name(history_, static_cast<uint64_t>(group_.cause.process));
    }
    return who + ")";
  }

  void written(uint32_t index) {
    const OutputRecord& output = history_.outputs[index];
    const TransactionRecord* transaction = timeline_.transactions.of(output);
    std::string text = fmt::format("{} writes {}", writer_text(output), output_text(output));
    if (transaction != nullptr) text += fmt::format(", in transaction {}", quoted(transaction->transactional_id));
    add(output.at_us, std::move(text));
    if (transaction != nullptr) decided(*transaction);
  }

  void decided(const TransactionRecord& transaction) {
    if (transaction.checkpoint != 0) {
      for (const PreCommit& pre : timeline_.pre_commits) {
        const bool same = pre.producer_id == transaction.producer_id && pre.epoch == transaction.epoch;
        if (!same || pre.checkpoint != transaction.checkpoint) continue;
        add(pre.at_us, fmt::format("checkpoint {} pre-commits the transaction", transaction.checkpoint));
        break;
      }
      const auto durable = timeline_.durable_us(transaction.checkpoint);
      if (durable) add(*durable, fmt::format("checkpoint {} is in the store", transaction.checkpoint));
    }
    switch (transaction.outcome) {
      case TransactionOutcome::committed: add(transaction.decided_us, "the transaction is committed"); break;
      case TransactionOutcome::aborted:
        add(transaction.decided_us, transaction.timed_out ? "the transaction times out and is aborted"
                                                          : "the transaction is aborted");
        break;
      case TransactionOutcome::open: add(history_.ended_us, "the transaction is still open"); break;
    }
  }

  void restart(const Restart& restart) {
    const std::string cause = cause_text(history_, restart.cause);
    if (!cause.empty()) add(restart.cause.at_us, cause);
    add(restart.at_us, restart.checkpoint == 0
                           ? "the tasks are deployed again, without a checkpoint to restore"
                           : fmt::format("the tasks are deployed again from checkpoint {}", restart.checkpoint));
  }

  // What has no time of its own stays behind what it was told after.
  void in_order() {
    TimeUs last_us = -1;
    std::vector<std::pair<TimeUs, StoryStep>> timed;
    for (StoryStep& step : steps_) {
      if (step.at_us >= 0) last_us = step.at_us;
      timed.emplace_back(last_us, std::move(step));
    }
    std::stable_sort(timed.begin(), timed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    steps_.clear();
    for (auto& [at_us, step] : timed) steps_.push_back(std::move(step));
  }

  const History& history_;
  const Reference& reference_;
  const Timeline& timeline_;
  const DamageGroup& group_;
  std::vector<StoryStep> steps_;
};

}  // namespace

std::vector<StoryStep> follow(const History& history, const Reference& reference, const Timeline& timeline,
                         const DamageGroup& group) {
  return Trail(history, reference, timeline, group).steps();
}

}  // namespace onceproof::checkers
