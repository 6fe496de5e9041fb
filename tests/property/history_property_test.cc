// SPDX-License-Identifier: Apache-2.0
// Laws of the history as a document: every run is judged the same from it, and no document is too bad to be refused.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "runtime/base/random.h"
#include "scenarios/history/pipeline.h"
#include "scenarios/search/session.h"
#include "tests/support/history_text.h"

namespace onceproof::scenarios {
namespace {

using tests::document_of;
using tests::text_of;

Session open(const std::string& scenario, const std::string& profile, std::vector<std::string> bugs = {}) {
  Request request;
  request.scenario = scenario;
  request.profile = profile;
  request.bugs = std::move(bugs);
  auto session = Session::open(request);
  CHECK(session.ok(), session.error().message.c_str());
  return session.take();
}

// Returns how many of the runs were violated.
int expect_the_same_verdicts(Session& session, uint64_t seeds) {
  int violated = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::vector<RunPlan> plans = session.plans(seed).take();
    for (const RunPlan& plan : plans) {
      const RunResult result = session.run(plan).take();
      const checkers::Pipeline steps = to_steps(plan.pipeline);
      const std::string text = text_of(result, steps);
      auto document = document_of(text);
      EXPECT_TRUE(document.ok()) << session.reproduce(seed, plan.guarantee) << " " << document.error().message;
      if (!document.ok()) continue;
      EXPECT_EQ(text_of({}, document.value().pipeline, *document.value().input, document.value().history),
                text_of({}, steps, result.reference->input(), result.report.history));
      EXPECT_EQ(reports::verdict_json(judge_document(document.take())), reports::verdict_json(result.report))
          << session.reproduce(seed, plan.guarantee);
      violated += result.report.verdict.outcome == checkers::Outcome::violated ? 1 : 0;
    }
  }
  return violated;
}

class Catalogue : public testing::TestWithParam<const char*> {};

TEST_P(Catalogue, EveryRunIsJudgedTheSameFromItsDocument) {
  for (const char* profile : {"stock", "swarm", "calm"}) {
    Session session = open(GetParam(), profile);
    expect_the_same_verdicts(session, std::string_view(profile) == "swarm" ? 3 : 1);
  }
}
INSTANTIATE_TEST_SUITE_P(HistoryLaws, Catalogue,
                         testing::Values("word-count", "transform", "replicated", "expiry", "reference"));

TEST(HistoryLaws, AViolatedRunIsJudgedTheSameFromItsDocument) {
  int violated = 0;
  for (const char* bug : {"commit-on-ack", "skip-alignment", "no-fencing"}) {
    Session session = open("word-count", "stock", {bug});
    violated += expect_the_same_verdicts(session, 3);
  }
  EXPECT_GT(violated, 1);
}

// ---- any text ------------------------------------------------------------------------------------------------

// The beginning of a run with faults: the laws are about lines, and each case reads them all.
std::string a_run(const std::string& scenario) {
  Session session = open(scenario, "stock");
  const RunPlan plan = session.plans(1).value().back();
  const RunResult result = session.run(plan).take();
  checkers::Input input = result.reference->input();
  for (auto& partition : input.partitions) partition.resize(std::min<size_t>(partition.size(), 20));
  checkers::History history = result.report.history;
  history.outputs.resize(std::min<size_t>(history.outputs.size(), 150));
  history.observed.resize(std::min<size_t>(history.observed.size(), 100));
  history.events.erase(history.events.begin() + static_cast<long>(std::min<size_t>(history.events.size(), 200)),
                       history.events.end());
  return text_of({}, to_steps(plan.pipeline), input, history);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Puts something else in the place of a number, a word or a byte of the line.
void damage(std::string& line, RandomStream& random) {
  static const std::vector<std::string> values = {
      "-1", "0", "1", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
      "18446744073709551616", "100000000000000000", "-100000000000000000", "1e300", "null", "true", "false", "\"\"",
      "\"open\"", "\"committed\"", "\"restore.begin\"", "\"job.restart\"", "[]", "[[]]", "[[255,1073741823,67108863]]",
      "{}"};
  std::vector<size_t> colons;
  for (size_t at = line.find(':'); at != std::string::npos; at = line.find(':', at + 1)) colons.push_back(at);
  if (colons.empty() || random.one_in(8)) {
    if (!line.empty()) line[random.below(line.size())] = static_cast<char>(random.below(256));
    return;
  }
  const size_t begin = colons[random.below(colons.size())] + 1;
  line.replace(begin, line.find_first_of(",}", begin) - begin, values[random.below(values.size())]);
}

void damage(std::vector<std::string>& lines, RandomStream& random) {
  const size_t at = random.one_in(6) ? random.below(2) : random.below(lines.size());
  const size_t other = random.below(lines.size());
  switch (random.below(6)) {
    case 0: lines.erase(lines.begin() + static_cast<long>(at)); break;
    case 1: lines.insert(lines.begin() + static_cast<long>(at), std::string(lines[other])); break;
    case 2: std::swap(lines[at], lines[other]); break;
    default: damage(lines[at], random);
  }
}

TEST(HistoryLaws, ADamagedDocumentIsRefusedOrJudgedButNeverAborts) {
  RandomStream random(6);
  int judged = 0, refused = 0;
  for (const char* scenario : {"word-count", "transform"}) {
    const std::vector<std::string> whole = lines_of(a_run(scenario));
    for (int i = 0; i < 300; ++i) {
      std::vector<std::string> lines = whole;
      for (uint64_t damages = 1 + random.below(3); damages > 0; --damages) damage(lines, random);
      std::string text;
      for (const std::string& line : lines) text += line + "\n";
      auto document = document_of(text);
      if (document.ok()) {
        ++judged;
        judge_document(document.take());
      } else {
        ++refused;
        EXPECT_TRUE(document.error().message.starts_with("h:")) << document.error().message;
      }
    }
  }
  EXPECT_GT(judged, 100);
  EXPECT_GT(refused, 100);
}

TEST(HistoryLaws, AnyTextKeepsItsBytes) {
  EXPECT_TRUE(rc::check([](const std::string& value, const std::string& key) {
    checkers::Input input{{{{value, 1, 2}}}};
    checkers::History history;
    history.outputs.resize(1);
    history.outputs[0].key = key;
    auto document = document_of(text_of({}, {}, input, history));
    RC_ASSERT(document.ok());
    RC_ASSERT(document.value().input->partitions[0][0].value == value);
    RC_ASSERT(document.value().history.outputs[0].key == key);
  }));
}

}  // namespace
}  // namespace onceproof::scenarios
