// SPDX-License-Identifier: Apache-2.0
// The life cycles that the job manager keeps: of the job, of a pipelined region, of an execution (its view of one
// subtask's current attempt; what the attempt itself goes through is dataflow::TaskState).
#pragma once

#include <cstdint>

#include "runtime/base/state_machine.h"

namespace onceproof::cluster {

enum class JobState : uint8_t {
  starting,  // the session is being taken, the store recovered
  running,
  ending,  // the outcome is decided and is being made durable; it is believed by nobody until it is
  finished,
  failed,
};
inline constexpr Transition<JobState> kJobTransitions[] = {
    {JobState::starting, JobState::running},   {JobState::running, JobState::ending},
    {JobState::ending, JobState::finished},    {JobState::ending, JobState::failed},
    {JobState::starting, JobState::finished},  // an earlier job manager has made the outcome durable
    {JobState::starting, JobState::failed},
};

enum class RegionState : uint8_t {
  waiting,     // for slots, and for a durable deployment generation
  deployed,    // every task has been asked for
  restarting,  // cancelling what runs, and the restart delay
  finished,    // every task has finished: nothing restarts it but a new session
};
inline constexpr Transition<RegionState> kRegionTransitions[] = {
    {RegionState::waiting, RegionState::deployed},
    {RegionState::deployed, RegionState::restarting},
    {RegionState::deployed, RegionState::finished},
    {RegionState::restarting, RegionState::waiting},
};

enum class ExecutionState : uint8_t {
  idle,          // no attempt that anybody waits for
  deploying,     // asked for; the task manager has not answered
  initializing,  // accepted
  running,
  finishing,  // at the end of its data; waits for the checkpoint that covers it
  finished,
  cancelling,  // told to stop; the task manager has not said that it did
};
inline constexpr Transition<ExecutionState> kExecutionTransitions[] = {
    {ExecutionState::idle, ExecutionState::deploying},
    {ExecutionState::deploying, ExecutionState::initializing},
    {ExecutionState::initializing, ExecutionState::running},
    {ExecutionState::running, ExecutionState::finishing},
    {ExecutionState::finishing, ExecutionState::finished},
    {ExecutionState::deploying, ExecutionState::cancelling},
    {ExecutionState::initializing, ExecutionState::cancelling},
    {ExecutionState::running, ExecutionState::cancelling},
    {ExecutionState::finishing, ExecutionState::cancelling},
    // It ended by itself, or its task manager is lost, and for a finished one: its region begins anew.
    {ExecutionState::deploying, ExecutionState::idle},
    {ExecutionState::initializing, ExecutionState::idle},
    {ExecutionState::running, ExecutionState::idle},
    {ExecutionState::finishing, ExecutionState::idle},
    {ExecutionState::finished, ExecutionState::idle},
    {ExecutionState::cancelling, ExecutionState::idle},
};

const char* to_string(JobState state);
const char* to_string(RegionState state);
const char* to_string(ExecutionState state);

using JobLife = LifeCycle<kJobTransitions>;
using RegionLife = LifeCycle<kRegionTransitions>;
using ExecutionLife = LifeCycle<kExecutionTransitions>;

}  // namespace onceproof::cluster
