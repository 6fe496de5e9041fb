// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/knobs.h"

#include <algorithm>
#include <limits>

namespace onceproof::scenarios {

namespace {

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr int64_t kMega = 1 << 20;

#define KNOB(section, name, member, scale, low, high, what)                                                      \
  Knob {                                                                                                         \
    section, name, low, high,                                                                                    \
        [](RunPlan& plan, int64_t value) { plan.member = static_cast<decltype(plan.member)>(value * (scale)); }, \
        [](const RunPlan& plan) { return static_cast<int64_t>(plan.member) / (scale); }, what                    \
  }
// A word of a list: the position in it is the enum's value.
#define WORD_KNOB(section, name, member, what, ...)                                                        \
  Knob {                                                                                                   \
    section, name, 0, static_cast<int64_t>(std::vector<std::string>{__VA_ARGS__}.size()) - 1,              \
        [](RunPlan& plan, int64_t value) { plan.member = static_cast<decltype(plan.member)>(value); },     \
        [](const RunPlan& plan) { return static_cast<int64_t>(plan.member); }, what, {                     \
      __VA_ARGS__                                                                                          \
    }                                                                                                      \
  }

// clang-format off
const std::vector<Knob> kKnobs = {
    KNOB("", "parallelism", job.plan.parallelism, 1, 1, 64, "subtasks of every operator"),
    KNOB("", "max_parallelism", job.plan.max_parallelism, 1, 1, 32768, "number of key groups"),
    KNOB("", "extra_stage", extra_stage, 1, 0, 1, "1: before its exchange the pipeline that is drawn has one more stage, a map behind an exchange of its own"),
    KNOB("", "transaction_timeout_ms", job.sink.transaction_timeout_us, 1000, 1, kDayMs, "after this long the broker aborts an open transaction"),
    KNOB("", "liveness_bound_ms", liveness_bound_us, 1000, 1000, kDayMs, "how long after the last fault and the input's end the run may take to finish"),
    KNOB("", "event_limit", event_limit, 1, 1000, kMostEvents, "a run that handles more events is stopped and inconclusive"),
    KNOB("input", "partitions", job.source.partitions, 1, 1, 256, "partitions of the source topic; lines go round-robin"),
    KNOB("input", "span_ms", input.span_us, 1000, 0, kDayMs, "event time that the input is spread over"),
    KNOB("input", "linger_ms", input.linger_us, 1000, 0, kDayMs, "the producer's linger: records appear in the source topic in steps of this"),
    KNOB("input", "backlog_percent", input.backlog_percent, 1, 0, 100, "so much of the input is there from the start: catch-up"),
    KNOB("input", "disorder_percent", input.disorder_percent, 1, 0, 100, "timestamps lag behind by up to this share of source.out_of_orderness_ms: never late"),
    KNOB("input", "edge_percent", input.edge_percent, 1, 0, 100, "so many records go to their window's edge or just before, where that lag allows it"),
    KNOB("input", "step_ms", input.step_us, 1000, 0, kDayMs, "timestamps are multiples of this, so that many are equal; 0: as they come"),
    KNOB("input", "empty_partitions", input.empty_partitions, 1, 0, 255, "partitions that get nothing; one always gets something"),
    KNOB("input", "idle_partitions", input.idle_partitions, 1, 0, 255, "partitions that get nothing for a long time, or nothing more after half of the input"),
    KNOB("input.generated", "records", input.generated.records, 1, 0, 10'000'000, "generated records"),
    KNOB("input.generated", "distinct", input.generated.distinct, 1, 1, 1'000'000, "different words"),
    KNOB("input.generated", "words", input.generated.words, 1, 1, 1000, "words of a record"),
    KNOB("input.generated", "numbers", input.generated.numbers, 1, 0, 100, "numbers from 0 to 999 behind each word, separated by commas"),
    KNOB("input.generated", "zipf_percent", input.generated.zipf_percent, 1, 0, 100, "so many words follow Zipf's law (hot keys), the others are equally frequent"),
    KNOB("input.generated", "empty_percent", input.generated.empty_percent, 1, 0, 100, "so many records are empty"),
    KNOB("input.generated", "huge_one_in", input.generated.huge_one_in, 1, 0, 1'000'000, "one record in so many is one huge word; 0: none"),
    KNOB("input.generated", "huge_bytes", input.generated.huge_bytes, 1, 1, kMega, "and has this length"),
    KNOB("cluster", "task_managers", cluster.task_managers, 1, 1, 32, "task manager processes"),
    KNOB("cluster", "slots", job.slots_per_task_manager, 1, 1, 64, "slots of each task manager"),
    KNOB("cluster", "brokers", cluster.brokers, 1, 1, 16, "broker processes of the log"),
    KNOB("cluster", "registration_retry_ms", job.cluster.registration_retry_us, 1000, 1, kDayMs, "first wait of a task manager for an answer to its registration; it doubles"),
    KNOB("cluster", "registration_retry_max_ms", job.cluster.registration_retry_max_us, 1000, 1, kDayMs, "and the longest"),
    KNOB("cluster", "resource_wait_ms", job.cluster.resource_wait_us, 1000, 0, kDayMs, "the first deployment waits so long for all task managers"),
    KNOB("cluster", "deploy_timeout_ms", job.cluster.deploy_timeout_us, 1000, 1, kDayMs, "a deployment that was not answered is sent again"),
    KNOB("cluster", "deploy_tries", job.cluster.deploy_tries, 1, 1, 1000, "so often; then its region fails"),
    KNOB("cluster", "cancel_timeout_ms", job.cluster.cancel_timeout_us, 1000, 1, kDayMs, "a cancellation that was not answered is sent again"),
    KNOB("cluster", "cancel_tries", job.cluster.cancel_tries, 1, 1, 1000, "so often; then the task manager is given up"),
    KNOB("checkpoint", "interval_ms", job.checkpoint.interval_us, 1000, 10, kDayMs, "a checkpoint is triggered this often"),
    KNOB("checkpoint", "timeout_ms", job.checkpoint.timeout_us, 1000, 10, kDayMs, "a checkpoint that takes longer is aborted"),
    KNOB("checkpoint", "min_pause_ms", job.checkpoint.min_pause_us, 1000, 0, kDayMs, "least time between the end of one checkpoint and the next"),
    KNOB("checkpoint", "max_concurrent", job.checkpoint.max_concurrent, 1, 1, 16, "checkpoints that may be under way at once"),
    KNOB("checkpoint", "tolerable_failures", job.checkpoint.tolerable_failures, 1, 0, 1000, "failed checkpoints in a row before the job restarts"),
    KNOB("checkpoint", "retained", job.checkpoint.retained, 1, 1, 100, "completed checkpoints that are kept"),
    KNOB("checkpoint", "inline_threshold_bytes", job.checkpoint.inline_threshold_bytes, 1, 0, kMega, "larger task state goes to a file of its own"),
    KNOB("checkpoint", "id_block", job.checkpoint.id_block, 1, 1, 1'000'000, "checkpoint ids that are reserved durably at a time"),
    KNOB("checkpoint", "storage_retry_ms", job.checkpoint.storage_retry_us, 1000, 1, kDayMs, "wait before the job manager asks a checkpoint storage again that refused"),
    WORD_KNOB("restart", "strategy", job.restart.strategy, "whether and when a failed job restarts", "none", "fixed-delay", "failure-rate", "exponential-delay"),
    KNOB("restart", "attempts", job.restart.attempts, 1, 0, std::numeric_limits<int32_t>::max(), "fixed-delay: restarts before the job fails"),
    KNOB("restart", "delay_ms", job.restart.delay_us, 1000, 0, kDayMs, "fixed-delay and failure-rate: wait before a restart"),
    KNOB("restart", "max_failures_per_interval", job.restart.max_failures_per_interval, 1, 0, 1'000'000, "failure-rate: one more within the interval fails the job"),
    KNOB("restart", "failure_rate_interval_ms", job.restart.failure_rate_interval_us, 1000, 1, kDayMs, "failure-rate: the interval"),
    KNOB("restart", "initial_backoff_ms", job.restart.initial_backoff_us, 1000, 1, kDayMs, "exponential-delay: the first wait, and the shortest"),
    KNOB("restart", "max_backoff_ms", job.restart.max_backoff_us, 1000, 1, kDayMs, "exponential-delay: the longest wait"),
    KNOB("restart", "backoff_multiplier_percent", job.restart.backoff_multiplier_percent, 1, 100, 10'000, "exponential-delay: each wait is so much of the one before"),
    KNOB("restart", "reset_backoff_threshold_ms", job.restart.reset_backoff_threshold_us, 1000, 1, kDayMs, "exponential-delay: after so long without a failure it begins anew"),
    KNOB("restart", "jitter_percent", job.restart.jitter_percent, 1, 0, 100, "exponential-delay: a wait is shorter or longer by up to this share"),
    KNOB("restart", "attempts_before_reset", job.restart.attempts_before_reset, 1, 1, std::numeric_limits<int32_t>::max(), "exponential-delay: restarts before the job fails, unless it began anew"),
    KNOB("heartbeat", "interval_ms", job.heartbeat.interval_us, 1000, 10, kDayMs, "heartbeats between job manager and task managers"),
    KNOB("heartbeat", "timeout_ms", job.heartbeat.timeout_us, 1000, 10, kDayMs, "silence after which the other side is given up"),
    KNOB("channel", "buffer_bytes", job.channel.buffer_bytes, 1, 16, kMega, "size of a buffer between two tasks"),
    KNOB("channel", "exclusive_buffers", job.channel.exclusive_buffers, 1, 1, 1024, "credits of a channel"),
    KNOB("channel", "pool_buffers", job.channel.pool_buffers, 1, 1, 4096, "output buffers of a task before it stops taking input"),
    KNOB("channel", "buffer_timeout_ms", job.channel.buffer_timeout_us, 1000, 0, kDayMs, "a buffer that is not full leaves after this long"),
    KNOB("channel", "lone_watermark_us", job.channel.lone_watermark_us, 1, 0, 60'000'000, "watermarks without data leave a task with n consumers at most every n times this"),
    KNOB("channel", "request_backoff_ms", job.channel.request_backoff_us, 1000, 1, kDayMs, "first wait before a missing producer is asked again; it doubles"),
    KNOB("channel", "request_backoff_max_ms", job.channel.request_backoff_max_us, 1000, 1, kDayMs, "beyond this wait the consumer fails"),
    KNOB("source", "fetch_bytes", job.source.fetch_bytes, 1, 16, 64 * kMega, "most bytes of one fetch from the log"),
    KNOB("source", "fetch_wait_ms", job.source.fetch_wait_us, 1000, 1, kDayMs, "longest wait of a fetch for a first record"),
    KNOB("source", "fetch_wait_max_ms", job.source.fetch_wait_max_us, 1000, 1, kDayMs, "it doubles up to this while nothing comes"),
    KNOB("source", "out_of_orderness_ms", job.source.out_of_orderness_us, 1000, 0, kDayMs, "how far the watermark stays behind the largest timestamp"),
    KNOB("source", "helping_records", job.source.helping_records, 1, 1, 65536, "records that a source emits before it looks at other mail"),
    KNOB("source", "patience_ms", job.source.patience_us, 1000, 1, kDayMs, "an offset commit whose outcome stays unknown for so long fails the attempt"),
    KNOB("sink", "partitions", job.sink.partitions, 1, 1, 64, "partitions of the sink topic"),
    KNOB("sink", "linger_ms", job.sink.linger_us, 1000, 0, kDayMs, "a batch that is not full leaves after this long"),
    KNOB("sink", "batch_bytes", job.sink.batch_bytes, 1, 16, 64 * kMega, "size of a batch that leaves at once"),
    KNOB("sink", "max_outstanding", job.sink.max_outstanding, 1, 1, 1024, "batches that the log has not acknowledged, before the sink takes no more"),
    KNOB("sink", "probe_window", job.sink.probe_window, 1, 1, 1024, "earlier generations that a restored sink fences at once"),
    KNOB("sink", "patience_ms", job.sink.patience_us, 1000, 1, kDayMs, "a producer id that the log has not given for so long fails the attempt"),
    KNOB("sink", "commit_retry_ms", job.sink.commit_retry_us, 1000, 1, kDayMs, "how often a log is asked again that does not know a transaction which is to be committed"),
    WORD_KNOB("sink", "lost_transaction", job.sink.lost_transaction, "what a pre-committed transaction that the log no longer has does to the job", "fail-job", "continue"),
    KNOB("log", "replication_factor", log.replication_factor, 1, 1, 16, "copies of every partition; at most as many as brokers"),
    KNOB("log", "min_isr", log.min_isr, 1, 1, 16, "copies that must be in sync before a leader takes records"),
    KNOB("log", "transaction_partitions", log.transaction_partitions, 1, 1, 64, "partitions of the transaction log: transactional ids are spread over them"),
    KNOB("log", "offsets_partitions", log.offsets_partitions, 1, 1, 64, "partitions of the offsets log: groups are spread over them"),
    Knob{"log", "transactions_v2", 0, 1,
         [](RunPlan& plan, int64_t value) {
           plan.log.transaction_version =
               value != 0 ? simulator::log::TransactionVersion::v2 : simulator::log::TransactionVersion::classic;
         },
         [](const RunPlan& plan) {
           return plan.log.transaction_version == simulator::log::TransactionVersion::v2 ? int64_t{1} : int64_t{0};
         },
         "1: every end of a transaction raises the producer's epoch (KIP-890); 0: the classic protocol"},
    KNOB("log", "last_epoch", log.last_epoch, 1, 1, 32766, "producer epochs go to here, then the producer id changes"),
    KNOB("log", "expiry_check_ms", log.broker.expiry_check_us, 1000, 1, kDayMs, "a coordinator looks this often for transactions beyond their timeout"),
    KNOB("log", "marker_retry_ms", log.broker.marker_retry_us, 1000, 1, kDayMs, "markers that are not acknowledged are sent again"),
    KNOB("log", "verify_timeout_ms", log.broker.verify_timeout_us, 1000, 1, kDayMs, "how long a leader waits for the coordinator's word on a transaction"),
    KNOB("log", "coordinator_load_ms", log.broker.coordinator_load_us, 1000, 0, kDayMs, "how long a new coordinator reads before it serves"),
    KNOB("log", "session_timeout_ms", log.broker.session_timeout_us, 1000, 10, kDayMs, "a broker that is silent for so long loses what it leads"),
    KNOB("log", "heartbeat_ms", log.broker.heartbeat_us, 1000, 10, kDayMs, "heartbeats of brokers to the controller, with replication"),
    KNOB("log", "replica_lag_ms", log.broker.replica_lag_us, 1000, 10, kDayMs, "a follower that is behind for so long leaves the in-sync set"),
    KNOB("log", "replica_wait_ms", log.broker.replica_wait_us, 1000, 1, kDayMs, "a follower's fetch without an answer is sent again"),
    KNOB("log", "move_leader_ms", log.broker.move_leader_us, 1000, 0, kDayMs, "with replication: one leader or coordinator is moved this often, away and back; 0: never"),
    KNOB("log", "request_timeout_ms", log.client.request_timeout_us, 1000, 1, kDayMs, "a client drops the connection to a broker that does not answer"),
    KNOB("log", "retry_backoff_ms", log.client.retry_backoff_us, 1000, 1, kDayMs, "a client's wait before it sends a request again"),
    KNOB("log", "reconnect_backoff_ms", log.client.reconnect_backoff_us, 1000, 0, kDayMs, "a client's wait before it connects again to a broker that it lost; it doubles"),
    KNOB("log", "reconnect_backoff_max_ms", log.client.reconnect_backoff_max_us, 1000, 0, kDayMs, "and the longest"),
    KNOB("log", "delivery_timeout_ms", log.client.delivery_timeout_us, 1000, 1, kDayMs, "a client gives up after this long"),
    KNOB("log", "max_in_flight", log.client.max_in_flight, 1, 1, 5, "batches of one producer and partition on their way at once"),
    KNOB("network", "min_us", network.min_us, 1, 1, 60'000'000, "shortest one-way delay of a message"),
    KNOB("network", "typical_us", network.typical_us, 1, 1, 60'000'000, "longest usual one-way delay of a message"),
    KNOB("network", "tail_us", network.tail_us, 1, 1, 60'000'000, "longest delay of the rare slow message"),
    KNOB("network", "tail_one_in", network.tail_one_in, 1, 0, 1'000'000, "one message in so many is slow; 0: none"),
    KNOB("network", "loopback_us", network.loopback_us, 1, 1, 60'000'000, "delay of a message inside a process"),
    KNOB("cpu", "per_mail_us", cpu.per_mail_us, 1, 0, 1'000'000, "what handling a mail costs its actor"),
    KNOB("cpu", "per_kib_us", cpu.per_kib_us, 1, 0, 1'000'000, "and for each KiB of its body"),
    KNOB("cpu", "per_record_ns", cpu.per_record_ns, 1, 0, 1'000'000'000, "what a task pays for each record"),
    KNOB("cpu", "per_record_byte_ns", cpu.per_record_byte_ns, 1, 0, 1'000'000, "and for each byte of it"),
    KNOB("disk", "append_us", disk.append_us, 1, 0, 60'000'000, "what an append costs its actor"),
    KNOB("disk", "per_kib_us", disk.per_kib_us, 1, 0, 60'000'000, "and for each KiB"),
    KNOB("disk", "sync_us", disk.sync_us, 1, 0, 60'000'000, "what a sync costs"),
    KNOB("disk", "read_us", disk.read_us, 1, 0, 60'000'000, "what a read costs"),
};
// clang-format on

#undef KNOB
#undef WORD_KNOB

}  // namespace

const std::vector<Knob>& all_knobs() { return kKnobs; }

std::optional<int> knob_index(std::string_view section, std::string_view name) {
  for (size_t i = 0; i < kKnobs.size(); ++i) {
    if (section == kKnobs[i].section && name == kKnobs[i].name) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::string knob_path(const Knob& knob) {
  return *knob.section == '\0' ? knob.name : std::string(knob.section) + "." + knob.name;
}

std::vector<std::string> knob_sections() {
  std::vector<std::string> sections;
  for (const Knob& knob : kKnobs) {
    if (std::find(sections.begin(), sections.end(), knob.section) == sections.end()) sections.push_back(knob.section);
  }
  return sections;
}

std::vector<std::string> knob_names(std::string_view section) {
  std::vector<std::string> names;
  for (const Knob& knob : kKnobs) {
    if (section == knob.section) names.push_back(knob.name);
  }
  return names;
}

}  // namespace onceproof::scenarios
