// SPDX-License-Identifier: Apache-2.0
// `check`: a stored run has its stored verdict, a changed history the changed one, and what is no history is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/real/files.h"
#include "tests/support/command_line.h"

namespace onceproof::scenarios::cli {
namespace {

using tests::Answer;
using tests::call;
using testing::HasSubstr;

std::string content_of(const std::string& path) {
  Result<std::string> content = real::read_file(path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? content.take() : std::string();
}

// The folder of a run of `transform`, stored once.
const std::string& stored_run() {
  static const std::string folder = [] {
    const Answer answer =
        call({"run", "transform", "--seed", "5", "--json", "--out", testing::TempDir() + "onceproof-check-test"});
    const size_t begin = answer.err.find("report: ") + 8;
    const std::string report = answer.err.substr(begin, answer.err.find('\n', begin) - begin);
    return report.substr(0, report.rfind('/'));
  }();
  return folder;
}

std::string written(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + name;
  EXPECT_TRUE(real::write_file_atomically(path, content).ok());
  return path;
}

TEST(Check, AStoredRunHasItsStoredVerdictByteForByte) {
  const Answer whole = call({"check", stored_run(), "--json"});
  EXPECT_EQ(whole.out, content_of(stored_run() + "/verdict.json"));
  EXPECT_EQ(whole.code, 0);
  for (const char* stack : {"at-most-once", "at-least-once", "exactly-once"}) {
    const std::string folder = stored_run() + "/" + stack;
    const std::string stored = content_of(folder + "/verdict.json");
    EXPECT_EQ(call({"check", folder, "--json"}).out, stored) << stack;
    EXPECT_EQ(call({"check", folder + "/history.jsonl", "--json"}).out, stored) << stack;
  }
}

TEST(Check, PrintsTheTableAndWhetherTheVerdictIsTheStoredOne) {
  const Answer answer = call({"check", stored_run()});
  for (const char* word : {"transform seed 0x5", "at-least-once", "control ", "the same verdict as stored"}) {
    EXPECT_THAT(answer.out, HasSubstr(word));
  }
  EXPECT_THAT(answer.out, testing::Not(HasSubstr("not the verdict")));
}

TEST(Check, AnAlteredHistoryHasTheAlteredVerdict) {
  std::string text = content_of(stored_run() + "/exactly-once/history.jsonl");
  const size_t output = text.find("{\"type\":\"output\"");
  text.erase(output, text.find('\n', output) + 1 - output);
  const std::string path = written("altered.jsonl", text);
  const Answer answer = call({"check", path});
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.out, HasSubstr("lost (delivery)"));
  EXPECT_NE(call({"check", path, "--json"}).out, content_of(stored_run() + "/exactly-once/verdict.json"));
}

TEST(Check, AnUndecidedHistoryEndsWith2) {
  std::string text = content_of(stored_run() + "/exactly-once/history.jsonl");
  text.insert(text.rfind("{\"type\":\"end\"") + 13, ",\"job\":\"running\"");
  const Answer answer = call({"check", written("running.jsonl", text)});
  EXPECT_EQ(answer.code, 2) << answer.out << answer.err;
}

TEST(Check, ABadDocumentEndsWith64AndItsPlace) {
  const std::string path = written("bad.jsonl", R"({"schema":"onceproof-history","version":1,"claimd":"none","steps":[]})");
  const Answer answer = call({"check", path});
  EXPECT_EQ(answer.code, 64);
  EXPECT_EQ(answer.out, "");
  EXPECT_THAT(answer.err, HasSubstr(path + ":1: \"claimed\" is missing"));
}

TEST(Check, AnotherFileOfARunNamesItsFolder) {
  for (const char* file : {"report.html", "verdict.json", "plan.json", "junit.xml", "exactly-once/trace.txt"}) {
    const Answer answer = call({"check", stored_run() + "/" + file});
    EXPECT_EQ(answer.code, 64) << file;
    EXPECT_THAT(answer.err, HasSubstr("name the folder, " + stored_run() + ",")) << file;
  }
  for (const char* file : {"report.html", "exactly-once/history.jsonl"}) {
    const Answer answer = call({"replay", stored_run() + "/" + file});
    EXPECT_EQ(answer.code, 64) << file;
    EXPECT_THAT(answer.err, HasSubstr("name the folder, " + stored_run() + ",")) << file;
  }
}

}  // namespace
}  // namespace onceproof::scenarios::cli
