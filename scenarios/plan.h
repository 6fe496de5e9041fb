// SPDX-License-Identifier: Apache-2.0
// RunPlan: one run, fully concrete: nothing is left to draw, no default is left implicit. A plan file
// (plan.json) stores it, so that a failure can be replayed after the drawing code has changed.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/graph/job_config.h"
#include "scenarios/scenario.h"
#include "simulator/fault_plan.h"
#include "simulator/options.h"

namespace onceproof::scenarios {

struct ClusterPlan {
  int32_t task_managers = 2;
  int32_t brokers = 2;
};

struct InputPlan {
  InputSpec spec;
  std::string content_hash;  // of the bytes; empty: not yet read. A replay on other bytes is refused.
  DurationUs span_us = seconds(60);
  DurationUs linger_us = milliseconds(200);  // the producer's: records appear in the topic in steps of this
};

struct RunPlan {
  std::string scenario;
  uint64_t seed = 1;
  std::string version;    // of the program that drew it
  std::string guarantee;  // name of the stack: "exactly-once", or "configured"
  graph::JobConfig job;
  ClusterPlan cluster;
  simulator::NetworkOptions network;
  simulator::CpuOptions cpu;
  simulator::DiskOptions disk;
  InputPlan input;
  simulator::FaultPlan faults;
  DurationUs liveness_bound_us = seconds(120);
};

// Several runs of the same draw, one a stack: what `run` stores and `replay` reads. All plans share everything
// but `guarantee` and the job's stack.
struct PlanFile {
  std::vector<RunPlan> plans;
};
std::string to_json(const PlanFile& file);
Result<PlanFile> parse_plan_file(const std::string& text, const std::string& file_name);

// What no run could make sense of: contradictions (guarantee.h), targets that the cluster does not have, too few
// slots. The error names the setting.
Status check_plan(const RunPlan& plan);

// A stack's job configuration: the plan with another guarantee.
RunPlan with_stack(RunPlan plan, const std::string& name, const Stack& stack);

const char* program_version();

}  // namespace onceproof::scenarios
