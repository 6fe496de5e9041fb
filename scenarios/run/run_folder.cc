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

namespace onceproof::scenarios {

namespace {

struct File {
  std::string path;  // inside the run's folder
  std::string content;
};

std::string trace_text(const simulator::Trace& trace) {
  std::string text =
      fmt::format("events {}\nhash {}\nstride {}\n", trace.events(), to_string(trace.hash()), trace.stride());
  for (const Hash128& rung : trace.ladder()) text += to_string(rung) + "\n";
  return text;
}

std::vector<File> files_of(const StoredRun& run) {
  std::vector<File> files;
  std::vector<checkers::RunReport> reports;
  for (const RunResult& result : *run.results) reports.push_back(result.report);
  files.push_back({"plan.json", to_json({run.plans})});
  files.push_back({"verdict.json", reports::run_json(reports)});
  files.push_back({"junit.xml", reports::junit_xml(reports)});
  files.push_back({"report.html", reports::html_report(reports, run.context)});
  for (size_t i = 0; i < run.plans.size(); ++i) {
    const std::string& stack = run.plans[i].guarantee;
    files.push_back({stack + "/verdict.json", reports::verdict_json(reports[i])});
    files.push_back({stack + "/trace.txt", trace_text((*run.results)[i].trace)});
  }
  return files;
}

// Straight into its file: it may be many times as large as all others.
Status write_history_of(const std::string& folder, const StoredRun& run, size_t i) {
  const RunResult& result = (*run.results)[i];
  HistoryHead head;
  head.scenario = result.report.scenario;
  head.stack = run.plans[i].guarantee;
  head.place = static_cast<uint32_t>(i);
  head.seed = result.report.seed;
  head.trace_hash = result.report.trace_hash;
  head.world_events = result.report.events;
  const std::string path = fmt::format("{}/{}/{}", folder, head.stack, kHistoryFile);
  return write_history(std::move(head), result.reference->pipeline(), result.reference->input(), result.report.history,
                       [&](std::string_view piece) { return real::append_to_file(path, piece); });
}

Status write_all(const std::string& folder, const StoredRun& run) {
  if (Status status = real::make_directories(folder); !status.ok()) return status;
  for (const RunPlan& plan : run.plans) {
    if (Status status = real::make_directories(folder + "/" + plan.guarantee); !status.ok()) return status;
  }
  for (const File& file : files_of(run)) {
    if (Status status = real::append_to_file(folder + "/" + file.path, file.content); !status.ok()) return status;
  }
  for (size_t i = 0; i < run.plans.size(); ++i) {
    if (Status status = write_history_of(folder, run, i); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Result<std::string> store_run(const std::string& root, const StoredRun& run) {
  const RunPlan& plan = run.plans.front();
  const std::string parent = root + "/" + plan.scenario;
  const std::string name = fmt::format("{}-{:#x}", real::local_timestamp(), plan.seed);
  std::string folder = parent + "/" + name;
  for (int n = 2; real::exists(folder); ++n) folder = fmt::format("{}/{}-{}", parent, name, n);
  const std::string temporary = folder + ".tmp";
  if (const Status status = real::remove_tree(temporary); !status.ok()) return status.error();
  if (const Status status = write_all(temporary, run); !status.ok()) return status.error();
  if (const Status status = real::rename_path(temporary, folder); !status.ok()) return status.error();
  if (const Status status = real::sync_directory(parent); !status.ok()) return status.error();
  return folder;
}

Status refuse_other_file(const std::string& path, const std::string& wanted) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::vector<std::string> ours = {"plan.json", "verdict.json", "report.html", "junit.xml", "trace.txt",
                                         kHistoryFile};
  if (name == wanted || std::find(ours.begin(), ours.end(), name) == ours.end() || real::is_directory(path)) return {};
  // A stack's own files lie one folder below the run's.
  std::string folder = slash == std::string::npos ? std::string(".") : slash == 0 ? "/" : path.substr(0, slash);
  if (!real::exists(folder + "/plan.json") && real::exists(folder + "/../plan.json")) {
    const size_t above = folder.rfind('/');
    folder = above == std::string::npos ? "." : above == 0 ? "/" : folder.substr(0, above);
  }
  return {ErrorCode::invalid_argument,
          fmt::format("{} is one file of a run: name the folder, {}, or its {}", path, folder, wanted)};
}

std::vector<std::pair<std::string, std::string>> configuration_lines(const RunPlan& plan) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const graph::LogicalOperator& op : plan.job.plan.operators) {
    if (lines.empty())
      lines.emplace_back("pipeline", graph::to_string(op.kind));
    else
      lines.front().second += fmt::format(" -> {}", graph::to_string(op.kind));
  }
  for (const Knob& knob : all_knobs()) lines.emplace_back(knob_path(knob), fmt::format("{}", knob.get(plan)));
  for (int i = 0; i < kSeededBugCount; ++i) {
    if (plan.job.bugs.has(seeded_bug_info(i).bug)) lines.emplace_back("seeded bug", seeded_bug_info(i).name);
  }
  return lines;
}

}  // namespace onceproof::scenarios
