// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkers/control.h"
#include "reports/json.h"
#include "runtime/real/allocator.h"
#include "runtime/real/workers.h"
#include "scenarios/search/effects.h"
#include "scenarios/search/seed_outcome.h"

namespace onceproof::scenarios {

namespace {

std::string first_word(std::string& rest) {
  const size_t space = rest.find(' ');
  std::string word = rest.substr(0, space);
  rest = space == std::string::npos ? "" : rest.substr(space + 1);
  return word;
}

// Only this program writes these numbers, so a wrong one is zero and is refused by what it names.
uint64_t number(std::string& rest) { return std::strtoull(first_word(rest).c_str(), nullptr, 10); }

std::vector<std::string> words_of(const simulator::Trace& trace, const std::vector<std::string>& processes) {
  std::vector<std::string> words;
  for (const simulator::DetailedEvent& event : trace.detail()) {
    words.push_back(fmt::format("{} {} {}", event.index, to_string(event.before), describe(event.event, processes)));
  }
  return words;
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

const RunPlan* plan_of(const std::vector<RunPlan>& plans, const std::string& stack) {
  for (const RunPlan& plan : plans) {
    if (plan.guarantee == stack) return &plan;
  }
  return nullptr;
}

}  // namespace

Status add_control_runs(Session& session, uint64_t seed, std::vector<checkers::Verdict>& verdicts) {
  const Result<std::vector<RunPlan>> plans = session.control_plans(seed);
  if (!plans.ok()) return Status(plans.error());
  for (const RunPlan& plan : plans.value()) {
    Result<RunResult> result = session.run(plan, Recording::judged);
    if (!result.ok()) return Status(result.error());
    verdicts.push_back(std::move(result.value().report.verdict));
  }
  return {};
}

Result<SeedOutcome> run_seed(Session& session, uint64_t seed) {
  const auto plans = session.plans(seed);
  if (!plans.ok()) return plans.error();
  SeedOutcome outcome;
  outcome.seed = seed;
  const uint64_t every = session.request().effective_every;
  outcome.effects_measured = every > 0 && seed % every == 0;
  std::vector<checkers::Verdict> verdicts;
  for (const RunPlan& plan : plans.value()) {
    Result<RunResult> result = session.run(plan, Recording::judged);
    // Once more with everything, for the story that is told of it.
    const bool told = result.ok() && result.value().report.verdict.outcome != checkers::Outcome::valid;
    if (told) result = session.run(plan);
    if (!result.ok()) return result.error();
    if (outcome.effects_measured) {
      const Status measured = measure_effects(session, plan, result.value());
      if (!measured.ok()) return Error{measured.code(), measured.error().message};
    }
    outcome.stacks.push_back(summary_of(plan.guarantee, result.value()));
    verdicts.push_back(std::move(result.value().report.verdict));
  }
  const Status beside = add_control_runs(session, seed, verdicts);
  if (!beside.ok()) return Error{beside.code(), beside.error().message};
  outcome.control_effective = checkers::control(verdicts).effective;
  return outcome;
}

std::string Worker::setup(const std::string& line) {
  std::string rest = line;
  real::set_allocation_fill(static_cast<uint8_t>(number(rest)));
  const Result<Request> request = request_from_line(rest);
  if (!request.ok()) return "error " + request.error().message;
  Result<Session> session = Session::open(request.value());
  if (!session.ok()) return "error " + session.error().message;
  session_.emplace(session.take());
  return "ok";
}

Result<RunResult> Worker::run_stack(uint64_t seed, const std::string& stack,
                                    std::optional<std::pair<uint64_t, uint64_t>> window) {
  const auto plans = session_->plans(seed);
  if (!plans.ok()) return plans.error();
  const RunPlan* plan = plan_of(plans.value(), stack);
  if (plan == nullptr) return Error{ErrorCode::invalid_argument, "no such stack"};
  return session_->run(*plan, Recording::judged, window);
}

std::string Worker::run(uint64_t seed) {
  const Result<SeedOutcome> outcome = run_seed(*session_, seed);
  return outcome.ok() ? "outcome " + to_line(outcome.value()) : "error " + outcome.error().message;
}

std::string Worker::answer(const std::string& line) {
  std::string rest = line;
  const std::string verb = first_word(rest);
  if (verb == "setup") return setup(rest);
  if (!session_) return "error no setup";
  const uint64_t seed = number(rest);
  if (verb == "run") return run(seed);
  const std::string stack = first_word(rest);
  if (verb == "ladder") {
    const Result<RunResult> result = run_stack(seed, stack);
    if (!result.ok()) return "error " + result.error().message;
    std::string reply = "ladder";
    for (const Hash128& rung : result.value().trace.ladder()) reply += " " + to_string(rung);
    return reply;
  }
  if (verb != "detail") return "error unknown verb " + verb;
  const uint64_t begin = number(rest);
  const uint64_t end = number(rest);
  const Result<RunResult> result = run_stack(seed, stack, std::pair(begin, end));
  if (!result.ok()) return "error " + result.error().message;
  const nlohmann::ordered_json words = words_of(result.value().trace, result.value().report.history.processes);
  return "detail " + one_line(reports::to_text(words, -1));
}

// ---- the sweep's end ---------------------------------------------------------------------------------------

namespace {

Result<std::string> ask(real::WorkerPool& pool, int worker, const std::string& line) {
  if (!pool.send(worker, line)) return Error{ErrorCode::io_error, "the worker is gone"};
  while (true) {
    const real::WorkerEvent event = pool.next();
    if (event.kind == real::WorkerEvent::Kind::line && event.worker == worker) {
      if (event.line.starts_with("error ")) return Error{ErrorCode::invalid_argument, event.line.substr(6)};
      return event.line;
    }
    if (event.kind == real::WorkerEvent::Kind::line) continue;  // a late answer of another worker
    if (event.kind == real::WorkerEvent::Kind::interrupted) return Error{ErrorCode::timed_out, "interrupted"};
    if (event.worker == worker || event.kind == real::WorkerEvent::Kind::all_dead) {
      return Error{ErrorCode::io_error, "the worker " + real::describe_death(event)};
    }
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// The first index at which the lists differ, or the length of the shorter.
size_t first_unequal(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  const size_t end = std::min(left.size(), right.size());
  for (size_t i = 0; i < end; ++i) {
    if (left[i] != right[i]) return i;
  }
  return end;
}

}  // namespace

std::string name_difference(Session& session, uint64_t seed, const std::string& stack, real::WorkerPool& pool,
                            int worker) {
  const std::string where = fmt::format("seed {:#x} {}: ", seed, stack);
  const auto plans = session.plans(seed);
  const RunPlan* plan = plans.ok() ? plan_of(plans.value(), stack) : nullptr;
  if (plan == nullptr) return where + "the traces differ";
  const Result<RunResult> own = session.run(*plan, Recording::judged);
  const Result<std::string> reply = ask(pool, worker, fmt::format("ladder {} {}", seed, stack));
  if (!own.ok() || !reply.ok()) return where + "the traces differ, and the second look failed";
  std::vector<std::string> left;
  for (const Hash128& rung : own.value().trace.ladder()) left.push_back(to_string(rung));
  std::vector<std::string> right = split(reply.value());
  right.erase(right.begin());
  const size_t rung = first_unequal(left, right);
  const uint64_t stride = own.value().trace.stride();
  const std::pair<uint64_t, uint64_t> window = {rung * stride, (rung + 1) * stride};

  const Result<RunResult> again = session.run(*plan, Recording::judged, window);
  const Result<std::string> detail =
      ask(pool, worker, fmt::format("detail {} {} {} {}", seed, stack, window.first, window.second));
  if (!again.ok() || !detail.ok() || !detail.value().starts_with("detail ")) {
    return where + fmt::format("the traces differ in events {} to {}", window.first, window.second);
  }
  const std::vector<std::string> ours = words_of(again.value().trace, again.value().report.history.processes);
  const auto theirs = nlohmann::json::parse(detail.value().substr(7), nullptr, false);
  if (theirs.is_discarded()) return where + "the traces differ";
  const std::vector<std::string> other = theirs.get<std::vector<std::string>>();
  const size_t at = first_unequal(ours, other);
  if (at == ours.size() && at == other.size())
    return where + "the traces differ between two workers, not with this process";
  return where + fmt::format("the first differing event is \"{}\" in one run and \"{}\" in the other",
                             at < ours.size() ? ours[at] : "the end", at < other.size() ? other[at] : "the end");
}

Status set_up_worker(real::WorkerPool& pool, int worker, const Request& request, MemoryFill fill) {
  const int pattern = fill == MemoryFill::none ? 0 : 1 + (worker * 37 + 89) % 255;  // 0 switches the pattern off
  const Result<std::string> reply = ask(pool, worker, fmt::format("setup {} {}", pattern, to_line(request)));
  return reply.ok() ? Status() : Status(reply.error());
}

Status start_workers(real::WorkerPool& pool, int count, const Request& request, MemoryFill fill) {
  if (Status status = pool.start(count); !status.ok()) return status;
  for (int worker = 0; worker < count; ++worker) {
    if (Status status = set_up_worker(pool, worker, request, fill); !status.ok()) return status;
  }
  return {};
}

}  // namespace onceproof::scenarios
