// SPDX-License-Identifier: Apache-2.0
// check: judges stored or hand-made histories again, and says whether the verdict is the one that was stored.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <vector>

#include "checkers/control.h"
#include "reports/json.h"
#include "reports/table.h"
#include "runtime/real/files.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/history/document.h"
#include "scenarios/run/run_folder.h"

namespace onceproof::scenarios::cli {

namespace {

struct Judged {
  std::string path;
  HistoryHead head;
  checkers::RunReport report;
};

Error bad(std::string text) { return {ErrorCode::invalid_argument, std::move(text)}; }

// A history, the folder of one run's stack, or the run's folder, which has one of those for each stack.
Result<std::vector<std::string>> histories_of(const std::string& target) {
  if (const Status status = refuse_other_file(target, kHistoryFile); !status.ok()) return status.error();
  if (!real::is_directory(target)) return std::vector<std::string>{target};
  const std::string own = fmt::format("{}/{}", target, kHistoryFile);
  if (real::exists(own)) return std::vector<std::string>{own};
  const Result<std::vector<std::string>> names = real::list_directory(target);
  if (!names.ok()) return bad(names.error().message);
  std::vector<std::string> found;
  for (const std::string& name : names.value()) {
    const std::string path = fmt::format("{}/{}/{}", target, name, kHistoryFile);
    if (real::exists(path)) found.push_back(path);
  }
  if (found.empty()) {
    return bad(fmt::format("{} holds no {}, nor does a folder in it: name a run's folder or a history", target,
                           kHistoryFile));
  }
  return found;
}

Result<Judged> judge_file(const std::string& path) {
  if (!real::exists(path)) return bad(fmt::format("there is no {}", path));
  if (real::is_directory(path)) return bad(fmt::format("{} is a folder, not a history", path));
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad(fmt::format("cannot open {}", path));
  Result<HistoryDocument> document = read_history(file, path);
  if (!document.ok()) return document.error();
  Judged judged;
  judged.path = path;
  judged.head = document.value().head;
  judged.report = judge_document(document.take());
  return judged;
}

// Whether the verdict that lies there is this one; nothing when none does.
std::optional<bool> is_stored(const std::string& path, const std::string& text) {
  const Result<std::string> stored = real::read_file(path);
  if (!stored.ok()) return std::nullopt;
  return stored.value() == text;
}

std::string verdict_beside(const std::string& history) {
  const size_t slash = history.rfind('/');
  return (slash == std::string::npos ? std::string() : history.substr(0, slash + 1)) + "verdict.json";
}

// One line for each kind: "2 lost (delivery)".
std::string kinds_of(const checkers::RunReport& report) {
  std::vector<std::pair<std::string, std::string>> kinds;  // kind, checker
  for (const checkers::Finding& finding : report.verdict.findings) {
    const std::pair<std::string, std::string> kind = {finding.kind, finding.checker};
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  std::string text;
  for (const auto& [kind, checker] : kinds) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", kind, checker);
  return text;
}

int exit_code(const std::vector<Judged>& all) {
  const auto any = [&](checkers::Outcome outcome) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Judged& one) { return one.report.verdict.outcome == outcome; });
  };
  if (any(checkers::Outcome::violated)) return kViolated;
  return any(checkers::Outcome::inconclusive) ? kInconclusive : kValid;
}

}  // namespace

int check_command(const Options& options) {
  const Result<std::vector<std::string>> paths = histories_of(options.target);
  if (!paths.ok()) return usage_error(paths.error().message);
  std::vector<Judged> all;
  for (const std::string& path : paths.value()) {
    Result<Judged> judged = judge_file(path);
    if (!judged.ok()) return usage_error(judged.error().message);
    all.push_back(judged.take());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Judged& a, const Judged& b) { return a.head.place < b.head.place; });

  std::vector<checkers::RunReport> reports;
  std::vector<checkers::Verdict> verdicts;
  for (Judged& one : all) {
    verdicts.push_back(one.report.verdict);
    reports.push_back(one.report);
  }
  // What `run` wrote: of a run's folder the table of all its stacks, of one history its verdict and ledger.
  const bool whole = real::is_directory(options.target) && !real::exists(fmt::format("{}/{}", options.target, kHistoryFile));
  if (options.json) {
    print(whole ? reports::run_json(reports) : reports::verdict_json(reports.front()));
    return exit_code(all);
  }
  const HistoryHead& head = all.front().head;
  print(head.scenario.empty() ? fmt::format("{}\n", all.front().path)
                              : fmt::format("{} seed {:#x}\n", head.scenario, head.seed));
  if (!head.about.empty()) print(head.about + "\n");
  print(reports::verdict_table(reports, whole ? checkers::control(verdicts).sentence : "", text_options()));
  for (const Judged& one : all) {
    const std::string kinds = kinds_of(one.report);
    if (!kinds.empty()) print(fmt::format("{}: {}\n", head.stack.empty() ? "findings" : one.head.stack, kinds));
  }
  std::vector<std::pair<std::string, std::string>> stored;  // path, and what should be there
  if (whole) stored.emplace_back(options.target + "/verdict.json", reports::run_json(reports));
  for (const Judged& one : all) stored.emplace_back(verdict_beside(one.path), reports::verdict_json(one.report));
  size_t same = 0;
  for (const auto& [path, text] : stored) {
    const std::optional<bool> is = is_stored(path, text);
    if (is && !*is) print(fmt::format("not the verdict that is stored in {}\n", path));
    same += is.value_or(false) ? 1 : 0;
  }
  if (same == stored.size()) print("the same verdict as stored, byte for byte\n");
  return exit_code(all);
}

}  // namespace onceproof::scenarios::cli
