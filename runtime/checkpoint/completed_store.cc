// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/completed_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/checkpoint/sealed_file.h"

namespace onceproof::checkpoint {

namespace {

constexpr const char* kTemporary = "tmp";
constexpr const char* kMetadata = "meta";

// The number in <prefix><number><rest>; `rest` is what follows it.
std::optional<uint64_t> number_behind(const std::string& prefix, std::string_view path, std::string_view& rest) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), id);
  if (error != std::errc() || id == 0) return std::nullopt;
  rest = path.substr(static_cast<size_t>(end - path.data()));
  return id;
}

}  // namespace

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::stored: return "stored";
    case Outcome::not_stored: return "not stored";
    case Outcome::unknown: return "unknown";
  }
  return "?";
}

// What a state's call leads to. States that make no call are not in the table.
struct CompletedCheckpointStore::Transition {
  State from;
  State done;
  State failed;
};
constexpr CompletedCheckpointStore::Transition CompletedCheckpointStore::kTransitions[] = {
    {State::clearing, State::writing, State::refused},
    {State::writing, State::syncing, State::refused},
    {State::syncing, State::renaming, State::refused},
    {State::renaming, State::publishing, State::unknown},
    {State::publishing, State::stored, State::unknown},
    {State::confirming, State::reading, State::unknown},
    {State::reading, State::stored, State::unknown},
    {State::sweeping, State::retiring, State::retiring},
    {State::retiring, State::unlinking, State::lingering},
    {State::unlinking, State::gone, State::lingering},
};

CompletedCheckpointStore::CompletedCheckpointStore(env::Storage& storage, std::string directory, int32_t retained)
    : storage_(storage),
      directory_(std::move(directory)),
      completed_(directory_ + "/completed"),
      retained_(std::max(retained, 1)) {}

std::string CompletedCheckpointStore::path_of(uint64_t id, const char* suffix) const {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, id).ptr;
  const std::string_view number(digits, static_cast<size_t>(end - digits));
  std::string path;  // one is made for every call of the storage
  path.reserve(completed_.size() + sizeof "/chk-.meta" + sizeof digits);
  return path.append(completed_).append("/chk-").append(number).append(".").append(suffix);
}

std::string CompletedCheckpointStore::directory_of(uint64_t id) const {
  return fmt::format("{}/chk-{}", directory_, id);
}

// ---- one checkpoint's way ------------------------------------------------------------------------------

void CompletedCheckpointStore::add(CompletedCheckpoint checkpoint, Answer answer) {
  const uint64_t id = checkpoint.id;
  const auto [entry, is_new] = entries_.try_emplace(id);
  CHECK(is_new, "a checkpoint id is used once");
  entry->second.checkpoint = std::move(checkpoint);
  entry->second.answers.push_back(std::move(answer));
  highest_id_seen_ = std::max(highest_id_seen_, id);
  enter(id, State::clearing);
}

void CompletedCheckpointStore::settle(uint64_t id, Answer answer) {
  const auto found = entries_.find(id);
  // Known already: a call that changes nothing, so that the answer comes as a mail like every other.
  if (found == entries_.end() || outcome_of(id) != Outcome::unknown) {
    return storage_.sync_directory(completed_, [this, id, answer](const Status&) { answer(outcome_of(id)); });
  }
  found->second.answers.push_back(std::move(answer));
  if (found->second.state == State::unknown) enter(id, State::confirming);
}

void CompletedCheckpointStore::enter(uint64_t id, State state) {
  entries_.at(id).state = state;
  switch (state) {
    case State::stored:
      subsume();
      answer(id, Outcome::stored);
      return answer_waiters();
    case State::refused:
      enter(id, State::sweeping);
      answer(id, Outcome::not_stored);
      return answer_waiters();
    case State::unknown:
      subsume();
      answer(id, Outcome::unknown);
      return answer_waiters();
    case State::lingering: return;
    case State::gone: return forget(id);
    default: return call(id, state);
  }
}

