// SPDX-License-Identifier: Apache-2.0
// The hand-made histories of tests/histories: each is read and judged as `onceproof check` does, and gives the outcome
// and the kinds of findings that the .expect file beside it names, no more and no less.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "runtime/real/files.h"
#include "tests/support/history_text.h"

namespace onceproof::scenarios {
namespace {

const std::string kFolder = std::string(ONCEPROOF_SOURCE_DIR) + "/tests/histories/";

std::string content_of(const std::string& path) {
  Result<std::string> content = real::read_file(path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? content.take() : std::string();
}

// "violated" and the kinds, sorted.
std::vector<std::string> expected_of(const std::string& name) {
  std::istringstream words(content_of(kFolder + name + ".expect"));
  std::vector<std::string> expected;
  for (std::string word; words >> word;) expected.push_back(word);
  return expected;
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  const auto files = real::list_directory(kFolder);
  EXPECT_TRUE(files.ok());
  for (const std::string& file : files.value()) {
    if (file.ends_with(".jsonl")) found.push_back(file.substr(0, file.size() - 6));
  }
  return found;
}

TEST(Histories, EachGivesExactlyTheFindingsThatItWasMadeFor) {
  EXPECT_GT(names().size(), 40u);
  for (const std::string& name : names()) {
    std::istringstream text(content_of(kFolder + name + ".jsonl"));
    auto document = read_history(text, name);
    ASSERT_TRUE(document.ok()) << document.error().message;
    EXPECT_FALSE(document.value().head.about.empty()) << name << " does not say what it shows";
    const checkers::Verdict verdict = judge_document(document.take()).verdict;
    std::vector<std::string> got = {checkers::to_string(verdict.outcome)};
    for (const std::string& kind : tests::kinds_of(verdict)) got.push_back(kind);
    EXPECT_EQ(got, expected_of(name)) << name << ": " << verdict.evidence;
  }
}

// The kinds in the table of docs/verdicts.md: the words between backquotes in its second column.
std::set<std::string> kinds_of_the_page() {
  const std::string page = content_of(std::string(ONCEPROOF_SOURCE_DIR) + "/docs/verdicts.md");
  const size_t begin = page.find("## Findings"), end = page.find("\n## ", begin);
  std::istringstream lines(page.substr(begin, end - begin));
  std::set<std::string> kinds;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    const size_t column = line.find('|', 1) + 1;
    const std::string cell = line.substr(column, line.find('|', column) - column);
    for (size_t at = cell.find('`'); at != std::string::npos;) {
      const size_t close = cell.find('`', at + 1);
      kinds.insert(cell.substr(at + 1, close - at - 1));
      at = cell.find('`', close + 1);
    }
  }
  return kinds;
}

TEST(Histories, EveryKindOfFindingHasOne) {
  const std::set<std::string> kinds = kinds_of_the_page();
  EXPECT_GT(kinds.size(), 35u);
  std::set<std::string> shown;
  for (const std::string& name : names()) {
    for (const std::string& word : expected_of(name)) shown.insert(word);
  }
  for (const char* outcome : {"valid", "violated", "inconclusive"}) EXPECT_EQ(shown.erase(outcome), 1u) << outcome;
  for (const std::string& kind : kinds) EXPECT_TRUE(shown.contains(kind)) << "no history in tests/histories shows " << kind;
  for (const std::string& kind : shown) EXPECT_TRUE(kinds.contains(kind)) << "docs/verdicts.md does not name " << kind;
}

}  // namespace
}  // namespace onceproof::scenarios
