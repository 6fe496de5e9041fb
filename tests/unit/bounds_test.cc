// SPDX-License-Identifier: Apache-2.0
// Bounds follow from the configuration: what channels and clients of the log can carry, what deployments and answers take.
#include "scenarios/run/bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/draw.h"
#include "scenarios/plan/language.h"
#include "scenarios/run/runner.h"

namespace onceproof::scenarios {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// 1,000 one-word records of six bytes, counted in windows of 5 s: two tasks on two task managers.
RunPlan small() {
  const auto scenario = parse_scenario(
      R"({"name": "small", "input": {"generated": {"records": 1000, "distinct": 100}, "partitions": 2, "span_ms": 20000},
          "pipeline": [{"source": "log"}, {"key_by": "value"}, {"window": {"tumbling_ms": 5000}}, {"aggregate": "count"},
                       {"sink": "log"}],
          "cluster": {"task_managers": 2, "slots": 1, "brokers": 1}, "parallelism": 2, "transaction_timeout_ms": 900000,
          "network": {"typical_us": 1000, "tail_us": 1000, "tail_one_in": 0}, "cpu": {"per_mail_us": 0, "per_kib_us": 0}})",
      "small.json");
  CHECK(scenario.ok(), scenario.error().message.c_str());
  return draw_plan(scenario.value(), 1, {}).take();
}

Workload workload_of(const RunPlan& plan) { return prepare_input(plan).value().workload; }
std::string why(const RunPlan& plan) { return why_no_progress_is_owed(plan, workload_of(plan)); }
Backlog backlog(const RunPlan& plan) { return backlog_of(plan, workload_of(plan)); }

TEST(Bounds, ProgressIsOwedInEveryScenarioOfTheCatalogueAsItStands) {
  for (const std::string& name : catalogue_names()) {
    if (name == "expiry") continue;  // its transactions are meant to time out
    Scenario scenario = load_scenario(name).take();
    scenario.swarm = {};
    const Result<RunPlan> plan = draw_plan(scenario, 1, {});
    ASSERT_TRUE(plan.ok()) << name;
    EXPECT_THAT(why(plan.value()), IsEmpty()) << name;
  }
}

TEST(Bounds, KnowWhatAnInputIsToAChannel) {
  const RunPlan plan = small();
  const Workload workload = workload_of(plan);
  EXPECT_EQ(workload.records, 1000);
  EXPECT_EQ(workload.elements, 1000);
  EXPECT_EQ(workload.element_bytes, 1000 * (21 + 8) + 2 * workload.bytes) << "key and value";
  EXPECT_GT(workload.results, 100) << "two windows that end within the length of one";
  EXPECT_LE(workload.results, 2 * 100) << "of a hundred words";
}

TEST(Bounds, AChannelCarriesItsBuffersOnceARoundTrip) {
  RunPlan plan = small();
  plan.job.channel.buffer_bytes = 100;
  plan.job.channel.exclusive_buffers = 2;
  plan.job.channel.pool_buffers = 8;
  EXPECT_EQ(backlog(plan).round_trip_us, milliseconds(2));
  EXPECT_EQ(backlog(plan).bytes_a_round_trip, 200);
  const DurationUs once_us = backlog(plan).channels_us;
  EXPECT_GE(once_us, 8 / 2 * milliseconds(2) + 64 * 40 * 3 / 4 / 200 * milliseconds(2)) << "the pool, and a helping";
  plan.job.source.helping_records = 1;
  EXPECT_LT(backlog(plan).channels_us, 6 * milliseconds(2));
  plan = small();
  plan.job.channel.buffer_bytes = 100;
  plan.job.channel.exclusive_buffers = 4;
  EXPECT_LT(backlog(plan).channels_us, once_us) << "more credit carries more";
  plan.network.typical_us = plan.network.tail_us = milliseconds(10);
  EXPECT_GT(backlog(plan).channels_us, once_us) << "a longer link carries less";
  plan.network.loopback_us = milliseconds(100);
  EXPECT_EQ(backlog(plan).round_trip_us, milliseconds(200)) << "the slowest one counts";
}

