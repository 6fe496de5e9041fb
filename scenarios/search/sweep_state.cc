// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/sweep_state.h"

#include <string_view>

#include "runtime/real/files.h"

namespace onceproof::scenarios {

namespace {

Error of_another(const std::string& path) {
  return {ErrorCode::invalid_argument, path +
                                           " is not the state of this sweep (it has other options, another input or "
                                           "another build, or is no state at all); remove it to start anew"};
}

}  // namespace

Result<SweepState> SweepState::open(const std::string& path, const std::string& identity) {
  if (real::is_directory(path) || real::is_pipe_or_device(path)) {
    return Error{ErrorCode::invalid_argument, path + " is not a file"};
  }
  const std::string parent = real::parent_of(path);
  const std::string made_here = real::first_missing(parent);
  Status made = real::make_directories(parent);
  Result<real::AppendFile> file = made.ok() ? real::AppendFile::open(path, identity) : made.error();
  if (!file.ok()) {
    real::remove_empty_directories(parent, made_here);
    if (file.code() != ErrorCode::busy) return file.error();
    return Error{ErrorCode::invalid_argument,
                 file.error().message + ": the same sweep is under way; wait for it, or name another file with --resume"};
  }
  SweepState state(path, file.take(), made_here);
  std::string_view rest = state.file_.content();
  if (!rest.starts_with(identity + "\n")) return of_another(path);
  rest.remove_prefix(identity.size() + 1);
  for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    const Result<SeedOutcome> outcome = outcome_from_line(std::string(rest.substr(0, end)));
    if (outcome.ok()) state.count(outcome.value());  // a damaged line's seed is run again
    rest.remove_prefix(end + 1);
  }
  state.file_.forget_content();
  return state;
}

void SweepState::count(const SeedOutcome& outcome) {
  if (finished_.insert(outcome.seed).second) tally_.add(outcome);
}

Status SweepState::add(const SeedOutcome& outcome) {
  count(outcome);
  return file_.append(to_line(outcome));
}

void SweepState::remove() {
  if (const Status status = file_.remove(); !status.ok()) return;  // a leftover harms nobody: it is complete
  real::remove_empty_directories(real::parent_of(path_), made_here_);
}

}  // namespace onceproof::scenarios