void CompletedCheckpointStore::call(uint64_t id, State state) {
  auto next = [this, id, state](const Status& status) { called(id, state, status); };
  switch (state) {
    case State::clearing:
    case State::sweeping: return storage_.remove(path_of(id, kTemporary), std::move(next));
    case State::writing:
      return storage_.append(path_of(id, kTemporary), seal(encode(entries_.at(id).checkpoint)), std::move(next));
    case State::syncing: return storage_.sync(path_of(id, kTemporary), std::move(next));
    case State::renaming:
      return storage_.rename(path_of(id, kTemporary), path_of(id, kMetadata), std::move(next));
    case State::publishing:
    case State::confirming:
    case State::unlinking: return storage_.sync_directory(completed_, std::move(next));
    case State::reading: return read_back(id);
    // Metadata first: metadata whose files are gone must never be found by a later job manager.
    case State::retiring: return storage_.remove(path_of(id, kMetadata), std::move(next));
    default: CHECK(false, "a state that makes no call");
  }
}

void CompletedCheckpointStore::called(uint64_t id, State state, const Status& status) {
  for (const Transition& transition : kTransitions) {
    if (transition.from == state) return enter(id, status.ok() ? transition.done : transition.failed);
  }
  CHECK(false, "a state that makes no call");
}

void CompletedCheckpointStore::read_back(uint64_t id) {
  storage_.read(path_of(id, kMetadata), [this, id](const Result<Bytes>& file) {
    if (!file.ok() && file.code() == ErrorCode::not_found) return enter(id, State::refused);
    const Result<CompletedCheckpoint> found = parse(id, file);
    called(id, State::reading, found.ok() ? Status() : Status(found.error()));
  });
}

// The answers may call the store again, so nothing is touched behind them.
void CompletedCheckpointStore::answer(uint64_t id, Outcome outcome) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const std::vector<Answer> answers = std::move(found->second.answers);
  found->second.answers.clear();
  for (const Answer& each : answers) each(outcome);
}

void CompletedCheckpointStore::settle_all(std::function<void(bool)> answer) {
  waiters_.push_back(std::move(answer));
  std::vector<uint64_t> unknown;
  for (const auto& [id, entry] : entries_) {
    if (entry.state == State::unknown) unknown.push_back(id);
  }
  for (const uint64_t id : unknown) enter(id, State::confirming);
  if (!unknown.empty()) return;
  storage_.sync_directory(completed_, [this](const Status&) { answer_waiters(); });
}

void CompletedCheckpointStore::answer_waiters() {
  bool known = true;
  for (const auto& [id, entry] : entries_) {
    if (outcome_of(id) != Outcome::unknown) continue;
    if (entry.state != State::unknown) return;  // under way: it says so when it is not
    known = false;
  }
  const std::vector<std::function<void(bool)>> waiters = std::move(waiters_);
  waiters_.clear();
  for (const auto& each : waiters) each(known);
}

// ---- what is stored ------------------------------------------------------------------------------------

Outcome CompletedCheckpointStore::outcome_of(uint64_t id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return Outcome::not_stored;
  switch (found->second.state) {
    case State::clearing:
    case State::writing:
    case State::syncing:
    case State::renaming:
    case State::publishing:
    case State::unknown:
    case State::confirming:
    case State::reading: return Outcome::unknown;
    case State::stored: return Outcome::stored;
    default: return Outcome::not_stored;
  }
}

const CompletedCheckpoint* CompletedCheckpointStore::latest() const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->second.state == State::stored) return &entry->second.checkpoint;
  }
  return nullptr;
}

std::vector<uint64_t> CompletedCheckpointStore::stored_ids() const {
  std::vector<uint64_t> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.state == State::stored) ids.push_back(id);
  }
  return ids;
}

// Removes the oldest beyond `retained`, and what nothing will ever restore: of unknown outcome, but older than one that
// is certain. Tries again what could not be removed.
void CompletedCheckpointStore::subsume() {
  const std::vector<uint64_t> stored = stored_ids();
  if (stored.empty()) return;
  const size_t excess = stored.size() - std::min(stored.size(), static_cast<size_t>(retained_));
  for (size_t i = 0; i < excess; ++i) enter(stored[i], State::retiring);
  std::vector<uint64_t> others;
  for (const auto& [id, entry] : entries_) {
    if (entry.state == State::lingering || (entry.state == State::unknown && id < stored.back())) others.push_back(id);
  }
  for (const uint64_t id : others) enter(id, State::sweeping);
  const std::vector<std::string> litter = std::move(litter_);
  litter_.clear();
  for (const std::string& file : litter) discard_file(file);
}

