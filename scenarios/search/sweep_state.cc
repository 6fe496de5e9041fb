// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/sweep_state.h"

#include <string_view>

#include "runtime/real/files.h"

namespace onceproof::scenarios {

Result<SweepState> SweepState::open(const std::string& path, const std::string& identity) {
  SweepState state;
  state.path_ = path;
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos) {
    if (const Status status = real::make_directories(path.substr(0, slash)); !status.ok()) return status.error();
  }
  if (!real::exists(path)) {
    if (const Status status = real::append_to_file(path, identity + "\n"); !status.ok()) return status.error();
    return state;
  }
  const Result<std::string> text = real::read_file(path);
  if (!text.ok()) return text.error();
  std::string_view rest = text.value();
  bool first = true;
  for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (first && line != identity) {
      return Error{ErrorCode::invalid_argument, path +
                                                    " is the state of another sweep (other options, another input or "
                                                    "another build); remove it to start anew"};
    }
    if (!first) {
      Result<SeedOutcome> outcome = outcome_from_line(line);
      if (outcome.ok()) state.finished_[outcome.value().seed] = outcome.take();
    }
    first = false;
  }
  // The torn line's rest must not run into the next one.
  if (!rest.empty()) {
    if (const Status status = real::append_to_file(path, "\n"); !status.ok()) return status.error();
  }
  return state;
}

Status SweepState::add(const SeedOutcome& outcome) {
  finished_[outcome.seed] = outcome;
  return real::append_to_file(path_, to_line(outcome) + "\n");
}

void SweepState::remove() {
  if (const Status status = real::remove_tree(path_); !status.ok()) return;  // a leftover harms nobody: it is complete
}

}  // namespace onceproof::scenarios
