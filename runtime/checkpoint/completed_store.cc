// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/completed_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace onceproof::checkpoint {

namespace {

constexpr uint32_t kMagic = 0x504b4331;  // "1CKP"
constexpr const char* kTemporary = "tmp";
constexpr const char* kMetadata = "meta";

// A file of this store: magic, XXH3-64 of the payload, payload.
Bytes seal(ByteView payload) {
  Bytes out;
  ByteWriter writer(out);
  writer.fixed(kMagic);
  writer.fixed(hash64(payload));
  writer.raw(payload);
  return out;
}

Result<Bytes> unseal(const std::string& path, ByteView file) {
  ByteReader reader(file);
  const auto magic = reader.fixed<uint32_t>();
  const auto checksum = reader.fixed<uint64_t>();
  if (!reader.ok() || magic != kMagic || hash64(reader.rest()) != checksum)
    return Error{ErrorCode::corrupt, fmt::format("{} fails its checksum ({} bytes)", path, file.size())};
  return Bytes(reader.rest());
}

struct NamedFile {
  uint64_t id = 0;
  bool metadata = false;
};

// chk-<id>.meta or chk-<id>.tmp directly in `directory`.
std::optional<NamedFile> parse_name(const std::string& directory, std::string_view path) {
  const std::string prefix = directory + "/chk-";
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  NamedFile file;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), file.id);
  if (error != std::errc() || file.id == 0) return std::nullopt;
  path.remove_prefix(static_cast<size_t>(end - path.data()));
  if (path == ".meta")
    file.metadata = true;
  else if (path != ".tmp")
    return std::nullopt;
  return file;
}

// Any error up to the rename means that `to` is certainly unchanged: whatever the code was, it becomes io_error.
Status write_then_rename(env::Storage& storage, const std::string& temporary, const std::string& to,
                         const std::string& directory, ByteView data) {
  const auto not_stored = [&](const Status& status) {
    (void)storage.remove(temporary);  // best effort: nobody reads it
    return Status(ErrorCode::io_error, fmt::format("{} was not written: {}", to, status.error().message));
  };
  const auto unknown = [&](const Status& status) {
    return Status(ErrorCode::timed_out, fmt::format("{} may or may not be durable: {}", to, status.error().message));
  };
  // A crashed predecessor may have left a torn one, and append would continue it.
  if (Status status = storage.remove(temporary); !status.ok()) return not_stored(status);
  if (Status status = storage.append(temporary, data); !status.ok()) return not_stored(status);
  if (Status status = storage.sync(temporary); !status.ok()) return not_stored(status);
  if (Status status = storage.rename(temporary, to); !status.ok()) return unknown(status);
  if (Status status = storage.sync_directory(directory); !status.ok()) return unknown(status);
  return {};
}

}  // namespace

CompletedCheckpointStore::CompletedCheckpointStore(env::Storage& storage, std::string directory, int32_t retained)
    : storage_(storage), directory_(std::move(directory)), retained_(std::max(retained, 1)) {}

std::string CompletedCheckpointStore::path_of(uint64_t id, const char* suffix) const {
  return fmt::format("{}/chk-{}.{}", directory_, id, suffix);
}

Status CompletedCheckpointStore::add(CompletedCheckpoint checkpoint) {
  CHECK(checkpoint.id > highest_id_seen_, "checkpoint ids ascend and are never used twice");
  highest_id_seen_ = checkpoint.id;
  Status status = write_then_rename(storage_, path_of(checkpoint.id, kTemporary), path_of(checkpoint.id, kMetadata),
                                    directory_, seal(encode(checkpoint)));
  if (status.code() == ErrorCode::timed_out) unknown_.push_back(std::move(checkpoint));
  if (!status.ok()) return status;
  insert(std::move(checkpoint));
  subsume();
  return {};
}

Status CompletedCheckpointStore::settle() {
  while (!unknown_.empty()) {
    const uint64_t id = unknown_.front().id;
    // In this order: what the read sees must not be taken back by a crash afterwards.
    if (Status status = storage_.sync_directory(directory_); !status.ok()) return status;
    Result<CompletedCheckpoint> found = read(id);
    if (!found.ok() && found.code() != ErrorCode::not_found) return found.error();
    CompletedCheckpoint checkpoint = std::move(unknown_.front());
    unknown_.erase(unknown_.begin());
    if (found.ok()) {
      insert(found.take());
    } else {
      discard(checkpoint);
    }
  }
  subsume();
  return {};
}

Result<CompletedCheckpoint> CompletedCheckpointStore::read(uint64_t id) {
  const std::string path = path_of(id, kMetadata);
  Result<Bytes> file = storage_.read(path);
  if (!file.ok()) return file.error();
  Result<Bytes> payload = unseal(path, file.value());
  if (!payload.ok()) return payload.error();
  CompletedCheckpoint checkpoint;
  if (!decode(payload.value(), checkpoint) || checkpoint.id != id)
    return Error{ErrorCode::corrupt, fmt::format("{} does not hold checkpoint {}", path, id)};
  return checkpoint;
}

