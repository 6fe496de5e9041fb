// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>

#include "checkers/judge.h"
#include "runtime/cluster/job_manager.h"
#include "runtime/cluster/task_manager.h"
#include "runtime/connectors/pipeline_program.h"
#include "scenarios/run/bounds.h"
#include "scenarios/run/history_builder.h"
#include "scenarios/run/input.h"
#include "scenarios/run/stored_checkpoints.h"
#include "simulator/log/cluster.h"
#include "simulator/log/extract.h"
#include "simulator/log/reader.h"
#include "simulator/world.h"

namespace onceproof::scenarios {

namespace {

constexpr DurationUs kLookEveryUs = seconds(1);
// When the input has been over for so long, faults that still wait for their point are called off: from here on the
// job owes progress.
constexpr DurationUs kSafetyMarginUs = seconds(30);

// Read by nobody but reports. A point that is not named here is kept.
std::bitset<env::kPointCount> unjudged_points() {
  using env::Point;
  std::bitset<env::kPointCount> points;
  for (const Point point :
       {Point::checkpoint_ack, Point::checkpoint_notify, Point::barrier_inject, Point::barrier_arrive,
        Point::barrier_align, Point::barrier_forward, Point::source_offset_commit, Point::snapshot_sync,
        Point::snapshot_async, Point::sink_flush, Point::txn_add_partitions, Point::txn_marker, Point::txn_complete,
        Point::restore_state, Point::restore_done}) {
    points.set(static_cast<size_t>(point));
  }
  return points;
}

simulator::log::ClusterOptions log_options(const RunPlan& plan) {
  simulator::log::ClusterOptions options = plan.log;
  options.brokers = plan.cluster.brokers;
  options.replication_factor = std::min(options.replication_factor, options.brokers);
  options.broker.max_transaction_timeout_us = kBrokerMaxTransactionTimeoutUs;
  options.bugs = plan.job.bugs;
  return options;
}

void build(simulator::World& world, const RunPlan& plan, const std::shared_ptr<const dataflow::Program>& program,
           const PreparedInput& input, simulator::log::LogCluster& log, simulator::log::ReaderJournal& journal) {
  log.add_source(input.source);
  log.add_topic(plan.job.sink.topic, plan.job.sink.partitions);
  const env::ProcessId job_manager =
      world.add_process("jobmanager", cluster::job_manager_main({plan.job, program, plan.cluster.task_managers}));
  for (int32_t i = 0; i < plan.cluster.task_managers; ++i) {
    world.add_process(fmt::format("taskmanager-{}", i),
                      cluster::task_manager_main({job_manager, plan.job.slots_per_task_manager, plan.job.cluster, program}));
  }
  log.join(world);
  simulator::log::add_reader(world, log, plan.job.sink.topic, journal);
}

// The last status that a job manager announced.
checkers::JobStatus job_status(const simulator::World& world, std::string& reason) {
  const std::vector<simulator::PointHit>& points = world.points();
  for (auto hit = points.rbegin(); hit != points.rend(); ++hit) {
    if (std::string_view(hit->name) != "job.status") continue;
    if (hit->text == "finished") return checkers::JobStatus::finished;
    if (hit->text == "running") return checkers::JobStatus::running;
    reason = hit->text;
    return checkers::JobStatus::failed;
  }
  return checkers::JobStatus::running;
}

// A job that is slow and goes on is not stuck: its sources get further, or its output does. Records that are written
// again and again after restarts are no progress for ever.
class Progress {
 public:
  void look(const simulator::World& world, const simulator::log::LogCluster& log, const RunPlan& plan) {
    int64_t stable = 0;
    for (int32_t partition = 0; partition < plan.job.sink.partitions; ++partition) {
      const auto* copy = log.partition({plan.job.sink.topic, partition});
      if (copy != nullptr) stable += copy->last_stable_offset();
    }
    const bool further = log.asked() > asked_ || (stable > stable_ && looks_without_input_ < kMostLooks);
    looks_without_input_ = log.asked() > asked_ ? 0 : looks_without_input_ + 1;
    asked_ = log.asked();
    stable_ = std::max(stable_, stable);
    if (further) last_us_ = world.now();
  }
  TimeUs last_us() const { return last_us_; }

