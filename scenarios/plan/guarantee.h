// SPDX-License-Identifier: Apache-2.0
// Guarantee: the end-to-end guarantee derived from a job's parts, with the reason for each step: the weakest
// link decides. Also the three consistent stacks that `--guarantee` configures, and the contradictions that
// are refused before a run begins. Rules after Flink's guarantee matrix and Kafka's transaction timeouts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/history.h"
#include "runtime/base/result.h"
#include "runtime/graph/job_config.h"

namespace onceproof::scenarios {

using checkers::Guarantee;

// The parts of a job that decide what it guarantees.
struct Stack {
  graph::OffsetCommit offsets = graph::OffsetCommit::with_checkpoint;
  bool checkpoints = true;
  graph::BarrierMode barriers = graph::BarrierMode::aligned;
  graph::SinkMode sink = graph::SinkMode::transactional;
  bool operator==(const Stack&) const = default;
};

Stack stack_for(Guarantee guarantee);  // one of the three; CHECKs on Guarantee::none
Stack stack_of(const graph::JobConfig& job);
void apply(const Stack& stack, graph::JobConfig& job);

// "at-most-once", "at-least-once", "exactly-once" in this order.
const std::vector<Guarantee>& all_guarantees();
std::optional<Guarantee> guarantee_named(std::string_view name);

// How the parts are spelled in scenarios, plans and explanations.
const char* to_string(graph::OffsetCommit offsets);
const char* to_string(graph::BarrierMode barriers);
const char* to_string(graph::SinkMode sink);
std::optional<graph::OffsetCommit> offsets_named(std::string_view name);
std::optional<graph::BarrierMode> barriers_named(std::string_view name);
std::optional<graph::SinkMode> sink_named(std::string_view name);
std::vector<std::string> offset_words();
std::vector<std::string> barrier_words();
std::vector<std::string> sink_words();

struct Reason {
  std::string part;     // "source offsets"
  std::string setting;  // "with-checkpoint"
  bool loses = false;
  bool duplicates = false;
  std::string why;  // one sentence
};
// In which order the results of one key (of one source partition, where there are no keys) first come out.
enum class Order : uint8_t {
  by_key,          // that of its windows, or of its source
  within_attempt,  // that, within what one attempt of the sink has written; an earlier one may still write behind a later
};
const char* to_string(Order order);

struct Derivation {
  Guarantee guarantee = Guarantee::none;
  Order order = Order::by_key;
  std::string order_why;
  std::vector<Reason> reasons;        // source first, sink last
  std::string weakest;                // the part that decides; empty when nothing weakens
  std::vector<checkers::Condition> conditions;  // what the claim takes for granted
  std::vector<std::string> warnings;    // risky, not refused
};
Derivation derive(const graph::JobConfig& job);

// The shortest transaction timeout with which a transactional sink of this job still claims exactly-once.
DurationUs needed_transaction_timeout_us(const graph::JobConfig& job);

// Kafka's transaction.max.timeout.ms: a broker refuses more at init.
inline constexpr DurationUs kBrokerMaxTransactionTimeoutUs = seconds(900);

// Contradictions: the error names the setting, both numbers and what would be valid.
Status check_consistent(const graph::JobConfig& job);

}  // namespace onceproof::scenarios
