// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/guarantee.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "runtime/base/check.h"

namespace onceproof::scenarios {

using graph::BarrierMode;
using graph::JobConfig;
using graph::OffsetCommit;
using graph::SinkMode;

Stack stack_for(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::at_most_once:
      return {OffsetCommit::before_processing, false, BarrierMode::aligned, SinkMode::fire_and_forget};
    case Guarantee::at_least_once:
      return {OffsetCommit::with_checkpoint, true, BarrierMode::at_least_once, SinkMode::flush};
    case Guarantee::exactly_once:
      return {OffsetCommit::with_checkpoint, true, BarrierMode::aligned, SinkMode::transactional};
    case Guarantee::none: break;
  }
  CHECK(false, "no stack guarantees nothing");
}

Stack stack_of(const JobConfig& job) {
  return {job.source.offsets, job.checkpoint.enabled, job.checkpoint.mode, job.sink.mode};
}

void apply(const Stack& stack, JobConfig& job) {
  job.source.offsets = stack.offsets;
  job.checkpoint.enabled = stack.checkpoints;
  job.checkpoint.mode = stack.barriers;
  job.sink.mode = stack.sink;
}

const std::vector<Guarantee>& all_guarantees() {
  static const std::vector<Guarantee> all = {Guarantee::at_most_once, Guarantee::at_least_once,
                                             Guarantee::exactly_once};
  return all;
}

std::optional<Guarantee> guarantee_named(std::string_view name) {
  for (const Guarantee guarantee : all_guarantees()) {
    if (name == checkers::to_string(guarantee)) return guarantee;
  }
  return std::nullopt;
}

const char* to_string(OffsetCommit offsets) {
  return offsets == OffsetCommit::with_checkpoint ? "with-checkpoint" : "before-processing";
}
const char* to_string(BarrierMode barriers) { return barriers == BarrierMode::aligned ? "aligned" : "at-least-once"; }
const char* to_string(Order order) { return order == Order::by_key ? "by key" : "by attempt"; }
const char* to_string(SinkMode sink) {
  switch (sink) {
    case SinkMode::fire_and_forget: return "fire-and-forget";
    case SinkMode::flush: return "flush";
    case SinkMode::transactional: return "transactional";
  }
  CHECK(false, "unnamed sink mode");
}

namespace {

template <class T>
std::optional<T> named_among(std::string_view name, std::initializer_list<T> values) {
  for (const T value : values) {
    if (name == to_string(value)) return value;
  }
  return std::nullopt;
}

Reason source_reason(const JobConfig& job) {
  const std::string setting = to_string(job.source.offsets);
  if (job.source.offsets == OffsetCommit::before_processing) {
    return {"source offsets", setting, true, false,
            "offsets are committed before the records are processed: after a crash nobody reads them again"};
  }
  if (!job.checkpoint.enabled) {
    return {"source offsets", setting, false, true,
            "offsets are state and no checkpoint keeps them: every restart reads the input from its beginning"};
  }
  return {"source offsets", setting, false, false,
          "offsets are part of the checkpoint: after a restart the source rewinds to the cut of the restored state"};
}

// A record can overtake a barrier only where a task has several channels: behind an exchange between several subtasks.
bool overtakes(const JobConfig& job) {
  const auto& nodes = job.plan.nodes;
  return std::any_of(nodes.begin(), nodes.end(), [&](const graph::LogicalNode& node) {
    if (node.inputs.size() > 1) return true;
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](const graph::Input& input) {
      const graph::LogicalNode& producer = nodes[static_cast<size_t>(input.from)];
      return input.exchange != graph::Exchange::forward && job.plan.parallelism_of(producer) > 1;
    });
  });
}

