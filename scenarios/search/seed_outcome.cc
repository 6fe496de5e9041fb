// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/seed_outcome.h"

#include <nlohmann/json.hpp>
#include <set>

#include "checkers/judge.h"
#include "reports/json.h"
#include "scenarios/plan/json_reader.h"

namespace onceproof::scenarios {

StackOutcome summary_of(const std::string& stack, const RunResult& result) {
  const checkers::Verdict& verdict = result.report.verdict;
  StackOutcome outcome;
  outcome.stack = stack;
  outcome.verdict = checkers::to_string(verdict.outcome);
  outcome.trace_hash = result.report.trace_hash;
  outcome.story = verdict.findings.empty() ? verdict.why : verdict.findings.front().story;
  outcome.events = result.report.events;
  outcome.lost = verdict.counts.lost;
  outcome.duplicated = verdict.counts.duplicated;
  std::set<std::string> kinds;
  for (const checkers::Finding& finding : verdict.findings) kinds.insert(finding.kind);
  outcome.findings.assign(kinds.begin(), kinds.end());
  for (const checkers::FaultRecord& fault : result.report.history.faults) {
    checkers::FaultCounts& counts = outcome.faults[fault.kind];
    ++counts.armed;
    counts.fired += fault.fired ? 1 : 0;
    counts.effective += fault.effective ? 1 : 0;
  }
  return outcome;
}

std::string to_line(const SeedOutcome& outcome) {
  nlohmann::ordered_json stacks = nlohmann::ordered_json::array();
  for (const StackOutcome& stack : outcome.stacks) {
    nlohmann::ordered_json faults = nlohmann::ordered_json::object();
    for (const auto& [kind, counts] : stack.faults) faults[kind] = {counts.armed, counts.fired, counts.effective};
    stacks.push_back({{"stack", stack.stack},
                      {"verdict", stack.verdict},
                      {"trace_hash", stack.trace_hash},
                      {"events", stack.events},
                      {"lost", stack.lost},
                      {"duplicated", stack.duplicated},
                      {"findings", stack.findings},
                      {"faults", faults},
                      {"story", stack.story}});
  }
  const nlohmann::ordered_json json = {{"seed", outcome.seed},
                                       {"stacks", stacks},
                                       {"effects_measured", outcome.effects_measured},
                                       {"control_effective", outcome.control_effective},
                                       {"nondeterminism", outcome.nondeterminism}};
  std::string line = reports::to_text(json, -1);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

namespace {

StackOutcome read_stack(const JsonPlace& place) {
  StackOutcome stack;
  const auto text = [&](const char* key) {
    const auto member = place.required(key);
    return member ? member->word() : std::string();
  };
  const auto number = [&](const char* key) {
    const auto member = place.required(key);
    return member ? member->natural() : uint64_t{0};
  };
  stack.stack = text("stack");
  stack.verdict = text("verdict");
  stack.trace_hash = text("trace_hash");
  stack.story = text("story");
  stack.events = number("events");
  stack.lost = number("lost");
  stack.duplicated = number("duplicated");
  if (const auto findings = place.required("findings")) {
    for (const JsonPlace& kind : findings->elements()) stack.findings.push_back(kind.word());
  }
  const auto faults = place.required("faults");
  if (!faults) return stack;
  for (const std::string& kind : faults->keys()) {
    uint32_t counts[3] = {};
    size_t next = 0;
    for (const JsonPlace& count : faults->member(kind)->elements()) {
      if (next < 3) counts[next++] = static_cast<uint32_t>(count.integer(0, UINT32_MAX));
    }
    stack.faults[kind] = {counts[0], counts[1], counts[2]};
  }
  return stack;
}

}  // namespace

Result<SeedOutcome> outcome_from_line(const std::string& line) {
  JsonReader reader("sweep state");
  SeedOutcome outcome;
  const auto root = reader.parse(line);
  if (root) {
    if (const auto seed = root->required("seed")) outcome.seed = seed->natural();
    if (const auto measured = root->required("effects_measured")) outcome.effects_measured = measured->boolean();
    if (const auto control = root->required("control_effective")) outcome.control_effective = control->boolean();
    if (const auto words = root->required("nondeterminism")) outcome.nondeterminism = words->word();
    if (const auto stacks = root->required("stacks")) {
      for (const JsonPlace& place : stacks->elements()) outcome.stacks.push_back(read_stack(place));
    }
  }
  if (!reader.ok()) return reader.error();
  return outcome;
}

}  // namespace onceproof::scenarios
