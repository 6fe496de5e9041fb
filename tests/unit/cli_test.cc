// SPDX-License-Identifier: Apache-2.0
// The command line's contract: exit codes, what goes to standard output and what to standard error.
#include "scenarios/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/base/check.h"
#include "runtime/real/files.h"
#include "tests/support/command_line.h"

namespace onceproof::scenarios::cli {
namespace {

using tests::Answer;
using tests::call;
using testing::HasSubstr;
using testing::StartsWith;

std::string folder() { return testing::TempDir() + "onceproof-cli-test"; }

Answer run_transform(std::vector<std::string> more) {
  std::vector<std::string> words = {"run", "transform", "--out", folder()};
  words.insert(words.end(), more.begin(), more.end());
  return call(words);
}

TEST(Cli, UnknownWordsEndWith64AndTheNearestWord) {
  for (const auto& [words, nearest] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"rnu"}, "\"run\""},
           {{"run", "word-cuont"}, "\"word-count\""},
           {{"run", "word-count", "--guarantee", "exactly-onc"}, "\"exactly-once\""},
           {{"run", "word-count", "--bug", "no-fencin"}, "\"no-fencing\""},
           {{"run", "word-count", "--sed", "1"}, "\"--seed\""},
           {{"run", "word-count", "--profile", "swam"}, "\"swarm\""},
           {{"list", "bugz"}, "\"bugs\""},
           {{"list", "history-shema"}, "\"history-schema\""},
           {{"chek", "runs"}, "\"check\""},
           {{"check", "runs", "--jsn"}, "\"--json\""}}) {
    const Answer answer = call(words);
    EXPECT_EQ(answer.code, 64) << words.back();
    EXPECT_THAT(answer.err, HasSubstr("did you mean " + nearest)) << words.back();
    EXPECT_EQ(answer.out, "");
  }
}

TEST(Cli, BadNumbersAndMissingArgumentsEndWith64) {
  EXPECT_EQ(call({}).code, 64);
  EXPECT_EQ(call({"run"}).code, 64);
  EXPECT_EQ(call({"run", "word-count", "--seed", "seven"}).code, 64);
  EXPECT_EQ(call({"run", "word-count", "--seed", "-1"}).code, 64);
  EXPECT_EQ(call({"run", "word-count", "--seed", "0x"}).code, 64);
  EXPECT_EQ(call({"run", "word-count", "--input", "no-such-file"}).code, 64);
  EXPECT_EQ(call({"run", "word-count", "--input", "/"}).code, 64);
  EXPECT_EQ(call({"run", "no-such.json"}).code, 64);
  EXPECT_EQ(call({"replay", "no-such-folder"}).code, 64);
  EXPECT_EQ(call({"check", "no-such-folder"}).code, 64);
  EXPECT_EQ(call({"check", "/"}).code, 64);
  EXPECT_EQ(call({"check", "/dev/zero"}).code, 64);
  EXPECT_EQ(call({"sweep", "word-count", "--shard", "9/8"}).code, 64);
}

// Whatever breaks an invariant: never 134, and a person learns what to report.
TEST(CliDeathTest, AFailedCheckEndsWith70AndSaysWhatToReport) {
  EXPECT_EQ(call({"version"}).code, 0);  // the program's handler is in place from here on
  EXPECT_EXIT(CHECK(1 + 1 == 3, "arithmetic"), testing::ExitedWithCode(70),
              "internal error at .*arithmetic.*(.|\n)*Please report.*(.|\n)*onceproof version");
}

TEST(Cli, ASweepWithoutSeedsMatchesNothing) { EXPECT_EQ(call({"sweep", "word-count", "--seeds", "0"}).code, 4); }

TEST(Cli, HelpAndVersionEndWith0OnStandardOutput) {
  EXPECT_EQ(call({"--help"}).code, 0);
  EXPECT_THAT(call({"version"}).out, StartsWith("onceproof "));
  for (const char* command : {"list", "run", "replay", "check", "sweep", "bench", "explain", "version"}) {
    const Answer answer = call({command, "--help"});
    EXPECT_EQ(answer.code, 0) << command;
    EXPECT_THAT(answer.out, HasSubstr("Examples:")) << command;
    EXPECT_THAT(answer.out, HasSubstr("Exit codes:")) << command;
  }
}

TEST(Cli, ListsAreTablesOrOneJsonObject) {
  EXPECT_THAT(call({"list"}).out, HasSubstr("word-count"));
  EXPECT_THAT(call({"list", "points"}).out, HasSubstr("sink.pre-commit"));
  for (const char* topic : {"scenarios", "profiles", "points", "mails", "bugs", "history"}) {
    const auto json = nlohmann::json::parse(call({"list", topic, "--json"}).out);
    EXPECT_EQ(json["schema"], 1);
    EXPECT_FALSE(json[topic].empty()) << topic;
  }
}

