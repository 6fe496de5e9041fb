// SPDX-License-Identifier: Apache-2.0
// The task's life cycle and its default action; checkpoints are in task_checkpoint.cc.
#include "runtime/dataflow/task.h"

#include <fmt/format.h>

namespace onceproof::dataflow {

using env::MailKind;
using env::Point;

Task::Task(env::Env& env, TaskDescriptor descriptor, std::shared_ptr<const Program> program)
    : env_(env), descriptor_(std::move(descriptor)), program_(std::move(program)), aborted_early_(descriptor_.checkpoint.max_concurrent) {}

Task::~Task() = default;

void Task::on_mail(env::Mail& mail) {
  if (is_terminal(state_)) return;  // the process drops this actor after the current mail
  switch (mail.kind) {
    case MailKind::start: return start();
    case MailKind::cancel_task: return end(TaskState::canceled, "");
    case MailKind::buffer:
      if (!gate_ || !gate_->receive(std::move(mail.body))) return fail("a buffer was lost or arrived twice");
      return run_default_action();
    case MailKind::process_input: default_action_posted_ = false; return run_default_action();
    case MailKind::add_credit: {
      AddCredit grant;
      if (!decode(mail.body, grant)) return;
      ResultPartition* const partition = chain_->partition(grant.source.partition);
      if (partition != nullptr && partition->on_add_credit(grant)) run_default_action();
      return finish_when_drained();
    }
    case MailKind::partition_request: {
      PartitionRequest request;
      if (!decode(mail.body, request)) return;
      ResultPartition* const partition = chain_->partition(request.source.partition);
      if (partition != nullptr && partition->on_partition_request(request, mail.from)) run_default_action();
      return finish_when_drained();
    }
    case MailKind::unknown_endpoint:
      if (static_cast<MailKind>(mail.b) == MailKind::partition_request && gate_) on_producer_missing(mail.a);
      return;
    case MailKind::partition_request_retry: return gate_->request_partition(static_cast<uint32_t>(mail.a));
    case MailKind::channel_closed: return fail("a producer task is gone");
    case MailKind::connection_lost: return on_connection_lost(static_cast<env::ProcessId>(mail.a));
    case MailKind::flush_timer: return on_flush_timer();
    case MailKind::sink_retry: return chain_->retry(mail.a);
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
  state_.go(TaskState::initializing);
  TaskContext& context = *this;
  chain_ = std::make_unique<OperatorChain>(context, *program_, descriptor_.finished_on_restore == 0);
  if (!descriptor_.inputs.empty()) {
    gate_ = std::make_unique<InputGate>(env_.network(), descriptor_.channel, descriptor_.inputs);
    const bool skip = descriptor_.bugs.has(SeededBug::skip_alignment);
    const auto mode = skip ? graph::BarrierMode::at_least_once : descriptor_.checkpoint.mode;
    barriers_ = make_barrier_handler(mode, *this, gate_->channels());
    watermarks_ = std::make_unique<WatermarkValve>(gate_->channels());
    request_backoff_us_.assign(gate_->channels(), descriptor_.channel.request_backoff_us);
  }
  restore_and_open();
}

void Task::restore_and_open() {
  if (descriptor_.restored_checkpoint == 0 || descriptor_.finished_on_restore != 0) return open(RestoredStates(), 0);
  if (descriptor_.state_file.empty()) return open(descriptor_.state);
  env_.storage().read(descriptor_.state_file, [this](const Result<Bytes>& file) {
    if (state_ != TaskState::initializing) return;  // ended meanwhile
    if (!file.ok()) return fail("state cannot be read: " + file.error().message);
    open(file.value());
  });
}

void Task::open(ByteView state) {
  Result<TaskSnapshot> snapshot = read_snapshot(state);
  if (!snapshot.ok()) return fail(snapshot.error().message);
  open(RestoredStates(snapshot.take()), state.size());
}

void Task::open(RestoredStates states, size_t bytes) {
  if (Status status = chain_->restore(std::move(states)); !status.ok()) return fail(status.error().message);
  hit(Point::restore_state, {.checkpoint = descriptor_.restored_checkpoint, .value = bytes});
  last_checkpoint_ = latest_notified_ = descriptor_.restored_checkpoint;
  pending_opens_ = 1 + chain_->opens();
  chain_->open([this] { opened(); });
  if (gate_) gate_->request_partitions();
  opened();
}

void Task::opened() {
  if (--pending_opens_ > 0 || state_ != TaskState::initializing) return;
  state_.go(TaskState::running);
  hit(Point::restore_done, {.checkpoint = descriptor_.restored_checkpoint});
  report("");
  if (descriptor_.finished_on_restore != 0 && !gate_) return reached_end_of_data();
  run_default_action();
}

void Task::fenced() {
  env_.network().send(descriptor_.job_manager, MailKind::sinks_fenced,
                      encode(Fenced{descriptor_.session, descriptor_.attempt}));
}

void Task::fail(const std::string& reason, Failure failure) { end(TaskState::failed, reason, failure); }

void Task::end(TaskState state, const std::string& reason, Failure failure) {
  if (is_terminal(state_)) return;
  state_.go(state);
  const Point point = state == TaskState::finished   ? Point::task_finished
                      : state == TaskState::canceled ? Point::task_canceled
                                                     : Point::task_failed;
  hit(point, {.text = reason});
  if (chain_ && state == TaskState::finished) {
    chain_->broadcast_event(BufferKind::end_of_partition);
  } else if (chain_) {
    chain_->close();
  }
  report(reason, failure);
  env_.scheduler().stop(env_.network().self().endpoint);
}

void Task::report(const std::string& reason, Failure failure) {
  const TaskStateReport report{descriptor_.session, descriptor_.attempt, state_, reason, failure};
  env_.network().send({env_.network().self().process, env::kMainEndpoint}, MailKind::task_update, encode(report));
}

// A producer whose last word was read is free to go; so is a consumer, which fails by itself and takes the region
// with it.
void Task::on_connection_lost(env::ProcessId peer) {
  for (uint32_t channel = 0; gate_ && channel < gate_->channels(); ++channel) {
    if (gate_->descriptor(channel).producer.process == peer && !barriers_->ended(channel))
      return fail("the connection to a producer was lost");
  }
}

// Not deployed yet, or not any more: asked again, each time after twice as long; then it will never be there.
void Task::on_producer_missing(env::Endpoint producer) {
  for (uint32_t channel = 0; channel < gate_->channels(); ++channel) {
    if (gate_->descriptor(channel).producer.endpoint != producer || barriers_->ended(channel)) continue;
    DurationUs& wait_us = request_backoff_us_[channel];
    if (wait_us > descriptor_.channel.request_backoff_max_us) return fail("a producer task was never there");
    env_.scheduler().after(wait_us, MailKind::partition_request_retry, channel);
    wait_us *= 2;
  }
}

// ---- the default action --------------------------------------------------------------------------------

void Task::resume() { run_default_action(); }

// One buffer (or one helping of source records) a mail; the next helping queues behind whatever mail came meanwhile.
void Task::run_default_action() {
  run_triggers();
  if (!active() || default_action_posted_ || !chain_->available()) return;
  bool more = false;
  SourceOperator* const source = chain_->source();
  if (source != nullptr && state_ == TaskState::running) {
    more = source->poll();
    charge_for_work();
    if (state_ != TaskState::running) return;
    if (source->at_end()) {
      reached_end_of_data();
      more = false;
    }
  } else if (gate_) {
    if (gate_->has_input()) process_one_buffer();
    more = gate_->has_input();
  }
  if (!active()) return;
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
  const uint32_t port = gate_->descriptor(next->channel).port;
  const bool intact = gate_->read(
      *next, [this, port](const RecordView& record) { chain_->emit(port, record); },
      [&](TimeUs watermark_us) { advance_watermark(next->channel, watermark_us); });
  charge_for_work();
  if (!intact) fail("a buffer does not decode");
}

void Task::advance_watermark(uint32_t channel, TimeUs watermark_us) {
  const auto advanced = watermarks_->advance(channel, watermark_us);
  if (!advanced) return;
  hit(Point::watermark_advance, {.value = static_cast<uint64_t>(*advanced)});
  chain_->emit_watermark(*advanced);
}

void Task::charge_for_work() {
  const auto [records, bytes] = chain_->take_work();
  env_.scheduler().charge(records, bytes);
}

void Task::process_event(uint32_t channel, const BufferHeader& header) {
  advance_watermark(channel, header.watermark_us);
  switch (header.kind) {
    case BufferKind::barrier:
      hit(Point::barrier_arrive, {.checkpoint = header.checkpoint, .value = channel});
      return barriers_->on_barrier(channel, {header.checkpoint, header.timestamp_us});
    case BufferKind::cancel_barrier: return barriers_->on_cancel_barrier(header.checkpoint);
    case BufferKind::end_of_data:
      if (++channels_at_end_ == gate_->channels()) reached_end_of_data();
      return;
    case BufferKind::end_of_partition: return barriers_->on_end_of_partition(channel);
    case BufferKind::watermark:
    case BufferKind::data: break;
  }
}

// The data are over, the task is not: it stays until a checkpoint that covers its end completed (FLIP-147), so that a
// sink's last transaction is committed like any other. Without checkpoints it stays until what it wrote has arrived.
void Task::reached_end_of_data() {
  state_.go(TaskState::finishing);
  if (!gate_) chain_->emit_watermark(kMaxTimeUs);  // behind a gate it came through the channels
  chain_->flush_partitions();
  chain_->broadcast_event(BufferKind::end_of_data);
  report("");
  // Sent is not acknowledged: without checkpoints nothing else waits for the outside.
  chain_->finish([this] {
    outside_done_ = !descriptor_.checkpoint.enabled;
    finish_when_drained();
  });
}

void Task::finish_when_drained() {
  if (state_ == TaskState::finishing && outside_done_ && chain_->drained())
    end(TaskState::finished, "");
}

void Task::arm_flush_timer() {
  if (flush_armed_ || state_ == TaskState::finishing) return;
  const std::optional<DurationUs> after_us = chain_->flush_after(env_.clock().now(), descriptor_.sink.linger_us);
  if (!after_us) return;
  flush_armed_ = true;
  env_.scheduler().after(*after_us, MailKind::flush_timer);
}

void Task::on_flush_timer() {
  flush_armed_ = false;
  chain_->flush(env_.clock().now());
  arm_flush_timer();
}

}  // namespace onceproof::dataflow
