// SPDX-License-Identifier: Apache-2.0
// MemoryStorage: env::Storage in memory for tests, with the durability rules of its contract taken at their worst:
// crash() drops unsynced bytes and every rename or removal whose directory was not synced. Operations can be made
// to fail, with or without their effect, and the writer can be made to die after a number of operations.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env/storage.h"

namespace onceproof::tests {

class MemoryStorage final : public env::Storage {
 public:
  enum class Op : uint8_t { append, sync, rename, sync_directory, remove, list, read };
  enum class Effect : uint8_t { none, happens };

  // After `skip` more operations of that kind, the next `count` fail with io_error.
  void fail_next(Op op, Effect effect = Effect::none, int count = 1, int skip = 0) {
    failures_[op] = {effect, count, skip};
  }
  void heal() { failures_.clear(); }
  // After `count` more operations the writer is dead: nothing has any effect until crash().
  void die_after(int count) { operations_left_ = count; }
  bool dead() const { return operations_left_ == 0; }

  // What the next process finds. Of each file's unsynced bytes the first `torn_bytes` survive.
  void crash(size_t torn_bytes = 0) {
    failures_.clear();
    operations_left_ = -1;
    names_ = durable_names_;
    for (auto& [path, file] : names_) {
      file->data.resize(std::min(file->data.size(), file->synced + torn_bytes));
      file->synced = file->data.size();
    }
  }

  bool exists(const std::string& path) const { return names_.contains(path); }
  // Writes and syncs, outside of any failure: what somebody else left there. An existing file is replaced.
  void put(const std::string& path, ByteView data) {
    names_[path] = durable_names_[path] = std::make_shared<File>(File{Bytes(data), data.size()});
  }
  Bytes get(const std::string& path) const { return exists(path) ? names_.at(path)->data : Bytes(); }

  Status append(const std::string& path, ByteView data) override {
    return attempt(Op::append, path, [&] {
      auto& file = names_[path];
      if (!file) file = std::make_shared<File>();
      file->data.append(data);
    });
  }
  Status sync(const std::string& path) override {
    return attempt(Op::sync, path, [&] {
      if (!exists(path)) return;
      names_[path]->synced = names_[path]->data.size();
      durable_names_[path] = names_[path];
    });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return attempt(Op::rename, from, [&] {
      if (!exists(from)) return;
      names_[to] = names_[from];
      names_.erase(from);
    });
  }
  Status sync_directory(const std::string& directory) override {
    return attempt(Op::sync_directory, directory, [&] {
      std::erase_if(durable_names_, [&](const auto& entry) { return parent_of(entry.first) == directory; });
      for (const auto& [path, file] : names_) {
        if (parent_of(path) == directory) durable_names_[path] = file;
      }
    });
  }
  Status remove(const std::string& path) override {
    return attempt(Op::remove, path, [&] { names_.erase(path); });
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    if (Status status = attempt(Op::list, directory, [] {}); !status.ok()) return status.error();
    std::vector<std::string> paths;
    for (const auto& [path, file] : names_) {
      if (path.starts_with(directory + "/")) paths.push_back(path);
    }
    return paths;
  }
  Result<Bytes> read(const std::string& path) override {
    if (Status status = attempt(Op::read, path, [] {}); !status.ok()) return status.error();
    if (!exists(path)) return Error{ErrorCode::not_found, path + " does not exist"};
    return names_[path]->data;
  }

 private:
  struct File {
    Bytes data;
    size_t synced = 0;
  };
  struct Failure {
    Effect effect = Effect::none;
    int count = 0;
    int skip = 0;
  };

  static std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  template <class F>
  Status attempt(Op op, const std::string& path, F effect) {
    if (operations_left_ == 0) return {ErrorCode::io_error, "the writer is dead"};
    if (operations_left_ > 0) --operations_left_;
    const auto failure = failures_.find(op);
    if (failure != failures_.end() && failure->second.skip > 0) {
      --failure->second.skip;
    } else if (failure != failures_.end() && failure->second.count > 0) {
      --failure->second.count;
      if (failure->second.effect == Effect::happens) effect();
      return {ErrorCode::io_error, path + ": the test says no"};
    }
    effect();
    return {};
  }

  std::map<std::string, std::shared_ptr<File>> names_;
  std::map<std::string, std::shared_ptr<File>> durable_names_;
  std::map<Op, Failure> failures_;
  int operations_left_ = -1;  // negative: no limit
};

}  // namespace onceproof::tests
