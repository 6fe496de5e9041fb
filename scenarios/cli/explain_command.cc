// SPDX-License-Identifier: Apache-2.0
// explain: the guarantee that follows from each stack's parts, with the reason of each step and the faults that
// the seed draws.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/table.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/run/run_folder.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

const char* effect(const Reason& reason) {
  if (reason.loses && reason.duplicates) return "may lose and duplicate";
  if (reason.loses) return "may lose";
  return reason.duplicates ? "may duplicate" : "keeps";
}

Json json_of(const RunPlan& plan, const Derivation& derivation) {
  Json reasons = Json::array();
  for (const Reason& reason : derivation.reasons) {
    reasons.push_back(
        {{"part", reason.part}, {"setting", reason.setting}, {"effect", effect(reason)}, {"why", reason.why}});
  }
  Json conditions = Json::array();
  for (const checkers::Condition& condition : derivation.conditions) {
    Json one{{"kind", condition.kind}, {"text", condition.text}, {"setting", condition.setting}};
    if (condition.limit_us > 0) one["limit_ms"] = condition.limit_us / 1000;
    if (condition.kind == "restarts") one["limit"] = condition.limit;
    conditions.push_back(std::move(one));
  }
  return {{"stack", plan.guarantee},
          {"guarantee", checkers::to_string(derivation.guarantee)},
          {"weakest", derivation.weakest},
          {"reasons", reasons},
          {"order", to_string(derivation.order)},
          {"order_why", derivation.order_why},
          {"conditions", conditions},
          {"warnings", derivation.warnings}};
}

std::string text_of(const RunPlan& plan, const Derivation& derivation) {
  reports::Table table;
  table.columns = {{"part"}, {"setting"}, {"effect"}, {"why"}};
  for (const Reason& reason : derivation.reasons) {
    table.rows.push_back({reason.part, reason.setting, effect(reason), reason.why});
  }
  std::string text =
      fmt::format("{}: this stack guarantees {}{}\n", plan.guarantee, checkers::to_string(derivation.guarantee),
                  derivation.weakest.empty() ? "" : ", decided by its " + derivation.weakest);
  text += reports::print_table(table, text_options());
  text += wrapped(fmt::format("order {}: {}", to_string(derivation.order), derivation.order_why));
  for (const checkers::Condition& condition : derivation.conditions) {
    text += wrapped(fmt::format("as long as {} (set by {})", condition.text, condition.setting));
  }
  for (const std::string& warning : derivation.warnings) text += wrapped("warning: " + warning);
  return text + "\n";
}

}  // namespace

int explain_command(const Options& options) {
  const Result<uint64_t> seed = parse_number(options.seed, decider(options, "--seed"), 0, UINT64_MAX);
  if (!seed.ok()) return usage_error(seed.error().message);
  const Result<Request> request = request_of(options);
  if (!request.ok()) return usage_error(request.error().message);
  Result<Session> session = open_session(options, request.value());
  if (!session.ok()) return usage_error(session.error().message);
  const auto plans = session.value().plans(seed.value());
  if (!plans.ok()) return usage_error(plans.error().message);

  Json stacks = Json::array();
  std::string text = fmt::format("seed {:#x}\n", seed.value());
  text += wrapped(fmt::format("{}: {}", session.value().scenario_name(), session.value().description())) + "\n";
  for (const RunPlan& plan : plans.value()) {
    const Derivation derivation = derive(plan.job);
    stacks.push_back(json_of(plan, derivation));
    text += text_of(plan, derivation);
  }
  Json faults = Json::array();
  text += "faults of this seed:\n";
  for (const simulator::Fault& fault : plans.value().front().faults) {
    faults.push_back(simulator::describe(fault));
    text += wrapped("- " + simulator::describe(fault));
  }
  if (options.json) {
    text = reports::to_text(Json{{"schema", 1},
                                 {"scenario", session.value().scenario_name()},
                                 {"seed", seed.value()},
                                 {"stacks", stacks},
                                 {"faults", faults}});
  }
  print(text);
  return kValid;
}

}  // namespace onceproof::scenarios::cli
