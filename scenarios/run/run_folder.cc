// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/run_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/html.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "runtime/real/files.h"
#include "runtime/real/wall_clock.h"
#include "scenarios/history/document.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/history/pipeline.h"

namespace onceproof::scenarios {

namespace {

constexpr int kMostOfASecond = 10'000;  // runs of one scenario and seed

constexpr const char* kInputFile = "input.txt";

std::string trace_text(const simulator::Trace& trace) {
  std::string text =
      fmt::format("events {}\nhash {}\nstride {}\n", trace.events(), to_string(trace.hash()), trace.stride());
  for (const Hash128& rung : trace.ladder()) text += to_string(rung) + "\n";
  return text;
}

// The plans, with an input that a reader in any folder finds.
PlanFile stored_plans(const StoredRun& run) {
  PlanFile file{run.plans};
  for (RunPlan& plan : file.plans) {
    InputSpec& input = plan.input.spec;
    if (run.input_text) {
      input = {InputKind::file, kInputFile};
    } else if (input.kind == InputKind::file) {
      input.path = real::absolute_path(input.path);
    }
  }
  return file;
}

// Straight into its file: it may be many times as large as all others.
Status write_history_of(const std::string& folder, const StoredRun& run, size_t i) {
  const checkers::RunReport& report = (*run.reports)[i];
  HistoryHead head;
  head.scenario = report.scenario;
  head.stack = run.plans[i].guarantee;
  head.place = static_cast<uint32_t>(i);
  head.seed = report.seed;
  head.trace_hash = report.trace_hash;
  head.world_events = report.events;
  const std::string path = fmt::format("{}/{}/{}", folder, head.stack, kHistoryFile);
  return write_history(std::move(head), to_steps(run.plans[i].pipeline), run.reference->input(), report.history,
                       [&](std::string_view piece) { return real::append_to_file(path, piece); });
}

// One text at a time: a history is many times as large as the run that it tells of.
Status write_files(const std::string& folder, const StoredRun& run) {
  Status status;
  const auto put = [&](const std::string& path, const auto& make) {
    if (status.ok()) status = real::append_to_file(folder + "/" + path, make());
  };
  const std::vector<checkers::RunReport>& reports = *run.reports;
  put("plan.json", [&] { return to_json(stored_plans(run)); });
  if (run.input_text) put(kInputFile, [&]() -> const std::string& { return *run.input_text; });
  put("verdict.json", [&] { return reports::run_json(reports); });
  put("junit.xml", [&] { return reports::junit_xml(reports); });
  put("report.html", [&] { return reports::html_report(reports, run.context); });
  for (size_t i = 0; i < run.plans.size(); ++i) {
    const std::string& stack = run.plans[i].guarantee;
    if (status.ok()) status = real::make_directories(folder + "/" + stack);
    put(stack + "/verdict.json", [&] { return reports::verdict_json(reports[i]); });
    if (status.ok()) status = write_history_of(folder, run, i);
    put(stack + "/trace.txt", [&] { return trace_text((*run.traces)[i]); });
  }
  return status;
}

// A folder that is there is complete, so none is ever replaced: the rename of a folder onto one with files in it fails.
Result<std::string> give_name(const std::string& temporary, const std::string& name) {
  for (int n = 1; n < kMostOfASecond; ++n) {
    const std::string folder = n == 1 ? name : fmt::format("{}-{}", name, n);
    if (real::exists(folder)) continue;
    const Status status = real::rename_path(temporary, folder);
    if (status.ok()) return folder;
    if (!real::exists(folder)) return status.error();
  }
  return Error{ErrorCode::io_error, fmt::format("{} and {} more are there already", name, kMostOfASecond)};
}

}  // namespace

Result<std::string> store_run(const std::string& root, const StoredRun& run) {
  const RunPlan& plan = run.plans.front();
  const std::string parent = root + "/" + plan.scenario;
  const std::string name = fmt::format("{}/{}-{:#x}", parent, real::local_timestamp(), plan.seed);
  const std::string made_here = real::first_missing(parent);
  Result<std::string> folder = real::make_unique_directory(name + ".tmp-");
  if (!folder.ok()) {
    real::remove_empty_directories(parent, made_here);
    return folder;
  }
  const std::string temporary = folder.take();
  const Status written = write_files(temporary, run);
  folder = written.ok() ? give_name(temporary, name) : Result<std::string>(written.error());
  if (folder.ok()) {
    if (const Status synced = real::sync_directory(parent); !synced.ok()) return synced.error();
    return folder;
  }
  if (const Status removed = real::remove_tree(temporary); !removed.ok()) {
    return Error{folder.code(), folder.error().message + "; " + removed.error().message};
  }
  real::remove_empty_directories(parent, made_here);
  return folder;
}

Status refuse_other_file(const std::string& path, const std::string& wanted) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::vector<std::string> ours = {"plan.json", "verdict.json", "report.html", "junit.xml", "trace.txt",
                                         kHistoryFile};
  if (name == wanted || std::find(ours.begin(), ours.end(), name) == ours.end() || real::is_directory(path)) return {};
  // A stack's own files lie one folder below the run's.
  std::string folder = real::parent_of(path);
  if (!real::exists(folder + "/plan.json") && real::exists(folder + "/../plan.json")) folder = real::parent_of(folder);
  return {ErrorCode::invalid_argument,
          fmt::format("{} is one file of a run: name the folder, {}, or its {}", path, folder, wanted)};
}

std::vector<std::pair<std::string, std::string>> configuration_lines(const RunPlan& plan) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<std::string> steps;
  for (const graph::LogicalNode& node : plan.job.plan.nodes) steps.push_back(node.name);
  lines.emplace_back("pipeline", fmt::format("{}", fmt::join(steps, " -> ")));
  for (const Knob& knob : all_knobs()) lines.emplace_back(knob_path(knob), fmt::format("{}", knob.get(plan)));
  for (int i = 0; i < kSeededBugCount; ++i) {
    if (plan.job.bugs.has(seeded_bug_info(i).bug)) lines.emplace_back("seeded bug", seeded_bug_info(i).name);
  }
  return lines;
}

}  // namespace onceproof::scenarios
