// SPDX-License-Identifier: Apache-2.0
// The task's life cycle and its default action; checkpoints are in task_checkpoint.cc.
#include "runtime/dataflow/task.h"

#include <fmt/format.h>

namespace onceproof::dataflow {

using env::MailKind;
using env::Point;

namespace {
constexpr DurationUs kPartitionRequestBackoffUs = milliseconds(100);
}  // namespace

Task::Task(env::Env& env, TaskDescriptor descriptor, Connectors connectors)
    : env_(env), descriptor_(std::move(descriptor)), connectors_(std::move(connectors)) {}

Task::~Task() = default;

void Task::on_mail(env::Mail& mail) {
  if (state_ >= TaskState::finished) return;  // ended: the process drops this actor after the current mail
  switch (mail.kind) {
    case MailKind::start: return start();
    case MailKind::cancel_task: return end(TaskState::canceled, "");
    case MailKind::job_finished: return end(TaskState::finished, "");
    case MailKind::buffer:
      if (!gate_ || !gate_->receive(std::move(mail.body))) return fail("a buffer was lost or arrived twice");
      return run_default_action();
    case MailKind::process_input: default_action_posted_ = false; return run_default_action();
    case MailKind::add_credit: {
      AddCredit grant;
      if (!decode(mail.body, grant) || !partition_) return;
      if (partition_->on_add_credit(grant)) run_default_action();
      return;
    }
    case MailKind::partition_request: {
      PartitionRequest request;
      if (!decode(mail.body, request) || !partition_) return;
      if (partition_->on_partition_request(request, mail.from)) run_default_action();
      return;
    }
    case MailKind::unknown_endpoint:  // the producer is not deployed yet: ask again
      if (static_cast<MailKind>(mail.b) != MailKind::partition_request || !gate_) return;
      for (uint32_t channel = 0; channel < gate_->channels(); ++channel) {
        if (gate_->descriptor(channel).producer.endpoint != mail.a) continue;
        env_.scheduler().after(kPartitionRequestBackoffUs, MailKind::partition_request_retry, channel);
      }
      return;
    case MailKind::partition_request_retry: return gate_->request_partition(static_cast<uint32_t>(mail.a));
    case MailKind::channel_closed: return fail("a producer task is gone");
    case MailKind::connection_lost:
      if (gate_) {
        for (uint32_t channel = 0; channel < gate_->channels(); ++channel) {
          if (gate_->descriptor(channel).producer.process == mail.a)
            return fail("the connection to a producer was lost");
        }
      }
      return;  // a consumer that is gone fails by itself and takes the region with it
    case MailKind::flush_timer: return on_flush_timer();
    case MailKind::trigger_checkpoint: {
      TriggerCheckpoint trigger;
      if (decode(mail.body, trigger)) on_trigger(trigger);
      return;
    }
    case MailKind::snapshot_async: return write_snapshot(mail.a);
    case MailKind::notify_checkpoint_complete: {
      NotifyCheckpoint notification;
      if (decode(mail.body, notification)) on_complete(notification.checkpoint);
      return;
    }
    case MailKind::notify_checkpoint_aborted: {
      NotifyCheckpoint notification;
      if (decode(mail.body, notification)) on_aborted(notification);
      return;
    }
    default: return;
  }
}

// ---- life cycle ----------------------------------------------------------------------------------------

void Task::start() {
  state_ = TaskState::initializing;
  build_chain();
  if (!descriptor_.inputs.empty()) {
    gate_ = std::make_unique<InputGate>(env_.network(), descriptor_.channel, descriptor_.inputs);
    const bool skip = descriptor_.bugs.has(SeededBug::skip_alignment);
    const auto mode = skip ? graph::BarrierMode::at_least_once : descriptor_.checkpoint.mode;
    barriers_ = make_barrier_handler(mode, *this, gate_->channels());
    watermarks_ = std::make_unique<WatermarkValve>(gate_->channels());
  }
  restore_and_open();
}

void Task::build_chain() {
  Output* tail = nullptr;
  if (descriptor_.outputs > 0) {
    partition_ = std::make_unique<ResultPartition>(env_.network(), descriptor_.channel, descriptor_.outputs);
    partitioner_ = std::make_unique<KeyPartitioner>(*partition_, descriptor_.max_parallelism);
    tail = partitioner_.get();
  }
  for (const graph::LogicalOperator& logical : descriptor_.operators) {
    if (logical.kind == graph::OperatorKind::log_source) {
      source_ = connectors_.source(*this);
    } else if (logical.kind == graph::OperatorKind::log_sink) {
      sink_ = connectors_.sink(*this);
      tail = sink_.get();
    } else {
      operators_.push_back(make_operator(*this, logical));
    }
  }
  for (size_t i = 0; i < operators_.size(); ++i) {
    operators_[i]->chain(i + 1 < operators_.size() ? static_cast<Output*>(operators_[i + 1].get()) : tail);
  }
  head_ = operators_.empty() ? tail : operators_.front().get();
  if (source_) source_->chain(head_);
}

void Task::restore_and_open() {
  if (descriptor_.state_file.empty()) return open(descriptor_.state);
  env_.storage().read(descriptor_.state_file, [this](const Result<Bytes>& file) {
    if (state_ != TaskState::initializing) return;  // ended meanwhile
    if (!file.ok()) return fail("state cannot be read: " + file.error().message);
    open(file.value());
  });
}

// The task's state is one string a part: source, each operator, sink (in chain order).
void Task::open(ByteView state) {
  ByteReader reader(state);
  const auto part = [&] { return state.empty() ? ByteView{} : reader.string(); };
  const ByteView source_state = source_ ? part() : ByteView{};
  for (auto& op : operators_) {
    if (!op->restore(part())) return fail("operator state does not decode");
  }
  const ByteView sink_state = sink_ ? part() : ByteView{};
  if (!reader.ok() || !reader.at_end()) return fail("task state does not decode");
  hit(Point::restore_state, {.checkpoint = descriptor_.restored_checkpoint, .value = state.size()});
  last_checkpoint_ = latest_notified_ = descriptor_.restored_checkpoint;

  pending_opens_ = 1 + (source_ ? 1 : 0) + (sink_ ? 1 : 0);
  if (sink_) sink_->open(sink_state, [this] { opened(); });
  if (source_) source_->open(source_state, [this] { opened(); });
  if (gate_) gate_->request_partitions();
  opened();
}

void Task::opened() {
  if (--pending_opens_ > 0 || state_ != TaskState::initializing) return;
  state_ = TaskState::running;
  hit(Point::restore_done, {.checkpoint = descriptor_.restored_checkpoint});
  report(TaskState::running, "");
  run_default_action();
}

void Task::fail(const std::string& reason, Failure failure) { end(TaskState::failed, reason, failure); }

void Task::end(TaskState state, const std::string& reason, Failure failure) {
  if (state_ >= TaskState::finished) return;
  state_ = state;
  const Point point = state == TaskState::finished   ? Point::task_finished
                      : state == TaskState::canceled ? Point::task_canceled
                                                     : Point::task_failed;
  hit(point, {.text = reason});
  if (partition_ && state != TaskState::finished) partition_->close();
  if (sink_ && state != TaskState::finished) sink_->close();
  report(state, reason, failure);
  env_.scheduler().stop(env_.network().self().endpoint);
}

void Task::report(TaskState state, const std::string& reason, Failure failure) {
  const TaskStateReport report{descriptor_.session, descriptor_.attempt, state, reason, failure};
  env_.network().send(descriptor_.job_manager, MailKind::task_state, encode(report));
}

// ---- the default action --------------------------------------------------------------------------------

void Task::resume() { run_default_action(); }

bool Task::output_available() const {
  return (!partition_ || partition_->available()) && (!sink_ || sink_->available());
}

// One buffer (or one helping of source records) a mail; the next helping queues behind whatever mail came meanwhile.
void Task::run_default_action() {
  if (state_ != TaskState::running || default_action_posted_ || !output_available()) return;
  if (deferred_trigger_) on_trigger(*deferred_trigger_);
  bool more = false;
  if (source_ && !end_of_data_) {
    more = source_->poll();
    if (state_ != TaskState::running) return;
    if (source_->at_end()) {
      head_->emit_watermark(kMaxTimeUs);
      reached_end_of_data();
      more = false;
    }
  } else if (gate_) {
    if (gate_->has_input()) process_one_buffer();
    more = gate_->has_input();
  }
  if (state_ != TaskState::running) return;
  arm_flush_timer();
  if (more && !default_action_posted_) {
    default_action_posted_ = true;
    env_.scheduler().post(MailKind::process_input);
  }
}

void Task::process_one_buffer() {
  std::optional<InputGate::Next> next = gate_->poll();
  const auto header = load<BufferHeader>(next->buffer.data());
  if (header.kind != BufferKind::data) return process_event(next->channel, header);
  const bool intact = gate_->read(
      *next, [this](const RecordView& record) { head_->emit(record); },
      [&](TimeUs watermark_us) { advance_watermark(next->channel, watermark_us); });
  if (!intact) fail("a buffer does not decode");
}

void Task::advance_watermark(uint32_t channel, TimeUs watermark_us) {
  const auto advanced = watermarks_->advance(channel, watermark_us);
  if (!advanced) return;
  hit(Point::watermark_advance, {.value = static_cast<uint64_t>(*advanced)});
  head_->emit_watermark(*advanced);
}

void Task::process_event(uint32_t channel, const BufferHeader& header) {
  advance_watermark(channel, header.watermark_us);
  switch (header.kind) {
    case BufferKind::barrier:
      hit(Point::barrier_arrive, {.checkpoint = header.checkpoint, .value = channel});
      return barriers_->on_barrier(channel, {header.checkpoint, header.timestamp_us, header.final_checkpoint != 0});
    case BufferKind::cancel_barrier: return barriers_->on_cancel_barrier(channel, header.checkpoint);
    case BufferKind::end_of_data:
      if (++channels_at_end_ == gate_->channels()) reached_end_of_data();
      return;
    case BufferKind::watermark:
    case BufferKind::data: break;
  }
}

// The data are over, the task is not: it stays until the final checkpoint completed (FLIP-147), so that a sink's last
// transaction is committed like any other. Without checkpoints there is nothing to wait for.
void Task::reached_end_of_data() {
  end_of_data_ = true;
  if (partition_) {
    partition_->flush();
    partition_->broadcast_event(BufferKind::end_of_data, 0, 0, false);
  }
  const auto say = [this] {
    const TaskStateReport report{descriptor_.session, descriptor_.attempt, TaskState::running, "", {}};
    env_.network().send(descriptor_.job_manager, MailKind::end_of_data, encode(report));
  };
  if (!sink_) return say();
  sink_->finish(say);  // sent is not acknowledged: without checkpoints nothing else waits for the outside
}

void Task::arm_flush_timer() {
  if (flush_armed_ || end_of_data_) return;
  std::optional<DurationUs> after_us;
  if (partition_) after_us = partition_->flush_after(env_.clock().now());
  if (sink_ && sink_->has_unflushed()) after_us = descriptor_.sink.linger_us;
  if (!after_us) return;
  flush_armed_ = true;
  env_.scheduler().after(*after_us, MailKind::flush_timer);
}

void Task::on_flush_timer() {
  flush_armed_ = false;
  if (partition_) partition_->flush(env_.clock().now());
  if (sink_) sink_->flush();
  arm_flush_timer();
}

}  // namespace onceproof::dataflow
