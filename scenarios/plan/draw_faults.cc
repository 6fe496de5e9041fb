// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/draw_faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "scenarios/plan/language_parts.h"

namespace onceproof::scenarios {

int64_t draw(const DrawnNumber& number, RandomStream stream) {
  if (!number.one_of.empty()) return number.one_of[stream.below(number.one_of.size())];
  return stream.between(number.low, number.high);
}

namespace {

constexpr DurationUs kShortestSpanUs = seconds(20);  // what at_percent counts in, where the whole input is a backlog

const std::string& draw(const DrawnWord& word, RandomStream stream) {
  CHECK(!word.choices.empty(), "the parser leaves no word empty");
  return word.choices[stream.below(word.choices.size())];
}

DurationUs draw_ms(const DrawnNumber& number, RandomStream stream) { return milliseconds(draw(number, stream)); }

size_t index_of(const std::vector<std::string>& words, const std::string& word) {
  const auto found = std::find(words.begin(), words.end(), word);
  CHECK(found != words.end(), "the parser lets only known words through");
  return static_cast<size_t>(found - words.begin());
}

// "any task-manager" -> "taskmanager-1".
std::string draw_process(const DrawnWord& word, const ClusterPlan& cluster, RandomStream stream) {
  const std::string& name = draw(word, stream.fork("word"));
  RandomStream pick = stream.fork("pick");
  const auto managers = static_cast<uint64_t>(cluster.task_managers);
  const auto brokers = static_cast<uint64_t>(cluster.brokers);
  if (name == "any task-manager") return fmt::format("taskmanager-{}", pick.below(managers));
  if (name == "any broker") return fmt::format("broker-{}", pick.below(brokers));
  if (name != "any process") return name;
  const uint64_t index = pick.below(1 + managers + brokers);
  if (index == 0) return "jobmanager";
  if (index <= managers) return fmt::format("taskmanager-{}", index - 1);
  return fmt::format("broker-{}", index - 1 - managers);
}

simulator::Trigger draw_trigger(const FaultSpec& spec, const RunPlan& plan, const RandomStream& stream) {
  simulator::Trigger trigger;
  if (spec.at_ms) trigger.at_us = draw_ms(*spec.at_ms, stream.fork("at_ms"));
  if (spec.at_percent) {
    const DurationUs span_us = std::max<DurationUs>(plan.input.span_us, kShortestSpanUs);
    trigger.at_us = span_us / 10'000 * draw(*spec.at_percent, stream.fork("at_percent")) * 100;
  }
  if (!spec.at) return trigger;
  trigger.point = spec.any_at.empty() ? *spec.at : spec.any_at[stream.fork("at").below(spec.any_at.size())];
  trigger.when = spec.when;
  if (spec.any_when) {
    const bool before = hit_before(*trigger.point) && stream.fork("when").percent(50);
    trigger.when = before ? env::Phase::before : env::Phase::after;
  }
  if (!spec.any_subtask) {
    RandomStream subtask = stream.fork("subtask");
    const DrawnNumber every{0, plan.job.plan.parallelism - 1, {}};
    trigger.subtask = static_cast<int32_t>(draw(spec.subtask ? *spec.subtask : every, subtask));
  }
  trigger.nth = static_cast<uint32_t>(draw(spec.nth, stream.fork("nth")));
  if (spec.after_ms) trigger.after_us = draw_ms(*spec.after_ms, stream.fork("after_ms"));
  if (spec.after) {
    const int64_t nth = draw(spec.after_nth, stream.fork("after_nth"));
    trigger.after = simulator::EarlierHit{*spec.after, static_cast<uint32_t>(nth)};
  }
  if (spec.by_ms) trigger.by_us = draw_ms(*spec.by_ms, stream.fork("by_ms"));
  if (spec.by_ms) trigger.by_target = draw_process(spec.by_target, plan.cluster, stream.fork("by_target"));
  return trigger;
}

simulator::FaultAction draw_partition(const FaultSpec& spec, const std::string& target, const ClusterPlan& cluster,
                                      const RandomStream& stream) {
  simulator::PartitionFault fault;
  fault.target = target;
  fault.peer = draw_process(spec.peer, cluster, stream.fork("peer"));
  // A process has no network to itself: the drawn pair was one and the same.
  if (fault.peer == fault.target) fault.peer = std::string("*");
  const std::string& direction = draw(spec.direction, stream.fork("direction"));
  fault.direction = direction == "both"      ? simulator::Direction::both
                    : direction == "to-peer" ? simulator::Direction::to_peer
                                             : simulator::Direction::from_peer;
  fault.mode =
      draw(spec.mode, stream.fork("mode")) == "hold" ? simulator::CutMode::hold : simulator::CutMode::reset;
  fault.duration_us = draw_ms(spec.duration_ms, stream.fork("duration_ms"));
  return fault;
}

simulator::FaultAction draw_storage(const FaultSpec& spec, const std::string& target, const RandomStream& stream) {
  simulator::StorageFault fault;
  fault.target = target;
  const size_t call = index_of(storage_call_words(), draw(spec.call, stream.fork("call")));
  const size_t effect = index_of(storage_effect_words(), draw(spec.effect, stream.fork("effect")));
  fault.call = static_cast<simulator::StorageCall>(call);
  fault.effect = static_cast<simulator::StorageEffect>(effect);
  fault.path = draw(spec.path, stream.fork("path"));
  fault.skip = static_cast<uint32_t>(draw(spec.skip, stream.fork("skip")));
  fault.count = static_cast<uint32_t>(draw(spec.count, stream.fork("count")));
  fault.duration_us = draw_ms(spec.duration_ms, stream.fork("duration_ms"));
  fault.delay_us = draw_ms(spec.delay_ms, stream.fork("delay_ms"));
  return fault;
}

simulator::FaultAction draw_move_leader(const FaultSpec& spec, const RunPlan& plan, const RandomStream& stream) {
  simulator::MoveLeaderFault fault;
  fault.topic = static_cast<simulator::LogTopic>(index_of(log_topic_words(), draw(spec.topic, stream.fork("topic"))));
  const DrawnNumber every{0, partitions_of(plan, fault.topic) - 1, {}};
  fault.partition = static_cast<int32_t>(draw(spec.partition.value_or(every), stream.fork("partition")));
  fault.duration_us = draw_ms(spec.duration_ms, stream.fork("duration_ms"));
  return fault;
}

simulator::FaultAction draw_action(const FaultSpec& spec, const RunPlan& plan, const RandomStream& stream) {
  const std::string target = draw_process(spec.target, plan.cluster, stream.fork("target"));
  switch (spec.kind) {
    case FaultKind::crash: {
      const bool silent = draw(spec.notice, stream.fork("notice")) == "silent";
      return simulator::CrashFault{target, draw_ms(spec.restart_after_ms, stream.fork("restart_after_ms")),
                                   silent ? simulator::Notice::silent : simulator::Notice::reset};
    }
    case FaultKind::pause: return simulator::PauseFault{target, draw_ms(spec.duration_ms, stream.fork("duration_ms"))};
    case FaultKind::partition: return draw_partition(spec, target, plan.cluster, stream);
    case FaultKind::delay: {
      const auto mail = env::mail_kind(draw(spec.mail, stream.fork("mail")));
      CHECK(mail.has_value(), "the parser lets only known mails through");
      const auto count = static_cast<uint32_t>(draw(spec.count, stream.fork("count")));
      return simulator::DelayFault{target, *mail, count, draw_ms(spec.delay_ms, stream.fork("delay_ms"))};
    }
    case FaultKind::slow_checkpoint: {
      const std::string& part = draw(spec.part, stream.fork("part"));
      const auto slow = part == "trigger" ? simulator::SlowPart::trigger
                        : part == "sync"  ? simulator::SlowPart::sync
                                          : simulator::SlowPart::ack;
      return simulator::SlowCheckpointFault{slow, draw_ms(spec.delay_ms, stream.fork("delay_ms"))};
    }
    case FaultKind::storage: return draw_storage(spec, target, stream);
    case FaultKind::stall: return simulator::StallFault{target, draw_ms(spec.delay_ms, stream.fork("delay_ms"))};
    case FaultKind::slow: {
      const auto cpu_percent = static_cast<uint32_t>(draw(spec.cpu_percent, stream.fork("cpu_percent")));
      return simulator::SlowFault{target, cpu_percent, draw_ms(spec.duration_ms, stream.fork("duration_ms"))};
    }
    case FaultKind::reconnect: {
      const auto mail = env::mail_kind(draw(spec.mail, stream.fork("mail")));
      CHECK(mail.has_value(), "the parser lets only known mails through");
      const auto count = static_cast<uint32_t>(draw(spec.count, stream.fork("count")));
      return simulator::ReconnectFault{target, *mail, count, draw_ms(spec.delay_ms, stream.fork("delay_ms"))};
    }
    case FaultKind::move_leader: return draw_move_leader(spec, plan, stream);
    case FaultKind::fail_checkpoint: break;
    case FaultKind::swizzle: CHECK(false, "a swizzle is drawn as other faults");
  }
  const std::string& part = draw(spec.part, stream.fork("part"));
  return simulator::FailCheckpointFault{part == "store"               ? simulator::FailPart::store
                                        : part == "store-but-written" ? simulator::FailPart::store_but_written
                                                                      : simulator::FailPart::task};
}

std::vector<std::string> processes_of(const std::string& target, const ClusterPlan& cluster) {
  const bool all = target == "*";
  std::vector<std::string> names;
  if (all) names = {"jobmanager", "controller"};
  for (int32_t i = 0; i < cluster.task_managers && (all || target == "every task-manager"); ++i) {
    names.push_back(fmt::format("taskmanager-{}", i));
  }
  for (int32_t i = 0; i < cluster.brokers && (all || target == "every broker"); ++i) {
    names.push_back(fmt::format("broker-{}", i));
  }
  if (names.empty()) names.push_back(target);
  return names;
}

// FoundationDB: a random subset is stopped one by one, and goes on in another order. Each of them is a fault of its own,
// which shrinking may drop.
void add_swizzle(const FaultSpec& spec, const RandomStream& stream, RunPlan& plan) {
  const std::vector<std::string> all =
      processes_of(draw_process(spec.target, plan.cluster, stream.fork("target")), plan.cluster);
  const auto share = static_cast<uint64_t>(draw(spec.share_percent, stream.fork("share_percent")));
  std::vector<size_t> order(all.size());  // a random permutation: those at its end are left out
  RandomStream pick = stream.fork("pick");
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t at = pick.below(i + 1);
    order[i] = order[at];
    order[at] = i;
  }
  size_t taken = 0;
  for (size_t i = 0; i < all.size(); ++i) taken += pick.percent(share) ? 1 : 0;
  taken = std::min(std::max<size_t>(taken, 2), all.size());
  const TimeUs begin_us = *draw_trigger(spec, plan, stream).at_us;
  const DurationUs stop_us = draw_ms(spec.stop_ms, stream.fork("stop_ms"));
  const DurationUs all_us = draw_ms(spec.duration_ms, stream.fork("duration_ms"));
  const DurationUs heal_us = draw_ms(spec.heal_ms, stream.fork("heal_ms"));
  const bool pauses = draw(spec.what, stream.fork("what")) == "pause";
  const bool holds = draw(spec.mode, stream.fork("mode")) == "hold";
  RandomStream times = stream.fork("times");
  for (size_t i = 0; i < taken; ++i) {
    const std::string& target = all[order[i]];
    const DurationUs from_us = times.between(0, stop_us);
    const DurationUs until_us = stop_us + all_us + times.between(0, heal_us);
    simulator::Fault fault;
    fault.trigger.at_us = begin_us + from_us;
    if (pauses) {
      fault.action = simulator::PauseFault{target, until_us - from_us};
    } else {
      fault.action = simulator::PartitionFault{target, "*", simulator::Direction::both,
                                               holds ? simulator::CutMode::hold : simulator::CutMode::reset,
                                               until_us - from_us};
    }
    plan.faults.push_back(std::move(fault));
  }
}

void add_fault(const FaultSpec& spec, const RandomStream& stream, RunPlan& plan) {
  if (spec.kind == FaultKind::swizzle) return add_swizzle(spec, stream, plan);
  simulator::Fault fault;
  fault.trigger = draw_trigger(spec, plan, stream);
  fault.action = draw_action(spec, plan, stream);
  plan.faults.push_back(std::move(fault));
}

}  // namespace

void draw_faults(const std::vector<FaultSpec>& specs, const RandomStream& root, const std::string& name, RunPlan& plan) {
  for (size_t i = 0; i < specs.size(); ++i) {
    const RandomStream stream = root.fork(name, i);
    if (stream.fork("strikes").percent(specs[i].percent)) add_fault(specs[i], stream, plan);
  }
}

bool is_on(const FaultFamily& family, const RandomStream& root, const std::string& name) {
  return root.fork(name + "/family/" + family.name).percent(family.percent);
}

void draw_swarm_faults(const Swarm& swarm, const RandomStream& root, const std::string& name, RunPlan& plan) {
  draw_faults(swarm.faults, root, name, plan);
  for (const FaultFamily& family : swarm.families) {
    if (is_on(family, root, name)) draw_faults(family.faults, root, name + "/" + family.name, plan);
  }
}

}  // namespace onceproof::scenarios
