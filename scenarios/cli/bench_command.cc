// SPDX-License-Identifier: Apache-2.0
// bench: the event loop against a bare binary heap, and the reference run against its own naive interpretation,
// each beside its baseline in the same process, because only the ratio survives another machine.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "runtime/real/wall_clock.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/input.h"
#include "simulator/bench_loop.h"

namespace onceproof::scenarios::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kLoopEvents = 2'000'000;
constexpr double kTargetShare = 0.5;
constexpr double kTargetMs = 5;

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

struct Measured {
  double loop_per_second = 0;
  double heap_per_second = 0;
  double run_ms = 0;
  double baseline_ms = 0;
  checkers::RunReport report;
};

// Measured and baseline take turns, so that a noisy neighbour hits both.
void measure_loop(size_t rounds, Measured& measured) {
  std::vector<double> loop, heap;
  uint64_t sum = 0;
  for (size_t i = 0; i < rounds; ++i) {
    loop.push_back(milliseconds_of([&] { sum += simulator::run_empty_mail_loop(kLoopEvents); }));
    heap.push_back(milliseconds_of([&] { sum += simulator::run_bare_heap_loop(kLoopEvents); }));
  }
  if (sum == 0) message("the loops returned nothing");  // keeps their results alive
  measured.loop_per_second = kLoopEvents / median(loop) * 1000;
  measured.heap_per_second = kLoopEvents / median(heap) * 1000;
}

Status measure_run(size_t rounds, Measured& measured) {
  Options options;
  options.target = "reference";
  options.guarantee = "exactly-once";
  Result<Session> session = open_session(options);
  if (!session.ok()) return session.error();
  const auto plans = session.value().plans(1);
  if (!plans.ok()) return plans.error();
  const RunPlan& plan = plans.value().front();
  const Result<std::string> text = load_text(plan.input);
  if (!text.ok()) return text.error();
  Result<checkers::Input> split = split_input(text.value(), plan.job.source.partitions, plan.input.span_us);
  if (!split.ok()) return split.error();
  const auto input = std::make_shared<const checkers::Input>(split.take());
  std::vector<double> run, baseline;
  for (size_t i = 0; i < rounds; ++i) {
    run.push_back(milliseconds_of([&] {
      Result<RunResult> result = session.value().run(plan);
      measured.report = std::move(result.value().report);
    }));
    baseline.push_back(milliseconds_of([&] {
      const checkers::Reference reference(input, checker_pipeline(plan.job.plan.operators));
      if (reference.results().empty()) message("the reference input has no results");
    }));
  }
  measured.run_ms = median(run);
  measured.baseline_ms = median(baseline);
  return {};
}

Json json_of(const Measured& m, size_t rounds) {
  return {{"schema", 1},
          {"rounds", rounds},
          {"event_loop",
           {{"events_per_second", m.loop_per_second},
            {"baseline", "bare binary heap"},
            {"baseline_events_per_second", m.heap_per_second},
            {"share", m.loop_per_second / m.heap_per_second},
            {"target_share", kTargetShare}}},
          {"reference_run",
           {{"median_ms", m.run_ms},
            {"baseline", "naive interpretation of the same input"},
            {"baseline_ms", m.baseline_ms},
            {"ratio", m.run_ms / m.baseline_ms},
            {"target_ms", kTargetMs},
            {"records", m.report.verdict.counts.expected},
            {"events", m.report.events},
            {"checkpoints", m.report.checkpoints_completed},
            {"restarts", m.report.history.restarts},
            {"verdict", checkers::to_string(m.report.verdict.outcome)}}}};
}

std::string text_of(const Measured& m, size_t rounds) {
  return fmt::format(
      "event loop      {:6.1f} million events/s, {:.0f} % of a bare binary heap ({:.1f} million/s); target {:.0f} %\n"
      "reference run   {:6.2f} ms, checkers included, {:.1f} times the naive interpretation ({:.2f} ms); target {:.0f} "
      "ms\n"
      "                {} records, {} events, {} checkpoints, {} restarts, {}\n"
      "medians of {} rounds\n",
      m.loop_per_second / 1e6, 100 * m.loop_per_second / m.heap_per_second, m.heap_per_second / 1e6, 100 * kTargetShare,
      m.run_ms, m.run_ms / m.baseline_ms, m.baseline_ms, kTargetMs, m.report.verdict.counts.expected, m.report.events,
      m.report.checkpoints_completed, m.report.history.restarts, checkers::to_string(m.report.verdict.outcome), rounds);
}

}  // namespace

int bench_command(const Options& options) {
  const Result<uint64_t> rounds = parse_number(options.rounds, "--rounds", 1, 10'000);
  if (!rounds.ok()) return usage_error(rounds.error().message);
  Measured measured;
  if (const Status status = measure_run(rounds.value(), measured); !status.ok()) {
    message(status.error().message);
    return kInternal;
  }
  measure_loop(std::min<uint64_t>(rounds.value(), 7), measured);
  print(options.json ? reports::to_text(json_of(measured, rounds.value())) : text_of(measured, rounds.value()));
  return kValid;
}

}  // namespace onceproof::scenarios::cli