TEST(Cli, TheSchemaIsOneJsonDocumentWithAndWithoutJson) {
  const Answer answer = call({"list", "schema"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_TRUE(nlohmann::json::parse(answer.out)["properties"].contains("pipeline"));
  EXPECT_EQ(call({"list", "schema", "--json"}).out, answer.out);
}

TEST(Cli, CoverageNamesEveryPointAndFault) {
  const Answer answer = call({"list", "points", "--coverage", "--seeds", "1", "--json"});
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(answer.code, json["unexplained"].empty() ? 0 : 1);
  EXPECT_GT(json["runs"], 20);
  EXPECT_GT(json["points"].size(), 30u);
  for (const auto& point : json["points"]) {
    const bool never = point["effective"] == 0;
    EXPECT_EQ(never, point["reason"] != "") << point["name"];
  }
  EXPECT_EQ(call({"list", "bugs", "--coverage"}).code, 64);
}

TEST(Cli, RunPrintsTheSeedFirstAndHowToReproduceLast) {
  const Answer answer = run_transform({"--seed", "0x2a"});
  EXPECT_THAT(answer.out, StartsWith("transform seed 0x2a\n"));
  EXPECT_THAT(answer.out, testing::EndsWith("reproduce: onceproof run transform --seed 0x2a\n"));
  EXPECT_THAT(answer.out, HasSubstr("report: "));
  EXPECT_EQ(answer.err, "");
}

TEST(Cli, RunWithJsonPrintsOneObjectAndNothingElse) {
  const Answer answer = run_transform({"--seed", "3", "--json"});
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(json["schema"], 1);
  ASSERT_EQ(json["runs"].size(), 3u);
  EXPECT_EQ(json["runs"][2]["claimed"], "exactly-once");
  EXPECT_EQ(json["runs"][2]["seed"], 3);
  EXPECT_EQ(json["reproduce"], "onceproof run transform --seed 0x3");
  EXPECT_TRUE(json["control"]["effective"].is_boolean());
  EXPECT_TRUE(real::exists(json["report"]));
  EXPECT_THAT(answer.err, HasSubstr("seed 0x3"));
  EXPECT_THAT(answer.err, HasSubstr("reproduce: onceproof run transform --seed 0x3\n"));
}

TEST(Cli, OneGuaranteeIsOneRun) {
  const Answer answer = run_transform({"--guarantee", "at-least-once", "--json"});
  const auto json = nlohmann::json::parse(answer.out);
  ASSERT_EQ(json["runs"].size(), 1u);
  EXPECT_EQ(json["runs"][0]["claimed"], "at-least-once");
  EXPECT_THAT(answer.err, HasSubstr("--guarantee at-least-once"));
}

TEST(Cli, AProfileIsPartOfHowToReproduce) {
  const Answer answer = run_transform({"--seed", "3", "--profile", "calm", "--json"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_THAT(answer.err, HasSubstr("reproduce: onceproof run transform --seed 0x3 --profile calm\n"));
  const auto json = nlohmann::json::parse(answer.out);
  for (const auto& run : json["runs"]) EXPECT_EQ(run["restarts"], 0);
}

TEST(Cli, AnEmptyInputIsInconclusive) {
  const std::string file = testing::TempDir() + "onceproof-empty.txt";
  ASSERT_TRUE(real::write_file_atomically(file, "").ok());
  const Answer answer = run_transform({"--input", file});
  EXPECT_EQ(answer.code, 2) << answer.out << answer.err;
}

TEST(Cli, AStoredRunReplaysToTheSameTrace) {
  const Answer first = run_transform({"--seed", "5", "--json"});
  const size_t begin = first.err.find("report: ") + 8;
  const std::string report = first.err.substr(begin, first.err.find('\n', begin) - begin);
  const std::string run_folder = report.substr(0, report.rfind('/'));
  for (const char* name : {"plan.json", "verdict.json", "junit.xml", "report.html", "exactly-once/history.jsonl",
                           "exactly-once/verdict.json", "exactly-once/trace.txt"}) {
    EXPECT_TRUE(real::exists(run_folder + "/" + name)) << name;
  }
  const Answer again = call({"replay", run_folder, "--out", folder(), "--json"});
  EXPECT_EQ(again.code, first.code);
  const auto left = nlohmann::json::parse(first.out), right = nlohmann::json::parse(again.out);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(left["runs"][i]["trace_hash"], right["runs"][i]["trace_hash"]);
}

TEST(Cli, ExplainSaysWhyEachStackGuaranteesWhatItDoes) {
  const auto json = nlohmann::json::parse(call({"explain", "word-count", "--json"}).out);
  ASSERT_EQ(json["stacks"].size(), 3u);
  EXPECT_EQ(json["stacks"][0]["guarantee"], "at-most-once");
  EXPECT_EQ(json["stacks"][2]["guarantee"], "exactly-once");
  EXPECT_EQ(json["stacks"][2]["reasons"].size(), 3u);
  EXPECT_THAT(call({"explain", "word-count"}).out, HasSubstr("faults of this seed:"));
}

}  // namespace
}  // namespace onceproof::scenarios::cli
