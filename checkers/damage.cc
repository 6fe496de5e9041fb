// SPDX-License-Identifier: Apache-2.0
#include "checkers/damage.h"

#include <algorithm>
#include <tuple>

#include "checkers/due.h"
#include "checkers/producers.h"

namespace onceproof::checkers {

namespace {

constexpr uint32_t kNone = Reference::kNone;

// Which outputs hold a damaged contribution: of a lost one the one that should have become visible, the first two
// deliveries of one that came again.
struct Holders {
  std::vector<uint32_t> first, again;

  Holders(const History& history, const Reference& reference, const Timeline& timeline, const Delivery& delivery)
      : first(reference.contributions(), kNone), again(reference.contributions(), kNone) {
    std::vector<int> weight(history.outputs.size(), 0);  // of those that nobody may see
    for (uint32_t i = 0; i < history.outputs.size(); ++i) {
      const OutputRecord& output = history.outputs[i];
      const bool seen = visible(output);
      if (seen ? delivery.counts.duplicated == 0 : delivery.counts.lost == 0) continue;
      if (!seen) weight[i] = weight_of(history, timeline, output);
      for_each_contribution(history, reference, delivery, i, [&](uint32_t index) {
        if ((delivery.times[index] > 0) != seen) return;
        if (first[index] == kNone || (!seen && weight[i] > weight[first[index]])) {
          first[index] = i;
        } else if (seen && again[index] == kNone) {
          again[index] = i;
        }
      });
    }
    for (uint32_t index = 0; index < first.size(); ++index) {  // in the order of their times, where these are recorded
      if (again[index] == kNone) continue;
      const bool swapped = history.outputs[again[index]].at_us < history.outputs[first[index]].at_us;
      if (swapped) std::swap(first[index], again[index]);
    }
  }

 private:
  // An earlier attempt's aborted copy loses nothing; what a durable checkpoint had pre-committed should be there.
  static int weight_of(const History& history, const Timeline& timeline, const OutputRecord& output) {
    const auto transaction = timeline.transactions.find(output).transaction;
    const uint64_t checkpoint = transaction ? history.transactions[*transaction].checkpoint : 0;
    if (checkpoint != 0 && timeline.durable_us(checkpoint)) return 2;
    return output.visibility == Visibility::open ? 1 : 0;
  }
};

class Finder {
 public:
  Finder(const History& history, const Reference& reference, const Timeline& timeline, const Delivery& delivery)
      : history_(history),
        reference_(reference),
        timeline_(timeline),
        delivery_(delivery),
        producers_(history, timeline),
        holders_(history, reference, timeline, delivery) {
    if (!asked_recorded(history, reference) || delivery.counts.lost == 0) return;
    due_us_ = results_due_us(history, reference);
  }

  Damage find() {
    Damage damage;
    damage.group_of.assign(reference_.contributions(), Damage::kNone);
    for (uint32_t index = 0; index < reference_.contributions(); ++index) {
      const uint32_t times = delivery_.times[index];
      if (times == 1) continue;
      damage.group_of[index] = add(damage, index, times == 0 ? cause_of_loss(index) : cause_of_repetition(index));
    }
    return damage;
  }

 private:
  using Key = std::tuple<CauseKind, uint32_t, uint32_t>;

  uint32_t add(Damage& damage, uint32_t index, const Cause& cause) {
    const uint32_t number = group_of(damage, index, cause);
    DamageGroup& group = damage.groups[number];
    const uint32_t times = delivery_.times[index];
    DamageCount& window = group.windows[reference_.results()[reference_.result_of(index)].window_end_us];
    for (DamageCount* count : {&group.count, &window}) {
      count->lost += times == 0 ? 1 : 0;
      count->duplicated += times > 1 ? times - 1 : 0;
    }
    for (const uint32_t output : {holders_.first[index], holders_.again[index]}) {
      const uint32_t transaction = output == kNone ? kNoTransaction : transaction_of(output);
      if (transaction != kNoTransaction) group.transactions.insert(transaction);
    }
    return number;
  }

  uint32_t group_of(Damage& damage, uint32_t index, const Cause& cause) {
    const Key key{cause.kind, cause.restart, cause.fault};
    if (!damage.groups.empty() && key == last_key_) return last_group_;  // neighbours often share their cause
    last_key_ = key;
    const auto [entry, fresh] = groups_.try_emplace(key, static_cast<uint32_t>(damage.groups.size()));
    last_group_ = entry->second;
    if (!fresh) return last_group_;
    DamageGroup& group = damage.groups.emplace_back();
    group.cause = cause;
    group.first = index;
    group.output = holders_.first[index];
    group.again = holders_.again[index];
    return last_group_;
  }

