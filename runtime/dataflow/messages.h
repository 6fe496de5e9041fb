// SPDX-License-Identifier: Apache-2.0
// What tasks say to each other and what they are told at deployment. The data plane's buffer has a fixed header
// in front of its bytes, so a buffer is filled, sent, queued and read without a copy.
#pragma once

#include <type_traits>
#include <vector>

#include "runtime/env/mail.h"
#include "runtime/graph/checkpoint_failure.h"
#include "runtime/graph/execution_graph.h"
#include "runtime/graph/job_config.h"

namespace onceproof::dataflow {

// All but data are events (also a watermark that no data accompany): buffers of their own, a header and nothing else,
// never split. An event needs no credit but keeps its place. After end_of_data come barriers only, after
// end_of_partition nothing.
enum class BufferKind : uint32_t { data, barrier, cancel_barrier, end_of_data, end_of_partition, watermark };
inline constexpr BufferKind kLastBufferKind = BufferKind::watermark;

struct BufferHeader {
  uint32_t channel = 0;   // index at the consumer
  uint32_t sequence = 0;  // counted for each channel from 0; a gap means that the transport lied
  BufferKind kind = BufferKind::data;
  uint32_t reserved = 0;
  uint64_t checkpoint = 0;           // barriers
  TimeUs timestamp_us = 0;           // barriers: when the coordinator triggered
  TimeUs watermark_us = kMinTimeUs;  // events: holds in front of the event; data carry theirs among their elements
};
inline constexpr size_t kBufferHeader = sizeof(BufferHeader);
static_assert(std::has_unique_object_representations_v<BufferHeader>, "padding would reach the trace's hash");

// Of a producer task: which of its outputs (ExecutionGraph::outputs_of), and which part of it.
struct SubpartitionId {
  uint32_t partition = 0;
  uint32_t subpartition = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(partition, subpartition);
  }
};

// consumer -> producer: "I read this on my channel c; I have room for `credit` buffers".
struct PartitionRequest {
  SubpartitionId source;
  uint32_t channel = 0;
  uint32_t credit = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(source, channel, credit);
  }
};

struct AddCredit {
  SubpartitionId source;
  uint32_t credit = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(source, credit);
  }
};

struct ChannelClosed {
  uint32_t channel = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(channel);
  }
};

struct TriggerCheckpoint {
  uint64_t checkpoint = 0;
  TimeUs timestamp_us = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(checkpoint, timestamp_us);
  }
};

struct NotifyCheckpoint {
  uint64_t checkpoint = 0;
  uint64_t latest_completed = 0;  // an abort repairs a lost completion (Flink: notifyCheckpointAborted)
  template <class Archive>
  void fields(Archive& archive) {
    archive(checkpoint, latest_completed);
  }
};

struct Acknowledge {
  uint64_t session = 0;
  uint64_t attempt = 0;
  graph::SubtaskId subtask;
  uint64_t checkpoint = 0;
  Bytes state;       // inline, or
  std::string file;  // the path of the state file
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt, subtask, checkpoint, state, file);
  }
};

struct Decline {
  uint64_t session = 0;
  uint64_t attempt = 0;
  uint64_t checkpoint = 0;
  graph::CheckpointFailureReason reason = graph::CheckpointFailureReason::declined;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt, checkpoint, reason);
  }
};

// permanent: a restart meets the same again, so the job fails (Flink: NonRecoverableError).
enum class Failure : uint8_t { recoverable, permanent };

// What an attempt goes through by itself; the transitions are at the head of task.h.
enum class TaskState : uint8_t { created, initializing, running, finishing, finished, canceled, failed };
const char* to_string(TaskState state);
constexpr bool is_terminal(TaskState state) { return state >= TaskState::finished; }

struct TaskStateReport {
  uint64_t session = 0;
  uint64_t attempt = 0;
  TaskState state = TaskState::created;
  std::string reason;
  Failure failure = Failure::recoverable;  // of FAILED
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt, state, reason, failure);
  }
};

// A sink has fenced every generation below its own. Best effort: without it later sinks only look further back.
struct Fenced {
  uint64_t session = 0;
  uint64_t attempt = 0;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt);
  }
};

// A channel.
struct InputDescriptor {
  env::Address producer;  // endpoint = the producer's attempt id
  SubpartitionId source;
  uint32_t port = 0;  // of the head of the chain
  template <class Archive>
  void fields(Archive& archive) {
    archive(producer, source, port);
  }
};

// Everything that a task needs to know and its program does not say; the task deployment descriptor of Flink.
struct TaskDescriptor {
  uint64_t session = 0;
  uint64_t attempt = 0;
  uint64_t generation = 0;  // durable and rising with every deployment: what a sink may abort is below its own
  uint64_t fenced_generation = 0;  // everything below it is known to be fenced; 0: unknown
  graph::SubtaskId subtask;
  std::string name;
  int32_t parallelism = 1;
  int32_t max_parallelism = 128;
  std::vector<InputDescriptor> inputs;  // by channel
  env::Address job_manager;
  graph::CheckpointConfig checkpoint;
  graph::SourceConfig source;
  graph::SinkConfig sink;
  graph::ChannelConfig channel;
  SeededBugs bugs;
  uint64_t restored_checkpoint = 0;  // 0: from scratch
  uint8_t finished_on_restore = 0;   // the subtask had finished in that checkpoint: it says so downstream, no more
  Bytes state;
  std::string state_file;
  template <class Archive>
  void fields(Archive& archive) {
    archive(session, attempt, generation, fenced_generation, subtask, name, parallelism, max_parallelism, inputs,
            job_manager, checkpoint, source, sink, channel, bugs, restored_checkpoint,
            finished_on_restore, state, state_file);
  }
};

}  // namespace onceproof::dataflow
