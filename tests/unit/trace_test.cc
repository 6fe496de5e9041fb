// SPDX-License-Identifier: Apache-2.0
// The trace: prefix-stable ladder, and two runs that differ are told apart at their first differing event.
#include "simulator/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/world_actors.h"

namespace onceproof::simulator {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"p", "q"};

TraceEvent event_number(uint64_t i) {
  return {static_cast<TimeUs>(i * 10), static_cast<env::ProcessId>(i % 2), env::MailKind::tick, 1, i, 0, 0, 0};
}

Trace trace_of(uint64_t events, std::optional<uint64_t> stray = std::nullopt,
               std::optional<std::pair<uint64_t, uint64_t>> detail = std::nullopt) {
  Trace trace(8, detail);
  for (uint64_t i = 0; i < events; ++i) {
    TraceEvent event = event_number(i);
    if (stray == i) event.payload_hash = 77;
    trace.fold(event);
  }
  return trace;
}

TEST(Trace, EveryFieldOfAnEventChangesTheHash) {
  const auto hash_with = [](auto change) {
    Trace trace;
    TraceEvent event{100, 1, env::MailKind::tick, 1, 2, 3, 4, 5};
    change(event);
    trace.fold(event);
    return trace.hash();
  };
  const Hash128 base = hash_with([](TraceEvent&) {});
  EXPECT_EQ(base, hash_with([](TraceEvent&) {}));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.at_us; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.process; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { e.kind = env::MailKind::buffer; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.endpoint; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.a; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.b; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.payload_hash; }));
  EXPECT_NE(base, hash_with([](TraceEvent& e) { ++e.draws; }));
}

TEST(Trace, LadderOfAPrefixIsAPrefixOfTheLadder) {
  const Trace whole = trace_of(100);
  const Trace prefix = trace_of(43);
  ASSERT_EQ(whole.ladder().size(), 12u);
  ASSERT_EQ(prefix.ladder().size(), 5u);
  for (size_t i = 0; i < prefix.ladder().size(); ++i) EXPECT_EQ(prefix.ladder()[i], whole.ladder()[i]);
}

TEST(Trace, EqualRunsHaveNoDifference) { EXPECT_FALSE(first_difference(trace_of(50), trace_of(50), kNames)); }

TEST(Trace, StrayEventIsFoundInTwoPasses) {
  for (uint64_t stray = 0; stray < 50; ++stray) {
    const auto coarse = first_difference(trace_of(50), trace_of(50, stray), kNames);
    ASSERT_TRUE(coarse);
    EXPECT_FALSE(coarse->event);
    EXPECT_LE(coarse->begin, stray);
    EXPECT_GT(coarse->end, stray);
    const std::pair window(coarse->begin, coarse->end);
    const auto fine = first_difference(trace_of(50, std::nullopt, window), trace_of(50, stray, window), kNames);
    ASSERT_TRUE(fine);
    EXPECT_EQ(fine->event, stray);
    EXPECT_THAT(fine->words, HasSubstr("payload 000000000000004d"));
  }
}

TEST(Trace, RunThatEndsEarlyIsFoundAtItsEnd) {
  const std::pair<uint64_t, uint64_t> window(39, 48);
  const auto difference =
      first_difference(trace_of(44, std::nullopt, window), trace_of(60, std::nullopt, window), kNames);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->event, 44u);
  EXPECT_THAT(difference->words, HasSubstr("first run has ended"));
}

// A world of twenty timers in which the handler of one of them writes something else to the disk.
Trace run_with_stray_write(std::optional<uint64_t> stray, std::optional<std::pair<uint64_t, uint64_t>> detail) {
  WorldOptions options;
  options.ladder_stride = 4;
  options.detail = detail;
  World world(options);
  world.add_process("p", test::actor([&](env::Env& env, env::Mail& mail) {
                      if (mail.a < 20) env.scheduler().after(5'000, env::MailKind::tick, mail.a + 1);
                      env.storage().append("f", stray == mail.a ? "y" : "x", [](const Status&) {});
                    }));
  while (world.step()) {
  }
  return world.trace();
}

TEST(Trace, StrayEffectOfAHandlerIsFoundAtTheEventThatItHandled) {
  for (uint64_t stray = 0; stray <= 20; ++stray) {
    const auto coarse =
        first_difference(run_with_stray_write(std::nullopt, {}), run_with_stray_write(stray, {}), kNames);
    ASSERT_TRUE(coarse);
    const std::pair window(coarse->begin, coarse->end);
    const auto fine =
        first_difference(run_with_stray_write(std::nullopt, window), run_with_stray_write(stray, window), kNames);
    ASSERT_TRUE(fine);
    ASSERT_TRUE(fine->event) << fine->words;
    EXPECT_EQ(*fine->event, 3 * stray + 1) << "event 0 starts the process; the storage's call and answer follow each";
    EXPECT_THAT(fine->words, HasSubstr("did something else"));
    EXPECT_THAT(fine->words, HasSubstr("p handles"));
  }
}

}  // namespace
}  // namespace onceproof::simulator