  // Two memories: a first delivery and a second come from two producers, again and again.
  const Producer* producer_of(const OutputRecord& output) {
    for (const Producer* each : last_producers_) {
      if (each != nullptr && each->id == output.producer_id && each->epoch == output.epoch) return each;
    }
    std::swap(last_producers_[0], last_producers_[1]);
    return last_producers_[0] = producers_.find(output.producer_id, output.epoch);
  }

  uint32_t transaction_of(uint32_t output) {  // neighbours are of one transaction
    const OutputRecord& record = history_.outputs[output];
    if (record.visibility == Visibility::non_transactional) return kNoTransaction;
    const std::tuple asked{record.producer_id, record.epoch, record.transaction};
    if (last_asked_ != asked) {
      last_asked_ = asked;
      const auto found = timeline_.transactions.find(record).transaction;
      last_transaction_ = found ? static_cast<uint32_t>(*found) : kNoTransaction;
    }
    return last_transaction_;
  }

  // Who wrote this output, in which transaction.
  Cause written(CauseKind kind, uint32_t output) {
    const OutputRecord& record = history_.outputs[output];
    Cause cause;
    cause.kind = kind;
    cause.producer_id = record.producer_id;
    cause.epoch = record.epoch;
    cause.at_us = record.at_us;
    cause.transaction = transaction_of(output);
    if (cause.transaction != kNoTransaction) cause.checkpoint = history_.transactions[cause.transaction].checkpoint;
    if (const Producer* producer = producer_of(record)) {
      cause.attempt = producer->attempt;
      cause.process = producer->process;
    }
    return cause;
  }

  // ---- losses --------------------------------------------------------------------------------------------

  Cause cause_of_loss(uint32_t index) {
    const uint32_t hidden = holders_.first[index];
    if (hidden != kNone) return cause_of_hidden(hidden);
    Cause cause;
    const Position position = reference_.position(index);
    const InputRecord& record = reference_.input().partitions[partition_of(position)][offset_of(position)];
    const bool known = asked_recorded(history_, reference_);
    const TimeUs done = known ? done_us(history_, position) : kMaxTimeUs;
    const TimeUs from_us = known && done < kMaxTimeUs ? done : record.visible_us;
    const bool never = known && done == kMaxTimeUs && history_.job == JobStatus::running;
    if (never && timeline_.restarts.empty()) {
      cause.kind = CauseKind::never_read;
      return cause;
    }
    if (known && done < kMaxTimeUs) {
      if (const uint32_t restart = skipped_at(position, done, record)) {
        return at_restart(CauseKind::offset_ahead, restart);
      }
    }
    if (const uint32_t restart = next_restart(position, from_us)) {
      const bool nothing = timeline_.restarts[restart - 1].checkpoint == 0;
      return at_restart(nothing ? CauseKind::state_discarded : CauseKind::not_replayed, restart);
    }
    cause.kind = history_.order_within_producer ? CauseKind::unacknowledged : CauseKind::vanished;
    if (!due_us_.empty()) {
      cause.at_us = due_us_[reference_.result_of(index)];
      cause.fault = fault_at(cause.at_us);
    }
    return cause;
  }

  Cause cause_of_hidden(uint32_t output) {
    Cause cause = written(CauseKind::transaction_aborted, output);
    const Visibility visibility = history_.outputs[output].visibility;
    if (visibility == Visibility::open) cause.kind = CauseKind::transaction_open;
    if (cause.transaction == kNoTransaction) return cause;
    const TransactionRecord& transaction = history_.transactions[cause.transaction];
    if (transaction.checkpoint != 0 && timeline_.durable_us(transaction.checkpoint)) {
      cause.kind = CauseKind::transaction_lost;
    }
    cause.at_us = transaction.decided_us;
    if (transaction.decided_us >= 0) cause.restart = timeline_.restarts_before(transaction.decided_us);
    if (cause.restart > 0) {  // only one that came while it was under way
      const Restart& restart = timeline_.restarts[cause.restart - 1];
      if (restart.at_us < transaction.begun_us) cause.restart = 0;
    }
    return cause;
  }

  Cause at_restart(CauseKind kind, uint32_t restart) const {
    Cause cause;
    cause.kind = kind;
    cause.restart = restart;
    cause.at_us = timeline_.restarts[restart - 1].cause.at_us;
    if (cause.at_us < 0) cause.at_us = timeline_.restarts[restart - 1].at_us;
    return cause;
  }

