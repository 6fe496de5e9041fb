// SPDX-License-Identifier: Apache-2.0
// Why a checkpoint fails (Flink: CheckpointFailureReason), and which reasons count against the tolerable number of
// failures (CheckpointFailureManager). Pre-flight: before anything was asked of a task.
#pragma once

#include <cstdint>

namespace onceproof::graph {

// X(identifier, "FLINK'S NAME", pre-flight, counts)
#define ONCEPROOF_CHECKPOINT_FAILURES(X)                                                                           \
  X(none, "NONE", false, false)                                                                                    \
  X(periodic_scheduler_shutdown, "PERIODIC_SCHEDULER_SHUTDOWN", true, false)                                       \
  X(too_many_checkpoint_requests, "TOO_MANY_CHECKPOINT_REQUESTS", true, false)                                     \
  X(minimum_time_between_checkpoints, "MINIMUM_TIME_BETWEEN_CHECKPOINTS", true, false)                             \
  X(not_all_required_tasks_running, "NOT_ALL_REQUIRED_TASKS_RUNNING", true, false)                                 \
  X(io_exception, "IO_EXCEPTION", true, true)                                                                      \
  X(blocking_output_exist, "BLOCKING_OUTPUT_EXIST", true, false)                                                   \
  X(async_exception, "CHECKPOINT_ASYNC_EXCEPTION", false, true)                                                    \
  X(channel_state_shared_stream_exception, "CHANNEL_STATE_SHARED_STREAM_EXCEPTION", false, false)                  \
  X(expired, "CHECKPOINT_EXPIRED", false, true)                                                                    \
  X(subsumed, "CHECKPOINT_SUBSUMED", false, false)                                                                 \
  X(declined, "CHECKPOINT_DECLINED", false, true)                                                                  \
  X(declined_task_not_ready, "CHECKPOINT_DECLINED_TASK_NOT_READY", false, false)                                   \
  X(declined_task_closing, "CHECKPOINT_DECLINED_TASK_CLOSING", false, false)                                       \
  X(declined_subsumed, "CHECKPOINT_DECLINED_SUBSUMED", false, false)                                               \
  X(declined_on_cancellation_barrier, "CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER", false, false)                 \
  X(declined_input_end_of_stream, "CHECKPOINT_DECLINED_INPUT_END_OF_STREAM", false, false)                         \
  X(coordinator_shutdown, "CHECKPOINT_COORDINATOR_SHUTDOWN", false, false)                                         \
  X(coordinator_suspend, "CHECKPOINT_COORDINATOR_SUSPEND", false, false)                                           \
  X(job_failover_region, "JOB_FAILOVER_REGION", false, false)                                                      \
  X(task_failure, "TASK_FAILURE", false, false)                                                                    \
  X(task_checkpoint_failure, "TASK_CHECKPOINT_FAILURE", false, false)                                              \
  X(unknown_task_notification_failure, "UNKNOWN_TASK_CHECKPOINT_NOTIFICATION_FAILURE", false, false)               \
  X(finalize_failure, "FINALIZE_CHECKPOINT_FAILURE", false, true)                                                  \
  X(trigger_failure, "TRIGGER_CHECKPOINT_FAILURE", false, false)

enum class CheckpointFailureReason : uint8_t {
#define X(identifier, name, pre_flight, counts) identifier,
  ONCEPROOF_CHECKPOINT_FAILURES(X)
#undef X
};

struct CheckpointFailureInfo {
  const char* name;
  bool pre_flight;
  bool counts;
};
const CheckpointFailureInfo& info(CheckpointFailureReason reason);
inline const char* to_string(CheckpointFailureReason reason) { return info(reason).name; }

}  // namespace onceproof::graph