 private:
  static constexpr int kMostLooks = 600;
  int64_t asked_ = 0;
  int64_t stable_ = 0;
  int looks_without_input_ = 0;
  TimeUs last_us_ = 0;
};

bool over_limit(const simulator::World& world, const RunPlan& plan) {
  return world.events() > static_cast<uint64_t>(plan.event_limit);
}

// Until the job has ended, every transaction is decided, the reader has seen what is visible and no fault is in force;
// or nothing has gone further for the bound, or the plan's events are used up. Returns when something last did.
TimeUs run_to_the_end(simulator::World& world, const RunPlan& plan, const PreparedInput& input,
                      const simulator::log::LogCluster& log, const simulator::log::ReaderJournal& journal,
                      const RunWatch& watch) {
  const TimeUs input_end_us = input.end_us;
  const TimeUs safety_end_us = input_end_us + kSafetyMarginUs;
  const DurationUs bound_us = liveness_of(plan, input.workload);
  uint64_t seen = 0;
  std::string reason;
  Progress progress;
  checkers::JobStatus status = checkers::JobStatus::running;
  const uint64_t most_events = static_cast<uint64_t>(plan.event_limit) + 1;
  while (world.run_until(world.now() + kLookEveryUs, most_events)) {
    if (world.now() >= safety_end_us) world.disarm_remaining_faults();
    progress.look(world, log, plan);
    if (watch) {
      const auto read = std::min(static_cast<uint64_t>(log.asked()), input.records);
      watch({plan.guarantee, world.now(), read, input.records});
    }
    if (over_limit(world, plan)) return progress.last_us();
    if (world.hits(env::Point::job_status) != seen) {
      seen = world.hits(env::Point::job_status);
      status = job_status(world, reason);
    }
    // A fault in force may still hold back what a finished job has sent, or wake a zombie: the end comes after it.
    const bool ended = status != checkers::JobStatus::running && simulator::log::quiescent(log);
    if (ended && world.faults_quiet() && simulator::log::caught_up(log, journal)) break;
    const TimeUs from_us = std::max({input_end_us, world.last_heal_us(), progress.last_us()});
    if (world.now() >= safety_end_us && world.faults_quiet() && world.now() > from_us + bound_us) break;
  }
  world.run_until(world.now() + 2 * kLookEveryUs, most_events);  // the reader's last poll
  return progress.last_us();
}

Result<ShapedInput> shape(const RunPlan& plan, const std::string& text) {
  const InputSpec& spec = plan.input.spec;
  if (spec.kind != InputKind::given) return shape_input(text, input_shape(plan));
  return shape_records({spec.records->begin(), spec.records->end()}, input_shape(plan));
}

}  // namespace

Result<PreparedInput> prepare_input(const RunPlan& plan, uint64_t most_bytes) {
  Result<std::string> text = load_text(plan.input, most_bytes);
  if (!text.ok()) return text.error();
  PreparedInput prepared;
  prepared.content_hash = content_hash(text.value());
  if (!plan.input.content_hash.empty() && plan.input.content_hash != prepared.content_hash) {
    const InputSpec& spec = plan.input.spec;
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the input{} is not the one that the plan was made with: its content differs",
                             spec.kind == InputKind::file ? " " + spec.path : "")};
  }
  Result<ShapedInput> shaped = shape(plan, text.value());
  if (!shaped.ok()) return shaped.error();
  const std::vector<std::vector<TimeUs>> visible_us = std::move(shaped.value().visible_us);
  for (size_t p = 0; p < visible_us.size(); ++p) {
    for (size_t i = 0; i < visible_us[p].size(); ++i) shaped.value().records.partitions[p][i].visible_us = visible_us[p][i];
  }
  auto input = std::make_shared<const checkers::Input>(std::move(shaped.value().records));
  auto topic = std::make_shared<simulator::log::SourceTopic>(plan.job.source.topic, plan.job.source.partitions,
                                                             plan.input.linger_us);
  for (size_t p = 0; p < visible_us.size(); ++p) {
    for (size_t i = 0; i < visible_us[p].size(); ++i) {
      const checkers::InputRecord& record = input->partitions[p][i];
      topic->append(static_cast<int32_t>(p), {record.timestamp_us, record.value, {}, visible_us[p][i]});
    }
  }
  prepared.end_us = plan.input.span_us;
  for (const std::vector<TimeUs>& partition : visible_us) {
    if (!partition.empty()) prepared.end_us = std::max(prepared.end_us, partition.back());
  }
  prepared.end_us += plan.input.linger_us;
  for (const auto& partition : input->partitions) prepared.records += partition.size();
  const InputKind kind = plan.input.spec.kind;
  const bool is_text = kind == InputKind::file || kind == InputKind::default_text;
  if (is_text && text.value().size() <= kCopiedInputBytes) {
    prepared.text = std::make_shared<const std::string>(text.take());
  }
  prepared.source = std::move(topic);
  prepared.reference = std::make_shared<const checkers::Reference>(input, pipeline_of(plan));
  prepared.workload = workload_of(plan, *prepared.reference);
  return prepared;
}

