// SPDX-License-Identifier: Apache-2.0
// OsDisk: env::Disk on a directory of the operating system's disk. Locks are Linux's open file description locks on
// the bytes that SQLite locks, so that they exclude two opens of one process, other processes and SQLite's own locks
// alike. traits() promises what SQLite expects of a disk on Linux: powersafe overwrite.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/env/disk.h"

namespace onceproof::real {

class OsDisk final : public env::Disk {
 public:
  // `root` is created with the first file.
  explicit OsDisk(std::string root) : root_(std::move(root)) {}

  env::DiskTraits traits() const override { return {}; }
  Result<std::unique_ptr<env::DiskFile>> open(const std::string& path, env::OpenMode mode) override;
  Status remove(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;

 private:
  std::string absolute(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  Status make_directory_of(const std::string& path);

  std::string root_;
};

}  // namespace onceproof::real
