// SPDX-License-Identifier: Apache-2.0
// The calls. What a power failure does to what they left behind is in host_disk_power.cc.
#include "simulator/host_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace onceproof::simulator {

using env::LockLevel;

class HostDisk::File final : public env::DiskFile {
 public:
  File(HostDisk& disk, std::string path, InodePtr inode, bool writable)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), writable_(writable),
        generation_(disk.generation_), id_(disk.next_file_++) {
    ++disk_.open_files_;
  }
  ~File() override {
    inode_->locks.erase(id_);
    --disk_.open_files_;
  }

  Result<size_t> read_at(uint64_t offset, char* buffer, size_t size) override;
  Status write_at(uint64_t offset, ByteView data) override;
  Status truncate(uint64_t size) override;
  Status sync() override;
  Result<uint64_t> size() override;
  Status lock(LockLevel wanted) override;
  Status unlock(LockLevel wanted) override;
  Result<bool> reserved() override;
  LockLevel level() const override { return level_; }

 private:
  Ruling enter(HostDiskCall call) {
    if (generation_ == disk_.generation_) return disk_.enter(call, path_);
    return {.effect = false, .answer = {ErrorCode::io_error, fmt::format("the process that opened {} died", path_)}};
  }
  Status check_writable() const {
    if (writable_) return {};
    return {ErrorCode::invalid_argument, fmt::format("{} was opened for reading alone", path_)};
  }
  LockLevel highest_of_others() const {
    LockLevel highest = LockLevel::none;
    for (const auto& [id, lock] : inode_->locks) {
      if (id != id_) highest = std::max(highest, lock.level);
    }
    return highest;
  }
  void set_level(LockLevel level) {
    level_ = level;
    if (level == LockLevel::none) {
      inode_->locks.erase(id_);
    } else {
      Lock& lock = inode_->locks[id_];
      lock.level = level;
      lock.reserved = level > LockLevel::shared && (lock.reserved || level == LockLevel::reserved);
    }
  }

  HostDisk& disk_;
  const std::string path_;  // as it was opened
  const InodePtr inode_;
  const bool writable_;
  const uint64_t generation_;
  const uint64_t id_;
  LockLevel level_ = LockLevel::none;
};

Result<size_t> HostDisk::File::read_at(uint64_t offset, char* buffer, size_t size) {
  const Ruling ruling = enter(HostDiskCall::read);
  if (!ruling.answer.ok()) return ruling.answer.error();
  const Bytes& bytes = inode_->now;
  if (offset >= bytes.size()) return size_t{0};
  size_t count = std::min<size_t>(size, bytes.size() - offset);
  if (ruling.short_read && count > 0) count = disk_.random_.below(count);
  std::memcpy(buffer, bytes.data() + offset, count);
  return count;
}

Status HostDisk::File::write_at(uint64_t offset, ByteView data) {
  if (Status bad = check_writable(); !bad.ok()) return bad;
  Ruling ruling = enter(HostDiskCall::write);
  if (!ruling.effect) return ruling.answer;
  if (ruling.partial) data = data.substr(0, disk_.random_.below(data.size() + 1));
  const Result<uint64_t> end = disk_.room_for(*inode_, offset + data.size());
  if (!end.ok()) {
    if (ruling.answer.ok()) ruling.answer = end.error();
    const uint64_t room = inode_->now.size() > offset ? inode_->now.size() - offset : 0;
    data = data.substr(0, room);
  }
  if (!data.empty()) {
    overwrite(inode_->now, offset, data);
    inode_->changes.push_back({disk_.sequence_++, false, offset, Bytes(data)});
  }
  return ruling.answer;
}

Status HostDisk::File::truncate(uint64_t size) {
  if (Status bad = check_writable(); !bad.ok()) return bad;
  const Ruling ruling = enter(HostDiskCall::truncate);
  if (!ruling.effect) return ruling.answer;
  if (const Result<uint64_t> end = disk_.room_for(*inode_, size); !end.ok()) return end.error();
  inode_->now.resize(size);
  inode_->changes.push_back({disk_.sequence_++, true, size, {}});
  return ruling.answer;
}

Status HostDisk::File::sync() {
  const Ruling ruling = enter(HostDiskCall::sync);
  if (!ruling.effect) return ruling.answer;
  make_durable(*inode_);
  if (disk_.options_.sync_covers_names) disk_.make_names_durable();
  return ruling.answer;
}

