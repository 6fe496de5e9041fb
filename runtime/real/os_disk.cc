// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/os_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/real/descriptor.h"
#include "runtime/real/files.h"

namespace onceproof::real {

using env::LockLevel;

namespace {

// The bytes that every SQLite on this machine locks, beyond the end of most files.
constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kReservedByte = kPendingByte + 1;
constexpr off_t kSharedBytes = kPendingByte + 2;
constexpr off_t kSharedCount = 510;

class OsDiskFile final : public env::DiskFile {
 public:
  OsDiskFile(std::string path, Descriptor descriptor) : path_(std::move(path)), file_(std::move(descriptor)) {}

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
  Status set_lock(short type, off_t first, off_t count);
  Status lock_shared();

  const std::string path_;
  Descriptor file_;
  LockLevel level_ = LockLevel::none;
  bool reserved_ = false;
};

Result<size_t> OsDiskFile::read_at(uint64_t offset, char* buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(file_.get(), buffer + done, size - done, static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      return system_error("read", path_, errno);
    }
  }
  return done;
}

Status OsDiskFile::write_at(uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const ssize_t count = ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      data.remove_prefix(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    } else if (errno == EBADF) {
      return {ErrorCode::invalid_argument, fmt::format("{} was opened for reading alone", path_)};
    } else if (errno != EINTR) {
      return system_error("write to", path_, errno);
    }
  }
  return {};
}

Status OsDiskFile::truncate(uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) == 0) return {};
  if (errno == EINVAL || errno == EBADF) {
    return {ErrorCode::invalid_argument, fmt::format("{} was opened for reading alone", path_)};
  }
  return system_error("truncate", path_, errno);
}

Status OsDiskFile::sync() {
  if (::fsync(file_.get()) == 0) return {};
  return system_error("sync", path_, errno);
}

Result<uint64_t> OsDiskFile::size() {
  struct stat about {};
  if (::fstat(file_.get(), &about) != 0) return system_error("ask for the size of", path_, errno);
  return static_cast<uint64_t>(about.st_size);
}

Status OsDiskFile::set_lock(short type, off_t first, off_t count) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = first;
  range.l_len = count;
  if (::fcntl(file_.get(), F_OFD_SETLK, &range) == 0) return {};
  if (errno == EAGAIN || errno == EACCES) return {ErrorCode::busy, fmt::format("{} is locked", path_)};
  return system_error("lock", path_, errno);
}

// The pending byte is a gate: whoever holds it for writing lets no new readers in.
Status OsDiskFile::lock_shared() {
  if (Status gate = set_lock(F_RDLCK, kPendingByte, 1); !gate.ok()) return gate;
  const Status shared = set_lock(F_RDLCK, kSharedBytes, kSharedCount);
  const Status left = set_lock(F_UNLCK, kPendingByte, 1);
  return shared.ok() ? left : shared;
}

Status OsDiskFile::lock(LockLevel wanted) {
  if (wanted == LockLevel::pending || (wanted > LockLevel::shared && level_ == LockLevel::none)) {
    return {ErrorCode::invalid_argument, fmt::format("a {} lock cannot be had like that", env::to_string(wanted))};
  }
  if (wanted <= level_) return {};
  Status status;
  if (wanted == LockLevel::shared) {
    status = lock_shared();
  } else if (wanted == LockLevel::reserved) {
    status = set_lock(F_WRLCK, kReservedByte, 1);
  } else {
    if (level_ != LockLevel::pending) {
      if (status = set_lock(F_WRLCK, kPendingByte, 1); !status.ok()) return status;
      level_ = LockLevel::pending;
    }
    status = set_lock(F_WRLCK, kSharedBytes, kSharedCount);
  }
  if (!status.ok()) return status;
  level_ = wanted;
  if (wanted == LockLevel::reserved) reserved_ = true;
  return {};
}

Status OsDiskFile::unlock(LockLevel wanted) {
  if (wanted > LockLevel::shared) {
    return {ErrorCode::invalid_argument, fmt::format("cannot lower a lock to {}", env::to_string(wanted))};
  }
  if (wanted >= level_) return {};
  Status status;
  if (wanted == LockLevel::shared) {
    status = set_lock(F_RDLCK, kSharedBytes, kSharedCount);
    if (status.ok()) status = set_lock(F_UNLCK, kPendingByte, 2);
  } else {
    status = set_lock(F_UNLCK, kPendingByte, 2 + kSharedCount);
  }
  if (!status.ok()) return status;
  level_ = wanted;
  reserved_ = false;
  return {};
}

Result<bool> OsDiskFile::reserved() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = kReservedByte;
  range.l_len = 1;
  if (reserved_) return true;  // the system tells of others' locks alone
  if (::fcntl(file_.get(), F_OFD_GETLK, &range) != 0) return system_error("ask for the lock of", path_, errno);
  return range.l_type != F_UNLCK;
}

int flags_of(env::OpenMode mode) {
  switch (mode) {
    case env::OpenMode::read_only: return O_RDONLY | O_CLOEXEC;
    case env::OpenMode::read_write: return O_RDWR | O_CLOEXEC;
    case env::OpenMode::create: return O_RDWR | O_CREAT | O_CLOEXEC;
    case env::OpenMode::create_exclusive: return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

}  // namespace

// Directories are durable at once: each new one's name is synced in its parent.
Status OsDisk::make_directory_of(const std::string& path) {
  const std::string directory = env::directory_of(path);
  if (is_directory(absolute(directory))) return {};
  if (Status made = make_directories(absolute(directory)); !made.ok()) return made;
  for (std::string child = directory; !child.empty();) {
    child = env::directory_of(child);
    if (Status synced = real::sync_directory(absolute(child)); !synced.ok()) return synced;
  }
  return {};
}

Result<std::unique_ptr<env::DiskFile>> OsDisk::open(const std::string& path, env::OpenMode mode) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad.error();
  const int flags = flags_of(mode);
  if (flags & O_CREAT) {
    if (Status made = make_directory_of(path); !made.ok()) return made.error();
  }
  const std::string full = absolute(path);
  Descriptor file(::open(full.c_str(), flags, 0666));
  if (!file.open()) return system_error("open", full, errno);
  return std::unique_ptr<env::DiskFile>(std::make_unique<OsDiskFile>(full, std::move(file)));
}

Status OsDisk::remove(const std::string& path) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad;
  if (::unlink(absolute(path).c_str()) == 0) return {};
  return system_error("remove", absolute(path), errno == ENOTDIR ? ENOENT : errno);
}

Status OsDisk::rename(const std::string& from, const std::string& to) {
  if (Status bad = env::check_disk_path(from); !bad.ok()) return bad;
  if (Status bad = env::check_disk_path(to); !bad.ok()) return bad;
  if (!real::exists(absolute(from))) return system_error("rename", absolute(from), ENOENT);
  if (Status made = make_directory_of(to); !made.ok()) return made;
  return rename_path(absolute(from), absolute(to));
}

Status OsDisk::sync_directory(const std::string& directory) { return real::sync_directory(absolute(directory)); }

Result<bool> OsDisk::exists(const std::string& path) {
  if (Status bad = env::check_disk_path(path); !bad.ok()) return bad.error();
  return real::exists(absolute(path));
}

Result<std::vector<std::string>> OsDisk::list(const std::string& directory) {
  return files_below(absolute(directory), root_);
}

}  // namespace onceproof::real
