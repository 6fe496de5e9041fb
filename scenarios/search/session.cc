// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "runtime/real/files.h"
#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/nearest_word.h"
#include "scenarios/plan/pipeline_language.h"
#include "scenarios/run/input.h"
#include "scenarios/run/run_folder.h"

namespace onceproof::scenarios {

namespace {

constexpr size_t kKeptInputs = 48;

Error bad(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

constexpr uint64_t kMostPlanBytes = uint64_t{64} << 20;

// What lies in a run's folder beside the plan is often named instead of it: the folder, or empty.
std::string folder_meant(const std::string& path) {
  if (path.ends_with("plan.json")) return "";
  for (const std::string& folder : {path, real::parent_of(path), real::parent_of(real::parent_of(path))}) {
    if (folder != path && real::exists(folder + "/plan.json")) return folder;
  }
  return "";
}

Result<PlanFile> load_plan(const std::string& path) {
  const std::string file = real::is_directory(path) ? path + "/plan.json" : path;
  if (const std::string folder = folder_meant(path); real::exists(path) && !folder.empty()) {
    if (!real::exists(path + "/plan.json")) {
      return bad(fmt::format("{} is no plan: name the folder, {}, as in\n  onceproof replay {}", path, folder, folder));
    }
  }
  Result<std::string> text = real::read_file(file, kMostPlanBytes);
  if (!text.ok()) return bad(text.error().message);
  Result<PlanFile> plan = parse_plan_file(text.value(), file);
  if (!plan.ok()) return plan;
  for (RunPlan& one : plan.value().plans) {  // a run's folder has its input beside the plan
    InputSpec& input = one.input.spec;
    const std::string beside = real::parent_of(file) + "/" + input.path;
    if (input.kind == InputKind::file && !input.path.starts_with('/') && real::exists(beside)) input.path = beside;
  }
  return plan;
}

std::vector<std::string> words_of(const JsonPlace& root, const char* key) {
  std::vector<std::string> words;
  const auto list = root.member(key);
  if (!list) return words;
  for (const JsonPlace& element : list->elements()) words.push_back(element.word());
  return words;
}

// What makes two plans share one prepared input: all that input.cc looks at, and what is made of it.
std::string input_key(const RunPlan& plan) {
  const InputShape shape = input_shape(plan);
  std::string key = fmt::format("{}/{}/{}", static_cast<int>(plan.input.spec.kind), plan.input.spec.path,
                                plan.job.source.topic);
  key += fmt::format("/{}/{}/{}", shape.partitions, shape.out_of_orderness_us, shape.window_us);
  for (const Knob& knob : all_knobs()) {
    if (std::string_view(knob.section).starts_with("input")) key += fmt::format("/{}", knob.get(plan));
  }
  key += pipeline_json(plan.pipeline).dump();
  return key;
}

// A word for a shell: quoted only when it must be.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./+=:,@").find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string to_line(const Request& request) {
  const nlohmann::ordered_json json = {{"scenario", request.scenario},
                                       {"plan_path", request.plan_path},
                                       {"stacks", request.stacks},
                                       {"input", request.input},
                                       {"bugs", request.bugs},
                                       {"input_limit", request.input_limit},
                                       {"event_limit", request.event_limit},
                                       {"profile", request.profile},
                                       {"effective_every", request.effective_every}};
  std::string line = reports::to_text(json, -1);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

Result<Request> request_from_line(const std::string& line) {
  JsonReader reader("request");
  Request request;
  const auto root = reader.parse(line);
  if (root) {
    if (const auto scenario = root->required("scenario")) request.scenario = scenario->word();
    if (const auto plan = root->required("plan_path")) request.plan_path = plan->word();
    if (const auto input = root->required("input")) request.input = input->word();
    if (const auto profile = root->required("profile")) request.profile = profile->word();
    if (const auto limit = root->required("input_limit")) request.input_limit = limit->natural();
    if (const auto limit = root->required("event_limit")) request.event_limit = limit->natural();
    if (const auto every = root->required("effective_every")) request.effective_every = every->natural();
    request.stacks = words_of(*root, "stacks");
    request.bugs = words_of(*root, "bugs");
  }
  if (!reader.ok()) return reader.error();
  return request;
}

Result<Session> Session::open(const Request& request) {
  Session session;
  session.request_ = request;
  std::vector<std::string> known;
  if (!request.plan_path.empty()) {
    Result<PlanFile> file = load_plan(request.plan_path);
    if (!file.ok()) return file.error();
    session.replay_ = file.take();
    session.name_ = session.replay_->plans.front().scenario;
    for (const RunPlan& plan : session.replay_->plans) known.push_back(plan.guarantee);
  } else {
    Result<Scenario> scenario = load_scenario(request.scenario);
    if (!scenario.ok()) return scenario.error();
    scenario = with_profile(scenario.take(), request.profile);
    if (!scenario.ok()) return scenario.error();
    session.scenario_ = scenario.take();
    session.name_ = session.scenario_.name;
    known = stack_names(session.scenario_);
    for (const Guarantee guarantee : all_guarantees()) {  // also for a scenario with parts of its own
      const std::string name = checkers::to_string(guarantee);
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    }
  }
  session.stacks_ = request.stacks;
  if (session.stacks_.empty()) session.stacks_ = session.replay_ ? known : stack_names(session.scenario_);
  for (const std::string& stack : session.stacks_) {
    if (std::find(known.begin(), known.end(), stack) != known.end()) continue;
    known.insert(known.begin(), "all");
    return bad(unknown_word("guarantee", stack, "", known));
  }
  for (const std::string& name : request.bugs) {
    const auto bug = seeded_bug_named(name);
    if (!bug) {
      std::vector<std::string> words;
      for (int i = 0; i < kSeededBugCount; ++i) words.push_back(seeded_bug_info(i).name);
      return bad(unknown_word("bug", name, "", words));
    }
    session.overrides_.bugs.add(*bug);
  }
  if (request.event_limit > 0) session.overrides_.event_limit = static_cast<int64_t>(request.event_limit);
  if (!request.input.empty()) session.overrides_.input = InputSpec{InputKind::file, request.input};
  return session;
}

Result<std::vector<RunPlan>> Session::plans(uint64_t seed) {
  std::vector<RunPlan> plans;
  if (replay_) {
    for (const RunPlan& plan : replay_->plans) {
      if (std::find(stacks_.begin(), stacks_.end(), plan.guarantee) == stacks_.end()) continue;
      plans.push_back(plan);
      if (overrides_.event_limit) plans.back().event_limit = *overrides_.event_limit;
    }
  } else {
    Result<RunPlan> drawn = draw_plan(scenario_, seed, overrides_);
    if (!drawn.ok()) return drawn.error();
    for (const std::string& stack : stacks_) {
      plans.push_back(with_stack(drawn.value(), stack, stack_named(scenario_, stack)));
    }
  }
  for (RunPlan& plan : plans) {
    const Status sound = replay_ ? check_plan(plan) : check_drawn(scenario_, plan);
    if (!sound.ok()) return sound.error();
    if (const Status status = prepare(plan); !status.ok()) return status.error();
  }
  return plans;
}

Result<std::vector<RunPlan>> Session::control_plans(uint64_t seed) {
  std::vector<RunPlan> plans;
  if (replay_ || !scenario_.parts || stacks_ != stack_names(scenario_)) return plans;
  Result<RunPlan> drawn = draw_plan(scenario_, seed, overrides_);
  if (!drawn.ok()) return drawn.error();
  for (const Guarantee weaker : {Guarantee::at_most_once, Guarantee::at_least_once}) {
    plans.push_back(with_stack(drawn.value(), checkers::to_string(weaker), stack_for(weaker)));
    if (const Status status = prepare(plans.back()); !status.ok()) return status.error();
  }
  return plans;
}

Status Session::prepare(RunPlan& plan) {
  const std::string key = input_key(plan);
  auto found = inputs_.find(key);
  if (found == inputs_.end()) {
    if (inputs_.size() >= kKeptInputs) inputs_.clear();  // a swarm draws inputs too: they must not pile up
    Result<PreparedInput> prepared = prepare_input(plan, request_.input_limit);
    if (!prepared.ok()) {
      if (!request_.input.empty()) return bad(prepared.error().message);
      const std::string& document = replay_ ? request_.plan_path : scenario_.file;  // it asks for the input
      return bad(fmt::format("{}: {} at /input", document, prepared.error().message));
    }
    found = inputs_.emplace(key, prepared.take()).first;
  }
  plan.input.content_hash = found->second.content_hash;
  return {};
}

Result<RunResult> Session::run(const RunPlan& plan, Recording recording,
                               std::optional<std::pair<uint64_t, uint64_t>> window) {
  const auto input = inputs_.find(input_key(plan));
  if (input == inputs_.end()) return bad("the plan is not of this session");
  return run_plan(plan, input->second, recording, window, watch_);
}

const PreparedInput& Session::input_of(const RunPlan& plan) const {
  const auto input = inputs_.find(input_key(plan));
  CHECK(input != inputs_.end(), "only plans that plans() has just made are asked for");
  return input->second;
}

std::string Session::reproduce(uint64_t seed, const std::string& stack) const {
  std::string line;
  if (is_replay()) {
    line = fmt::format("onceproof replay {}", shell_word(request_.plan_path));
  } else {
    line = fmt::format("onceproof run {} --seed {:#x}", shell_word(request_.scenario), seed);
    if (request_.profile != kStockProfile) line += " --profile " + request_.profile;
    if (!request_.input.empty()) line += " --input " + shell_word(request_.input);
    for (const std::string& bug : request_.bugs) line += " --bug " + bug;
  }
  if (request_.input_limit != kInputLimit) line += fmt::format(" --input-limit {}", request_.input_limit);
  if (request_.event_limit != 0) line += fmt::format(" --event-limit {}", request_.event_limit);
  if (!stack.empty()) {
    line += " --guarantee " + stack;
  } else if (stacks_.size() == 1) {
    line += " --guarantee " + stacks_.front();
  }
  return line;
}

}  // namespace onceproof::scenarios
