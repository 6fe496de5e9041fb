// SPDX-License-Identifier: Apache-2.0
// JUnit XML: counts, one suite a scenario, and nothing that an XML parser would refuse.
#include "reports/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace onceproof::reports {
namespace {

using namespace checkers;
using ::testing::HasSubstr;
using ::testing::Not;

RunReport run_of(const std::string& scenario, Guarantee claimed, Outcome outcome) {
  RunReport run;
  run.scenario = scenario;
  run.seed = 7;
  run.verdict.claimed = claimed;
  run.verdict.observed = Guarantee::at_least_once;
  run.verdict.outcome = outcome;
  run.verdict.evidence = "evidence";
  run.history.ended_us = 1'500'000;
  return run;
}

TEST(Junit, makes_one_suite_a_scenario_and_one_case_a_guarantee) {
  const std::string xml = junit_xml({run_of("word-count", Guarantee::exactly_once, Outcome::valid),
                                     run_of("transform", Guarantee::exactly_once, Outcome::valid),
                                     run_of("word-count", Guarantee::at_most_once, Outcome::valid)});
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"onceproof\" tests=\"3\" failures=\"0\" errors=\"0\">"));
  EXPECT_THAT(
      xml,
      HasSubstr(
          "<testsuite name=\"word-count\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"3.000000\">"));
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"transform\" tests=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"at-most-once (seed 7)\""));
}

TEST(Junit, turns_a_violation_into_a_failure_with_its_story) {
  RunReport run = run_of("word-count", Guarantee::exactly_once, Outcome::violated);
  run.verdict.findings = {{"delivery", "duplicated", "<whale> & \"calf\" came twice", -1}};
  const std::string xml = junit_xml({run});
  EXPECT_THAT(xml, HasSubstr("failures=\"1\""));
  EXPECT_THAT(
      xml,
      HasSubstr("<failure message=\"claimed exactly-once, observed at-least-once: evidence\" type=\"duplicated\">"));
  EXPECT_THAT(xml, HasSubstr("&lt;whale&gt; &amp; &quot;calf&quot; came twice"));
}

TEST(Junit, never_lets_an_undecided_run_look_green) {
  RunReport run = run_of("word-count", Guarantee::exactly_once, Outcome::inconclusive);
  run.verdict.why = "the job was still running";
  const std::string xml = junit_xml({run});
  EXPECT_THAT(xml, HasSubstr("errors=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<error message=\"inconclusive: the job was still running\""));
}

TEST(Junit, holds_no_byte_that_xml_forbids) {
  RunReport run = run_of("word\x01-count", Guarantee::exactly_once, Outcome::violated);
  run.verdict.findings = {{"delivery", "lost", std::string("nul \0 escape \x1b bad \xff", 21), -1}};
  const std::string xml = junit_xml({run});
  for (const char byte : xml) EXPECT_TRUE(static_cast<unsigned char>(byte) >= 0x20 || byte == '\n');
  EXPECT_THAT(xml, Not(HasSubstr("\xff")));
  EXPECT_THAT(xml, HasSubstr("word\xef\xbf\xbd-count"));
}

}  // namespace
}  // namespace onceproof::reports
