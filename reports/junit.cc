// SPDX-License-Identifier: Apache-2.0
#include "reports/junit.h"

#include <fmt/format.h>

#include "reports/names.h"
#include "reports/text.h"

namespace onceproof::reports {

using namespace checkers;

namespace {

struct Suite {
  std::string scenario;
  std::vector<const RunReport*> runs;
  int failures = 0;
  int errors = 0;
  TimeUs time_us = 0;
};

// In the order in which the scenarios first appear.
std::vector<Suite> suites_of(const std::vector<RunReport>& runs) {
  std::vector<Suite> suites;
  for (const RunReport* run : weakest_first(runs)) {
    Suite* suite = nullptr;
    for (Suite& known : suites) {
      if (known.scenario == run->scenario) suite = &known;
    }
    if (suite == nullptr) suite = &suites.emplace_back(Suite{run->scenario, {}, 0, 0, 0});
    suite->runs.push_back(run);
    suite->failures += run->verdict.outcome == Outcome::violated;
    suite->errors += run->verdict.outcome == Outcome::inconclusive;
    suite->time_us += run->history.ended_us;
  }
  return suites;
}

// Virtual seconds: the only time that a deterministic report knows.
std::string seconds_text(TimeUs time_us) { return fmt::format("{}.{:06}", time_us / seconds(1), time_us % seconds(1)); }

std::string stories_of(const RunReport& run) {
  std::string text;
  for (const Finding& finding : run.verdict.findings) {
    text += fmt::format("{} ({}): {}\n", finding.kind, finding.checker, finding.story);
  }
  return text.empty() ? run.verdict.evidence + "\n" : text;
}

void put_case(std::string& out, const RunReport& run) {
  const Verdict& verdict = run.verdict;
  out += fmt::format("    <testcase classname=\"{}\" name=\"{} (seed {})\" time=\"{}\">\n", xml_escape(run.scenario),
                     to_string(verdict.claimed), run.seed, seconds_text(run.history.ended_us));
  if (verdict.outcome == Outcome::violated) {
    out += fmt::format("      <failure message=\"{}\" type=\"{}\">{}</failure>\n",
                       xml_escape(fmt::format("claimed {}, observed {}: {}", to_string(verdict.claimed),
                                              observed_text(verdict), verdict.evidence)),
                       xml_escape(verdict.findings.empty() ? "violated" : verdict.findings.front().kind),
                       xml_escape(stories_of(run)));
  } else if (verdict.outcome == Outcome::inconclusive) {
    out += fmt::format("      <error message=\"{}\" type=\"inconclusive\">{}</error>\n",
                       xml_escape("inconclusive: " + verdict.why), xml_escape(verdict.evidence));
  }
  out += fmt::format("      <system-out>{}</system-out>\n", xml_escape(verdict.evidence));
  out += "    </testcase>\n";
}

}  // namespace

std::string junit_xml(const std::vector<RunReport>& runs) {
  const std::vector<Suite> suites = suites_of(runs);
  int failures = 0, errors = 0;
  for (const Suite& suite : suites) failures += suite.failures, errors += suite.errors;
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"onceproof\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", runs.size(),
                     failures, errors);
  for (const Suite& suite : suites) {
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{}\">\n",
        xml_escape(suite.scenario), suite.runs.size(), suite.failures, suite.errors, seconds_text(suite.time_us));
    for (const RunReport* run : suite.runs) put_case(out, *run);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace onceproof::reports