void CompletedCheckpointStore::forget(uint64_t id) {
  const auto found = entries_.find(id);
  const CompletedCheckpoint checkpoint = std::move(found->second.checkpoint);
  entries_.erase(found);
  for (const TaskState& state : checkpoint.states) {
    if (!state.file.empty()) discard_file(state.file);
  }
}

bool CompletedCheckpointStore::refers_to(const std::string& file) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    const std::vector<TaskState>& states = entry.second.checkpoint.states;
    return std::any_of(states.begin(), states.end(), [&](const TaskState& state) { return state.file == file; });
  });
}

void CompletedCheckpointStore::discard_file(const std::string& file) {
  if (refers_to(file)) return;
  storage_.remove(file, [this, file](const Status& status) {
    if (!status.ok()) litter_.push_back(file);
  });
}

void CompletedCheckpointStore::discard_directory(uint64_t id) {
  storage_.list(directory_of(id), [this](const Result<env::Storage::Paths>& files) {
    if (!files.ok()) return;  // litter, no harm: the next job manager looks again
    for (const std::string& file : files.value()) discard_file(file);
  });
}

void CompletedCheckpointStore::discard_directories_below(uint64_t limit) {
  storage_.list(directory_, [this, limit](const Result<env::Storage::Paths>& files) {
    if (!files.ok()) return;
    for (const std::string& file : files.value()) {
      std::string_view rest;
      const auto id = number_behind(directory_ + "/chk-", file, rest);
      if (id && *id < limit && rest.starts_with('/')) discard_file(file);
    }
  });
}

// ---- recovery ------------------------------------------------------------------------------------------

Result<CompletedCheckpoint> CompletedCheckpointStore::parse(uint64_t id, const Result<Bytes>& file) const {
  if (!file.ok()) return file.error();
  const std::string path = path_of(id, kMetadata);
  const Result<Bytes> payload = unseal(path, file.value());
  if (!payload.ok()) return payload.error();
  CompletedCheckpoint checkpoint;
  if (!decode(payload.value(), checkpoint) || checkpoint.id != id)
    return Error{ErrorCode::corrupt, fmt::format("{} does not hold checkpoint {}", path, id)};
  return checkpoint;
}

void CompletedCheckpointStore::recover(env::Storage::Reply<uint64_t> reply) {
  entries_.clear();
  storage_.list(completed_, [this, reply](const Result<env::Storage::Paths>& paths) {
    if (!paths.ok()) return reply(paths.error());
    recover_listed(paths.value(), reply);
  });
}

void CompletedCheckpointStore::recover_listed(const env::Storage::Paths& paths, env::Storage::Reply<uint64_t> reply) {
  std::vector<uint64_t> ids;
  for (const std::string& path : paths) {
    std::string_view suffix;
    const auto id = number_behind(completed_ + "/chk-", path, suffix);
    if (!id || (suffix != ".meta" && suffix != ".tmp")) continue;
    highest_id_seen_ = std::max(highest_id_seen_, *id);
    if (suffix == ".meta") {
      ids.push_back(*id);
    } else {
      discard_file(path);
    }
  }
  std::sort(ids.begin(), ids.end());
  // A predecessor may have died, or may still be running cut off, between its rename and its sync. What is restored
  // from here on must not vanish with it.
  storage_.sync_directory(completed_, [this, ids, reply](const Status& status) {
    if (!status.ok()) return reply(status.error());
    recover_next(ids, reply);
  });
}

// Newest first.
void CompletedCheckpointStore::recover_next(std::vector<uint64_t> ids, env::Storage::Reply<uint64_t> reply) {
  if (ids.empty()) return reply(latest() == nullptr ? 0 : latest()->id);
  const uint64_t id = ids.back();
  ids.pop_back();
  storage_.read(path_of(id, kMetadata), [this, id, ids, reply](const Result<Bytes>& file) {
    Result<CompletedCheckpoint> checkpoint = parse(id, file);
    if (checkpoint.ok()) {
      entries_[id] = {checkpoint.take(), State::stored, {}};
    } else if (checkpoint.code() != ErrorCode::corrupt || entries_.empty()) {
      Error error = checkpoint.error();
      error.message = fmt::format("checkpoint {} is in the store but cannot be read: {}", id, error.message);
      entries_.clear();
      if (error.code != ErrorCode::corrupt) error.code = ErrorCode::io_error;
      return reply(error);
    }  // else: a damaged older one, which nobody will restore
    recover_next(ids, reply);
  });
}

}  // namespace onceproof::checkpoint