Result<uint64_t> CompletedCheckpointStore::recover() {
  checkpoints_.clear();
  unknown_.clear();
  // A predecessor may have died, or may still be running cut off, between its rename and its sync. What is restored
  // from here on must not vanish with it.
  Result<std::vector<std::string>> paths = storage_.list(directory_);
  if (!paths.ok()) return paths.error();
  if (!paths.value().empty()) {
    if (Status status = storage_.sync_directory(directory_); !status.ok()) return status.error();
  }
  std::vector<uint64_t> ids;
  for (const std::string& path : paths.value()) {
    const std::optional<NamedFile> file = parse_name(directory_, path);
    if (!file) continue;
    highest_id_seen_ = std::max(highest_id_seen_, file->id);
    if (file->metadata) ids.push_back(file->id);
  }
  std::sort(ids.rbegin(), ids.rend());
  for (const uint64_t id : ids) {
    Result<CompletedCheckpoint> checkpoint = read(id);
    if (checkpoint.ok()) {
      checkpoints_.push_front(checkpoint.take());
    } else if (checkpoint.code() != ErrorCode::corrupt || checkpoints_.empty()) {
      Error error = checkpoint.error();
      error.message = fmt::format("checkpoint {} is in the store but cannot be read: {}", id, error.message);
      checkpoints_.clear();
      if (error.code != ErrorCode::corrupt) error.code = ErrorCode::io_error;
      return error;
    }  // else: a damaged older one, which nobody will restore
  }
  return checkpoints_.empty() ? uint64_t{0} : checkpoints_.back().id;
}

void CompletedCheckpointStore::insert(CompletedCheckpoint checkpoint) {
  CHECK(checkpoints_.empty() || checkpoints_.back().id < checkpoint.id, "the newest checkpoint is added last");
  checkpoints_.push_back(std::move(checkpoint));
}

void CompletedCheckpointStore::subsume() {
  // Of unknown outcome, but older than one that is certain: nothing will ever restore it.
  for (size_t i = 0; i < unknown_.size();) {
    if (checkpoints_.empty() || unknown_[i].id > checkpoints_.back().id) {
      ++i;
      continue;
    }
    CompletedCheckpoint checkpoint = std::move(unknown_[i]);
    unknown_.erase(unknown_.begin() + static_cast<ptrdiff_t>(i));
    discard(checkpoint);
  }
  while (checkpoints_.size() > static_cast<size_t>(retained_)) {
    CompletedCheckpoint oldest = std::move(checkpoints_.front());
    checkpoints_.pop_front();
    if (discard(oldest)) continue;
    checkpoints_.push_front(std::move(oldest));  // tried again when the next one is added
    return;
  }
}

// Metadata first: metadata whose files are gone must never be found by a later job manager.
bool CompletedCheckpointStore::discard(const CompletedCheckpoint& checkpoint) {
  (void)storage_.remove(path_of(checkpoint.id, kTemporary));
  if (!storage_.remove(path_of(checkpoint.id, kMetadata)).ok()) return false;
  if (!storage_.sync_directory(directory_).ok()) return false;
  for (const TaskState& state : checkpoint.states) {
    if (!state.file.empty() && !refers_to(state.file)) (void)storage_.remove(state.file);  // else: litter, no harm
  }
  return true;
}

bool CompletedCheckpointStore::refers_to(const std::string& file) const {
  const auto uses = [&](const CompletedCheckpoint& checkpoint) {
    return std::any_of(checkpoint.states.begin(), checkpoint.states.end(),
                       [&](const TaskState& state) { return state.file == file; });
  };
  return std::any_of(checkpoints_.begin(), checkpoints_.end(), uses) ||
         std::any_of(unknown_.begin(), unknown_.end(), uses);
}

Result<uint64_t> next_session(env::Storage& storage, const std::string& directory) {
  const std::string path = directory + "/leader-session";
  uint64_t session = 0;
  Result<Bytes> file = storage.read(path);
  if (file.ok()) {
    Result<Bytes> payload = unseal(path, file.value());
    if (!payload.ok()) return payload.error();
    if (!decode(payload.value(), session))
      return Error{ErrorCode::corrupt, fmt::format("{} does not hold a number", path)};
  } else if (file.code() != ErrorCode::not_found) {
    return file.error();
  }
  ++session;
  const Status status = write_then_rename(storage, path + ".tmp", path, directory, seal(encode(session)));
  if (!status.ok()) return status.error();
  return session;
}

}  // namespace onceproof::checkpoint
