// SPDX-License-Identifier: Apache-2.0
// OsStorage: env::Storage on a directory of the operating system's disk. A new file's own name becomes durable
// with its first sync(), which also syncs the directories that append() had to create.
#pragma once

#include <set>
#include <string>

#include "runtime/env/storage.h"

namespace onceproof::real {

class OsStorage : public env::Storage {
 public:
  // `root` is created with the first append.
  explicit OsStorage(std::string root) : root_(std::move(root)) {}

  Status append(const std::string& path, ByteView data) override;
  Status sync(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Status remove(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<Bytes> read(const std::string& path) override;

 private:
  std::string absolute(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  Status check(const std::string& path) const;  // relative, without ".."

  std::string root_;
  std::set<std::string> new_files_;  // created here, name not yet known to be durable
};

}  // namespace onceproof::real