TEST(Bounds, OwesNoCheckpointThatCannotGetThroughItsChannels) {
  RunPlan plan = small();
  plan.job.channel.buffer_bytes = 16;
  plan.job.channel.exclusive_buffers = 1;
  plan.network.loopback_us = milliseconds(500);
  plan.job.checkpoint.timeout_us = seconds(60);
  EXPECT_THAT(why(plan), HasSubstr("a channel carries 16 bytes in 1000 ms"));
  EXPECT_EQ(bounds_of(plan, workload_of(plan)).checkpoint_us, 0);
  plan.job.checkpoint.timeout_us = seconds(600);
  EXPECT_THAT(why(plan), IsEmpty());
  EXPECT_GT(bounds_of(plan, workload_of(plan)).checkpoint_us, bounds_of(small(), workload_of(plan)).checkpoint_us);
  EXPECT_GT(liveness_of(plan, workload_of(plan)), liveness_of(small(), workload_of(plan)));
}

TEST(Bounds, OwesNoCheckpointThatItsSinkCannotFlushInTime) {
  RunPlan plan = small();
  plan.job.sink.batch_bytes = 16;
  plan.log.client.max_in_flight = 1;
  plan.job.checkpoint.timeout_us = milliseconds(250);
  EXPECT_THAT(why(plan), HasSubstr("until the sink's batches are acknowledged"));
  plan.job.sink.batch_bytes = 16'384;
  EXPECT_THAT(why(plan), IsEmpty());
}

TEST(Bounds, OwesNothingWhereConsumersGiveUpBeforeTheirProducersCanBeThere) {
  RunPlan plan = small();
  plan.job.channel.request_backoff_us = milliseconds(1);
  plan.job.channel.request_backoff_max_us = milliseconds(2);  // 1 ms, then 2 ms: 3 ms
  EXPECT_THAT(why(plan), IsEmpty());
  plan.network.tail_us = milliseconds(4);
  EXPECT_THAT(why(plan), IsEmpty()) << "no message is in the tail";
  plan.network.tail_one_in = 1000;
  EXPECT_THAT(why(plan), StartsWith("a consumer asks for its producer for 3 ms"));
  set_pipeline(plan, PipelineSpec{{.kind = StepKind::source}, {.kind = StepKind::sink}});
  EXPECT_THAT(why(plan), IsEmpty()) << "there are no consumers";
}

// Whoever waits for a day before it asks again gets no further before that.
TEST(Bounds, KnowEveryWaitOfARecovery) {
  constexpr DurationUs kDay = seconds(86'400);
  const DurationUs usual_us = bounds_of(small(), workload_of(small())).recovery_us;
  const auto longer = [&](auto change) {
    RunPlan plan = small();
    change(plan);
    const Workload workload = workload_of(plan);
    EXPECT_GE(liveness_of(plan, workload), liveness_of(small(), workload) + kDay - seconds(100));
    return bounds_of(plan, workload).recovery_us - usual_us;
  };
  EXPECT_GE(longer([](RunPlan& plan) { plan.log.client.retry_backoff_us = kDay; }), kDay - seconds(1));
  EXPECT_GE(longer([](RunPlan& plan) { plan.log.client.reconnect_backoff_us = kDay; }), kDay - seconds(1));
  EXPECT_GE(longer([](RunPlan& plan) { plan.log.broker.coordinator_load_us = kDay; }), kDay);
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.channel.request_backoff_us = kDay; }), kDay - seconds(1));
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.sink.commit_retry_us = kDay; }), kDay - seconds(1));
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.restart.delay_us = kDay; }), kDay - seconds(1));
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.cluster.registration_retry_us = kDay; }), kDay);
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.cluster.deploy_timeout_us = kDay; }), kDay);
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.cluster.resource_wait_us = kDay; }), kDay - seconds(2));
  EXPECT_GE(longer([](RunPlan& plan) { plan.job.checkpoint.storage_retry_us = kDay; }), kDay - seconds(1));
}

TEST(Bounds, OwesNothingWhereAnswersComeLaterThanAnybodyWaits) {
  RunPlan plan = small();
  plan.network.typical_us = plan.network.tail_us = milliseconds(30);
  plan.log.client.request_timeout_us = milliseconds(40);
  EXPECT_THAT(why(plan), StartsWith("a request to the log is given up after 40 ms, and an answer takes 60 ms"));
  plan.log.client.request_timeout_us = seconds(3);
  EXPECT_THAT(why(plan), IsEmpty());
  plan.job.heartbeat.timeout_us = plan.job.heartbeat.interval_us + milliseconds(50);
  EXPECT_THAT(why(plan), StartsWith("a task manager is missed"));
}

}  // namespace
}  // namespace onceproof::scenarios