Result<uint64_t> HostDisk::File::size() {
  const Ruling ruling = enter(HostDiskCall::size);
  if (!ruling.answer.ok()) return ruling.answer.error();
  return uint64_t{inode_->now.size()};
}

Status HostDisk::File::lock(LockLevel wanted) {
  const Ruling ruling = enter(HostDiskCall::lock);
  if (!ruling.effect) return ruling.answer;
  if (wanted == LockLevel::pending || (wanted > LockLevel::shared && level_ == LockLevel::none)) {
    return {ErrorCode::invalid_argument, fmt::format("a {} lock cannot be had like that", env::to_string(wanted))};
  }
  if (wanted <= level_) return ruling.answer;
  const LockLevel others = highest_of_others();
  const bool free = wanted == LockLevel::shared ? others < LockLevel::pending : others < LockLevel::reserved;
  if (!free) return {ErrorCode::busy, fmt::format("{} is locked: {}", path_, env::to_string(others))};
  if (wanted == LockLevel::exclusive && others != LockLevel::none) {
    set_level(LockLevel::pending);
    return {ErrorCode::busy, fmt::format("{} is being read", path_)};
  }
  set_level(wanted);
  return ruling.answer;
}

Status HostDisk::File::unlock(LockLevel wanted) {
  const Ruling ruling = enter(HostDiskCall::lock);
  if (!ruling.effect) return ruling.answer;
  if (wanted > LockLevel::shared) {
    return {ErrorCode::invalid_argument, fmt::format("cannot lower a lock to {}", env::to_string(wanted))};
  }
  if (wanted < level_) set_level(wanted);
  return ruling.answer;
}

Result<bool> HostDisk::File::reserved() {
  const Ruling ruling = enter(HostDiskCall::lock);
  if (!ruling.answer.ok()) return ruling.answer.error();
  return std::any_of(inode_->locks.begin(), inode_->locks.end(), [](const auto& entry) { return entry.second.reserved; });
}

// ---- the disk ----------------------------------------------------------------------------------------------

HostDisk::HostDisk(std::string host, HostDiskOptions options, RandomStream random)
    : host_(std::move(host)), options_(options), random_(random) {
  CHECK(options_.traits.sector_bytes > 0, "a sector has a size");
  CHECK(options_.kept + options_.dropped + options_.torn + options_.garbled > 0, "a sector has a fate");
}

HostDisk::~HostDisk() { CHECK(open_files_ == 0, "a disk outlives its open files"); }

HostDisk::Ruling HostDisk::enter(HostDiskCall call, const std::string& path) {
  const Status down{ErrorCode::io_error, fmt::format("host {} is down", host_)};
  if (dead_) return {.effect = false, .answer = down};
  ++calls_;
  if (dies_at_ != 0 && calls_ >= dies_at_) {
    dead_ = true;
    return {.effect = random_.one_in(2), .partial = true, .answer = down};
  }
  for (size_t i = 0; i < faults_.size(); ++i) {
    HostDiskFault& fault = faults_[i];
    if (fault.call != call || path.find(fault.path_part) == std::string::npos) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    const HostDiskFault taken = fault;
    faults_.erase(faults_.begin() + static_cast<ptrdiff_t>(i));
    ++faults_applied_;
    return refuse(taken, path);
  }
  return {};
}

HostDisk::Ruling HostDisk::refuse(const HostDiskFault& fault, const std::string& path) {
  Ruling ruling;
  ruling.short_read = fault.short_read;
  if (fault.short_read) return ruling;
  ruling.answer = {fault.code, fmt::format("{} on host {}: {}", path, host_, to_string(fault.code))};
  // A failed write may have written a part, any other call that failed did its work or did not.
  ruling.partial = fault.call == HostDiskCall::write && !fault.effect_happens;
  ruling.effect = fault.effect_happens || ruling.partial;
  return ruling;
}

// The file's new end, or that there is no room for it.
Result<uint64_t> HostDisk::room_for(const Inode& inode, uint64_t end) const {
  if (options_.capacity_bytes == 0 || end <= inode.now.size()) return end;
  uint64_t used = 0;
  for (const auto& [path, other] : names_) used += other->now.size();
  if (used + (end - inode.now.size()) <= options_.capacity_bytes) return end;
  return Error{ErrorCode::disk_full, fmt::format("the disk of host {} is full", host_)};
}

