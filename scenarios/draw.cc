// SPDX-License-Identifier: Apache-2.0
#include "scenarios/draw.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/random.h"
#include "scenarios/knobs.h"
#include "scenarios/language_parts.h"

namespace onceproof::scenarios {

namespace {

constexpr const char* kConfigured = "configured";
constexpr DurationUs kShortestSpanUs = seconds(20);  // what at_percent counts in, where the whole input is a backlog
constexpr DurationUs kWorkUs = seconds(20);          // most of what one kind of work may take in a swarm's run
constexpr int64_t kTextRecords = 700, kTextWords = 6000;  // of the default text, roughly
constexpr int64_t kBytesOfWord = 40;                  // with its lineage and header
constexpr DurationUs kRoomForRecoveriesUs = seconds(120);

int64_t draw(const DrawnNumber& number, RandomStream stream) {
  if (!number.one_of.empty()) return number.one_of[stream.below(number.one_of.size())];
  return stream.between(number.low, number.high);
}

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

simulator::FaultAction draw_action(const FaultSpec& spec, const ClusterPlan& cluster, const RandomStream& stream) {
  const std::string target = draw_process(spec.target, cluster, stream.fork("target"));
  switch (spec.kind) {
    case FaultKind::crash: {
      const bool silent = draw(spec.notice, stream.fork("notice")) == "silent";
      return simulator::CrashFault{target, draw_ms(spec.restart_after_ms, stream.fork("restart_after_ms")),
                                   silent ? simulator::Notice::silent : simulator::Notice::reset};
    }
    case FaultKind::pause: return simulator::PauseFault{target, draw_ms(spec.duration_ms, stream.fork("duration_ms"))};
    case FaultKind::partition: {
      simulator::PartitionFault fault;
      fault.target = target;
      fault.peer = draw_process(spec.peer, cluster, stream.fork("peer"));
      // A process has no network to itself: the drawn pair was one and the same.
      if (fault.peer == fault.target) fault.peer = "*";
      const std::string& direction = draw(spec.direction, stream.fork("direction"));
      fault.direction = direction == "both"      ? simulator::Direction::both
                        : direction == "to-peer" ? simulator::Direction::to_peer
                                                 : simulator::Direction::from_peer;
      fault.mode =
          draw(spec.mode, stream.fork("mode")) == "hold" ? simulator::CutMode::hold : simulator::CutMode::reset;
      fault.duration_us = draw_ms(spec.duration_ms, stream.fork("duration_ms"));
      return fault;
    }
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
    case FaultKind::storage: {
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
    case FaultKind::fail_checkpoint: break;
  }
  const std::string& part = draw(spec.part, stream.fork("part"));
  return simulator::FailCheckpointFault{part == "store"               ? simulator::FailPart::store
                                        : part == "store-but-written" ? simulator::FailPart::store_but_written
                                                                      : simulator::FailPart::task};
}

void draw_swarm_knobs(const Swarm& swarm, const RandomStream& root, const std::string& name, RunPlan& plan) {
  for (const auto& [index, number] : swarm.knobs) {
    const Knob& knob = all_knobs()[static_cast<size_t>(index)];
    RandomStream stream = root.fork(name + "/" + knob_path(knob));
    if (stream.fork("coin").percent(swarm.configuration_percent)) knob.set(plan, draw(number, stream.fork("value")));
  }
}

void add_fault(const FaultSpec& spec, const RandomStream& stream, RunPlan& plan) {
  simulator::Fault fault;
  fault.trigger = draw_trigger(spec, plan, stream);
  fault.action = draw_action(spec, plan.cluster, stream);
  plan.faults.push_back(std::move(fault));
}

void draw_some(const std::vector<FaultSpec>& specs, const RandomStream& root, const std::string& name, RunPlan& plan) {
  for (size_t i = 0; i < specs.size(); ++i) {
    const RandomStream stream = root.fork(name, i);
    if (stream.fork("strikes").percent(specs[i].percent)) add_fault(specs[i], stream, plan);
  }
}

void draw_swarm_faults(const Swarm& swarm, const RandomStream& root, const std::string& name, RunPlan& plan) {
  draw_some(swarm.faults, root, name, plan);
  for (const FaultFamily& family : swarm.families) {
    if (!root.fork(name + "/family/" + family.name).percent(family.percent)) continue;
    draw_some(family.faults, root, name + "/" + family.name, plan);
  }
}

// Whether the part of the scenario is drawn from in this seed; without a profile always.
bool own(const RandomStream& root, const char* part, uint32_t percent) {
  return root.fork("own").fork(part).percent(percent);
}

// Tiny buffers, slow links, huge records and a slow processor are each worth a run, but all together they are a job
// that needs hours: where the work cannot be done in the time that a run has, the tightest of them gives way.
void bound_work(RunPlan& plan) {
  const GeneratedInput& made = plan.input.generated;
  const bool generated = made.records > 0;
  const int64_t records = generated ? made.records : kTextRecords;
  const int64_t words = generated ? made.records * made.words : kTextWords;
  const int64_t huge = generated && made.huge_one_in > 0 ? made.records / made.huge_one_in * made.huge_bytes : 0;
  const DurationUs round_trip_us = 2 * plan.network.typical_us;
  const int64_t channel_bytes = words * kBytesOfWord + huge;
  graph::ChannelConfig& channel = plan.job.channel;
  while (channel_bytes / (int64_t{channel.buffer_bytes} * channel.exclusive_buffers) * round_trip_us > kWorkUs) {
    channel.buffer_bytes *= 2;
  }
  const int64_t source_bytes = records * kBytesOfWord + words * 8 + huge;
  while (source_bytes / plan.job.source.fetch_bytes / plan.job.source.partitions * round_trip_us > kWorkUs) {
    plan.job.source.fetch_bytes *= 2;
  }
  while (words * plan.cpu.per_record_ns / 1000 * 3 > kWorkUs) plan.cpu.per_record_ns /= 2;
  while (channel_bytes * plan.cpu.per_record_byte_ns / 1000 * 3 > kWorkUs) plan.cpu.per_record_byte_ns /= 2;
}

// Numbers that a profile drew independently may contradict one another: the scenario's author is not to blame.
void make_consistent(RunPlan& plan) {
  graph::JobConfig& job = plan.job;
  const auto slots = static_cast<int32_t>(plan.cluster.task_managers * job.slots_per_task_manager);
  job.plan.parallelism = std::min({job.plan.parallelism, slots, job.plan.max_parallelism});
  if (job.heartbeat.timeout_us <= job.heartbeat.interval_us) job.heartbeat.timeout_us = 3 * job.heartbeat.interval_us;
  plan.network.typical_us = std::max(plan.network.typical_us, plan.network.min_us);
  plan.network.tail_us = std::max(plan.network.tail_us, plan.network.typical_us);
  // A transaction timeout that claims exactly-once leaves room for the recoveries that the drawn faults cause; one that
  // is too short for the configuration claims less, and stays.
  const DurationUs needed_us = needed_transaction_timeout_us(job);
  DurationUs& timeout_us = job.sink.transaction_timeout_us;
  timeout_us = std::max(timeout_us, job.checkpoint.interval_us);
  if (timeout_us >= needed_us) {
    timeout_us = std::min(std::max(timeout_us, needed_us + kRoomForRecoveriesUs), kBrokerMaxTransactionTimeoutUs);
  }
}

}  // namespace

std::vector<std::string> stack_names(const Scenario& scenario) {
  if (scenario.parts) return {kConfigured};
  std::vector<std::string> names;
  for (const Guarantee guarantee : all_guarantees()) names.push_back(checkers::to_string(guarantee));
  return names;
}

Stack stack_named(const Scenario& scenario, const std::string& name) {
  if (name == kConfigured && scenario.parts) return *scenario.parts;
  const auto guarantee = guarantee_named(name);
  CHECK(guarantee.has_value(), "a stack is named by a guarantee");
  return stack_for(*guarantee);
}

Result<RunPlan> draw_plan(const Scenario& scenario, uint64_t seed, const Overrides& overrides) {
  const RandomStream root = RandomStream(seed).fork("scenario");
  RunPlan plan;
  plan.scenario = scenario.name;
  plan.seed = seed;
  plan.version = program_version();
  plan.job.name = scenario.name;
  plan.job.plan.operators = scenario.pipeline;
  plan.job.bugs = overrides.bugs;
  plan.input.spec = overrides.input ? *overrides.input : scenario.input;
  for (const auto& [index, number] : scenario.knobs) {
    const Knob& knob = all_knobs()[static_cast<size_t>(index)];
    knob.set(plan, draw(number, root.fork("knob/" + knob_path(knob))));
  }
  const Profile profile = scenario.profile.value_or(Profile());
  const bool own_swarm = own(root, "swarm", profile.own_swarm_percent);
  if (scenario.profile) {
    if (const Status status = check_plan(plan); !status.ok()) return status.error();  // before anything hides it
  }
  const int64_t own_records = plan.input.generated.records;
  if (own_swarm) draw_swarm_knobs(scenario.swarm, root, "swarm", plan);
  draw_swarm_knobs(profile.swarm, root, "profile", plan);
  if (scenario.profile) make_consistent(plan);
  if (plan.input.generated.records == 0) plan.input.generated.records = own_records;  // none drawn: the input stays
  if (scenario.profile) bound_work(plan);
  // A swarm that draws generated records means them instead of the text; what a person names stands.
  if (plan.input.spec.kind == InputKind::default_text && plan.input.generated.records > 0) {
    plan.input.spec.kind = InputKind::generated;
  }
  if (own(root, "faults", profile.own_faults_percent)) draw_some(scenario.faults, root, "fault", plan);
  if (own_swarm) draw_swarm_faults(scenario.swarm, root, "swarm-fault", plan);
  draw_swarm_faults(profile.swarm, root, "profile-fault", plan);
  const std::string stack = stack_names(scenario).back();
  plan = with_stack(std::move(plan), stack, stack_named(scenario, stack));
  if (const Status status = check_plan(plan); !status.ok()) return status.error();
  return plan;
}

}  // namespace onceproof::scenarios