Reason state_reason(const JobConfig& job, bool replays) {
  if (!job.checkpoint.enabled) {
    const bool loses = !replays;
    return {"state", "checkpoints off", loses, false,
            loses ? "a restart begins with empty state, and what it held is not read again"
                  : "a restart begins with empty state and rebuilds it from the whole input"};
  }
  if (job.checkpoint.mode == BarrierMode::at_least_once && !overtakes(job)) {
    return {"state", "barriers at-least-once", false, false,
            "every task has one channel at most, on which nothing can overtake a barrier: a snapshot holds exactly the "
            "effects of what came before its cut"};
  }
  if (job.checkpoint.mode == BarrierMode::at_least_once) {
    if (!replays) {
      return {"state", "barriers at-least-once", false, false,
              "records may overtake a barrier, but nothing is replayed, so none is counted twice"};
    }
    return {"state", "barriers at-least-once", false, true,
            "records may overtake a barrier into the snapshot, and are replayed after a restart as well"};
  }
  return {"state", "barriers aligned", false, false,
          "a snapshot holds exactly the effects of what came before its cut"};
}

// Restored state gives its results again, although no record is read twice: a window that had fired after the
// checkpoint fires once more.
bool restores_results(const JobConfig& job) {
  const auto& nodes = job.plan.nodes;
  return job.checkpoint.enabled &&
         std::any_of(nodes.begin(), nodes.end(), [](const graph::LogicalNode& node) { return node.keyed; });
}

constexpr int64_t in_ms(DurationUs us) { return us / 1000; }

// R2: the longest that a transaction is open in a job that does not fail. Its own checkpoint may run into the timeout,
// and so may as many more as are tolerated in a row; a completed one commits it.
DurationUs longest_epoch_us(const JobConfig& job) {
  const DurationUs base_us = std::max(job.checkpoint.interval_us, job.checkpoint.min_pause_us);
  return (base_us + job.checkpoint.timeout_us) * (1 + DurationUs{job.checkpoint.tolerable_failures});
}
// R3: what every recovery takes at least in the worst case: to be noticed, and to be waited for.
DurationUs shortest_recovery_us(const JobConfig& job) {
  const graph::RestartConfig& restart = job.restart;
  const bool grows = restart.strategy == graph::RestartStrategyKind::exponential_delay;
  return job.heartbeat.timeout_us + (grows ? restart.max_backoff_us : restart.delay_us);
}

Reason transactional_reason(const JobConfig& job) {
  const std::string setting = to_string(SinkMode::transactional);
  const DurationUs needed_us = needed_transaction_timeout_us(job);
  if (job.sink.transaction_timeout_us < needed_us) {
    return {"sink", setting, true, false,
            fmt::format("a transaction lives {} ms, but may have to wait {} ms for its checkpoint and {} ms for a "
                        "recovery: it may expire after its checkpoint completed, and its records are lost",
                        in_ms(job.sink.transaction_timeout_us), in_ms(longest_epoch_us(job)),
                        in_ms(shortest_recovery_us(job)))};
  }
  const bool fails = job.sink.lost_transaction == graph::LostTransaction::fail_job;
  return {"sink", setting, false, false,
          fmt::format("records become visible with the commit of their checkpoint, every {} ms at the soonest; what a "
                      "restart replays was aborted; a pre-committed transaction that the log has lost all the same {}",
                      in_ms(job.checkpoint.interval_us), fails ? "ends the job" : "is stated, and the job goes on without its records")};
}

Reason sink_reason(const JobConfig& job, bool replays) {
  const std::string setting = to_string(job.sink.mode);
  const bool repeats = restores_results(job);
  switch (job.sink.mode) {
    case SinkMode::fire_and_forget:
      return {"sink", setting, true, (replays && job.checkpoint.enabled) || repeats,
              "records are sent without waiting for the log: what was on its way in a crash is gone"};
    case SinkMode::flush:
      if (replays) {
        return {"sink", setting, false, true,
                "records are in the log when a checkpoint completes, and are written again when it is replayed"};
      }
      if (repeats) {
        return {"sink", setting, false, true,
                "records are acknowledged by the log, and what restored state gives again is written again"};
      }
      return {"sink", setting, false, false,
              "records are acknowledged by the log, and nothing is written twice because nothing is replayed"};
    case SinkMode::transactional: break;
  }
  return transactional_reason(job);
}