Result<std::unique_ptr<env::DiskFile>> HostDisk::open(const std::string& path, env::OpenMode mode) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad.error();
  const Ruling ruling = enter(HostDiskCall::open, path);
  if (!ruling.effect) return ruling.answer.error();
  const auto found = names_.find(path);
  InodePtr inode = found == names_.end() ? nullptr : found->second;
  if (inode && mode == env::OpenMode::create_exclusive) {
    return Error{ErrorCode::invalid_argument, fmt::format("{} exists already", path)};
  }
  if (!inode && mode != env::OpenMode::create && mode != env::OpenMode::create_exclusive) {
    return Error{ErrorCode::not_found, fmt::format("there is no file {}", path)};
  }
  if (!inode) {
    inode = std::make_shared<Inode>();
    change_name("", path, inode);
  }
  if (!ruling.answer.ok()) return ruling.answer.error();
  return std::unique_ptr<env::DiskFile>(
      std::make_unique<File>(*this, path, std::move(inode), mode != env::OpenMode::read_only));
}

Status HostDisk::remove(const std::string& path) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad;
  const Ruling ruling = enter(HostDiskCall::remove, path);
  if (!ruling.effect) return ruling.answer;
  if (!names_.contains(path)) return {ErrorCode::not_found, fmt::format("there is no file {}", path)};
  change_name(path, "", nullptr);
  return ruling.answer;
}

Status HostDisk::rename(const std::string& from, const std::string& to) {
  if (Status bad = env::check_disk_path(from); !bad.ok()) return bad;
  if (Status bad = env::check_disk_path(to); !bad.ok()) return bad;
  const Ruling ruling = enter(HostDiskCall::rename, from);
  if (!ruling.effect) return ruling.answer;
  const auto found = names_.find(from);
  if (found == names_.end()) return {ErrorCode::not_found, fmt::format("there is no file {}", from)};
  if (from != to) change_name(from, to, found->second);
  return ruling.answer;
}

Status HostDisk::sync_directory(const std::string& directory) {
  const Ruling ruling = enter(HostDiskCall::sync_directory, directory);
  if (ruling.effect) make_names_durable();
  return ruling.answer;
}

Result<bool> HostDisk::exists(const std::string& path) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad.error();
  const Ruling ruling = enter(HostDiskCall::exists, path);
  if (!ruling.answer.ok()) return ruling.answer.error();
  return names_.contains(path);
}

Result<std::vector<std::string>> HostDisk::list(const std::string& directory) {
  const Ruling ruling = enter(HostDiskCall::list, directory);
  if (!ruling.answer.ok()) return ruling.answer.error();
  const std::string prefix = directory.empty() ? "" : directory + "/";
  std::vector<std::string> paths;
  for (auto entry = names_.lower_bound(prefix); entry != names_.end() && entry->first.starts_with(prefix); ++entry) {
    paths.push_back(entry->first);
  }
  return paths;
}

void HostDisk::change_name(std::string erased, std::string set, InodePtr inode) {
  name_changes_.push_back({sequence_++, std::move(erased), std::move(set), std::move(inode)});
  apply(names_, name_changes_.back());
}

void HostDisk::apply(Names& names, const NameChange& change) {
  if (!change.erased.empty()) names.erase(change.erased);
  if (!change.set.empty()) names[change.set] = change.inode;
}

void HostDisk::make_names_durable() {
  for (const NameChange& change : name_changes_) apply(durable_names_, change);
  name_changes_.clear();
}

void HostDisk::die_at_call(uint64_t n) { dies_at_ = n == 0 ? 0 : calls_ + n; }

bool HostDisk::flip_bit(const std::string& path, uint64_t bit) {
  const auto found = names_.find(path);
  if (found == names_.end() || bit / 8 >= found->second->now.size()) return false;
  for (Bytes* bytes : {&found->second->now, &found->second->durable}) {
    if (bit / 8 < bytes->size()) (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << bit % 8));
  }
  return true;
}

uint64_t HostDisk::unsynced_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, inode] : names_) {
    for (const Change& change : inode->changes) bytes += change.data.size();
  }
  return bytes;
}

}  // namespace onceproof::simulator
