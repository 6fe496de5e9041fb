// SPDX-License-Identifier: Apache-2.0
// OsStorage: env::Storage on a directory of the operating system's disk. A call is carried out at once, in the caller's
// thread; its answer goes through `post`, which must run it later, in the handler of the actor that owns this storage.
// A new file's own name becomes durable with its first sync(), which also syncs the directories that append() had to
// create.
#pragma once

#include <set>
#include <string>

#include "runtime/env/storage.h"

namespace onceproof::real {

class OsStorage : public env::Storage {
 public:
  using Post = std::function<void(std::function<void()> answer)>;

  // `root` is created with the first append.
  OsStorage(std::string root, Post post) : root_(std::move(root)), post_(std::move(post)) {}

  void append(const std::string& path, ByteView data, Done done) override;
  void sync(const std::string& path, Done done) override;
  void rename(const std::string& from, const std::string& to, Done done) override;
  void sync_directory(const std::string& directory, Done done) override;
  void remove(const std::string& path, Done done) override;
  void list(const std::string& directory, Reply<Paths> reply) override;
  void read(const std::string& path, Reply<Bytes> reply) override;

 private:
  Status append_now(const std::string& path, ByteView data);
  Status sync_now(const std::string& path);
  Status rename_now(const std::string& from, const std::string& to);
  Status sync_directory_now(const std::string& directory);
  Status remove_now(const std::string& path);
  Result<Paths> list_now(const std::string& directory);
  Result<Bytes> read_now(const std::string& path);
  template <class Answer, class Value>
  void answer(Answer callback, Value value);

  std::string absolute(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  Status check(const std::string& path) const;  // relative, without ".."

  std::string root_;
  Post post_;
  std::set<std::string> new_files_;  // created here, name not yet known to be durable
};

}  // namespace onceproof::real