namespace {

simulator::WorldOptions world_options(const RunPlan& plan, Recording recording,
                                      std::optional<std::pair<uint64_t, uint64_t>> window) {
  simulator::WorldOptions options;
  options.seed = plan.seed;
  options.network = plan.network;
  options.cpu = plan.cpu;
  options.disk = plan.disk;
  options.faults = plan.faults;
  options.detail = window;
  options.slow_step_us = slow_step_of(plan);
  if (recording != Recording::full) options.skipped_points = unjudged_points();
  return options;
}

// Everything but the verdict. The world is gone when this returns: judging needs its own room.
RunResult simulate(const RunPlan& plan, const PreparedInput& input, simulator::WorldOptions options, const RunWatch& watch) {
  simulator::log::LogCluster log(log_options(plan));  // outlives the world, whose brokers refer to it
  simulator::log::ReaderJournal journal;
  simulator::World world(std::move(options));
  const std::shared_ptr<const api::Pipeline> pipeline = pipeline_of(plan);
  Result<std::shared_ptr<const dataflow::Program>> program = connectors::pipeline_program(pipeline);
  CHECK(program.ok(), "a plan that was checked");
  const graph::ExecutionGraph& graph = program.value()->graph();
  // Behind another window a record stands for many.
  const auto windows = std::count_if(pipeline->steps.begin(), pipeline->steps.end(), [](const api::Step& step) {
    return std::holds_alternative<api::WindowStep>(step);
  });
  const bool counts = plan.own_pipeline == nullptr && windows == 1;
  StoredCheckpoints stored(world, graph, {plan.job.source.partitions, api::keeps_what_is_out(*pipeline), counts});
  build(world, plan, program.value(), input, log, journal);
  const TimeUs progress_us = run_to_the_end(world, plan, input, log, journal, watch);

  RunResult result;
  result.trace = world.trace();
  result.reference = input.reference;
  for (int i = 0; i < env::kPointCount; ++i) {
    result.hits[static_cast<size_t>(i)] = world.hits(static_cast<env::Point>(i));
  }
  std::string job_reason;
  const checkers::JobStatus job = job_status(world, job_reason);
  checkers::History history =
      build_history(plan, graph, world, log, journal, input.workload, stored.take());  // takes the points
  history.progress_us = progress_us;
  history.input_end_us = input.end_us;
  history.job = job;
  history.job_reason = std::move(job_reason);
  if (over_limit(world, plan)) history.stopped = fmt::format("more than {} events (event_limit)", plan.event_limit);
  result.report = checkers::counted(std::move(history));
  result.report.scenario = plan.scenario;
  result.report.seed = plan.seed;
  result.report.trace_hash = to_string(world.trace().hash());
  result.report.events = world.events();
  return result;
}

}  // namespace

RunResult run_plan(const RunPlan& plan, const PreparedInput& input, Recording recording,
                   std::optional<std::pair<uint64_t, uint64_t>> window, const RunWatch& watch) {
  RunResult result = simulate(plan, input, world_options(plan, recording, window), watch);
  checkers::RunReport& report = result.report;
  if (recording == Recording::state) return result;
  if (watch) watch({plan.guarantee, report.history.ended_us, input.records, input.records, true});
  report.verdict = checkers::judge(report.history, *input.reference);
  return result;
}

}  // namespace onceproof::scenarios