void derive_order(const JobConfig& job, Derivation& derivation) {
  if (job.sink.mode == SinkMode::transactional) {
    derivation.order_why = "a sink fences every earlier attempt before it writes";
    return;
  }
  const bool flushes = job.sink.mode == SinkMode::flush;
  if (flushes && job.source.offsets == OffsetCommit::with_checkpoint) {
    derivation.order_why =
        "nobody fences an earlier attempt, but whatever it may still write was read again and written in order before";
    return;
  }
  derivation.order = Order::within_attempt;
  derivation.order_why = flushes ? "nobody fences an earlier attempt, and what it still writes is not read again: it "
                                   "comes behind later records"
                                 : "nobody fences an earlier attempt, and what was lost comes again behind later "
                                   "records, or not at all";
}

void add_timing(const JobConfig& job, Derivation& derivation) {
  const DurationUs epoch_us = longest_epoch_us(job);
  const DurationUs left_us = job.sink.transaction_timeout_us - epoch_us;
  if (left_us >= shortest_recovery_us(job)) {
    if (derivation.guarantee != Guarantee::exactly_once && derivation.guarantee != Guarantee::at_least_once) return;
    derivation.conditions.push_back({"recovery", left_us, 0, fmt::format("every recovery takes less than {} ms", in_ms(left_us)),
                                     "transaction_timeout_ms, or less time for checkpoints"});
    derivation.conditions.push_back(
        {"epoch", epoch_us, 0, fmt::format("a checkpoint completes every {} ms at least", in_ms(epoch_us)),
         "checkpoint.interval_ms, checkpoint.timeout_ms and checkpoint.tolerable_failures"});
    return;
  }
  if (job.checkpoint.timeout_us > job.sink.transaction_timeout_us) {
    derivation.warnings.push_back(
        fmt::format("a checkpoint may take {} ms but a transaction lives only {} ms: a slow checkpoint outlives it",
                    in_ms(job.checkpoint.timeout_us), in_ms(job.sink.transaction_timeout_us)));
  }
  derivation.warnings.push_back(fmt::format(
      "the transaction timeout ({} ms) is shorter than the longest epoch and one recovery ({} ms): a transaction may "
      "expire after its checkpoint completed, and its records are lost",
      in_ms(job.sink.transaction_timeout_us), in_ms(epoch_us + shortest_recovery_us(job))));
}

// How often the job may fail before it is given up, where that is limited.
void add_restarts(const graph::RestartConfig& restart, Derivation& derivation) {
  constexpr int64_t kNoLimit = std::numeric_limits<int32_t>::max();
  const auto add = [&](int64_t limit, std::string text, const char* setting) {
    if (limit < kNoLimit) derivation.conditions.push_back({"restarts", 0, limit, std::move(text), setting});
  };
  const auto at_most = [](int64_t limit) {
    return limit == 0 ? std::string("nothing makes the job restart")
                      : fmt::format("the job restarts {} times at most", limit);
  };
  switch (restart.strategy) {
    case graph::RestartStrategyKind::none: return add(0, at_most(0), "restart.strategy");
    case graph::RestartStrategyKind::fixed_delay:
      return add(restart.attempts, at_most(restart.attempts), "restart.attempts");
    case graph::RestartStrategyKind::failure_rate:
      return add(restart.max_failures_per_interval,
                 fmt::format("the job restarts {} times at most in {} ms", restart.max_failures_per_interval,
                             in_ms(restart.failure_rate_interval_us)),
                 "restart.max_failures_per_interval and restart.failure_rate_interval_ms");
    case graph::RestartStrategyKind::exponential_delay:
      return add(restart.attempts_before_reset, at_most(restart.attempts_before_reset) + " in a row",
                 "restart.attempts_before_reset");
  }
}

