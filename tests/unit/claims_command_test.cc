// SPDX-License-Identifier: Apache-2.0
// The command `list claims`: its table, its JSON, its runs and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "tests/support/command_line.h"

namespace onceproof::scenarios::cli {
namespace {

using testing::HasSubstr;
using tests::Answer;

Answer call(Options options) {
  options.target = "claims";
  return tests::answer_of([&] { return list_command(options); });
}

TEST(ClaimsCommand, PrintsEveryClaimWithItsConditionsAndTheDamageThatWasSeen) {
  const Answer answer = call({});
  EXPECT_EQ(answer.code, kValid);
  EXPECT_THAT(answer.out, HasSubstr("offsets before-processing, no checkpoints"));
  EXPECT_THAT(answer.out, HasSubstr("offsets with-checkpoint, barriers aligned"));
  EXPECT_THAT(answer.out, HasSubstr("recovery"));
  EXPECT_EQ(answer.err, "");
}

TEST(ClaimsCommand, ItsJsonNamesEachCombinationOnce) {
  Options options;
  options.json = true;
  const auto json = nlohmann::json::parse(call(options).out);
  size_t combinations = 0;
  for (const auto& row : json.at("claims")) combinations += row.at("combinations").size();
  EXPECT_EQ(combinations, 144u);
  EXPECT_EQ(json.at("claims").back().at("claim"), "at-most-once");
  EXPECT_EQ(json.at("claims").back().at("seen"), "loss");
  EXPECT_FALSE(json.contains("violations")) << "nothing was run";
}

TEST(ClaimsCommand, RunsAreCountedAndTheSameRunsGiveTheSameAnswer) {
  Options options;
  options.json = true;
  options.runs = "12";
  options.first_seed = "30";
  const Answer answer = call(options);
  EXPECT_EQ(answer.code, kValid);
  const auto json = nlohmann::json::parse(answer.out);
  uint64_t runs = 0;
  for (const auto& row : json.at("claims")) runs += row.at("runs").at("runs").get<uint64_t>();
  EXPECT_EQ(runs, 12u);
  EXPECT_TRUE(json.at("violations").empty());
  EXPECT_EQ(call(options).out, answer.out);
}

TEST(ClaimsCommand, RefusesWhatItCannotDo) {
  Options options;
  options.runs = "none";
  EXPECT_EQ(call(options).code, kUsage);
  options.runs = "0";
  EXPECT_EQ(call(options).code, kUsage);
  Options other;
  other.runs = "5";
  other.target = "points";
  testing::internal::CaptureStderr();
  EXPECT_EQ(list_command(other), kUsage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("belong to `list claims`"));
}

}  // namespace
}  // namespace onceproof::scenarios::cli
