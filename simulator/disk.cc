// SPDX-License-Identifier: Apache-2.0
#include "simulator/disk.h"

#include <fmt/core.h>
#include <algorithm>

namespace onceproof::simulator {

namespace {

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view without_trailing_slash(std::string_view directory) {
  while (!directory.empty() && directory.back() == '/') directory.remove_suffix(1);
  return directory == "." ? std::string_view() : directory;
}

// "taskmanager" means each of them, "taskmanager-1" that one.
bool names_process(const std::string& target, const std::string& process) {
  if (target == "*" || target == process) return true;
  return process.size() > target.size() && process.starts_with(target) && process[target.size()] == '-';
}

}  // namespace

std::optional<DiskFault> SimulatedDisk::strike(StorageCall call, const std::string& process, const std::string& path,
                                               const std::string& to) {
  for (size_t i = 0; i < faults_.size(); ++i) {
    StorageFault& what = faults_[i].what;
    if (what.call != call || !names_process(what.target, process)) continue;
    if (!path.starts_with(what.path) && (to.empty() || !to.starts_with(what.path))) continue;
    if (what.skip > 0) {
      --what.skip;
      continue;
    }
    DiskFault struck = faults_[i];
    if (--what.count == 0) faults_.erase(faults_.begin() + static_cast<ptrdiff_t>(i));
    return struck;
  }
  return std::nullopt;
}

void SimulatedDisk::drop_fault(int fault) {
  std::erase_if(faults_, [&](const DiskFault& each) { return each.fault == fault; });
}

void SimulatedDisk::drop_unhealed() {
  std::erase_if(faults_, [](const DiskFault& each) { return !each.until_healed; });
}

Status SimulatedDisk::append(env::ProcessId writer, const std::string& path, Bytes data) {
  auto [entry, created] = files_.try_emplace(path);
  File& file = entry->second;
  if (created) file.id = next_id_++;
  file.writer = writer;
  if (file.data.empty()) {
    file.data = std::move(data);
  } else {
    file.data.append(data);
  }
  return {};
}

Status SimulatedDisk::sync(const std::string& path) {
  const auto entry = files_.find(path);
  if (entry == files_.end()) return {ErrorCode::not_found, fmt::format("there is no file \"{}\" to sync", path)};
  entry->second.durable_size = entry->second.data.size();
  entry->second.durable_name = true;
  tell(path);
  return {};
}

Status SimulatedDisk::rename(env::ProcessId writer, const std::string& from, const std::string& to) {
  const auto source = files_.find(from);
  if (source == files_.end()) return {ErrorCode::not_found, fmt::format("there is no file \"{}\" to rename", from)};
  if (from == to) return {};
  Rename done{writer, source->second.id, from, to, false, {}};
  if (const auto target = files_.find(to); target != files_.end()) {
    done.replaced = true;
    done.old = std::move(target->second);
  }
  File moved = std::move(source->second);
  files_.erase(source);
  files_[to] = std::move(moved);
  if (options_.undo_renames) renames_.push_back(std::move(done));
  tell(from);
  tell(to);
  return {};
}

Status SimulatedDisk::sync_directory(const std::string& directory) {
  const std::string_view wanted = without_trailing_slash(directory);
  std::vector<std::string> settled;
  std::erase_if(renames_, [&](const Rename& rename) {
    if (parent_of(rename.to) != wanted) return false;
    settled.push_back(rename.to);
    return true;
  });
  for (const std::string& path : settled) tell(path);
  return {};
}

Status SimulatedDisk::remove(const std::string& path) {
  files_.erase(path);
  tell(path);
  return {};
}

bool SimulatedDisk::renamed(const std::string& path) const {
  return std::any_of(renames_.begin(), renames_.end(), [&](const Rename& rename) { return rename.to == path; });
}

bool SimulatedDisk::durable(const std::string& path) const {
  const auto entry = files_.find(path);
  if (entry == files_.end()) return false;
  const File& file = entry->second;
  return file.durable_name && file.durable_size == file.data.size() && !renamed(path);
}

void SimulatedDisk::tell(const std::string& path) {
  if (!watcher_ || !path.starts_with(watched_)) return;
  const bool there = files_.contains(path);
  if (!there || durable(path)) watcher_(path, there);
}

std::vector<std::string> SimulatedDisk::list(const std::string& directory) const {
  std::string prefix(without_trailing_slash(directory));
  if (!prefix.empty()) prefix += '/';
  std::vector<std::string> paths;
  for (auto entry = files_.lower_bound(prefix); entry != files_.end() && entry->first.rfind(prefix, 0) == 0; ++entry) {
    paths.push_back(entry->first);
  }
  return paths;
}

Result<Bytes> SimulatedDisk::read(const std::string& path) const {
  const auto entry = files_.find(path);
  if (entry == files_.end()) return Error{ErrorCode::not_found, fmt::format("there is no file \"{}\"", path)};
  return entry->second.data;
}

size_t SimulatedDisk::size(const std::string& path) const {
  const auto entry = files_.find(path);
  return entry == files_.end() ? 0 : entry->second.data.size();
}

void SimulatedDisk::lose_tail(File& file) {
  const size_t tail = file.data.size() - file.durable_size;
  size_t kept = 0;
  if (options_.unsynced == UnsyncedData::keep) kept = tail;
  if (options_.unsynced == UnsyncedData::random_prefix) kept = random_.below(tail + 1);
  file.data.resize(file.durable_size + kept);
  file.durable_size = file.data.size();
}

// Metadata is journalled in order, so that a prefix of the renames survives.
void SimulatedDisk::undo_renames(env::ProcessId writer) {
  size_t mine = 0;
  for (const Rename& rename : renames_) mine += rename.writer == writer ? 1 : 0;
  if (mine == 0) return;
  size_t undone = mine - random_.below(mine + 1);
  for (size_t i = renames_.size(); i-- > 0 && undone > 0;) {
    Rename& rename = renames_[i];
    if (rename.writer != writer) continue;
    --undone;
    const auto now_at = files_.find(rename.to);
    // Somebody replaced or removed the file since, or made a new one of the old name: nothing to undo.
    if (now_at == files_.end() || now_at->second.id != rename.file || files_.count(rename.from) != 0) continue;
    File moved = std::move(now_at->second);
    files_.erase(now_at);
    if (rename.replaced) files_[rename.to] = std::move(rename.old);
    files_[rename.from] = std::move(moved);
  }
  std::erase_if(renames_, [&](const Rename& rename) { return rename.writer == writer; });
}

void SimulatedDisk::crash(env::ProcessId writer) {
  std::vector<std::string> touched;  // what is left of it lasts
  for (const Rename& rename : renames_) {
    if (rename.writer == writer) touched.push_back(rename.to);
  }
  undo_renames(writer);
  for (auto entry = files_.begin(); entry != files_.end();) {
    File& file = entry->second;
    const bool dirty = file.writer == writer && (file.data.size() > file.durable_size || !file.durable_name);
    if (!dirty) {
      ++entry;
      continue;
    }
    lose_tail(file);
    touched.push_back(entry->first);
    const bool vanishes = file.data.empty() && !file.durable_name && options_.unsynced != UnsyncedData::keep;
    file.durable_name = true;
    entry = vanishes ? files_.erase(entry) : std::next(entry);
  }
  for (const std::string& path : touched) tell(path);
}

uint64_t SimulatedDisk::unsynced_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file.data.size() - file.durable_size;
  return bytes;
}

}  // namespace onceproof::simulator
