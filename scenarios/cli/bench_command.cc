// SPDX-License-Identifier: Apache-2.0
// bench: the event loop against a bare binary heap, and whole runs against the same work without a cluster. Every
// figure stands beside a baseline of the same process and minute, because only the ratio survives another machine.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checkers/judge.h"
#include "reports/json.h"
#include "runtime/real/wall_clock.h"
#include "scenarios/cli/bench_scenarios.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "simulator/bench_loop.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kLoopEvents = 300'000;
constexpr uint32_t kPending[] = {1'000, 10'000, 100'000, 1'000'000};
constexpr double kTargetShare = 0.6;
constexpr double kTargetEventsPerRecord = 8;
constexpr double kTargetIdleDayMs = 250;
constexpr double kTargetReferenceMs = 5;
constexpr double kTargetJudgedPerSecond = 1'000'000;

template <class Work>
double milliseconds_of(Work work) {
  const double begin = real::monotonic_seconds();
  work();
  return (real::monotonic_seconds() - begin) * 1000;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Pair {
  double ms = 0;
  double baseline_ms = 0;
};

// Medians. Measured and baseline take turns, so that a noisy neighbour hits both.
template <class Work, class Baseline>
Pair side_by_side(size_t rounds, Work work, Baseline baseline) {
  std::vector<double> measured, compared;
  for (size_t i = 0; i < rounds; ++i) {
    measured.push_back(milliseconds_of(work));
    compared.push_back(milliseconds_of(baseline));
  }
  return {median(measured), median(compared)};
}

uint64_t kept_alive = 0;  // the loops' results, so that they are computed

Json loop_entry(uint32_t pending, size_t rounds) {
  simulator::EmptyMailLoop loop(pending);
  simulator::BareHeapLoop heap(pending);
  kept_alive += loop.run(kLoopEvents) + heap.run(kLoopEvents);
  const Pair pair = side_by_side(
      rounds, [&] { kept_alive += loop.run(kLoopEvents); }, [&] { kept_alive += heap.run(kLoopEvents); });
  return {{"pending", pending},
          {"events_per_second", kLoopEvents / pair.ms * 1000},
          {"baseline_events_per_second", kLoopEvents / pair.baseline_ms * 1000},
          {"share", pair.baseline_ms / pair.ms}};
}

Json event_loop(size_t rounds) {
  Json json = {{"baseline", "bare binary heap with as much pending"}, {"target_share", kTargetShare}};
  for (const uint32_t pending : kPending) json["by_pending"].push_back(loop_entry(pending, rounds));
  const Json first = json["by_pending"][0];  // a copy: the document moves as it grows
  for (const char* name : {"events_per_second", "baseline_events_per_second", "share"}) json[name] = first[name];
  return json;
}

Json ping_pong(size_t rounds) {
  simulator::PingPongLoop loop(1);
  simulator::BareHeapLoop heap(1);
  const Pair pair = side_by_side(
      rounds, [&] { kept_alive += loop.run(kLoopEvents); }, [&] { kept_alive += heap.run(kLoopEvents); });
  return {{"pairs", 1},
          {"ns_per_event", pair.ms / kLoopEvents * 1e6},
          {"baseline", "bare binary heap with one event pending"},
          {"baseline_ns_per_event", pair.baseline_ms / kLoopEvents * 1e6},
          {"ratio", pair.ms / pair.baseline_ms}};
}

double events_per_record(const checkers::RunReport& report) {
  return static_cast<double>(report.events) / static_cast<double>(report.verdict.counts.expected);
}

Json parallelism_64(const Benchmark& wide, const Benchmark& narrow, size_t rounds) {
  checkers::RunReport report, baseline;
  const Pair pair = side_by_side(rounds, [&] { report = wide.run(); }, [&] { baseline = narrow.run(); });
  return {{"events_per_record", events_per_record(report)},
          {"target_events_per_record", kTargetEventsPerRecord},
          {"median_ms", pair.ms},
          {"baseline", "the same at parallelism 1"},
          {"baseline_events_per_record", events_per_record(baseline)},
          {"baseline_ms", pair.baseline_ms},
          {"ratio", pair.ms / pair.baseline_ms},
          {"verdict", checkers::to_string(report.verdict.outcome)}};
}

Json idle_day(const Benchmark& benchmark, size_t rounds) {
  checkers::RunReport report = benchmark.run();
  simulator::BareHeapLoop heap(1'000);
  const Pair pair = side_by_side(
      rounds, [&] { report = benchmark.run(); }, [&] { kept_alive += heap.run(report.events); });
  return {{"median_ms", pair.ms},
          {"target_ms", kTargetIdleDayMs},
          {"events", report.events},
          {"virtual_seconds", static_cast<double>(report.history.ended_us) / 1e6},
          {"baseline", "bare binary heap, as many events"},
          {"baseline_ms", pair.baseline_ms},
          {"ratio", pair.ms / pair.baseline_ms},
          {"verdict", checkers::to_string(report.verdict.outcome)}};
}

Json word_count(const Benchmark& benchmark, size_t rounds) {
  checkers::RunReport report;
  const Pair pair = side_by_side(
      rounds, [&] { report = benchmark.run(); }, [&] { kept_alive += plain_loop(*benchmark.input.reference); });
  return {{"runs_per_second", 1000 / pair.ms},
          {"baseline", "one loop with a hash table over the same input"},
          {"baseline_runs_per_second", 1000 / pair.baseline_ms},
          {"ratio", pair.ms / pair.baseline_ms},
          {"records", report.verdict.counts.expected},
          {"verdict", checkers::to_string(report.verdict.outcome)}};
}

Result<Json> reference_run(size_t rounds) {
  Options options;
  options.target = "reference";
  options.guarantee = "exactly-once";
  const Result<Request> request = request_of(options);
  if (!request.ok()) return request.error();
  Result<Session> session = open_session(options, request.value());
  if (!session.ok()) return session.error();
  const auto plans = session.value().plans(1);
  if (!plans.ok()) return plans.error();
  const RunPlan& plan = plans.value().front();
  Result<PreparedInput> input = prepare_input(plan);
  if (!input.ok()) return input.error();
  checkers::RunReport report;
  const Pair pair = side_by_side(
      rounds, [&] { report = run_plan(plan, input.value(), Recording::judged).report; },
      [&] { kept_alive += plain_loop(*input.value().reference); });
  return Json{{"median_ms", pair.ms},
              {"baseline", "one loop with a hash table over the same input"},
              {"baseline_ms", pair.baseline_ms},
              {"ratio", pair.ms / pair.baseline_ms},
              {"target_ms", kTargetReferenceMs},
              {"records", report.verdict.counts.expected},
              {"events", report.events},
              {"checkpoints", report.checkpoints_completed},
              {"restarts", report.history.restarts},
              {"verdict", checkers::to_string(report.verdict.outcome)}};
}

// A history event is one line of the history's document: an input record, an output, a read, a transaction, a checkpoint,
// a recorded event. The reference is made before, as for the many runs of a sweep that share an input.
Json judge_entry(const std::string& scenario, const JudgedHistory& judged, size_t rounds) {
  const checkers::History& history = judged.run.report.history;
  checkers::Verdict verdict;
  const Pair pair = side_by_side(
      rounds, [&] { verdict = checkers::judge(history, *judged.run.reference); },
      [&] { kept_alive += one_pass(history); });
  return {{"scenario", scenario},
          {"verdict", checkers::to_string(verdict.outcome)},
          {"history_events", judged.facts},
          {"median_ms", pair.ms},
          {"events_per_second", static_cast<double>(judged.facts) / pair.ms * 1000},
          {"baseline_events_per_second", static_cast<double>(judged.facts) / pair.baseline_ms * 1000},
          {"ratio", pair.ms / pair.baseline_ms}};
}

Result<Json> judges(size_t rounds) {
  Json json = {{"baseline", "one pass over the same facts"}, {"target_events_per_second", kTargetJudgedPerSecond}};
  for (const char* scenario : {"word-count", "reference"}) {
    const Result<JudgeBenchmark> benchmark = judge_benchmark(scenario);
    if (!benchmark.ok()) return benchmark.error();
    json["by_history"].push_back(judge_entry(scenario, benchmark.value().right, rounds));
    json["by_history"].push_back(judge_entry(scenario, benchmark.value().wrong, rounds));
  }
  return json;
}

Result<Json> measure(size_t rounds) {
  const size_t few = std::min<size_t>(rounds, 7), fewest = std::min<size_t>(rounds, 3);
  Result<Benchmark> wide = word_count_benchmark(64), narrow = word_count_benchmark(1), usual = word_count_benchmark(2);
  Result<Benchmark> idle = idle_day_benchmark();
  for (const Result<Benchmark>* benchmark : {&wide, &narrow, &usual, &idle}) {
    if (!benchmark->ok()) return benchmark->error();
  }
  Result<Json> reference = reference_run(rounds);
  if (!reference.ok()) return reference.error();
  Result<Json> judged = judges(rounds);
  if (!judged.ok()) return judged.error();
  return Json{{"schema", 1},
              {"rounds", rounds},
              {"event_loop", event_loop(few)},
              {"ping_pong_64_bytes", ping_pong(few)},
              {"reference_run", reference.take()},
              {"judges", judged.take()},
              {"word_count", word_count(usual.value(), rounds)},
              {"parallelism_64", parallelism_64(wide.value(), narrow.value(), fewest)},
              {"idle_day", idle_day(idle.value(), fewest)}};
}

double number(const Json& json, const char* section, const char* name) { return json[section][name].get<double>(); }

std::string text_of(const Json& json) {
  std::string text;
  for (const Json& entry : json["event_loop"]["by_pending"]) {
    text += fmt::format("event loop      {:9} pending: {:5.1f} million events/s, {:3.0f} % of a bare binary heap\n",
                        entry["pending"].get<uint64_t>(), entry["events_per_second"].get<double>() / 1e6,
                        100 * entry["share"].get<double>());
  }
  const auto line = [&](const char* title, const std::string& words, const char* section) {
    text += fmt::format("{:15} {}; {:.1f} times {}\n", title, words, number(json, section, "ratio"),
                        json[section]["baseline"].get<std::string>());
  };
  line("ping-pong", fmt::format("{:.0f} ns an event", number(json, "ping_pong_64_bytes", "ns_per_event")),
       "ping_pong_64_bytes");
  line("reference run",
       fmt::format("{:.2f} ms, checkers included (target {} ms), {}", number(json, "reference_run", "median_ms"),
                   kTargetReferenceMs, json["reference_run"]["verdict"].get<std::string>()),
       "reference_run");
  for (const Json& entry : json["judges"]["by_history"]) {
    const std::string what = fmt::format("{:4.2f} million history events/s (target {:.0f}), {:.2f} ms for {} of {}, {}",
                                         entry["events_per_second"].get<double>() / 1e6, kTargetJudgedPerSecond / 1e6,
                                         entry["median_ms"].get<double>(), entry["history_events"].get<uint64_t>(),
                                         entry["scenario"].get<std::string>(), entry["verdict"].get<std::string>());
    text += fmt::format("{:15} {}\n", "judges", what);
  }
  line("word-count", fmt::format("{:.0f} runs/s", number(json, "word_count", "runs_per_second")), "word_count");
  line("parallelism 64",
       fmt::format("{:.1f} events a record (target {}), {:.1f} ms", number(json, "parallelism_64", "events_per_record"),
                   kTargetEventsPerRecord, number(json, "parallelism_64", "median_ms")),
       "parallelism_64");
  line("idle day", fmt::format("{:.0f} ms (target {} ms)", number(json, "idle_day", "median_ms"), kTargetIdleDayMs),
       "idle_day");
  return text + fmt::format("medians of up to {} rounds; the event loop's target is {:.0f} % up to 100,000 pending\n",
                            json["rounds"].get<uint64_t>(), 100 * kTargetShare);
}

}  // namespace

int bench_command(const Options& options) {
  const Result<uint64_t> rounds = parse_number(options.rounds, "--rounds", 1, 10'000);
  if (!rounds.ok()) return usage_error(rounds.error().message);
  const Result<Json> measured = measure(rounds.value());
  if (!measured.ok()) {
    message(measured.error().message);
    return kInternal;
  }
  if (kept_alive == 0) message("the loops returned nothing");
  print(options.json ? reports::to_text(measured.value()) : text_of(measured.value()));
  return kValid;
}

}  // namespace onceproof::scenarios::cli
