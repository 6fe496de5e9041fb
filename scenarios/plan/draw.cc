// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/draw.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/random.h"
#include "scenarios/plan/draw_faults.h"
#include "scenarios/plan/drawn_place.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"

namespace onceproof::scenarios {

namespace {

constexpr const char* kConfigured = "configured";
constexpr const char* kSwarmFaults = "swarm-fault";  // names of streams
constexpr const char* kProfileFaults = "profile-fault";
constexpr DurationUs kWorkUs = seconds(20);          // most of what one kind of work may take in a swarm's run
constexpr int64_t kTextRecords = 700, kTextWords = 6000;  // of the default text, roughly
constexpr int64_t kBytesOfWord = 40;                  // with its lineage and header
constexpr DurationUs kRoomForRecoveriesUs = seconds(120);
constexpr int32_t kManyRestarts = 1000;

void draw_settings(const DrawnSettings& settings, const RandomStream& root, const std::string& name, RunPlan& plan) {
  for (const auto& [index, number] : settings.knobs) {
    const Knob& knob = all_knobs()[static_cast<size_t>(index)];
    RandomStream stream = root.fork(name + "/" + knob_path(knob));
    if (stream.fork("coin").percent(settings.percent)) knob.set(plan, draw(number, stream.fork("value")));
  }
}

// `faults_name`: under which draw_swarm_faults() asks which families are on.
void draw_swarm_knobs(const Swarm& swarm, const RandomStream& root, const std::string& name, const std::string& faults_name,
                      RunPlan& plan) {
  draw_settings(swarm.configuration, root, name, plan);
  for (const FaultFamily& family : swarm.families) {
    if (is_on(family, root, faults_name)) draw_settings(family.configuration, root, name + "/" + family.name, plan);
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

// Only in the middle of three stages has a task producers and consumers: what it gives up (a cancelled barrier) somebody
// else has to hear. Where nothing is exchanged the pipeline stays as it is.
void add_stage(RunPlan& plan) {
  PipelineSpec spec = plan.pipeline;
  const auto exchange = std::find_if(spec.begin(), spec.end(), [](const StepSpec& step) { return step.kind == StepKind::key_by; });
  if (exchange == spec.end()) return;
  std::vector<StepSpec> stage(2);
  stage[0].kind = StepKind::key_by;
  stage[1].kind = StepKind::map;
  stage[1].expression = {};  // the value as it is
  spec.insert(exchange, stage.begin(), stage.end());
  set_pipeline(plan, std::move(spec));
}

// Numbers that a profile drew independently may contradict one another: the scenario's author is not to blame.
void make_consistent(RunPlan& plan, graph::RestartStrategyKind own_strategy) {
  graph::JobConfig& job = plan.job;
  const auto slots = static_cast<int32_t>(plan.cluster.task_managers * job.slots_per_task_manager);
  job.plan.parallelism = std::min({job.plan.parallelism, slots, job.plan.max_parallelism});
  if (job.heartbeat.timeout_us <= job.heartbeat.interval_us) job.heartbeat.timeout_us = 3 * job.heartbeat.interval_us;
  // A limit that nobody drew for this strategy: how often a job restarts is decided by the faults.
  if (job.restart.strategy != own_strategy) {
    job.restart.max_failures_per_interval = std::max(job.restart.max_failures_per_interval, kManyRestarts);
  }
  job.restart.max_backoff_us = std::max(job.restart.max_backoff_us, job.restart.initial_backoff_us);
  job.channel.request_backoff_max_us = std::max(job.channel.request_backoff_max_us, job.channel.request_backoff_us);
  plan.network.typical_us = std::max(plan.network.typical_us, plan.network.min_us);
  plan.network.tail_us = std::max(plan.network.tail_us, plan.network.typical_us);
  const DurationUs patience_us = needed_patience_us(plan);
  for (DurationUs* patience : {&plan.log.client.delivery_timeout_us, &job.source.patience_us, &job.sink.patience_us}) {
    *patience = std::max(*patience, patience_us);
  }
  // A transaction timeout that claims exactly-once leaves room for the recoveries that the drawn faults cause; one that
  // is too short for the configuration claims less, and stays.
  const DurationUs needed_us = needed_transaction_timeout_us(job);
  DurationUs& timeout_us = job.sink.transaction_timeout_us;
  timeout_us = std::max(timeout_us, job.checkpoint.interval_us);
  if (timeout_us >= needed_us) {
    timeout_us = std::min(std::max(timeout_us, needed_us + kRoomForRecoveriesUs), kBrokerMaxTransactionTimeoutUs);
  } else {
    // Transactions will be lost, as the claim says. A job that ends with the first one would decide nothing.
    job.sink.lost_transaction = graph::LostTransaction::go_on;
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

Status check_drawn(const Scenario& scenario, const RunPlan& plan) {
  const std::optional<Contradiction> problem = find_contradiction(plan);
  if (!problem) return {};
  return {ErrorCode::invalid_argument,
          fmt::format("{}: {} at {}{}", scenario.file, problem->message, drawn_place(scenario, *problem),
                      scenario.profile ? fmt::format(" (profile {})", scenario.profile->name) : "")};
}

Result<RunPlan> draw_plan(const Scenario& scenario, uint64_t seed, const Overrides& overrides) {
  const RandomStream root = RandomStream(seed).fork("scenario");
  RunPlan plan;
  plan.scenario = scenario.name;
  plan.seed = seed;
  plan.version = program_version();
  plan.job.name = scenario.name;
  if (scenario.own_pipeline != nullptr) {
    set_pipeline(plan, scenario.own_pipeline);
  } else {
    set_pipeline(plan, scenario.pipeline);
  }
  plan.job.bugs = overrides.bugs;
  plan.input.spec = overrides.input ? *overrides.input : scenario.input;
  for (const auto& [index, number] : scenario.knobs) {
    const Knob& knob = all_knobs()[static_cast<size_t>(index)];
    knob.set(plan, draw(number, root.fork("knob/" + knob_path(knob))));
  }
  const Profile profile = scenario.profile.value_or(Profile());
  const bool own_swarm = own(root, "swarm", profile.own_swarm_percent);
  if (scenario.profile) {
    if (const Status status = check_drawn(scenario, plan); !status.ok()) return status.error();  // before anything hides it
  }
  const int64_t own_records = plan.input.generated.records;
  const graph::RestartStrategyKind own_strategy = plan.job.restart.strategy;
  if (own_swarm) draw_swarm_knobs(scenario.swarm, root, "swarm", kSwarmFaults, plan);
  draw_swarm_knobs(profile.swarm, root, "profile", kProfileFaults, plan);
  if (scenario.profile) make_consistent(plan, own_strategy);
  if (plan.input.generated.records == 0) plan.input.generated.records = own_records;  // none drawn: the input stays
  if (scenario.profile) bound_work(plan);
  // A swarm that draws generated records means them instead of the text; what a person names stands.
  if (plan.input.spec.kind == InputKind::default_text && plan.input.generated.records > 0) {
    plan.input.spec.kind = InputKind::generated;
  }
  if (plan.extra_stage != 0) add_stage(plan);
  if (own(root, "faults", profile.own_faults_percent)) draw_faults(scenario.faults, root, "fault", plan);
  if (own_swarm) draw_swarm_faults(scenario.swarm, root, kSwarmFaults, plan);
  draw_swarm_faults(profile.swarm, root, kProfileFaults, plan);
  const std::string stack = stack_names(scenario).back();
  plan = with_stack(std::move(plan), stack, stack_named(scenario, stack));
  if (overrides.event_limit) plan.event_limit = *overrides.event_limit;
  if (const Status status = check_drawn(scenario, plan); !status.ok()) return status.error();
  return plan;
}

}  // namespace onceproof::scenarios