void add_conditions(const JobConfig& job, Derivation& derivation) {
  if (job.sink.mode == SinkMode::transactional) {
    add_timing(job, derivation);
    if (derivation.guarantee != Guarantee::none) {
      derivation.conditions.push_back(
          {"readers", 0, 0, "its readers read committed data only", "the readers' isolation.level"});
    }
  }
  if (job.sink.mode == SinkMode::fire_and_forget) {
    derivation.conditions.push_back({"connections", 0, 0, "the sink's clients keep their connections, as far as order goes",
                                     "the sink's mode: one that awaits its answers"});
  }
  if (derivation.guarantee == Guarantee::exactly_once || derivation.guarantee == Guarantee::at_least_once) {
    add_restarts(job.restart, derivation);
  }
}

}  // namespace

std::optional<OffsetCommit> offsets_named(std::string_view name) {
  return named_among(name, {OffsetCommit::with_checkpoint, OffsetCommit::before_processing});
}
std::optional<BarrierMode> barriers_named(std::string_view name) {
  return named_among(name, {BarrierMode::aligned, BarrierMode::at_least_once});
}
std::optional<SinkMode> sink_named(std::string_view name) {
  return named_among(name, {SinkMode::fire_and_forget, SinkMode::flush, SinkMode::transactional});
}
std::vector<std::string> offset_words() { return {"with-checkpoint", "before-processing"}; }
std::vector<std::string> barrier_words() { return {"aligned", "at-least-once"}; }
std::vector<std::string> sink_words() { return {"fire-and-forget", "flush", "transactional"}; }

DurationUs needed_transaction_timeout_us(const JobConfig& job) {
  return longest_epoch_us(job) + shortest_recovery_us(job);
}

Derivation derive(const JobConfig& job) {
  const bool replays = job.source.offsets == OffsetCommit::with_checkpoint;
  Derivation derivation;
  derivation.reasons = {source_reason(job), state_reason(job, replays), sink_reason(job, replays)};
  bool loses = false, duplicates = false;
  for (const Reason& reason : derivation.reasons) {
    loses |= reason.loses;
    duplicates |= reason.duplicates;
    if (derivation.weakest.empty() && (reason.loses || reason.duplicates)) derivation.weakest = reason.part;
  }
  derivation.guarantee = loses && duplicates ? Guarantee::none
                         : loses             ? Guarantee::at_most_once
                         : duplicates        ? Guarantee::at_least_once
                                             : Guarantee::exactly_once;
  derive_order(job, derivation);
  add_conditions(job, derivation);
  return derivation;
}

Status check_consistent(const JobConfig& job) {
  if (job.sink.mode != SinkMode::transactional) return {};
  const auto ms = [](DurationUs us) { return us / 1000; };
  if (!job.checkpoint.enabled) {
    return {ErrorCode::invalid_argument,
            "a transactional sink commits when a checkpoint completes, but checkpoints are off: nothing would ever "
            "become visible"};
  }
  if (job.sink.transaction_timeout_us > kBrokerMaxTransactionTimeoutUs) {
    return {ErrorCode::invalid_argument,
            fmt::format("transaction_timeout_ms is {}, above the broker's maximum of {} (transaction.max.timeout.ms): "
                        "the broker would refuse the producer",
                        ms(job.sink.transaction_timeout_us), ms(kBrokerMaxTransactionTimeoutUs))};
  }
  if (job.sink.transaction_timeout_us < job.checkpoint.interval_us) {
    return {ErrorCode::invalid_argument,
            fmt::format("transaction_timeout_ms is {}, below the checkpoint interval of {} ms: every transaction would "
                        "expire before the checkpoint that commits it",
                        ms(job.sink.transaction_timeout_us), ms(job.checkpoint.interval_us))};
  }
  return {};
}

}  // namespace onceproof::scenarios
