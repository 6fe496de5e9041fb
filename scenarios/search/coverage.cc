// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/coverage.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/plan/fault_fields.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/plan_faults.h"
#include "scenarios/search/effects.h"

namespace onceproof::scenarios {

namespace {

struct NeverBecause {
  const char* name;
  const char* why;
};

// Why the stock suites strike something never, or never to any effect.
constexpr NeverBecause kReasons[] = {
    {"window.late", "no record of a stock input is late, so nothing hits it"},
    {"reconnect target=broker", "a broker has no log client"},
    {"reconnect target=jobmanager", "the job manager has no log client"},
    {"reconnect target=controller", "the log's controller has no log client"},
    {"storage target=broker", "a broker does not use the checkpoint storage"},
    {"storage target=controller", "the log's controller does not use the checkpoint storage"},
};

// Roles of the processes that a fault may name.
constexpr const char* kRoles[] = {"jobmanager", "taskmanager", "broker", "controller"};
constexpr const char* kTriggers[] = {"trigger at_us", "trigger at", "trigger when=before", "trigger when=after"};

// The words of mails are many, and which are delayed is the swarm's choice: the field counts as one parameter.
bool counted(const FaultField& field) { return field.shape == FieldShape::words && std::string(field.name) != "mail"; }

// What a fault of a plan exercises: its kind, each of its words, the roles that it names, its trigger.
std::vector<std::string> parts_of(const simulator::Fault& fault) {
  const nlohmann::ordered_json json = plan_faults_json({fault}).front();
  const std::string kind = json.at("kind").get<std::string>();
  std::vector<std::string> parts = {kind};
  for (const FaultKindInfo& info : fault_kinds()) {
    if (kind != info.name) continue;
    for (const FaultField& field : info.fields) {
      if (!json.contains(field.name) || !json.at(field.name).is_string()) continue;
      const std::string word = json.at(field.name).get<std::string>();
      if (counted(field)) parts.push_back(kind + " " + field.name + "=" + word);
      if (field.shape != FieldShape::process) continue;
      for (const char* role : kRoles) {
        if (word.starts_with(role)) parts.push_back(kind + " " + field.name + "=" + role);
      }
    }
  }
  const nlohmann::ordered_json& trigger = json.at("trigger");
  if (trigger.contains("at_us")) parts.push_back("trigger at_us");
  if (trigger.contains("at")) parts.push_back("trigger at");
  if (trigger.contains("when")) parts.push_back("trigger when=" + trigger.at("when").get<std::string>());
  return parts;
}

}  // namespace

Coverage::Coverage() {
  for (const std::string& point : point_words()) points_[point];
  for (const char* trigger : kTriggers) faults_[trigger];
  for (const FaultKindInfo& kind : fault_kinds()) {
    if (kind.drawn_only) continue;  // it strikes as other kinds
    const std::string name = kind.name;
    faults_[name];
    for (const FaultField& field : kind.fields) {
      if (counted(field)) {
        for (const std::string& word : field.words) faults_[name + " " + field.name + "=" + word];
      }
      if (field.shape != FieldShape::process) continue;
      for (const char* role : kRoles) faults_[name + " " + field.name + "=" + role];
    }
  }
}

Status Coverage::add(Session& session, const RunPlan& plan) {
  const Result<RunResult> result = session.run(plan);
  if (!result.ok()) return Status(result.error());
  ++runs_;
  for (int i = 0; i < env::kPointCount; ++i) {
    points_[env::info(static_cast<env::Point>(i)).name].hits += result.value().hits[static_cast<size_t>(i)];
  }
  const uint64_t state = end_state(result.value().report.history);
  for (size_t i = 0; i < plan.faults.size(); ++i) {
    const checkers::FaultRecord& record = result.value().report.history.faults[i];
    if (!record.fired) continue;
    const simulator::Trigger& trigger = plan.faults[i].trigger;
    std::vector<CoverageCount*> counts;
    // A fault that waited too long struck at its time, and not at its point.
    const bool at_point = trigger.point && (!trigger.by_us || record.fired_us != *trigger.by_us);
    if (at_point) counts.push_back(&points_[env::info(*trigger.point).name]);
    for (const std::string& part : parts_of(plan.faults[i])) counts.push_back(&faults_[part]);
    for (CoverageCount* count : counts) ++count->fired;
    if (std::all_of(counts.begin(), counts.end(), [](const CoverageCount* count) { return count->effective > 0; })) {
      continue;
    }
    const Result<bool> effective = is_effective(session, plan, i, state);
    if (!effective.ok()) return Status(effective.error());
    for (CoverageCount* count : counts) count->effective += effective.value() ? 1 : 0;
  }
  return {};
}

const char* Coverage::reason(const std::string& name) {
  for (const NeverBecause& known : kReasons) {
    if (name == known.name) return known.why;
  }
  return nullptr;
}

std::vector<std::string> Coverage::unexplained() const {
  std::vector<std::string> names;
  for (const auto* counts : {&points_, &faults_}) {
    for (const auto& [name, count] : *counts) {
      if (count.effective == 0 && reason(name) == nullptr) names.push_back(name);
    }
  }
  return names;
}

}  // namespace onceproof::scenarios