  // Did this restart deploy the source of this partition again? Where it is not recorded which tasks it did, yes.
  bool concerns(const Restart& restart, Position position) const {
    if (restart.sources.empty() || history_.vertices.empty()) return true;
    const auto subtask = static_cast<int32_t>(partition_of(position)) % history_.vertices.front().parallelism;
    return std::find(restart.sources.begin(), restart.sources.end(), subtask) != restart.sources.end();
  }

  // The restart behind which the source went on past this record: no one had asked for more before it, the first that was
  // asked for behind it lies beyond, and the record was there before the failure. 0: none.
  uint32_t skipped_at(Position position, TimeUs done, const InputRecord& record) const {
    const uint32_t before = timeline_.restarts_before(done);
    if (before == 0) return 0;
    const Restart& restart = timeline_.restarts[before - 1];
    const TimeUs failed_us = restart.cause.at_us >= 0 ? restart.cause.at_us : restart.at_us;
    if (restart.checkpoint != 0 || record.visible_us > failed_us || !concerns(restart, position)) return 0;
    const std::vector<Asked>& asked = history_.asked[partition_of(position)];
    const auto first = std::find_if(asked.begin(), asked.end(), [&](const Asked& each) { return each.at_us >= restart.at_us; });
    const bool is_first = first != asked.end() && first->at_us == done;
    return is_first ? before : 0;
  }

  // The first restart of the record's source after this time; 0: none.
  uint32_t next_restart(Position position, TimeUs at_us) const {
    for (uint32_t i = timeline_.restarts_before(at_us); i < timeline_.restarts.size(); ++i) {
      if (concerns(timeline_.restarts[i], position)) return i + 1;
    }
    return 0;
  }

  // The first fault that was in force while the log should have got what was due then.
  uint32_t fault_at(TimeUs due_us) const {
    const TimeUs until_us = due_us == kMaxTimeUs ? due_us : due_us + std::max<DurationUs>(history_.bounds.result_us, 0);
    for (uint32_t i = 0; i < history_.faults.size(); ++i) {
      const FaultRecord& fault = history_.faults[i];
      const TimeUs over_us = std::max(fault.fired_us, fault.healed_us) + history_.bounds.recovery_us;
      if (fault.fired && fault.fired_us <= until_us && over_us >= due_us) return i + 1;
    }
    return 0;
  }

  // ---- second deliveries -----------------------------------------------------------------------------------

  Cause cause_of_repetition(uint32_t index) {
    const uint32_t first = holders_.first[index];
    const uint32_t again = holders_.again[index];
    Cause cause = written(CauseKind::two_producers, again);
    const OutputRecord& one = history_.outputs[first];
    const OutputRecord& two = history_.outputs[again];
    const Producer* earlier = producer_of(one);
    const Producer* later = producer_of(two);
    const bool timed = earlier->first_us >= 0 && later->first_us >= 0;
    if (timed) cause.restart = later->deployment;
    // Without times one redeployment is the only one that can have done it.
    if (!timed && timeline_.restarts.size() == 1) cause.restart = 1;
    if (first == again) {
      cause.kind = CauseKind::counted_twice;
    } else if (one.producer_id == two.producer_id && one.epoch == two.epoch) {
      cause.kind = CauseKind::written_twice;
    } else if (timed ? later->deployment > earlier->deployment : cause.restart != 0) {
      cause.kind = CauseKind::replayed;
    } else if (timed && later->deployment < earlier->deployment) {
      cause.kind = CauseKind::zombie;
      cause.restart = earlier->deployment;  // the one that it outlived
    }
    return cause;
  }

  const History& history_;
  const Reference& reference_;
  const Timeline& timeline_;
  const Delivery& delivery_;
  const Producers producers_;
  const Holders holders_;
  std::vector<TimeUs> due_us_;  // for each result; empty: not recorded
  std::map<Key, uint32_t> groups_;
  Key last_key_{};
  uint32_t last_group_ = 0;
  const Producer* last_producers_[2] = {nullptr, nullptr};
  std::tuple<uint64_t, uint32_t, uint64_t> last_asked_{0, 0, 0};
  uint32_t last_transaction_ = kNoTransaction;
};

}  // namespace

Damage find_damage(const History& history, const Reference& reference, const Timeline& timeline,
                   const Delivery& delivery) {
  if (delivery.counts.lost + delivery.counts.duplicated == 0) return {};
  return Finder(history, reference, timeline, delivery).find();
}

}  // namespace onceproof::checkers
