// SPDX-License-Identifier: Apache-2.0
// RunPlan: one run, fully concrete: nothing is left to draw, no default is left implicit. A plan file
// (plan.json) stores it, so that a failure can be replayed after the drawing code has changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/graph/job_config.h"
#include "scenarios/plan/pipeline_spec.h"
#include "scenarios/plan/scenario.h"
#include "simulator/fault_plan.h"
#include "simulator/log/options.h"
#include "simulator/options.h"

namespace onceproof::scenarios {

struct ClusterPlan {
  int32_t task_managers = 2;
  int32_t brokers = 2;
};

// What is generated where the input is no text. The same numbers, the same records: the seed has no part in it.
struct GeneratedInput {
  int64_t records = 0;
  int64_t distinct = 1000;       // different words
  int64_t words = 1;             // in each record
  int64_t numbers = 0;           // from 0 to 999 behind each word, separated by commas
  int64_t zipf_percent = 0;      // of the words are drawn by Zipf's law, the others uniformly
  int64_t empty_percent = 0;     // of the records have no word
  int64_t huge_one_in = 0;       // one record in so many is one word of huge_bytes; 0: none
  int64_t huge_bytes = 20'000;
};

// How the records lie in partitions, in event time and in the time at which they appear.
struct InputPlan {
  InputSpec spec;
  std::string content_hash;  // of the bytes; empty: not yet read. A replay on other bytes is refused.
  GeneratedInput generated;
  DurationUs span_us = seconds(60);
  DurationUs linger_us = milliseconds(200);  // the producer's: records appear in the topic in steps of this
  int64_t backlog_percent = 0;               // of the records are there from the start: catch-up
  int64_t disorder_percent = 0;              // of source.out_of_orderness: how far a timestamp may lag behind
  int64_t edge_percent = 0;   // of the records, where that lag allows it, go to the edge of their window or just before
  DurationUs step_us = 0;     // timestamps are multiples of this: equal ones; 0: as they come
  int32_t empty_partitions = 0;  // get nothing
  int32_t idle_partitions = 0;   // get nothing for the middle half of the input, every second one nothing after it
};

struct RunPlan {
  std::string scenario;
  uint64_t seed = 1;
  std::string version;    // of the program that drew it
  std::string guarantee;  // name of the stack: "exactly-once", or "configured"
  // One of both; set_pipeline() keeps it and the job's plan in step.
  PipelineSpec pipeline;
  std::shared_ptr<const api::Pipeline> own_pipeline = {};  // an author's program
  graph::JobConfig job;
  ClusterPlan cluster;
  simulator::NetworkOptions network;
  simulator::CpuOptions cpu;
  simulator::DiskOptions disk;
  simulator::log::ClusterOptions log;  // brokers and bugs are the cluster's and the job's
  InputPlan input;
  simulator::FaultPlan faults;
  int32_t extra_stage = 0;  // 1: the drawing put a stage into the pipeline; the plan's has it
  DurationUs liveness_bound_us = seconds(120);
  int64_t event_limit = 100'000'000;  // a run that needs more is stopped, and inconclusive
};
inline constexpr int64_t kMostEvents = 1'000'000'000'000;

void set_pipeline(RunPlan& plan, PipelineSpec spec);
void set_pipeline(RunPlan& plan, std::shared_ptr<const api::Pipeline> pipeline);
// Of the plan's parallelism: what its tasks run, and what it is judged by.
std::shared_ptr<const api::Pipeline> pipeline_of(const RunPlan& plan);

// Several runs of the same draw, one a stack: what `run` stores and `replay` reads. All plans share everything
// but `guarantee` and the job's stack.
struct PlanFile {
  std::vector<RunPlan> plans;
};
std::string to_json(const PlanFile& file);
Result<PlanFile> parse_plan_file(const std::string& text, const std::string& file_name);

// What no run could make sense of: contradictions (guarantee.h), targets that the cluster does not have, too few slots.
struct Contradiction {
  std::string message;
  std::vector<std::string> settings;  // paths of the knobs that have a part in it; none: it is a fault's
  int fault = -1;                     // index into the plan's faults
  std::string word;                   // of the fault: the process that is none, or empty
};
std::optional<Contradiction> find_contradiction(const RunPlan& plan);
Status check_plan(const RunPlan& plan);  // its message as an error

// How long a log client must be ready to wait, where nothing is wrong: until a coordinator has read its state, and through
// some requests that have to be repeated. Whoever gives up earlier can fail for good.
DurationUs needed_patience_us(const RunPlan& plan);

// How many partitions the plan's log has for this.
int32_t partitions_of(const RunPlan& plan, simulator::LogTopic topic);

// A stack's job configuration: the plan with another guarantee.
RunPlan with_stack(RunPlan plan, const std::string& name, const Stack& stack);

const char* program_version();

}  // namespace onceproof::scenarios
